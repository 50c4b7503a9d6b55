/* The tables of a vault: what is kept where, how it dies, whether it is exported.
 *
 * Domain, which says when the bytes of a deleted or replaced value open no more:
 *     KEPT      when LMDB has used its page again
 *     RATCHETS  VAULT_WIPE_EVERY_S later: secrets that change with every message
 *     ENTRIES   the same, but a fresh wipe key is only drawn when something was deleted: many
 *               values that seldom go
 *
 * Each table but the first can be stepped through by key (vault_next, vault_prev).
 *
 * Numbers are stored: never change one, never use one again.
 */
#pragma once

enum vault_domain {
    VAULT_KEPT = 0,
    VAULT_RATCHETS = 1,
    VAULT_ENTRIES = 2,
    VAULT_DOMAINS = 3
};

enum vault_export_kind {
    VAULT_STAYS,   /* leaves with a whole device only */
    VAULT_EXPORTED /* is a part of every export */
};

/* number, name, domain, export; what its key is */
#define VAULT_TABLE(X)                                                                             \
    X(0, VAULT_T_INDEX, VAULT_KEPT, VAULT_STAYS)            /* nodes of the indexes; inside */     \
    X(1, VAULT_T_SETTINGS, VAULT_KEPT, VAULT_EXPORTED)      /* name */                             \
    X(2, VAULT_T_RING, VAULT_RATCHETS, VAULT_STAYS)         /* name */                             \
    X(3, VAULT_T_LOGS, VAULT_KEPT, VAULT_EXPORTED)          /* account */                          \
    X(4, VAULT_T_PEOPLE, VAULT_KEPT, VAULT_EXPORTED)        /* account */                          \
    X(5, VAULT_T_LINKS, VAULT_KEPT, VAULT_STAYS)            /* number */                           \
    X(6, VAULT_T_PREKEYS, VAULT_RATCHETS, VAULT_STAYS)      /* prekey id */                        \
    X(7, VAULT_T_INVITES, VAULT_KEPT, VAULT_STAYS)          /* hash: used once */                  \
    X(8, VAULT_T_CONVERSATIONS, VAULT_KEPT, VAULT_EXPORTED) /* conversation */                     \
    X(9, VAULT_T_GROUPS, VAULT_RATCHETS, VAULT_STAYS)       /* conversation, eid, ... */           \
    X(10, VAULT_T_DAGS, VAULT_RATCHETS, VAULT_STAYS)        /* conversation, ... */                \
    X(11, VAULT_T_ENTRIES, VAULT_ENTRIES, VAULT_EXPORTED)   /* conv, lamport, id */                \
    X(12, VAULT_T_PLACES, VAULT_KEPT, VAULT_STAYS)          /* conv, entry id, ... */              \
    X(13, VAULT_T_FILES, VAULT_ENTRIES, VAULT_EXPORTED)     /* conv, id, part */                   \
    X(14, VAULT_T_OUTBOX, VAULT_RATCHETS, VAULT_STAYS)      /* number */                           \
    X(15, VAULT_T_PARKED, VAULT_KEPT, VAULT_STAYS)          /* number */                           \
    X(16, VAULT_T_JOURNAL, VAULT_KEPT, VAULT_STAYS)         /* number */                           \
    X(17, VAULT_T_GENERATIONS, VAULT_KEPT, VAULT_STAYS)     /* conv, eid */                        \
    X(18, VAULT_T_DRAFTS, VAULT_ENTRIES, VAULT_STAYS)       /* conversation */                     \
    X(19, VAULT_T_DELIVERY, VAULT_RATCHETS, VAULT_STAYS)    /* conversation, ... */                \
    X(20, VAULT_T_SECRETS, VAULT_RATCHETS, VAULT_STAYS)     /* any other */                        \
    X(21, VAULT_T_DECISIONS, VAULT_KEPT, VAULT_STAYS)       /* kind, subject */                    \
    X(22, VAULT_T_NOTICES, VAULT_KEPT, VAULT_EXPORTED)      /* conv, lamport, id */

enum vault_table {
#define X(number, name, domain, export) name = number,
    VAULT_TABLE(X)
#undef X
    VAULT_TABLES_COUNT
};
