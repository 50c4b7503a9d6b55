/* Bounds and times of the chat as a whole and of first contact; those of its parts: params.h. */
#pragma once

#include "node/chat/envelope/params.h"

#define SWEEP_TRIES_MAX   6u  /* of one store, before we do with what came */
#define SWEEP_RETRY_S     5   /* after the first failure; doubled after each further one */
#define SWEEP_RETRY_S_MAX 600 /* seconds between two tries at most */
#define SWEEP_GRID_S      600 /* look-ups begin on this grid: own choice, ten minutes */

/* the chat as a whole (chat.h) */
#define CHAT_EVENTS_KEPT           4096u  /* of the journal */
#define CHAT_PEOPLE_MAX            16384u /* accounts known */
#define CHAT_TALKS_MAX             4096u  /* conversations */
#define CHAT_ADDRESSES_MAX         34u /* cards of ours: the links, the open one, that of the words */
#define BUNDLE_SPREAD_S            60u   /* within which changed bundles are laid out */
#define CHAT_LINKS_MAX             32u   /* private links handed out */
#define CHAT_PASSING_MAX           64u   /* events that are not kept */
#define CHAT_PENDING_MAX           1024u /* messages that wait to be published */
#define CHAT_PUBLISHING_MAX        16u   /* handed out at a time */
#define CHAT_PUBLISH_TRIES_MAX     8u    /* of messages that nobody else tries again */
#define CHAT_INVITES_MAX           1024u /* sent and not answered */
#define CHAT_WELCOMES_MAX          64u   /* blobs that these refer to */
#define WELCOMES_IN_MAX            32u   /* blobs that are fetched; half of them for strangers */
#define WELCOMES_OPEN_BYTES_MAX    (16u << 20) /* of these, in memory; own choice */
#define WELCOME_STRANGER_BYTES_MAX (2u << 20)  /* one of a stranger: 1,000 leaves */
#define WELCOME_INLINE_BYTES                                                                       \
    65536u                          /* of one commit's Welcomes, all copies together, in invites   \
                                     */
#define CHAT_STAMP_BITS      18u    /* of invites to us; own choice: about 30 ms */
#define CHAT_HAD_MAX         8192u  /* payloads remembered as seen */
#define STAMP_SLICE          16384u /* tries in a row: about 2 ms */
#define RESCANS_MAX          8u     /* readings of the same span because more opened */
#define LISTEN_COVER         32u    /* buckets of a light client and of a look-up; CHAT.md 6 */
#define LISTEN_LATE_S        3600   /* last week's bucket is kept so long; CHAT.md 6 */
#define CATCHUP_OVERLAP_S    3600   /* read again, for clocks and late arrivals */
#define LOOK_WAIT_S          600   /* online, until the root signs without two stores; own choice */
#define FINDING_CARDS_MAX    2u    /* addresses that a person is looked up at */
#define FINDING_EVERY_S      43200 /* contacts' bundles, with as much again by chance */
#define FINDING_RETRY_S      60    /* nothing found: doubled each time, four hours at most */
#define INBOX_AGAIN_S        300   /* something was refused for a bound: it is read again */
#define INVITE_AGAIN_S       86400 /* an invite that nobody answered is sent again */
#define INVITE_HELD_S        10    /* is its commit certified? */
#define BEHIND_LOOK_S        20u /* what nothing opens waits so long, to twice; then stores are read, */
#define BEHIND_STEPS_MAX     7u    /* doubled with each reading in vain: 43 to 85 min at most */
#define BEHIND_BACK_S        600u  /* from before the last reading: clocks, late arrivals */
#define TALK_KEYS_MAX        32u   /* epochs whose envelopes are opened still */
#define TALK_GATHER_S        5     /* from one commit of newcomers to the next */
#define TALK_FOUNDING_S      30    /* so long a founder waits for those who are looked for */
#define TALK_BEACON_S        3600  /* stores are read so far back when somebody goes his own way */
#define TALK_PROPOSALS_S     60    /* between two readings of stores for lost proposals, */
#define TALK_PROPOSALS_S_MAX 1800  /* doubled with each that found none; own choice */
#define TALK_WISHES_MAX      1024u /* what the person wants of a conversation and is not yet */
#define TALK_RETRY_MS        5000  /* a parcel that could not be encrypted */
#define TALK_ROUNDS_MAX      64    /* of one pumping */
#define TALK_OWES_S          60    /* what a log obliges us to: done within; CHAT.md 4 */
#define TALK_KEYS_S          2592000 /* envelope keys of an epoch that was left: 30 days; CHAT.md 5.6 */
#define DOORS_MAX            192u /* epochs at whose door one may knock: DAG_SPINE_MAX */
#define DOOR_STEPS           6u   /* knocking goes back by 0, 1, 3 ... 31 epochs */
#define DOOR_ROW_BYTES       64u
#define REJOIN_KNOCKS        2u /* asked so often in vain where all are, then at the door by turns */
#define REJOIN_CHECKS_MAX    32u /* requests looked at in a minute, of a conversation; own choice */
#define REJOIN_LET_IN_MAX    4u  /* commits whose guests wait for their Welcome */
#define REJOIN_HELD_S        120 /* so long at most; docs/protocol/commits.md */
#define REJOIN_LOOK_S        10  /* is it certified, may we commit? */
#define REJOIN_COLLECTS_MAX  2u  /* answers put together at a time: of 7.75 MiB at most */
#define REJOIN_COLLECT_S     600 /* until what is there of one is dropped */
#define REJOIN_PACKAGE_S     86400 /* one key package for the requests of a day */
#define REJOIN_KEPT_S        3600  /* its private halves, after it let us in: that may lose */
#define REJOIN_LOST_FREE     6u    /* requests without a known winner, */
#define REJOIN_LOST_S        1800  /* then not more often than this: mostly all others are away */
#define CULPRITS_MAX         16u   /* double committers that are remembered */
#define PLAN_BYTES_MAX       (1u << 20) /* proposals of one commit */
#define PLAN_REMOVALS_MAX    256u       /* leaves that one commit removes */
#define PLAN_DEBTS_MAX       16u        /* ... because of logs that it brings */
#define PLAN_NEWCOMERS_MAX   256u       /* installations that one commit brings in */
#define PLAN_REST_BYTES      12288u     /* of a commit: all but its path, Adds and their logs */
#define PLAN_SECRET_BYTES    56u        /* of a path secret, beside its encapsulation */
#define PLAN_LEVELS_MAX      12u        /* of the tree of PLAN_MEMBERS_MAX */
#define PLAN_MEMBERS_MAX     1100u      /* installations of a conversation */
#define CHAT_FILES_MAX       256u       /* files that are sent or collected at a time */
#define FILES_OPEN_BYTES_MAX 67108864u  /* of those that are collected, in memory; own choice */
#define FILES_STEP_BYTES     (8u << 20) /* segments that one step writes; VAULT_STEP_BYTES_MAX */
#define FILE_PART_BYTES      (1u << 20) /* of a file in one value of the vault */
#define FILE_ROW_BYTES_MAX   512u
#define FILE_UNDER_WAY_MAX   4u    /* segments handed out at a time: messages go between them */
#define FILE_RETRY_S         10    /* after a segment that was not published */
#define FILE_LOOK_S          30    /* without a segment: stores are read, */
#define FILE_LOOK_S_MAX      86400 /* doubled each time that nothing comes */
#define FILE_ASK_TRIES       2u    /* then who has it is asked as well */
#define FILE_TRIES_MAX       14u   /* then it is given up: after a good week */
#define FILE_AGAIN_S         600   /* segments are published again at most so often */
#define IMPORT_STEP_BYTES    (16u << 20) /* of an import that one step writes */
#define IMPORT_STEP_VALUES   8192u
#define VANISH_STEP_VALUES   256u /* entries that one step erases */
#define NOTICES_REVIEWED     32u  /* of a conversation, the last, when its head changes */
#define NOTICES_ONE_BY_ONE   16u  /* accounts of one commit; more are told as a number */
#define SELF_SEEN_S          15   /* what was read is told to our devices after this to twice it */
#define SELF_SAID_BYTES      32768u  /* values of one entry of self/1, and one more */
#define SELF_RETRY_S         60      /* decisions that could not be said */
#define SELF_CLOCKS_MS       7200000 /* a device may have been let in so long before the log says */
#define STUCK_RETRY_S        10      /* between tries to write what the disk refused */

/* what the person sees */
#define RECOUNT_MAX         1000u /* lines looked at for those that are unread still */
#define SEARCH_LOOK_MAX     512u  /* lines looked at in one call of a search */
#define CHAT_TYPING_EVERY_S 3     /* of one conversation */
