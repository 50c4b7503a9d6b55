/* libsotto: a private chat for programs. One account, on its own node, in one folder.
 *
 *     struct sotto *s;
 *     sotto_open(&s, &options);                       or sotto_create, sotto_recover, sotto_pair
 *     while (sotto_next(s, &event, -1) > 0)           runs the node while it waits
 *         ... sotto_entry, sotto_send, sotto_accept ...
 *     sotto_close(s);
 *
 * Loops: sotto_next waits by itself. A program with a loop of its own polls sotto_fd for reading,
 * waits no longer than sotto_wait_ms, and calls sotto_next with a timeout of 0 until it returns 0.
 *
 * Threads: a handle belongs to the thread that uses it. The library has one worker thread of its
 * own for sums that take long; nothing of the program is ever called on it, for nothing of the
 * program is called at all: there are no callbacks. What has happened is read, as plain structs.
 *
 * Durable: what a call returned SOTTO_OK for survives a crash. An event is handed out again after a
 * crash unless sotto_next was called after it; a program may see the last one twice, never none.
 *
 * Borrowed: struct sotto_text and strings inside structs live until the next call with the same
 * handle. Strings given are UTF-8 with a NUL and borrowed during the call.
 *
 * Errors: every function that can fail returns enum sotto_result, negative when it failed; nothing
 * was changed then. sotto_error_text has words for people.
 *
 * Signals: none is taken; SIGPIPE is ignored once a handle was opened, as sockets need it.
 *
 * Compatibility: struct sotto_options begins with its size, so that it may grow. Other structs and
 * numbers change only with SOTTO_ABI, which is the number in the name libsotto.so.N.
 */
#ifndef SOTTO_H
#define SOTTO_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SOTTO_ABI 0

#define SOTTO_WORDS_MAX   216  /* bytes with NUL: the 24 words */
#define SOTTO_PAIR_MAX    256  /* "sottopair1..." */
#define SOTTO_CARD_MAX    1800 /* "sottocard1..." */
#define SOTTO_ACCOUNT_MAX 65   /* "sotto1..." */
#define SOTTO_SIX_MAX     60   /* six words */
#define SOTTO_SAFETY_MAX  72   /* safety number */
#define SOTTO_NAME_MAX    256

enum sotto_result {
    SOTTO_OK = 0,
    SOTTO_FAILED = -1,      /* disk, memory or the system: see errno */
    SOTTO_NOT_FOUND = -2,   /* no such thing */
    SOTTO_EXISTS = -3,      /* it is there already */
    SOTTO_INVALID = -4,     /* malformed, or out of range */
    SOTTO_REFUSED = -5,     /* not allowed, to us or now */
    SOTTO_LIMIT = -6,       /* too many or too large */
    SOTTO_BUSY = -7,        /* too much is under way: again later */
    SOTTO_AUTH = -8,        /* wrong passphrase or key file */
    SOTTO_LOCKED = -9,      /* another process has the folder */
    SOTTO_CORRUPT = -10,    /* the folder's files are not what was written */
    SOTTO_UNSUPPORTED = -11 /* of a newer version */
};

/* Words for a result; static. */
const char *sotto_error_text(int result);

/* SOTTO_ABI of the library that is loaded, and its version, "0.1.0". */
int sotto_abi(void);
const char *sotto_version(void);

struct sotto; /* one account */

struct sotto_id { /* of an account, an installation, or a conversation */
    uint8_t bytes[32];
};

struct sotto_entry_id {
    uint8_t bytes[16];
};

struct sotto_text { /* UTF-8 or bytes, no NUL behind it, borrowed */
    const char *ptr;
    size_t len;
};

/* ---- life ---- */

struct sotto_options {
    size_t size;              /* sizeof(struct sotto_options) */
    const char *folder;       /* made when it is missing; one process at a time */
    const char *passphrase;   /* NULL: a key file */
    const char *key_file;     /* NULL: FOLDER/key, made with the account */
    int light;                /* 1: use service nodes instead of relaying */
    const char *const *flags; /* of the node, as `sotto node` has them: "--preset=sotto",
                                 "--staticnode=/ip4/...", ...; NULL ends the list; NULL: none */
};

#define SOTTO_OPTIONS                                                                              \
    {                                                                                              \
        sizeof(struct sotto_options), NULL, NULL, NULL, 0, NULL                                    \
    }

/* What is wrong with options, after SOTTO_INVALID of the functions below: one sentence; static
 * until the next of these calls. */
const char *sotto_why(void);

/* SOTTO_NOT_FOUND: the folder has no account. */
int sotto_open(struct sotto **out, const struct sotto_options *options);

/* A new account. `words` are the 24 words that bring it back when every device is lost: to be shown
 * to the person once, written down, and wiped. SOTTO_EXISTS. */
int sotto_create(struct sotto **out, const struct sotto_options *options,
                 char words[SOTTO_WORDS_MAX]);

/* Take an account back with its words; SOTTO_RECOVERED follows. */
int sotto_recover(struct sotto **out, const struct sotto_options *options, const char *words);

/* Become a further device of an account; `text` is for sotto_pair_accept there. SOTTO_PAIRED. */
int sotto_pair(struct sotto **out, const struct sotto_options *options, char text[SOTTO_PAIR_MAX]);

/* Leave the network, close, forget. What waits to be sent is sent after the next open. */
void sotto_close(struct sotto *s);

/* Set or change the passphrase. SOTTO_AUTH: `old` is wrong. */
int sotto_set_passphrase(struct sotto *s, const char *old, const char *fresh);

/* ---- loop and events ---- */

enum sotto_event_kind {
    SOTTO_ENTRY = 1,        /* conversation, entry: new, or changed */
    SOTTO_STATE = 2,        /* conversation, entry: sotto_entry.state of an own one changed */
    SOTTO_CONVERSATION = 3, /* new, or its name, members, roles or state changed */
    SOTTO_REQUEST = 4,      /* somebody new has written: sotto_accept or sotto_block */
    SOTTO_DEVICE_ADDED = 5, /* account, installation */
    SOTTO_DEVICE_REVOKED = 6,
    SOTTO_ROTATED = 7,
    SOTTO_RECOVERED = 8,
    SOTTO_FROZEN = 9, /* account: its root key has signed two histories */
    SOTTO_LOST = 10,
    SOTTO_ENDED = 11,
    SOTTO_PAIRED = 12,
    SOTTO_UNREACHED = 13, /* conversation: the other side was not found yet */
    SOTTO_UNKNOWN = 14,   /* something needs a newer version */
    SOTTO_REJOINED = 15,  /* conversation, account, installation */
    SOTTO_FILE = 16,      /* conversation, entry: all bytes of a file are here */
    SOTTO_TYPING = 17,    /* conversation, account; number 0, never repeated */
    SOTTO_EXPELLED = 18,  /* conversation, account, installation: it cheated, and is removed */
    SOTTO_MISSED = 1000   /* too many events were not read: look at the conversations anew */
};

struct sotto_event {
    uint64_t number; /* ascending */
    int kind;        /* enum sotto_event_kind; others may come */
    int64_t time_ns; /* unix time */
    struct sotto_id account, installation, conversation;
    struct sotto_entry_id entry;
};

/* The next event, waiting at most timeout_ms for it (0: not, -1: for ever) while the node runs.
 * The event before it is then done with and does not come again.
 *
 * Returns 1 and the event; 0 none in time; a negative result. */
int sotto_next(struct sotto *s, struct sotto_event *out, int timeout_ms);

/* Becomes readable when there is work for sotto_next; not to be read or closed. -1: none. */
int sotto_fd(struct sotto *s);

/* Milliseconds until sotto_next has to be called though sotto_fd is quiet; -1: for ever. */
int sotto_wait_ms(struct sotto *s);

/* Let a sotto_next that waits in another thread, or in a signal handler's way, return 0 soon. The
 * one function that may be called from anywhere. */
void sotto_wake(struct sotto *s);

/* 1: there are peers. */
int sotto_online(struct sotto *s);

/* Multiaddrs of our node, one after another; SOTTO_NOT_FOUND: no more. */
int sotto_address(struct sotto *s, size_t i, char *out, size_t out_len);

/* ---- who one is, and others ---- */

struct sotto_person {
    struct sotto_id account;
    char text[SOTTO_ACCOUNT_MAX];
    char name[SOTTO_NAME_MAX];       /* given by us; "" */
    char calls_self[SOTTO_NAME_MAX]; /* what it says; not unique; "" */
    int state;   /* 0 alive, 1 ended, 2 moved, 3 frozen, 4 lost, 5 unknown yet */
    int consent; /* 0 known from groups, 1 asks, 2 given, 3 blocked */
    int self, verified;
    unsigned installations;
    int64_t confirmed_ns; /* when its log was last confirmed; 0: never */
};

int sotto_self(struct sotto *s, struct sotto_person *out);
int sotto_person(struct sotto *s, const struct sotto_id *account, struct sotto_person *out);

/* Step through all persons known, ourselves first; *cursor = 0 begins. 1, or 0: no more. */
int sotto_people(struct sotto *s, size_t *cursor, struct sotto_person *out);

/* A card to hand out: private_link 1: a fresh one that can be revoked alone (sotto_unlink). */
int sotto_card(struct sotto *s, int private_link, char out[SOTTO_CARD_MAX]);
int sotto_links(struct sotto *s, size_t *cursor, char out[SOTTO_CARD_MAX]);
int sotto_unlink(struct sotto *s, const char *card);

/* Who may write first: 0 whoever pays the stamp, 1 holders of a private link, 2 members of shared
 * groups. */
int sotto_set_policy(struct sotto *s, int policy);
int sotto_set_profile(struct sotto *s, const char *name);

int sotto_contact(struct sotto *s, const char *card, struct sotto_id *conversation);
int sotto_accept(struct sotto *s, const struct sotto_id *conversation);
int sotto_block(struct sotto *s, const struct sotto_id *account, int blocked);
int sotto_set_name(struct sotto *s, const struct sotto_id *account, const char *name);
int sotto_safety_number(struct sotto *s, const struct sotto_id *account,
                        char out[SOTTO_SAFETY_MAX]);
int sotto_set_verified(struct sotto *s, const struct sotto_id *account, int verified);

/* ---- devices ---- */

struct sotto_device {
    struct sotto_id installation;
    char name[SOTTO_NAME_MAX];
    int this_one, keeper;
};

int sotto_devices(struct sotto *s, const struct sotto_id *account, size_t *cursor,
                  struct sotto_device *out);
int sotto_pair_accept(struct sotto *s, const char *text, char words[SOTTO_SIX_MAX]);
int sotto_pair_words(struct sotto *s, char words[SOTTO_SIX_MAX]);

/* why: 1 retired, 2 lost, 3 stolen */
int sotto_revoke(struct sotto *s, const struct sotto_id *installation, int why);
int sotto_rotate(struct sotto *s, const char *words);
int sotto_rekey(struct sotto *s);

/* ---- conversations ---- */

enum sotto_type {
    SOTTO_DIRECT = 1,
    SOTTO_GROUP = 2,
    SOTTO_CROWD = 3,
    SOTTO_SELF = 4
};
enum sotto_role {
    SOTTO_MEMBER = 0,
    SOTTO_ADMIN = 1,
    SOTTO_OWNER = 2
};

struct sotto_conversation {
    struct sotto_id id;
    int type;  /* enum sotto_type */
    int state; /* 0 looking for the other side, 1 joined, 2 a request, 3 left, 4 rejoining */
    int role;  /* ours */
    char name[SOTTO_NAME_MAX];
    struct sotto_id with; /* direct: the other one */
    unsigned accounts, installations, unread;
    int muted;
    int64_t last_ns;
    char last[128]; /* how the last entry begins */
    uint64_t disappearing_s;
};

int sotto_conversations(struct sotto *s, size_t *cursor, struct sotto_conversation *out);
int sotto_conversation(struct sotto *s, const struct sotto_id *id, struct sotto_conversation *out);

/* SOTTO_LIMIT: more than 64 installations; a SOTTO_CROWD takes them. */
int sotto_found(struct sotto *s, int type, const char *name, const struct sotto_id *accounts,
                size_t count, struct sotto_id *conversation);

struct sotto_member {
    struct sotto_person person;
    int role;
    unsigned leaves;
};

int sotto_members(struct sotto *s, const struct sotto_id *id, size_t *cursor,
                  struct sotto_member *out);
int sotto_add(struct sotto *s, const struct sotto_id *id, const struct sotto_id *accounts,
              size_t count);
int sotto_remove(struct sotto *s, const struct sotto_id *id, const struct sotto_id *account);
int sotto_set_role(struct sotto *s, const struct sotto_id *id, const struct sotto_id *account,
                   int role);
int sotto_set_group_name(struct sotto *s, const struct sotto_id *id, const char *name);
int sotto_leave(struct sotto *s, const struct sotto_id *id);
int sotto_set_muted(struct sotto *s, const struct sotto_id *id, int muted);
int sotto_set_draft(struct sotto *s, const struct sotto_id *id, const char *text);
int sotto_draft(struct sotto *s, const struct sotto_id *id, struct sotto_text *out);
int sotto_set_read(struct sotto *s, const struct sotto_id *id, const struct sotto_entry_id *entry);
int sotto_set_receipts(struct sotto *s, int on);
int sotto_set_disappearing(struct sotto *s, const struct sotto_id *id, uint64_t seconds);
int sotto_typing(struct sotto *s, const struct sotto_id *id);

/* ---- entries ---- */

enum sotto_content {
    SOTTO_TEXT = 1,
    SOTTO_ATTACHMENT = 2,
    SOTTO_CUSTOM = 3,
    SOTTO_NOTICE = 4,
    SOTTO_NEWER = 5 /* of a newer version; text is its fallback */
};

enum sotto_entry_state {
    SOTTO_RECEIVED = 0,
    SOTTO_QUEUED = 1,
    SOTTO_SENT = 2,
    SOTTO_STORED = 3,
    SOTTO_DELIVERED = 4,
    SOTTO_READ = 5,
    SOTTO_GIVEN_UP = 6
};

struct sotto_reaction {
    char text[32];
    unsigned count;
    int mine;
};

struct sotto_entry {
    struct sotto_entry_id id;
    struct sotto_id conversation, author, device;
    int mine;
    int64_t time_ns;
    int content;            /* enum sotto_content */
    struct sotto_text text; /* may hold control characters: clean before a terminal sees it */
    struct sotto_entry_id reply_to; /* zeros: none */
    int edited, deleted, history;
    int64_t vanishes_ns; /* 0: stays */
    struct sotto_reaction reactions[16];
    size_t reactions_count;
    int state; /* enum sotto_entry_state */
    unsigned delivered, read, recipients;
    struct sotto_text file_name, file_type; /* SOTTO_ATTACHMENT */
    uint64_t file_bytes;
    int file_here;
    struct sotto_text domain, payload; /* SOTTO_CUSTOM */
    uint64_t tag;
};

/* Texts are given with their length, so that one that was received can be sent as it is: 1 to
 * 65,536 bytes of UTF-8. SOTTO_LIMIT: longer; nothing was said, send it as a file. reply_to and out
 * may be NULL. */
int sotto_send(struct sotto *s, const struct sotto_id *id, struct sotto_text text,
               const struct sotto_entry_id *reply_to, struct sotto_entry_id *out);
struct sotto_text sotto_str(const char *text); /* of a string */
int sotto_send_file(struct sotto *s, const struct sotto_id *id, const char *name, const char *type,
                    const void *bytes, size_t len, struct sotto_entry_id *out);
int sotto_send_custom(struct sotto *s, const struct sotto_id *id, const char *domain, uint64_t tag,
                      const void *payload, size_t len, const char *fallback,
                      struct sotto_entry_id *out);
int sotto_react(struct sotto *s, const struct sotto_id *id, const struct sotto_entry_id *entry,
                const char *reaction, int on);
int sotto_edit(struct sotto *s, const struct sotto_id *id, const struct sotto_entry_id *entry,
               struct sotto_text text);
int sotto_delete(struct sotto *s, const struct sotto_id *id, const struct sotto_entry_id *entry);

int sotto_entry(struct sotto *s, const struct sotto_id *id, const struct sotto_entry_id *entry,
                struct sotto_entry *out);

/* The entry before (back 1) or behind `from`; from NULL: the last, or the first. SOTTO_NOT_FOUND:
 * no more. */
int sotto_history(struct sotto *s, const struct sotto_id *id, const struct sotto_entry_id *from,
                  int back, struct sotto_entry *out);
/* The next line with a word, newest first, in one conversation or (NULL) in all, before `from`, the
 * last hit; NULL: from the end. SOTTO_NOT_FOUND: no more. */
int sotto_search(struct sotto *s, const struct sotto_id *id, const char *word,
                 const struct sotto_entry_id *from, struct sotto_entry *out);

/* SOTTO_FILE follows; SOTTO_EXISTS: it is here. */
int sotto_file_fetch(struct sotto *s, const struct sotto_id *id,
                     const struct sotto_entry_id *entry);
int sotto_file(struct sotto *s, const struct sotto_id *id, const struct sotto_entry_id *entry,
               struct sotto_text *out);

/* ---- taking it elsewhere ---- */

/* Identity without the keys of the words, contacts and history, sealed under a passphrase. */
int sotto_export(struct sotto *s, const char *passphrase, struct sotto_text *out);
int sotto_import(struct sotto *s, const char *passphrase, const void *bytes, size_t len);
/* Entries that the last sotto_import left out: no log that we have shows the device which signed
 * them as one of their author's. They stay in the export. */
uint64_t sotto_import_left_out(const struct sotto *s);

#ifdef __cplusplus
}
#endif
#endif
