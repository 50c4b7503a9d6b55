/* The inside of healing: private to healing*.c. */
#pragma once

#include "node/chat/profile/healing.h"

struct healing_peer {
    uint8_t key[ED25519_PUBLIC_BYTES];
    uint64_t heard_day; /* of `days` */
    struct mono heard;  /* 0: not since the start */
};

struct healing_leaf {   /* keys that our leaf has or had: a commit that loses brings them back */
    uint8_t name[16];   /* hash of its encryption key */
    uint64_t updated_s; /* wall: when they were made */
    uint64_t own_messages;
    bool fresh; /* we joined with them and have not renewed them yet */
};

struct healing {
    enum profile_type type;
    struct healing_leaf leaves[HEALING_LEAVES_KEPT]; /* ours now, and before: newest first */
    size_t leaves_count;
    uint64_t days, last_day;    /* on which we were online; number of the last one since 1970 */
    struct healing_peer *peers; /* all members but us, by key; owned */
    size_t peers_count;

    bool their_turn, catching_up, admin;
    uint32_t members;
    size_t owed;
    struct mono remove_at, gather_at, update_at, silent_at; /* MONO_NEVER: not due */
    struct mono wake;                                       /* to look at clocks */
    unsigned due;                                           /* bits by healing_kind */
    bool changed;
};

struct healing_peer *healing_peer(const struct healing *h, const uint8_t key[32]);
