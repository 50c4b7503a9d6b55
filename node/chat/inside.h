/* The inside of the chat: what its files share. chat.h is the contract; each .c holds one idea:
 *
 *     life.c      create, open, close; settings         account.c   our log and its keys
 *     step.c      what makes a call durable; what leaves after it
 *     journal.c   what has happened, by number          people.c    accounts that we know
 *     contacts.c  what we think of them             people_log.c  and their logs
 *     cards.c     how we can be found                   prekeys.c   what we lay out for strangers
 *     laying.c    our bundles laid out                  finding.c   others' looked up
 *     waiting.c   invites, until they are answered      inviting.c  invites to us
 *     welcoming.c newcomers of a commit, invited        welcomes_*.c  Welcomes beside invites
 *     devices.c   revoking, recovering                letting*.c  pairing (letting.h)
 *     network.c   what is listened to and read from stores, who takes what comes
 *     parking.c   what is of conversations, or may be: it waits for a key, an epoch, a proposal
 *     behind.c    what is not understood: a commit may have been lost
 *     talks.c     conversations: list and records       talk_*.c    one of them (talk.h)
 *     saying.c    what the person says        entries.c, notes.c, rows.c  what entries mean
 *     wishing.c   what it wishes of conversations
 *     rejoin*.c   coming back into one (rejoining.h)  culprits.c  who committed twice
 *     listing.c   what the person looks at: conversations    showing.c  one entry
 *     reading.c   entries in their order              searching.c  and those looked for
 *     files*.c    files, in segments (files.h)      vanishing.c  entries whose time is over
 *     exporting.c contacts and history, to another installation
 *     self*.c     what all our devices know (self.h)    notices*.c  what a talk itself tells
 *
 * Everything in memory is a copy of what the vault holds. An input changes memory and notes what is
 * to be written; step_close writes it as one transaction, and only then what has to leave leaves.
 */
#pragma once

#include "crypto/base/fifo.h"
#include "crypto/base/map.h"
#include "node/chat/chat.h"
#include "node/chat/chat_params.h"
#include "node/chat/commits/branches.h"
#include "node/chat/delivery/content.h"
#include "node/chat/delivery/delivery.h"
#include "node/chat/envelope/parked.h"
#include "node/chat/intro/card.h"
#include "node/chat/intro/found.h"
#include "node/chat/intro/inbox.h"
#include "node/chat/intro/invite.h"
#include "node/chat/profile/healing.h"
#include "node/chat/profile/profile.h"
#include "node/chat/sweep.h"
#include "node/chat/vault/vault.h"

enum chat_phase { /* numbers are stored */
    CHAT_PHASE_READY = 0,
    CHAT_PHASE_RECOVERING = 1, /* the words are known, the log is looked for */
    CHAT_PHASE_PAIRING = 2,    /* nobody has let us in yet */
};

/* ---- people ---- */

struct person {
    uint8_t account[ACCOUNT_ID_BYTES];
    struct identity_log *log; /* NULL: not at hand yet */
    char name[CHAT_NAME_MAX], calls_self[CHAT_NAME_MAX];
    struct entry_place called_at; /* where it said so */
    enum chat_consent consent;
    bool verified;
    int64_t confirmed_ns;
    bool private_link; /* we know them by it: */
    uint8_t secret[CARD_SECRET_BYTES];
    struct found *found; /* their bundles; NULL: none yet */
    struct {             /* where they lie; derived when an address is another */
        struct card cards[FINDING_CARDS_MAX];
        uint8_t buckets[FINDING_CARDS_MAX];
        size_t count; /* 0: not derived yet */
    } address;
    bool looking; /* in stores: */
    struct sweep sweep;
    struct mono look_at; /* the next time */
    unsigned misses;     /* looks in a row that found nothing */
    bool changed, log_changed;
};

/* ---- conversations ---- */

struct talk_keys { /* of an epoch; secret */
    struct eid eid;
    struct envelope_keys keys;
    int64_t until_ns; /* wall; of epochs that were left */
    uint64_t mark;    /* of parked: what came before the key was not offered to it; 0: it was */
};

enum wish_kind { /* numbers are stored */
    WISH_ADD = 1,
    WISH_REMOVE = 2,
    WISH_ROLE = 3,
    WISH_NAME = 4,
};

struct wish { /* what the person wants of a conversation, until its head fulfils it */
    enum wish_kind kind;
    uint8_t account[ACCOUNT_ID_BYTES];
    unsigned role;
    uint8_t name[PROFILE_NAME_BYTES_MAX];
    size_t name_len;
};

enum newer { /* what of a newer version has come */
    NEWER_FRAME = 1,
    NEWER_PARCEL = 2,
    NEWER_INVITE = 4,
};

struct since { /* when a member came */
    struct entry_author who;
    uint64_t epoch;
};

struct doors;

struct talk {
    struct chat_conversation id;
    enum chat_type type;
    enum chat_conversation_state state;
    struct chat_account with;    /* direct */
    struct branches *branches;   /* NULL: not joined */
    struct delivery *delivery;   /* NULL: likewise */
    struct rejoining *rejoining; /* owned; NULL: nobody was ever lost */
    struct profile_data data;    /* of the head */
    struct entry_author *roster; /* of the head, owned */
    size_t roster_count;
    struct since *since; /* owned */
    size_t since_count, since_cap;
    struct talk_keys keys[TALK_KEYS_MAX];
    size_t keys_count;
    struct doors *doors; /* owned; NULL: not joined */
    struct profile_address address;
    struct wish *wishes; /* owned, at most TALK_WISHES_MAX */
    size_t wishes_count, wishes_cap;
    struct mono gather_until; /* so long a founder waits for those who are looked for */
    struct healing *healing;  /* NULL: not joined */
    struct mono beacon_at;    /* when one makes us read stores again */
    struct mono proposals_at; /* when a commit of proposals that we lack does, */
    bool proposals_due;       /* which came before that time */
    unsigned proposals_vain;  /* so often in a row none were found */
    struct mono reconcile_at;
    struct mono typing_at; /* not said again before */
    /* for the person */
    bool muted;
    unsigned unread;
    struct entry_place seen;
    int64_t last_ns;
    char last[128];
    struct entry_place last_at;
    bool last_stale;         /* `last` is to be read anew */
    uint64_t disappearing_s; /* what we say is to stay so long; 0: it stays */
    struct entry_place timer_at;
    bool timer_set;       /* somebody said so there; else it is what the last line bears */
    int64_t caught_up_ns; /* stores were read up to here */
    bool changed, keys_changed;
    bool active;         /* its engines may have something to write */
    unsigned newer_told; /* enum newer: the person knows */
};

/* ---- what waits ---- */

struct pending { /* a message to be published: waits for the commit, then for chat_poll */
    struct chat_out out;
    struct buf bytes;
    char topic[ENVELOPE_TOPIC_BYTES];
    bool of_talk; /* a message of a conversation, with its token */
    struct chat_conversation conversation;
    uint64_t token;
    uint64_t kept; /* number of its row in the vault; 0: none */
    uint32_t day;  /* that a bundle of ours is sealed for; 0: it is none */
    unsigned tries;
};

struct own_address { /* where we can be found */
    struct card card;
    uint8_t bucket;
};

struct laid { /* one of our addresses: when a bundle was last laid out there */
    uint8_t secret[CARD_SECRET_BYTES];
    uint64_t last_s, left_s, due_s; /* due_s: sooner than its minute; 0: no */
};

struct stamping { /* a body that a stamp is looked for */
    struct card card;
    uint32_t day;
    unsigned bits;
    bool bundle;        /* of ours; else an invite: */
    uint8_t invite[16]; /* its row */
    struct buf body;
    uint64_t next;
};

struct waiting { /* an invite of an account's installations, as long as one has not answered */
    uint8_t id[16];
    uint8_t invited[BUNDLE_PARTS_MAX][ED25519_PUBLIC_BYTES]; /* who has not */
    size_t invited_count;
    bool refers; /* its Welcome is laid out beside it: */
    uint8_t blob[16];
    uint8_t conversation[CHAT_CONVERSATION_BYTES];
    struct card card;
    bool held; /* until this commit is certified: */
    struct eid eid;
    bool stamping; /* its stamp is looked for; the row says still that it is to go */
    uint32_t day;
    unsigned bits;
    struct buf body;
    int64_t made_ns, next_ns;
};

struct prekey { /* a day's private halves */
    uint8_t id[PREKEY_ID_BYTES], secret[PREKEY_SECRET_BYTES];
    struct mls_package_keys keys, crowd_keys;
    struct buf package, crowd_package, part; /* as laid out */
    uint64_t issued_s, replaced_s;
};

struct behind {      /* what nobody of ours understands may tell that we are (behind.c) */
    struct mono at;  /* when stores are read because of it */
    uint64_t mark;   /* of parked: what came before was looked for */
    uint64_t keys;   /* keys_noted when a reading began */
    int64_t read_ns; /* wall; the end of the last reading, for whatever reason */
    unsigned vain;   /* readings in a row that brought nothing */
    bool looking;
};

/* ---- the chat ---- */

struct chat {
    struct vault *vault;
    struct scrypt_cost cost;
    bool light, online;
    enum err stuck; /* the last commit failed: it is tried again */
    /* Something of a step could not be noted (memory, the vault). It stays so until the chat is
     * closed: memory and disk say different things, nothing is written or leaves any more, and
     * every call that changes something returns it. What is on the disk is whole. */
    enum err failed;
    struct mono next;

    /* who we are */
    enum chat_phase phase;
    struct keyring *ring;
    struct keyring_key *root; /* NULL: not the keeper */
    bool looked;              /* what stores hold of our own log is known, since we came online, */
    struct mono look_until;   /* ... or no two of them have answered for so long */
    struct keyring_key *installation;
    struct entry_author self;
    struct person *me;
    uint8_t words_secret[CARD_SECRET_BYTES]; /* of the card that the 24 words derive */
    uint8_t cover_secret[32];
    struct buf hints[CARD_HINTS_MAX];
    size_t hints_count;
    uint64_t links_next;
    size_t links_count;

    struct map people; /* account -> struct person */
    struct map talks;  /* id -> struct talk */

    /* settings */
    bool receipts;
    enum chat_policy policy;
    char profile[CHAT_NAME_MAX];

    /* journal */
    uint64_t journal_last, journal_first;
    uint64_t journal_shown; /* the last one that is on the disk: nobody sees those behind it */
    struct fifo passing;    /* struct chat_event */

    /* first contact */
    struct inbox *inbox; /* what strangers may cost */
    struct own_address ours[CHAT_ADDRESSES_MAX];
    size_t ours_count;   /* 0: not derived since they changed */
    unsigned stamp_bits; /* that an invite to us must have; tests ask for less work */
    struct prekey prekeys[PREKEYS_MAX];
    size_t prekeys_count;
    struct laid laid[CHAT_ADDRESSES_MAX];
    size_t laid_count;
    struct mono bundle_at;
    struct fifo stampings; /* struct stamping * */
    struct waiting *waiting[CHAT_INVITES_MAX];
    size_t waiting_count;
    struct welcome_out *welcomes_out[CHAT_WELCOMES_MAX]; /* that our invites refer to */
    size_t welcomes_out_count;
    struct welcome_in *welcomes_in[WELCOMES_IN_MAX]; /* that invites to us refer to */
    size_t welcomes_in_count;
    int64_t inbox_read_ns; /* from two stores up to here */
    bool inbox_again;      /* something was not kept: from there once more */
    struct mono intro_at;
    unsigned newer_told; /* NEWER_INVITE: the person knows */

    /* the network */
    struct fifo held, ready; /* struct pending *: before and after the commit */
    struct fifo under_way;   /* struct pending *: handed out */
    uint64_t ticket;
    struct sweep catchup, intro;
    unsigned rescans;
    int64_t gap_ns; /* wall; the next reading of stores begins there; 0: none waits */
    bool listen_changed;
    struct mono listen_again;
    char topics[CHAT_TOPICS_MAX][ENVELOPE_TOPIC_BYTES];
    struct span topic_spans[CHAT_TOPICS_MAX];
    struct parked *parked; /* envelopes of our buckets that nothing opens yet */
    uint64_t keys_noted;   /* grows with every key that may open some */
    struct behind behind;
    uint64_t had[CHAT_HAD_MAX];
    uint64_t left_out; /* of the last import */

    /* files that are sent or collected */
    struct file *files[CHAT_FILES_MAX];
    size_t files_count;
    size_t files_step_bytes; /* of segments in the step under way */
    uint64_t files_token;

    int64_t vanish_ns; /* wall; the next entry disappears; 0: none does */

    struct letting *letting; /* a device is being let in, we or by us; NULL: none */

    struct mono self_say_at; /* decisions wait to be said to our other devices */

    struct talk **listed; /* conversations, the newest first, as chat_conversations began; owned */
    size_t listed_count;
    struct buf row, edit; /* what chat_entry's spans point to */
};

/* ---- step.c ---- */

/** Begin to change: every function that changes something calls it first. */
void step_open(struct chat *c);

/** Write all that was changed as one transaction, then let go what waits for it. On failure the
 * step stays open and is written again later; until then nothing leaves. */
enum err step_close(struct chat *c, const struct env *env) MUST_CHECK;

/** Note a value to be written; the first failure is kept for step_close. `value` NULL: delete it,
 * if it is there. */
void step_put(struct chat *c, enum vault_table t, struct span key, const struct buf *value);

/** A message to be published after the commit; takes the bytes of `payload`. */
enum err chat_publish(struct chat *c, const struct env *env, const char *topic, struct buf *payload,
                      const struct talk *talk, uint64_t token) MUST_CHECK;
/** Likewise, a bundle of ours that is sealed for that day: if it leaves later, another one does. */
enum err chat_publish_bundle(struct chat *c, const char *topic, struct buf *payload,
                             uint32_t day) MUST_CHECK;
void pending_free(struct pending *p);
/** What had not left yet leaves now. */
enum err leaving_load(struct chat *c) MUST_CHECK;

struct row_key { /* of a vault's row: parts in a row */
    uint8_t bytes[VAULT_KEY_BYTES_MAX];
    size_t len;
};
struct row_key row_key_of(struct span a, struct span b, struct span c);
static inline struct span row_span(const struct row_key *k)
{
    return span_of(k->bytes, k->len);
}

/** Copy text that is shorter than `to`, and end it. */
static inline void text_copy(char *to, struct span text)
{
    if (text.len > 0)
        memcpy(to, text.ptr, text.len);
    to[text.len] = '\0';
}

/* ---- life.c ---- */
void settings_save(struct chat *c);
void chat_plan_deadline(struct chat *c, const struct env *env);

/* ---- journal.c ---- */

struct happened { /* what of it is known; NULL elsewhere */
    enum chat_event_kind kind;
    const uint8_t *account, *installation, *conversation, *entry;
};
void journal_add(struct chat *c, const struct env *env, const struct happened *h);
void journal_pass(struct chat *c, const struct env *env, const struct happened *h);
/** The step is on the disk: its events may be seen. */
void journal_show(struct chat *c);
enum err journal_load(struct chat *c) MUST_CHECK;

/* ---- people.c ---- */

/** The person of an account; made if new. NULL: no room. */
struct person *people_get(struct chat *c, const uint8_t account[32]);
struct person *people_find(const struct chat *c, const uint8_t account[32]);
enum err people_load(struct chat *c) MUST_CHECK;
enum err people_save(struct chat *c) MUST_CHECK;
void people_clear(struct chat *c);
/** Drop a person and what is stored of it. */
void people_forget(struct chat *c, struct person *p);

/** Take over what an export says of a person; what is known here stays. ERR_FORMAT; ERR_FULL. */
enum err people_restore(struct chat *c, struct span account, struct span record) MUST_CHECK;

/** Does the person want to hear nothing of that account? */
bool people_blocked(const struct chat *c, const uint8_t account[32]);
/** The person wants to hear nothing of it any more, or again. */
void people_block(struct chat *c, const struct env *env, struct person *p, bool blocked);

/* ---- people_log.c ---- */

/** A log of an account came, as sent: take it over if it is news, and tell what changed.
 * OK; the codes of identity_log_read and merge. */
enum err people_learn(struct chat *c, const struct env *env, struct span log) MUST_CHECK;
enum err people_learn_log(struct chat *c, const struct env *env,
                          const struct identity_log *log) MUST_CHECK;

/** Is (or was) it an installation of that account, as far as we know? `chat`: struct chat. */
bool people_author(const void *chat, const struct entry_author *who);

/* ---- cards.c ---- */

/** The cards that we can be found by: that of the 24 words, the open one if the policy allows it,
 * and every private link; returns how many. `max` at least 2. */
size_t cards_ours(struct chat *c, struct card *out, size_t max);
/** The same with their buckets, derived once; until network_listen says that they have changed. */
const struct own_address *cards_addresses(struct chat *c, size_t *count);
void cards_load(struct chat *c);
/** A private link was handed out, or revoked, on another device. ERR_FULL. */
enum err cards_link(struct chat *c, const struct env *env, const uint8_t secret[CARD_SECRET_BYTES],
                    bool there) MUST_CHECK;

/* ---- prekeys.c ---- */
enum err prekeys_load(struct chat *c) MUST_CHECK;
void prekeys_clear(struct chat *c);
/** The present one, with a part that names the log as it is now; a new one if it is a day old. */
enum err prekeys_current(struct chat *c, const struct env *env, struct prekey **out) MUST_CHECK;
const struct prekey *prekeys_find(const struct chat *c, const uint8_t id[PREKEY_ID_BYTES]);
/** Drop those whose time is over, whether we are online or not. */
void prekeys_expire(struct chat *c, const struct env *env);
struct mono prekeys_deadline(const struct chat *c, const struct env *env);

/* ---- finding.c ---- */
enum err stamping_add(struct chat *c, const struct stamping *what, struct buf *body) MUST_CHECK;
void stampings_clear(struct chat *c);
/* ---- laying.c ---- */
enum err laying_load(struct chat *c) MUST_CHECK;
/** When is the next one due? */
void laying_plan(struct chat *c, const struct env *env);
/** Lay our bundles out soon: log, links or policy have changed. */
void bundles_renew(struct chat *c, const struct env *env);
void laying_tick(struct chat *c, const struct env *env);
/** The bundle at this address is stamped and leaves. */
void laying_left(struct chat *c, const struct card *card);
/** The day of a bundle of this topic went by before it left. */
void laying_outdated(struct chat *c, const struct env *env, const char *topic);

/* ---- finding.c, further ---- */
size_t finding_cards(const struct chat *c, const struct person *p,
                     struct card out[FINDING_CARDS_MAX]);
/** Look for the bundles of a person now. */
void finding_start(struct chat *c, const struct env *env, struct person *p);
void finding_received(struct chat *c, const struct env *env, struct span topic,
                      struct span envelope);
void finding_swept(struct chat *c, const struct env *env, struct person *p);
/** Whom to look up, and when: after opening, and when contacts were handed over. */
void finding_begin(struct chat *c, const struct env *env);
void finding_tick(struct chat *c, const struct env *env);
struct mono finding_deadline(const struct chat *c);

/* ---- waiting.c, inviting.c ---- */
struct plan;
enum err inviting_begin(struct chat *c, const struct env *env) MUST_CHECK;
void inviting_clear(struct chat *c);
enum err inviting_welcome(struct chat *c, const struct env *env, struct talk *t,
                          const struct branches_made *m, const struct plan *plan,
                          bool alone) MUST_CHECK;
/** Can so many installations be invited now? */
bool inviting_room(const struct chat *c, size_t newcomers);
/** Note an invite, which is taken; drop one that is not noted. ERR_FULL. */
enum err invite_row_add(struct chat *c, const struct env *env, struct waiting *r) MUST_CHECK;
void invite_row_free(struct waiting *r);
/** This installation speaks in the conversation: it has been let in. */
void inviting_heard(struct chat *c, const struct talk *t, const struct entry_author *who);
enum err inviting_load(struct chat *c) MUST_CHECK;
/** The person has accepted or blocked an account. */
void inviting_answered(struct chat *c, const uint8_t account[32]);
void inviting_block(struct chat *c, const uint8_t account[32], bool blocked);
void inviting_received(struct chat *c, const struct env *env, struct span topic,
                       struct span envelope);
void inviting_look(struct chat *c, const struct env *env);
void inviting_read(struct chat *c, const struct env *env, int64_t to_ns, unsigned stores);
void inviting_tick(struct chat *c, const struct env *env);
struct mono inviting_deadline(const struct chat *c, const struct env *env);

/* ---- rejoining.c ---- */
/** What we hold may be an older copy: take no part in any conversation until let in again. */
void rejoin_doubt_all(struct chat *c, const struct env *env);

/** The invite of this row is stamped and leaves; `err`: or it could not. */
void inviting_left(struct chat *c, const struct env *env, const uint8_t id[16], enum err err);
/** A blob is laid out: the invites that refer to it may go. */
void inviting_laid(struct chat *c, const struct env *env, const uint8_t blob[16]);

/* ---- welcomes_out.c, welcomes_in.c (welcomes.h) ---- */
struct welcome_in;
enum err welcomes_load(struct chat *c) MUST_CHECK;
void welcomes_clear_out(struct chat *c);
void welcomes_clear_in(struct chat *c);
void welcomes_pump(struct chat *c, const struct env *env);
void welcomes_published(struct chat *c, const struct env *env, uint64_t token, enum err err);
bool welcomes_received(struct chat *c, const struct env *env, struct span topic,
                       struct span payload);
struct welcome_in *welcomes_looking(const struct chat *c, size_t i); /* NULL: no more */
void welcomes_swept(struct chat *c, const struct env *env, struct welcome_in *w);
void welcomes_tick(struct chat *c, const struct env *env);
struct mono welcomes_deadline(const struct chat *c, const struct env *env);
struct mono welcomes_deadline_out(const struct chat *c, const struct env *env);

/* ---- devices.c ---- */
void recovering_found(struct chat *c, const struct env *env);

/* ---- letting*.c ---- */
struct letting;
enum err letting_load(struct chat *c, const struct env *env) MUST_CHECK;
void letting_clear(struct chat *c);
/** A new device: make the offer, as text. */
enum err letting_offer(struct chat *c, const struct env *env,
                       char text[CHAT_PAIR_TEXT_MAX]) MUST_CHECK;
/** The bucket of first contact to listen to meanwhile; false: none. */
bool letting_bucket(const struct chat *c, uint8_t *bucket);
/** True: it was of the pairing. */
bool letting_received(struct chat *c, const struct env *env, struct span topic,
                      struct span envelope);
void letting_tick(struct chat *c, const struct env *env);
struct mono letting_deadline(const struct chat *c, const struct env *env);

/* ---- network.c ---- */
bool network_ask(struct chat *c, const struct env *env, struct chat_out *out);
/** The buckets of our conversations at that wall time, into a set of bits. */
void talk_buckets(const struct chat *c, int64_t wall_ns, uint8_t set[32]);
/** The number in the topic of an envelope. */
uint8_t topic_bucket(struct span topic);
void network_listen(struct chat *c); /* what to listen to has changed */
void network_gap(struct chat *c, const struct env *env, int64_t from_ns);
void network_back(struct chat *c, const struct env *env);
void network_tick(struct chat *c, const struct env *env);
struct mono network_deadline(const struct chat *c);

/* ---- parking.c ---- */
/** A payload of one of our buckets, which may be of a conversation. */
void parking_received(struct chat *c, const struct env *env, struct span topic,
                      struct span payload);
/** Try again what waits. `swept`: stores were read. True: something was taken. */
bool parking_retry(struct chat *c, const struct env *env, bool swept);
void parking_tick(struct chat *c, const struct env *env);
struct mono parking_deadline(const struct chat *c);
void parking_clear(struct chat *c);

/* ---- behind.c ---- */
/** All is read from stores now. */
void behind_begin(struct chat *c, const struct env *env);
/** Something of our buckets was parked. */
void behind_parked(struct chat *c, const struct env *env);
/** Stores were read; `moved`: what was parked could be taken. */
void behind_read(struct chat *c, bool moved);
void behind_tick(struct chat *c, const struct env *env);
struct mono behind_deadline(const struct chat *c);

/* ---- files*.c ---- */
enum err files_load(struct chat *c) MUST_CHECK;
void files_clear(struct chat *c);
/** The entry of an attachment is here: collect its segments. */
void files_announced(struct chat *c, const struct env *env, struct talk *t,
                     const struct entry_place *place, const struct content *k);
/** An envelope of one of our buckets; true: it was of a file. */
bool files_received(struct chat *c, const struct env *env, struct span topic, struct span payload);
void files_pump(struct chat *c, const struct env *env);
void files_published(struct chat *c, const struct env *env, uint64_t token, enum err err);
/** A member wants segments published again. */
void files_wanted(struct chat *c, const struct env *env, struct talk *t, const struct content *k);
/** The entry is gone: so is its file. */
void files_drop(struct chat *c, const struct talk *t, const struct entry_id *entry);
bool files_here(struct chat *c, const struct talk *t, const struct entry_id *entry);
void files_tick(struct chat *c, const struct env *env);
struct mono files_deadline(const struct chat *c);

/* ---- vanishing.c ---- */
enum err vanishing_load(struct chat *c) MUST_CHECK;
/** This entry disappears at that wall time. */
void vanishing_add(struct chat *c, const struct talk *t, const struct entry_id *entry, int64_t ns);
void vanishing_tick(struct chat *c, const struct env *env);
struct mono vanishing_deadline(const struct chat *c, const struct env *env);

/* ---- talks.c ---- */
struct talk *talks_find(const struct chat *c, const uint8_t id[32]);
struct talk *talks_new(struct chat *c, const struct env *env, const uint8_t id[32],
                       enum chat_type type);
struct talk *talks_direct(const struct chat *c, const uint8_t account[32]);
enum err talks_load(struct chat *c, const struct env *env) MUST_CHECK;
enum err talks_save(struct chat *c, const struct env *env) MUST_CHECK;
void talks_clear(struct chat *c);
void talks_tick(struct chat *c, const struct env *env);
struct mono talks_deadline(const struct chat *c, const struct env *env);
void talks_published(struct chat *c, const struct env *env, struct talk *t, uint64_t token,
                     enum err err);
/** Move what can move in all conversations: entries to parcels to messages. */
void talks_pump(struct chat *c, const struct env *env);
/** The log of somebody has changed; bundles of somebody were found, or none. */
void talks_log_changed(struct chat *c, const struct env *env, const struct person *p);
void talks_found(struct chat *c, const struct env *env, struct person *p);
void talks_unreached(struct chat *c, const struct env *env, const struct person *p);
void talks_revoked(struct chat *c, const struct env *env);
void talks_set_receipts(struct chat *c, bool on);
/** Nothing is sealed, and so nothing committed, before we have caught up again. CHAT.md 7 */
void talks_offline(struct chat *c, const struct env *env);
