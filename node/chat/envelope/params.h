/* Every bound of the chat engine, with unit and source (docs/protocol.md). */
#pragma once

/* the log that is an account */
#define IDENTITY_EVENT_BYTES_MAX   1024u   /* one event */
#define IDENTITY_SENT_BYTES_MAX    16384u  /* a log as it is sent */
#define IDENTITY_EVENTS_MAX        100000u /* of one log that we keep; own bound */
#define IDENTITY_INSTALLATIONS_MAX 10u     /* active at a time; leaves of an account in a group */
#define IDENTITY_CHECKPOINT_EVENTS 50u     /* from one checkpoint to the next */
#define IDENTITY_KEYS_SEARCHED     1000u   /* rotations that the 24 words are tried for */

/* cards */
#define CARD_HINTS_MAX    3u    /* node records */
#define CARD_SECRET_BYTES 16u   /* of a private link */
#define CARD_BYTES_MAX    1200u /* packed; three records of 300 bytes and the rest */

/* envelopes */
#define ENVELOPE_BYTES_MIN 512u    /* the smallest size class */
#define ENVELOPE_BYTES_MAX 131072u /* the largest; Waku's messages end at 153,600 */

/* what is inside an envelope (frame.h) */
#define FRAMES_MAX     16u    /* frames in one envelope; own choice */
#define FRAME_KIND_MAX 65535u /* largest number of a kind */

/* stamps */
#define STAMP_BITS_MAX    32u /* that a policy may ask for: about two minutes of one core */
#define STAMP_BITS_BUNDLE 18u /* of bundles; own choice: about 30 ms */

/* first contact: bundles (bundle.h) */
#define PREKEY_BYTES           1216u /* an X-Wing public key; draft-connolly-cfrg-xwing-kem */
#define PREKEY_SECRET_BYTES    32u   /* the seed that it is made from */
#define PREKEY_ENC_BYTES       1120u /* an X-Wing ciphertext */
#define PREKEY_ID_BYTES        16u
#define PART_PACKAGE_BYTES_MAX 4096u                      /* an MLS key package */
#define PART_BYTES_MAX         8192u                      /* with room for extensions */
#define PART_LIFE_S            (7u * 86400u)              /* CHAT.md 3: expiry 7 days */
#define PART_SKEW_S            3600u                      /* of clocks; own choice */
#define BUNDLE_PARTS_MAX       IDENTITY_INSTALLATIONS_MAX /* one an installation */
#define BUNDLE_BYTES_MAX       (IDENTITY_SENT_BYTES_MAX + 10u * PART_BYTES_MAX + 1024u)
#define INTRO_EVERY_S          86400u         /* CHAT.md 3: new every 24 h */
#define PREKEY_AFTER_S         (48u * 3600u)  /* CHAT.md 3: after its successor was published */
#define PREKEY_LIFE_S          (14u * 86400u) /* CHAT.md 3: at the latest */
#define PREKEYS_MAX            16u            /* one a day for 14 days, and the one to come */

#define INTRO_BUNDLE_BYTES 16384u /* CHAT.md 3: one size class of bundles */
#define INTRO_PADDING_MAX  8192u  /* half of it brings anything there */

/* first contact: invites (invite.h) */
#define INVITE_BYTES_MAX (ENVELOPE_BYTES_MAX - 128u) /* with stamp and framing, one envelope */
#define INVITE_DAYS      15u /* days back that an invite is opened for: PREKEY_LIFE_S and one */

/* first contact: look-ups */
#define LOOKUP_BUCKETS   8u     /* CHAT.md 3: asked for together, seven of them to hide one */
#define LOOKUP_OVERLAP_S 600u   /* read again, for clocks and late arrivals; own choice */
#define LOOKUP_EVERY_S   21600u /* of our own addresses, with as much chance again as half */

/* first contact: the inbox (inbox.h) */
#define INBOX_ADDRESSES_MAX    32u   /* the card, private links, shared groups */
#define INBOX_SEEN_MAX         4096u /* stamps remembered; own choice: 64 KiB */
#define INBOX_ONCE_MAX         1024u /* invites taken within INVITE_DAYS */
#define INBOX_ASKING_MAX       64u   /* of these that wait for an answer */
#define INBOX_ASKED_GROUPS_MAX 4u    /* invites of one that waits */
#define INBOX_BURST            128u  /* decapsulations at once, an address; own choice */
#define INBOX_PER_MINUTE       60u   /* ... and sustained */

/* tickets and what travels with them (ticket.h) */
#define ACKS_EIDS_MAX          64u /* epochs in one ack list: ten minutes of a commit every 10 s */
#define BEACON_TICKETS_MAX     48u /* CHAT.md 5.6: since the last certified epoch, oldest first */
#define BEACON_ACKS_MAX        64u /* ack lists: a certificate of 64 voters takes 43 */
#define BEACON_WITHDRAWALS_MAX 8u  /* own choice */
#define BEACON_BYTES_MAX       32768u /* 48 tickets of 182 bytes, 64 lists of 16 epochs, and room */
#define REJOIN_EIDS_MAX        8u     /* own choice */
#define REJOIN_PACKAGE_MAX     4096u /* bytes; an X-Wing key package with its credential is 2.7 kB */
#define REJOIN_BYTES_MAX       (REJOIN_PACKAGE_MAX + 1024u)
#define TICKET_BYTES_MAX       512u  /* room for extensions */
#define ACKS_BYTES_MAX         1536u /* 64 eids and extensions */

/* the commit DAG (dag.h); times in ns */
#define DAG_SPINE_MAX                                                                              \
    192u /* epochs that are over and told of still: who was away finds its way                     \
          */
#define DAG_NODES_MAX   4096u                  /* epochs kept; 7 days of a commit every 10 min */
#define DAG_VOTERS_MAX  64u                    /* CHAT.md 5.1: over 64 leaves the admins vote */
#define DAG_TICKETS_MAX 2048u                  /* of them: tickets without a state */
#define DAG_LISTS_MAX   4096u                  /* ack lists kept: 64 of each voter, for a day */
#define DAG_PLACES_MAX  64u                    /* installations whose whereabouts we note */
#define DAG_DOUBLES_MAX 4u                     /* commits of one leaf to one parent that we keep */
#define DAG_OUT_MAX     8192u                  /* outputs that wait */
#define DAG_REWIND_NS   (600 * NS_PER_S)       /* T; CHAT.md 5.4 */
#define DAG_LONELY_NS   (300 * NS_PER_S)       /* our commit, followed by nobody, is withdrawn */
#define DAG_RECEIVE_NS  (7 * 86400 * NS_PER_S) /* CHAT.md 5.4 */
#define DAG_ACK_NS      (5 * NS_PER_S)         /* from the first sight of a child; CHAT.md 5.1 */
#define DAG_LONE_NS     (6 * 3600 * NS_PER_S)  /* between acks that travel alone; CHAT.md 5.1 */
#define DAG_SPREAD_NS   (60 * NS_PER_S)        /* random delay of what everybody would send */
#define DAG_DAY_NS      (86400 * NS_PER_S)     /* for which beacons are counted */
#define DAG_BEACONS_DAY 7u                     /* T after T doubled: 10, 20, 40 ... minutes */
#define DAG_EARLY_NS                                                                               \
    (86400 * NS_PER_S) /* so long an ack waits for its commit, and is kept as proof */
#define DAG_REJOIN_NS    (120 * NS_PER_S)  /* between requests; doubled after each round */
#define DAG_REJOIN_ROUND 16u               /* requests, of a round */
#define DAG_LOST_NS      (3000 * NS_PER_S) /* behind T: uncertified for an hour */
#define DAG_WAY_BEACONS  10u               /* that tell one way: 480 epochs */
#define DAG_OLDER_STEPS  7u                /* back by 0, 1, 3 ... 63 epochs */
#define DAG_RECORD_MAX   8192u             /* bytes of one saved record */

/* letting in again (guests.h) */
#define GUESTS_MAX         64u             /* who ask at a time */
#define GUESTS_ANSWERS     8u              /* commits that let the same one in, kept; own choice */
#define GUESTS_GATHER_NS   (30 * NS_PER_S) /* so that one commit lets in many */
#define GUESTS_TURN_NS     (30 * NS_PER_S) /* for each who comes before us */
#define GUESTS_TURNS       16u             /* at most so many */
#define GUESTS_SPREAD_NS   (5 * NS_PER_S)
#define GUESTS_KEPT_NS     (1800 * NS_PER_S) /* after its last request; requests are repeated */
#define GUESTS_AGAIN_NS    (600 * NS_PER_S)  /* let in and asking still: once more */
#define GUESTS_AGAIN_STEPS 7u                /* doubled each time within a day: 21 h at most */

/* the answer to a rejoin request (answer.h) */
#define ANSWER_BEACONS_MAX 96u     /* a way of 4,608 epochs: all that a DAG holds */
#define ANSWER_PART_BYTES  126976u /* 124 KiB: with its header one envelope of the largest class */
#define ANSWER_PARTS_MAX   64u     /* 7.75 MiB: a Welcome of 1,000 installations and their logs */
#define ANSWER_BYTES_MAX   (ANSWER_PARTS_MAX * ANSWER_PART_BYTES)

/* MLS states of a conversation (branches.h) */
#define BRANCHES_STATE_MAX (8u << 20) /* bytes of one part of one state, as saved */

/* entries and what is in them */
#define ENTRY_PARENTS_MAX      4u     /* causal parents; CHAT.md 7 */
#define ENTRY_CONTENT_MAX      98304u /* bytes of packed content; with MLS and parcel within 128 KiB */
#define ENTRY_BYTES_MAX        (ENTRY_CONTENT_MAX + 1024u)
#define CONVERSATION_ID_MAX    64u       /* bytes; an MLS group id */
#define CONTENT_TEXT_MAX       65536u    /* bytes of a text, caption or custom value */
#define CONTENT_NAME_MAX       256u      /* bytes of a file's, person's or custom type's name */
#define CONTENT_REACTION_MAX   64u       /* bytes; one emoji with all its joiners */
#define CONTENT_FALLBACK_MAX   1024u     /* bytes */
#define CONTENT_ATTACHMENT_MAX 33554432u /* bytes of one file; it is in memory while it is cut */
#define CONTENT_TIMER_S_MAX    31536000u /* a disappearing message lives at most a year */

/* the timeline of a conversation */
#define TIMELINE_AHEAD_MS        600000u /* own counter follows to now + 10 min; CHAT.md 7 */
#define TIMELINE_ENTRIES_MAX     10000u  /* in memory; older ones are in the store alone */
#define TIMELINE_ENTRIES_KEPT    9000u   /* after the oldest left */
#define TIMELINE_HELD_MAX        1024u   /* ahead of the clock, all authors */
#define TIMELINE_HELD_AUTHOR_MAX 128u    /* ... of one installation */
#define TIMELINE_GAPS_MAX        1024u   /* entries that others name and we do not have */
#define TIMELINE_OUTSIDE_MAX     4096u   /* ids that are not waited for: before us, or lost */
#define TIMELINE_HEADS_MAX       16u     /* that an acknowledgement names */

/* parcels: what one application message carries */
#define PARCEL_ENTRIES_MAX 16u    /* own entries, or those of others, or contents in passing */
#define PARCEL_IDS_MAX     16u    /* asked for, or withheld */
#define PARCEL_FILL_BYTES  12288u /* no more entries are added beyond; a 16 KiB envelope */
#define PARCEL_BYTES_MAX   (ENTRY_BYTES_MAX + 16384u) /* packed */

/* the outbox of a conversation */
#define OUTBOX_ENTRIES_MAX 1024u /* not acknowledged by everybody yet, or watched */
#define OUTBOX_PEERS_MAX   1024u /* installations whose acknowledgements are counted */
#define OUTBOX_DAYS_MAX    30u   /* then an entry has failed; CHAT.md 7 */
#define OUTBOX_WATCH_DAYS  7u    /* after the last account acknowledged: for the other devices */

/* delivery: when things are said; times in seconds */
#define DELIVERY_ACK_S       1u /* for each installation in the conversation: an ack alone waits */
#define DELIVERY_ACK_SPREAD  5u /* from one to so many times that long */
#define DELIVERY_ACK_MAX_S   3600u /* and no longer */
#define DELIVERY_READ_MIN_S  10u   /* a receipt alone waits a random time, */
#define DELIVERY_READ_MAX_S  60u   /* so that it does not tell when somebody looked */
#define DELIVERY_RETRY_MIN_S 5u    /* a message that the node could not publish */
#define DELIVERY_RETRY_MAX_S 300u
#define DELIVERY_SEALED_MAX  32u     /* messages on their way out, and the last that went */
#define DELIVERY_PASSING_MAX 8u      /* contents in passing that wait to be said */
#define DELIVERY_ANSWERS_MAX 64u     /* entries that were asked for */
#define DELIVERY_MEMBERS_MAX 1100u   /* installations of a conversation */
#define MESSAGE_BYTES_MAX    131072u /* bytes of an MLS message; it fits into an envelope */

/* repair */
#define REPAIR_PATIENCE_S 5u  /* a gap is mostly an entry that is still on its way */
#define REPAIR_MIN_S      30u /* then stores, and after 30..120 s the members: SDS-R */
#define REPAIR_MAX_S      120u
#define REPAIR_BACK_S     3600u   /* stores are asked from so long before who names it */
#define REPAIR_STEPS_MAX  12u     /* the waiting doubles up to 2^n times the first, a day at most */
#define REPAIR_LOST_S     604800u /* what nobody has after 7 days is lost, and shown so */
#define REPAIR_GROUP      128u    /* members for each of whom one alone answers: SDS-R */

/* storage (vault.h) */
#define VAULT_KEY_BYTES_MAX    96u         /* of one value: conversation, lamport, entry id, room */
#define VAULT_VALUE_BYTES_MAX  (16u << 20) /* one value; MLS state of a crowd of 5,000: 2 MB */
#define VAULT_STEP_BYTES_MAX   (64u << 20) /* plaintext that one step holds before it is written */
#define VAULT_STEP_VALUES_MAX  65536u      /* values that one step changes */
#define VAULT_PAD_BYTES        64u         /* a value's length is rounded up to it; own choice */
#define VAULT_NODE_KEYS        32u    /* in one node of an index: it then fits a page of LMDB */
#define VAULT_LEVELS_MAX       12u    /* of an index: 16^11 keys at worst */
#define VAULT_WIPE_EVERY_S     600u   /* CHAT.md 9: a fresh wipe key at most every 10 min */
#define VAULT_RESERVED         32u    /* generations reserved at a time; CHAT.md 9 */
#define VAULT_COUNTERS_MAX     4096u  /* names of generations in memory: one for each epoch */
#define VAULT_COMMIT_TRIES     12u    /* the map doubles each time: from 16 MiB to 64 GiB */
#define VAULT_CHUNK_BYTES      65536u /* plaintext of one chunk of an export */
#define VAULT_PART_BYTES_MAX   (VAULT_CHUNK_BYTES + 1024u)    /* one part of a stream, sealed */
#define VAULT_RECORD_BYTES_MAX (VAULT_VALUE_BYTES_MAX + 256u) /* one record of a stream */
#define WIPE_SLOT_BYTES        2048u                          /* two in a page */
#define WIPE_PAGE_BYTES        (2 * WIPE_SLOT_BYTES)          /* CHAT.md 9: one page */
#define WIPE_PLACE_BYTES       16u   /* what names the file's place on its disk */
#define WIPE_LOCK_BYTES_MAX    1024u /* a sealed ring with one key is 573 */
/* conversations (profile.h, policy.h, evidence.h) */
#define PROFILE_GROUP_LEAVES_MAX     64u     /* installations in a group/1; CHAT.md 0 */
#define PROFILE_NAME_BYTES_MAX       128u    /* of a group's name */
#define PROFILE_ROLES_MAX            64u     /* admins and owners; own choice */
#define PROFILE_DATA_BYTES_MAX       4096u   /* 64 roles of 37 bytes, a name, room for extensions */
#define PROFILE_EXTRA_BYTES_MAX      512u    /* its extensions, of later versions */
#define PROFILE_CREDENTIAL_BYTES_MAX 512u    /* 112 bytes, and room for extensions */
#define PROFILE_PACKAGE_BYTES_MAX    8192u   /* a key package; 2.7 kB with X-Wing */
#define PROFILE_PACKAGE_LIFE_S       604800u /* 7 days; CHAT.md 3 */
#define PROFILE_CLOCKS_APART_S       3600u   /* what a key package grants before its making */
#define PROFILE_WAITING_MAX          64u /* waiting proposals that one commit takes; CHAT.md 4 */
#define PROFILE_WEEK_S               604800u /* buckets turn */
#define PROFILE_OVERLAP_S            3600u   /* last week's bucket is listened to; CHAT.md 6 */
#define EVIDENCE_BYTES_MAX           98304u /* in one commit: must fit into an envelope beside it */
#define EVIDENCE_LOGS_MAX            64u    /* accounts a commit brings in or judges; own choice */
#define EVIDENCE_DOUBLES_MAX         8u     /* proofs of double commits */
#define EVIDENCE_REJOINS_MAX         8u     /* requests that one commit answers */
#define WELCOME_BYTES_MAX            (1u << 25) /* a blob: Welcome, tree and logs of a crowd */
#define WELCOME_REF_BYTES_MAX        (8u << 20) /* of a blob beside its invites: 5,000 leaves */
#define WELCOME_LOGS_MAX             16384u     /* accounts in a blob */

/* segments of what is too long for an envelope */
#define SEGMENT_BYTES       65024u /* of data in one; with proof and frame within a 64 KiB envelope */
#define SEGMENT_ALIGN       64u    /* a shorter file's only data segment ends at a multiple */
#define SEGMENTS_DATA_MAX   224u   /* of one group: with parity below the 255 of GF(2^8) */
#define SEGMENTS_PARITY_PER 8u     /* one of parity for so many of data: 12.5 %; CHAT.md 7 */
#define SEGMENTS_MAX        1024u /* of a file of CONTENT_ATTACHMENT_MAX: 581 */
#define SEGMENTS_DEPTH_MAX  10u   /* of the hash tree over them */

/* payloads that no key opens yet */
#define PARKED_BYTES_MAX 67108864u /* CHAT.md 6; the oldest leave first */
#define PARKED_COUNT_MAX 131072u   /* of 512 bytes each */
#define PARKED_S_MAX     604800u   /* 7 days */
#define PARKED_TRIES_MAX 3u        /* of what lacks something else than a key; own choice */
#define PARKED_LACKS_S   3600u     /* so long; own choice */

/* what a person sees of an entry */
#define NOTE_REACTIONS_MAX 8u  /* emojis of one account, on or off again */
#define REACTION_KINDS_MAX 64u /* counted of one entry */

/* healing (healing.h); CHAT.md 4 */
#define HEALING_DAY_S         86400u
#define HEALING_TURN_S        600u  /* direct: at most one update of a turn in 10 min */
#define HEALING_OWN_MESSAGES  100u  /* group, crowd: an update at the latest after so many */
#define HEALING_COMMIT_LEAVES 16u   /* up to so many leaves an update is a commit of its own */
#define HEALING_GATHER_MIN_S  60    /* who commits what waits does so after 1 to 5 min, */
#define HEALING_GATHER_MAX_S  300   /* others after 5 to 10 */
#define HEALING_OWN_REMOVE_S  60    /* a revoked device of one's own goes within a minute */
#define HEALING_ONLINE_S      3600  /* heard within the hour: takes part in the ranking */
#define HEALING_SPREAD_S      600   /* an old leaf is renewed within 10 min; own choice */
#define HEALING_LOOK_S        3600  /* clocks are looked at once an hour */
#define HEALING_SILENT_DAYS   30u   /* of ours online without a word */
#define HEALING_LEAVES_KEPT   4u    /* our present keys, and those that a lost commit brings back */
#define HEALING_PEERS_MAX     1100u /* installations that are watched; as in the outbox */

/* pairing (pairing.h) */
#define PAIR_SECRET_BYTES      16u /* in the QR; CHAT.md 4 */
#define PAIR_NONCE_BYTES       16u
#define PAIR_OFFER_MAX         128u              /* packed: 71 bytes, and room for extensions */
#define PAIR_WORDS             6u                /* of 2,048: 66 bits */
#define PAIR_WORDS_MAX         (PAIR_WORDS * 9u) /* chars with NUL: six of 8 letters, blanks */
#define PAIR_LIFE_S            3600   /* from showing the words to being let in; own choice */
#define PAIR_AGAIN_S           30     /* what is not answered is sent again */
#define PAIR_LOOK_S            120    /* meanwhile stores are read so often */
#define HANDOVER_BYTES_MAX     98304u /* with a log, one envelope */
#define HANDOVER_CONTACTS_MAX  1300u  /* of at least 72 bytes each */
#define HANDOVER_DECISIONS_MAX 24576u /* bytes of them */

/* what all devices of a person know (decisions.h, self.h) */
#define DECISIONS_MAX        256u  /* in one object */
#define DECISION_SUBJECT_MAX 32u   /* bytes: an account or a conversation */
#define DECISION_VALUE_MAX   1024u /* bytes; the longest is what a device asks of the keeper */
