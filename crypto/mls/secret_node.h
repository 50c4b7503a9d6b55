/* Inside the secret tree: its nodes. */
#pragma once

#include "crypto/mls/secret_tree.h"

struct mls_ratchet {
    struct mls_secret secret; /* of generation `next` */
    uint32_t next;
    struct mls_message_key *kept; /* skipped generations, increasing */
    size_t kept_count, kept_cap;
};

struct mls_sender_ratchets {
    struct mls_ratchet ratchets[2]; /* by enum mls_ratchet_kind */
};

struct mls_secret_node {
    bool live; /* `secret` is there: nothing below was derived */
    struct mls_secret secret;
    struct mls_secret_node *side[2];
    struct mls_sender_ratchets *sender; /* a leaf that was heard */
};

void mls_secret_node_free(struct mls_secret_node *n);
