/* The chat as the screens use it: functions of node/chat/chat.h by the same names and with the same
 * contracts, so that a test puts a scripted chat in their place. tui_source_chat is the real one.
 */
#pragma once

#include "node/chat/chat.h"

typedef enum err tui_on_conversation(struct chat *c, const struct env *env,
                                     const struct chat_conversation *id);
typedef enum err tui_on_account(struct chat *c, const struct env *env,
                                const struct chat_conversation *id,
                                const struct chat_account *account);
typedef enum err tui_on_text(struct chat *c, const struct env *env,
                             const struct chat_conversation *id, struct span text);
typedef enum err tui_on_entry(struct chat *c, const struct env *env,
                              const struct chat_conversation *id,
                              const struct chat_entry_id *entry);
typedef enum err tui_on_flag(struct chat *c, const struct env *env,
                             const struct chat_conversation *id, bool on);

struct tui_source {
    /* what has happened */
    enum err (*event)(struct chat *c, uint64_t after, struct chat_event *out);
    uint64_t (*event_last)(const struct chat *c);
    bool (*event_passing)(struct chat *c, struct chat_event *out);

    /* people */
    enum err (*self)(struct chat *c, struct chat_person *out);
    enum err (*person)(struct chat *c, const struct chat_account *account, struct chat_person *out);
    bool (*people)(struct chat *c, size_t *cursor, struct chat_person *out);
    enum err (*card)(struct chat *c, const struct env *env, bool private_link,
                     char out[CHAT_CARD_TEXT_MAX]);
    bool (*links)(struct chat *c, size_t *cursor, char out[CHAT_CARD_TEXT_MAX]);
    enum err (*unlink)(struct chat *c, const struct env *env, struct span card);
    enum err (*set_policy)(struct chat *c, const struct env *env, enum chat_policy policy);
    enum err (*set_profile)(struct chat *c, const struct env *env, struct span name);
    enum err (*safety_number)(struct chat *c, const struct chat_account *with,
                              char out[CHAT_SAFETY_MAX]);
    enum err (*set_verified)(struct chat *c, const struct env *env,
                             const struct chat_account *account, bool verified);
    enum err (*contact)(struct chat *c, const struct env *env, struct span card,
                        struct chat_conversation *out);
    tui_on_conversation *accept;
    enum err (*block)(struct chat *c, const struct env *env, const struct chat_account *account,
                      bool blocked);
    enum err (*set_name)(struct chat *c, const struct env *env, const struct chat_account *account,
                         struct span name);

    /* devices */
    bool (*devices)(struct chat *c, const struct chat_account *account, size_t *cursor,
                    struct chat_device *out);
    enum err (*pair_accept)(struct chat *c, const struct env *env, struct span text,
                            char words[CHAT_SIX_WORDS_MAX]);
    enum err (*pair_words)(struct chat *c, char words[CHAT_SIX_WORDS_MAX]);
    enum err (*revoke)(struct chat *c, const struct env *env, const struct chat_installation *which,
                       enum chat_reason why);
    enum err (*rotate)(struct chat *c, const struct env *env, struct span words);
    enum err (*rekey)(struct chat *c, const struct env *env);
    enum err (*passphrase)(struct chat *c, const struct env *env, struct span old,
                           struct span fresh);

    /* conversations */
    bool (*conversations)(struct chat *c, size_t *cursor, struct chat_summary *out);
    enum err (*conversation)(struct chat *c, const struct chat_conversation *id,
                             struct chat_summary *out);
    enum err (*found)(struct chat *c, const struct env *env, enum chat_type type, struct span name,
                      const struct chat_account *accounts, size_t count,
                      struct chat_conversation *out);
    bool (*members)(struct chat *c, const struct chat_conversation *id, size_t *cursor,
                    struct chat_member *out);
    enum err (*add)(struct chat *c, const struct env *env, const struct chat_conversation *id,
                    const struct chat_account *accounts, size_t count);
    tui_on_account *remove;
    enum err (*set_role)(struct chat *c, const struct env *env, const struct chat_conversation *id,
                         const struct chat_account *account, enum chat_role role);
    tui_on_text *set_group_name;
    tui_on_conversation *leave;
    tui_on_flag *set_muted;
    tui_on_text *set_draft;
    enum err (*draft)(struct chat *c, const struct chat_conversation *id, struct buf *out);
    tui_on_entry *set_read;
    enum err (*set_receipts)(struct chat *c, const struct env *env, bool on);
    enum err (*set_disappearing)(struct chat *c, const struct env *env,
                                 const struct chat_conversation *id, uint64_t seconds);
    tui_on_conversation *typing;

    /* entries */
    enum err (*send)(struct chat *c, const struct env *env, const struct chat_conversation *id,
                     struct span text, const struct chat_entry_id *reply_to,
                     struct chat_entry_id *out);
    enum err (*send_file)(struct chat *c, const struct env *env, const struct chat_conversation *id,
                          struct span name, struct span type, struct span bytes,
                          struct chat_entry_id *out);
    enum err (*react)(struct chat *c, const struct env *env, const struct chat_conversation *id,
                      const struct chat_entry_id *entry, struct span reaction, bool on);
    enum err (*edit)(struct chat *c, const struct env *env, const struct chat_conversation *id,
                     const struct chat_entry_id *entry, struct span text);
    tui_on_entry *delete;
    enum err (*entry)(struct chat *c, const struct chat_conversation *id,
                      const struct chat_entry_id *entry, struct chat_entry *out);
    enum err (*history)(struct chat *c, const struct chat_conversation *id,
                        const struct chat_entry_id *from, bool back, struct chat_entry *out);
    enum err (*search)(struct chat *c, const struct chat_conversation *id, struct span word,
                       const struct chat_entry_id *from, struct chat_entry *out);
    tui_on_entry *file_fetch;
    enum err (*file)(struct chat *c, const struct chat_conversation *id,
                     const struct chat_entry_id *entry, struct buf *out);
    enum err (*export_to)(struct chat *c, const struct env *env, struct span passphrase,
                          struct buf *out);
    enum err (*import_from)(struct chat *c, const struct env *env, struct span passphrase,
                            struct span in);
    uint64_t (*import_left_out)(const struct chat *c);
};

extern const struct tui_source tui_source_chat;
