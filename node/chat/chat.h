/* The chat: one account as one installation holds it. Everything a person can do is a call; what
 * has happened is read from a numbered journal; what the network must carry is polled.
 *
 *     person                                              network
 *     chat_send, chat_contact, ... ->  +------+  -> chat_poll: CHAT_OUT_PUBLISH, CHAT_OUT_FETCH
 *     chat_event (by cursor)       <-  | chat |  <- chat_received, chat_published, chat_fetched
 *                                      +------+
 *                                        vault: one transaction per call, on struct kv
 *
 * Every call that changes something is one durable transaction: what it returned OK for survives a
 * crash at any instruction, what it did not has not happened. Nothing leaves before it is stored.
 * ERR_DISK_FULL and ERR_IO mean "not yet": the same transaction is tried again every STUCK_RETRY_S.
 * Any other error of the disk or of memory in the middle of a transaction stays: from then on every
 * call that changes something returns it and nothing leaves, until the chat is closed and opened.
 *
 * Pure but for the kv: time and randomness come in env; scrypt runs in chat_open, chat_create,
 * chat_recover and chat_passphrase only (0.3 s with a passphrase). Single-threaded.
 *
 * Bounds: params.h. @source docs/protocol.md
 */
#pragma once

#include "crypto/base/buf.h"
#include "crypto/base/env.h"

#define CHAT_ACCOUNT_BYTES      32u
#define CHAT_INSTALLATION_BYTES 32u
#define CHAT_CONVERSATION_BYTES 32u
#define CHAT_ENTRY_BYTES        16u
#define CHAT_TEXT_BYTES_MAX     65536u     /* of UTF-8 in one message */
#define CHAT_ACCOUNT_TEXT_MAX   65u        /* chars with NUL, "sotto1..." */
#define CHAT_CARD_TEXT_MAX      1800u      /* chars with NUL, "sottocard1..." */
#define CHAT_PAIR_TEXT_MAX      256u       /* chars with NUL, "sottopair1..." */
#define CHAT_WORDS_TEXT_MAX     216u       /* chars with NUL: the 24 words */
#define CHAT_SIX_WORDS_MAX      60u        /* chars with NUL */
#define CHAT_SAFETY_MAX         72u        /* chars with NUL */
#define CHAT_EXPORT_BYTES_MAX   268435456u /* of an export; it is in memory */
#define CHAT_NAME_MAX           256u       /* bytes with NUL: a UTF-8 name of a person or group */

struct chat;
struct kv;
struct wipe_file; /* node/chat/vault/vault.h's page of secrets that must die */

struct chat_account {
    uint8_t bytes[CHAT_ACCOUNT_BYTES];
};
struct chat_installation {
    uint8_t bytes[CHAT_INSTALLATION_BYTES]; /* its Ed25519 key */
};
struct chat_conversation {
    uint8_t bytes[CHAT_CONVERSATION_BYTES]; /* the MLS group id */
};
struct chat_entry_id {
    uint8_t bytes[CHAT_ENTRY_BYTES];
};

/* ---- life ---- */

struct chat_config {
    struct kv *kv;            /* tables chat_tables; borrowed, outlives the chat */
    struct wipe_file *wipe;   /* borrowed, outlives the chat */
    struct span passphrase;   /* one of the two */
    struct span key_file;     /* bytes, at least 32 */
    bool light;               /* service nodes instead of relay: subscriptions and look-ups */
    const struct span *hints; /* encoded ENRs that new cards carry, borrowed during the call */
    size_t hints_count;
    unsigned scrypt_log_n; /* cost of the passphrase; 0: KEYRING_SCRYPT_DEFAULT */
};

/* Names of the tables of struct kv; the last is NULL. */
extern const char *const chat_tables[];

/** Does this kv hold an account? OK; ERR_NOT_FOUND; codes of kv. */
enum err chat_exists(struct kv *kv) MUST_CHECK;

/** Make a new account with this installation as its keeper.
 *
 * @param words  the 24 words, shown once and nowhere kept; the caller wipes them (out)
 * @return OK; ERR_EXISTS the kv holds an account; ERR_ARGUMENT no passphrase and no key file, or
 *         both; codes of kv
 */
enum err chat_create(struct chat **out, const struct chat_config *config, const struct env *env,
                     char words[CHAT_WORDS_TEXT_MAX]) MUST_CHECK;

/** Take an account back with its 24 words, every device lost or stolen. The account's log is looked
 * up in the network first; CHAT_EVENT_RECOVERED tells when it is done, until then only
 * chat_received, chat_fetched, chat_tick and chat_poll make sense. All former installations are
 * revoked.
 *
 * @return as chat_create; ERR_ARGUMENT also for words that are none
 */
enum err chat_recover(struct chat **out, const struct chat_config *config, const struct env *env,
                      struct span words) MUST_CHECK;

/** Begin as a further device of an existing account: CHAT_EVENT_PAIRED tells when its keeper has
 * let us in. `text` is shown to the keeper, as text and QR (chat_pair_accept there). */
enum err chat_pair(struct chat **out, const struct chat_config *config, const struct env *env,
                   char text[CHAT_PAIR_TEXT_MAX]) MUST_CHECK;

/** Open what the kv holds. ERR_NOT_FOUND no account; ERR_AUTH wrong passphrase or key file;
 * ERR_CORRUPT; codes of kv. */
enum err chat_open(struct chat **out, const struct chat_config *config,
                   const struct env *env) MUST_CHECK;

/** Wipe what is in memory and free; nothing is lost. Accepts NULL. */
void chat_close(struct chat *c);

/** Set or change what opens the account. ERR_AUTH `old` is wrong; ERR_ARGUMENT. */
enum err chat_passphrase(struct chat *c, const struct env *env, struct span old,
                         struct span fresh) MUST_CHECK;

/* ---- the network ---- */

enum chat_out_kind {
    CHAT_OUT_PUBLISH, /* topic, payload, timestamp_ns: one Waku message, not ephemeral, by the stem.
                         chat_published follows with the ticket, whatever happens */
    CHAT_OUT_FETCH,   /* topics, from_ns, to_ns: all stored messages of these content topics from
                         one store; `other`: from another one than ticket `other_than` asked.
                         chat_received follows for each message, then chat_fetched with the ticket */
    CHAT_OUT_LISTEN,  /* topics: the content topics to receive; replaces the former list. With
                         relay only its shards matter */
};

#define CHAT_TOPICS_MAX 512u /* content topics in one output: all buckets of both kinds */

struct chat_out { /* borrowed until the next call on the chat */
    enum chat_out_kind kind;
    uint64_t ticket, other_than;
    struct span topic, payload;
    int64_t timestamp_ns; /* rounded to 1 s */
    const struct span *topics;
    size_t topics_count; /* at most CHAT_TOPICS_MAX */
    int64_t from_ns, to_ns;
};

bool chat_poll(struct chat *c, const struct env *env, struct chat_out *out);

/** A Waku message came by relay, filter or a store's answer to CHAT_OUT_FETCH. Anything, from
 * anybody: what is not for us is passed over. */
void chat_received(struct chat *c, const struct env *env, struct span topic, struct span payload);

/** What became of a CHAT_OUT_PUBLISH: OK: taken by the network. */
void chat_published(struct chat *c, const struct env *env, uint64_t ticket, enum err err);

/** A CHAT_OUT_FETCH is at its end: OK: all pages were read (each message through chat_received). */
void chat_fetched(struct chat *c, const struct env *env, uint64_t ticket, enum err err);

/** The network can be used now, or not (no peer). Coming back begins a catch-up. */
void chat_online(struct chat *c, const struct env *env, bool online);

void chat_tick(struct chat *c, const struct env *env);
struct mono chat_deadline(const struct chat *c);

/* ---- what has happened: the journal ---- */

enum chat_event_kind {    /* numbers are stored and go out through the HTTP API: never change one */
    CHAT_EVENT_ENTRY = 1, /* conversation, entry: new, or changed (edit, delete, reaction) */
    CHAT_EVENT_STATE = 2, /* conversation, entry: chat_entry.state of an own one changed */
    CHAT_EVENT_CONVERSATION = 3, /* new, or its name, members, roles or state changed */
    CHAT_EVENT_REQUEST = 4,      /* somebody new has written: chat_accept or chat_block */
    CHAT_EVENT_DEVICE_ADDED = 5, /* account, installation: of a contact, or our own account */
    CHAT_EVENT_DEVICE_REVOKED = 6,
    CHAT_EVENT_ROTATED = 7,      /* account: its root key was changed */
    CHAT_EVENT_RECOVERED = 8,    /* account: taken back by its 24 words */
    CHAT_EVENT_FROZEN = 9,       /* account: its root key has signed two histories */
    CHAT_EVENT_LOST = 10,        /* account: two recoveries, frozen for ever */
    CHAT_EVENT_ENDED = 11,       /* account: given up, or moved to another */
    CHAT_EVENT_PAIRED = 12,      /* this installation was let in */
    CHAT_EVENT_UNREACHED = 13,   /* conversation: no bundle of that card was found yet */
    CHAT_EVENT_UNSUPPORTED = 14, /* conversation may be zero: something needs a newer version; told
                                    once or twice a conversation as long as we run */
    CHAT_EVENT_REJOINED = 15, /* conversation, account, installation: lost its place, came back */
    CHAT_EVENT_FILE = 16,     /* conversation, entry: all bytes of an attachment are here */
    CHAT_EVENT_TYPING = 17,   /* conversation, account: never stored, number 0 */
    CHAT_EVENT_EXPELLED = 18, /* conversation, account, installation: it committed twice to one
                                 epoch, provably; it is removed and not added again */
};

struct chat_event {
    uint64_t number; /* 1, 2, ...; the cursor of the one who reads */
    enum chat_event_kind kind;
    int64_t time_ns;
    struct chat_account account; /* who did it */
    struct chat_installation installation;
    struct chat_conversation conversation;
    struct chat_entry_id entry;
};

/** The first event behind cursor `after`. The last CHAT_EVENTS_KEPT (params.h) are kept. A number
 * is seen once it is on the disk, so no other event ever has it.
 *
 * @return OK; ERR_NOT_FOUND none yet; ERR_LIMIT events behind `after` were dropped meanwhile: read
 *         the conversations anew and go on at chat_event_last
 */
enum err chat_event(struct chat *c, uint64_t after, struct chat_event *out) MUST_CHECK;
uint64_t chat_event_last(const struct chat *c); /* 0: none yet */

/** Events that are not kept (typing), once each. */
bool chat_event_passing(struct chat *c, struct chat_event *out);

/* ---- who one is, how one is found ---- */

enum chat_account_state {
    CHAT_ACCOUNT_ALIVE,
    CHAT_ACCOUNT_ENDED,
    CHAT_ACCOUNT_MOVED,
    CHAT_ACCOUNT_FROZEN,
    CHAT_ACCOUNT_LOST,
    CHAT_ACCOUNT_UNKNOWN, /* its log is not at hand yet */
};

enum chat_consent {
    CHAT_CONSENT_NONE,  /* known from a group only */
    CHAT_CONSENT_ASKED, /* has written first, not accepted yet */
    CHAT_CONSENT_GIVEN,
    CHAT_CONSENT_BLOCKED,
};

struct chat_person {
    struct chat_account account;
    char text[CHAT_ACCOUNT_TEXT_MAX];
    char name[CHAT_NAME_MAX];       /* given by us; "": none */
    char calls_self[CHAT_NAME_MAX]; /* what its profile says; "": nothing; safe to show, not unique
                                     */
    enum chat_account_state state;
    enum chat_consent consent;
    bool self, verified;
    unsigned installations;
    int64_t confirmed_ns; /* wall time at which its log was last confirmed; 0: never */
};

enum err chat_self(struct chat *c, struct chat_person *out) MUST_CHECK;
enum err chat_person(struct chat *c, const struct chat_account *account,
                     struct chat_person *out) MUST_CHECK;

/** Step through all persons known, ourselves first; start with *cursor = 0. */
bool chat_people(struct chat *c, size_t *cursor, struct chat_person *out);

/** A card to hand out. With `private_link` a fresh private link, which can be revoked alone;
 * without one the card that everybody may know. OK; ERR_FULL too many links; codes of kv. */
enum err chat_card(struct chat *c, const struct env *env, bool private_link,
                   char out[CHAT_CARD_TEXT_MAX]) MUST_CHECK;

/** Step through the private links handed out. */
bool chat_links(struct chat *c, size_t *cursor, char out[CHAT_CARD_TEXT_MAX]);

/** From now on nobody reaches us by this link. ERR_NOT_FOUND; ERR_FORMAT. */
enum err chat_unlink(struct chat *c, const struct env *env, struct span card) MUST_CHECK;

/** ENRs that a card carries: nodes to connect with so that its owner can be found. ERR_FORMAT. */
enum err chat_card_hints(struct span card, struct buf *keep, struct span *hints, size_t max,
                         size_t *count) MUST_CHECK;

/** Who may write first. */
enum chat_policy {
    CHAT_POLICY_OPEN,  /* whoever pays the stamp; default */
    CHAT_POLICY_LINKS, /* holders of a private link */
    CHAT_POLICY_GROUPS /* who is in a group with us, or holds a private link */
};
enum err chat_set_policy(struct chat *c, const struct env *env, enum chat_policy policy) MUST_CHECK;

/** What we call ourselves, told to contacts inside conversations. ERR_LIMIT; ERR_FORMAT no UTF-8.
 */
enum err chat_set_profile(struct chat *c, const struct env *env, struct span name) MUST_CHECK;

/* ---- devices ---- */

struct chat_device {
    struct chat_installation installation;
    char name[CHAT_NAME_MAX]; /* given by us; "": none */
    bool this_one, keeper;
    uint64_t added_seq; /* event of the log that added it */
};

/** Step through the active installations of an account. ERR_NOT_FOUND past the end. */
bool chat_devices(struct chat *c, const struct chat_account *account, size_t *cursor,
                  struct chat_device *out);

/** Let a new device in; this one must be the keeper. `words` are to be shown by both.
 * ERR_REFUSED not the keeper; ERR_FORMAT; ERR_LIMIT ten devices; ERR_BUSY as chat_revoke. */
enum err chat_pair_accept(struct chat *c, const struct env *env, struct span text,
                          char words[CHAT_SIX_WORDS_MAX]) MUST_CHECK;

/** The six words on the new device's side. ERR_NOT_FOUND nobody has answered yet. */
enum err chat_pair_words(struct chat *c, char words[CHAT_SIX_WORDS_MAX]) MUST_CHECK;

enum chat_reason {
    CHAT_REASON_RETIRED = 1,
    CHAT_REASON_LOST = 2,
    CHAT_REASON_STOLEN = 3
};

/** ERR_REFUSED not the keeper, or it is this one; ERR_NOT_FOUND; ERR_BUSY whether our account has
 * changed elsewhere is being looked up: again when two stores have answered, or after ten minutes
 * online (LOOK_WAIT_S). */
enum err chat_revoke(struct chat *c, const struct env *env, const struct chat_installation *which,
                     enum chat_reason why) MUST_CHECK;

/** Change the root key with the 24 words; this installation becomes the keeper. ERR_ARGUMENT other
 * words; ERR_BUSY as chat_revoke. */
enum err chat_rotate(struct chat *c, const struct env *env, struct span words) MUST_CHECK;

/** A new installation key for this device. Not in this version: ERR_UNSUPPORTED, and nothing has
 * changed. A device whose key may be known is revoked, and let in anew by pairing. */
enum err chat_rekey(struct chat *c, const struct env *env) MUST_CHECK;

enum err chat_safety_number(struct chat *c, const struct chat_account *with,
                            char out[CHAT_SAFETY_MAX]) MUST_CHECK;
enum err chat_set_verified(struct chat *c, const struct env *env,
                           const struct chat_account *account, bool verified) MUST_CHECK;

/* ---- contacts ---- */

/** Write to somebody by a card. The conversation is there at once; what is sent waits until the
 * bundle was found. Writing to an account with which a direct conversation exists gives that one.
 *
 * @return OK; ERR_FORMAT, ERR_UNSUPPORTED no card of ours; ERR_ARGUMENT our own; ERR_REFUSED we
 *         blocked that account; ERR_FULL
 */
enum err chat_contact(struct chat *c, const struct env *env, struct span card,
                      struct chat_conversation *out) MUST_CHECK;
enum err chat_accept(struct chat *c, const struct env *env,
                     const struct chat_conversation *conversation) MUST_CHECK;
enum err chat_block(struct chat *c, const struct env *env, const struct chat_account *account,
                    bool blocked) MUST_CHECK;
enum err chat_set_name(struct chat *c, const struct env *env, const struct chat_account *account,
                       struct span name) MUST_CHECK;

/* ---- conversations ---- */

enum chat_type {
    CHAT_DIRECT = 1,
    CHAT_GROUP = 2,
    CHAT_CROWD = 3,
    CHAT_SELF = 4
};

enum chat_conversation_state {
    CHAT_LOOKING, /* for the bundle of the other side */
    CHAT_JOINED,
    CHAT_REQUESTED, /* somebody has written first: accept or block */
    CHAT_LEFT,      /* by us, or we were removed; readable */
    CHAT_REJOINING,
};

enum chat_role {
    CHAT_MEMBER = 0,
    CHAT_ADMIN = 1,
    CHAT_OWNER = 2
};

struct chat_summary {
    struct chat_conversation id;
    enum chat_type type;
    enum chat_conversation_state state;
    char name[CHAT_NAME_MAX]; /* of the group, or of the other person as we call it */
    struct chat_account with; /* direct: the other one */
    unsigned accounts, installations;
    unsigned unread;
    bool muted;
    int64_t last_ns;         /* of the last entry, or of the beginning */
    char last[128];          /* start of the last entry's text, safe to show */
    uint64_t disappearing_s; /* 0: entries stay */
    enum chat_role role;     /* ours */
};

/** Step through the conversations, the newest entry first; start with *cursor = 0. */
bool chat_conversations(struct chat *c, size_t *cursor, struct chat_summary *out);
enum err chat_conversation(struct chat *c, const struct chat_conversation *id,
                           struct chat_summary *out) MUST_CHECK;

/** Found a group of contacts; each account is invited with all its installations.
 *
 * @return OK; ERR_LIMIT over 64 installations in a CHAT_GROUP: CHAT_CROWD takes them;
 *         ERR_NOT_FOUND an account that we do not know; ERR_FORMAT name
 */
enum err chat_found(struct chat *c, const struct env *env, enum chat_type type, struct span name,
                    const struct chat_account *accounts, size_t count,
                    struct chat_conversation *out) MUST_CHECK;

struct chat_member {
    struct chat_person person;
    enum chat_role role;
    unsigned leaves; /* its installations in this conversation */
};
bool chat_members(struct chat *c, const struct chat_conversation *id, size_t *cursor,
                  struct chat_member *out);

/** ERR_REFUSED our role does not allow it; ERR_LIMIT; ERR_NOT_FOUND. */
enum err chat_add(struct chat *c, const struct env *env, const struct chat_conversation *id,
                  const struct chat_account *accounts, size_t count) MUST_CHECK;
enum err chat_remove(struct chat *c, const struct env *env, const struct chat_conversation *id,
                     const struct chat_account *account) MUST_CHECK;
enum err chat_set_role(struct chat *c, const struct env *env, const struct chat_conversation *id,
                       const struct chat_account *account, enum chat_role role) MUST_CHECK;
enum err chat_set_group_name(struct chat *c, const struct env *env,
                             const struct chat_conversation *id, struct span name) MUST_CHECK;
enum err chat_leave(struct chat *c, const struct env *env,
                    const struct chat_conversation *id) MUST_CHECK;

enum err chat_set_muted(struct chat *c, const struct env *env, const struct chat_conversation *id,
                        bool muted) MUST_CHECK;

/** What is typed and not sent yet; empty takes it away. Nobody else learns of it. */
enum err chat_set_draft(struct chat *c, const struct env *env, const struct chat_conversation *id,
                        struct span text) MUST_CHECK;
enum err chat_draft(struct chat *c, const struct chat_conversation *id, struct buf *out) MUST_CHECK;

/** Everything up to this entry was seen; a receipt follows if receipts are on. */
enum err chat_set_read(struct chat *c, const struct env *env, const struct chat_conversation *id,
                       const struct chat_entry_id *entry) MUST_CHECK;
enum err chat_set_receipts(struct chat *c, const struct env *env, bool on) MUST_CHECK;

/** Messages sent from now on vanish everywhere after so many seconds; 0: they stay. */
enum err chat_set_disappearing(struct chat *c, const struct env *env,
                               const struct chat_conversation *id, uint64_t seconds) MUST_CHECK;

/** Never stored, never repeated; one within CHAT_TYPING_EVERY_S of another is not sent. */
enum err chat_typing(struct chat *c, const struct env *env,
                     const struct chat_conversation *id) MUST_CHECK;

/* ---- entries ---- */

enum chat_content {
    CHAT_TEXT = 1,
    CHAT_ATTACHMENT = 2, /* file */
    CHAT_CUSTOM = 3,     /* domain, tag, payload; text is the fallback */
    CHAT_NOTICE = 4,     /* the conversation itself speaks: who was added, removed, named */
    CHAT_UNKNOWN = 5,    /* of a newer version; text is its fallback */
};

/* What a notice tells: chat_entry.tag. Numbers are stored. */
enum chat_notice {
    CHAT_NOTICE_ADDED = 1, /* author added subject, or several (subject zeros) */
    CHAT_NOTICE_REMOVED = 2,
    CHAT_NOTICE_LEFT = 3,           /* subject */
    CHAT_NOTICE_NAMED = 4,          /* author named the group */
    CHAT_NOTICE_ROLE = 5,           /* author gave subject another role */
    CHAT_NOTICE_REJOINED = 6,       /* subject's device had lost its place */
    CHAT_NOTICE_DEVICE_ADDED = 7,   /* of subject, by its log; this and those below count as */
    CHAT_NOTICE_DEVICE_REVOKED = 8, /* unread in a direct conversation */
    CHAT_NOTICE_ROTATED = 9,
    CHAT_NOTICE_RECOVERED = 10,
};
#define CHAT_NOTICE_LAST CHAT_NOTICE_RECOVERED

enum chat_entry_state {
    CHAT_ENTRY_RECEIVED, /* somebody else's */
    CHAT_ENTRY_QUEUED,
    CHAT_ENTRY_SENT,      /* taken by the network */
    CHAT_ENTRY_STORED,    /* seen in a store */
    CHAT_ENTRY_DELIVERED, /* acknowledged: `delivered` of `recipients` installations */
    CHAT_ENTRY_READ,      /* by somebody who says so */
    CHAT_ENTRY_FAILED,    /* given up: `why` */
};

#define CHAT_REACTIONS_MAX 16u /* kinds shown of one entry */

struct chat_reaction {
    char text[32];
    unsigned count;
    bool mine;
};

struct chat_entry { /* spans borrowed until the next call on the chat */
    struct chat_entry_id id;
    struct chat_conversation conversation;
    struct chat_account author;
    struct chat_installation device;
    bool mine;
    int64_t time_ns; /* as its author says, at most now + 10 min; order is not by it */
    enum chat_content content;
    struct span
        text; /* valid UTF-8, may hold control characters: clean before a terminal sees it */
    struct chat_entry_id reply_to; /* zeros: none */
    bool edited, deleted, history; /* history: handed on by a third, the author's signature holds */
    int64_t vanishes_ns;           /* 0: stays */
    struct chat_reaction reactions[CHAT_REACTIONS_MAX];
    size_t reactions_count;
    enum chat_entry_state state;
    unsigned delivered, read, recipients;
    enum err why;
    struct span file_name, file_type; /* of an attachment */
    uint64_t file_bytes;
    bool file_here;
    struct span domain, payload; /* of CHAT_CUSTOM */
    uint64_t tag;                /* of CHAT_CUSTOM; of CHAT_NOTICE: enum chat_notice */
    struct chat_account subject; /* of CHAT_NOTICE: whom it is about; zeros: nobody */
};

/** Send a text. `reply_to` may be NULL. The entry is in the history at once.
 *
 * @return OK; ERR_FORMAT no UTF-8; ERR_LIMIT over CHAT_TEXT_BYTES_MAX; ERR_NOT_FOUND conversation;
 *         ERR_REFUSED left, or a request not accepted; ERR_FULL too much waits
 */
enum err chat_send(struct chat *c, const struct env *env, const struct chat_conversation *id,
                   struct span text, const struct chat_entry_id *reply_to,
                   struct chat_entry_id *out) MUST_CHECK;
enum err chat_send_file(struct chat *c, const struct env *env, const struct chat_conversation *id,
                        struct span name, struct span type, struct span bytes,
                        struct chat_entry_id *out) MUST_CHECK;
enum err chat_send_custom(struct chat *c, const struct env *env, const struct chat_conversation *id,
                          struct span domain, uint64_t tag, struct span payload,
                          struct span fallback, struct chat_entry_id *out) MUST_CHECK;
enum err chat_react(struct chat *c, const struct env *env, const struct chat_conversation *id,
                    const struct chat_entry_id *entry, struct span reaction, bool on) MUST_CHECK;
/** ERR_REFUSED not ours. */
enum err chat_edit(struct chat *c, const struct env *env, const struct chat_conversation *id,
                   const struct chat_entry_id *entry, struct span text) MUST_CHECK;
enum err chat_delete(struct chat *c, const struct env *env, const struct chat_conversation *id,
                     const struct chat_entry_id *entry) MUST_CHECK;

/** One entry. */
enum err chat_entry(struct chat *c, const struct chat_conversation *id,
                    const struct chat_entry_id *entry, struct chat_entry *out) MUST_CHECK;

/** The entry before (`back`) or behind `from` in the order that everybody sees; `from` NULL: the
 * last, or the first. ERR_NOT_FOUND: no more. */
enum err chat_history(struct chat *c, const struct chat_conversation *id,
                      const struct chat_entry_id *from, bool back,
                      struct chat_entry *out) MUST_CHECK;

/** Search texts for a word, ASCII case aside, newest first, in one conversation or (NULL) in all;
 * `from` of the last hit to go on, zeros to begin.
 *
 * @return OK; ERR_MORE none among SEARCH_LOOK_MAX lines: `out` is the last of them, go on from it;
 *         ERR_NOT_FOUND no more, or no such conversation or `from`; ERR_ARGUMENT no word
 */
enum err chat_search(struct chat *c, const struct chat_conversation *id, struct span word,
                     const struct chat_entry_id *from, struct chat_entry *out) MUST_CHECK;

/** Fetch an attachment's bytes: CHAT_EVENT_FILE follows. ERR_EXISTS they are here. */
enum err chat_file_fetch(struct chat *c, const struct env *env, const struct chat_conversation *id,
                         const struct chat_entry_id *entry) MUST_CHECK;
/** ERR_NOT_FOUND: not here yet. */
enum err chat_file(struct chat *c, const struct chat_conversation *id,
                   const struct chat_entry_id *entry, struct buf *out) MUST_CHECK;

/* ---- taking it elsewhere ---- */

/** Identity (without the keys of the 24 words), contacts and history, sealed under a passphrase;
 * appended to `out`, at most CHAT_EXPORT_BYTES_MAX. */
enum err chat_export(struct chat *c, const struct env *env, struct span passphrase,
                     struct buf *out) MUST_CHECK;
/** Contacts and history of an export into this account. ERR_AUTH; ERR_FORMAT; ERR_ARGUMENT another
 * account's. */
enum err chat_import(struct chat *c, const struct env *env, struct span passphrase,
                     struct span in) MUST_CHECK;
/** Entries that the last chat_import left out: signed, but by a device that no log which we have
 * shows as one of their author's (revoked before a checkpoint, on a branch that lost, or made up).
 * They stay in the export. */
uint64_t chat_import_left_out(const struct chat *c);
