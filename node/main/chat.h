/* Private to node/main: `sotto chat`, an own node with the screens of node/tui on it. */
#pragma once

#include "node/evio/terminal.h"
#include "node/main/data.h"
#include "node/main/node.h"

#define CHAT_ACCOUNTS_MAX 32 /* listed at the start */
#define CHAT_NODES_MAX    16 /* `sotto chat` of one user at the same time */
#define CHAT_LOCAL_NAME   64 /* bytes with NUL: of an account's folder */
#define CHAT_FLAGS_MAX    280

#define CHAT_HINTS_MAX 3   /* records in one card: node/chat/envelope/params.h */
#define NEIGHBOUR_TEXT 256 /* bytes with NUL: a multiaddr of this machine */

struct neighbour { /* another process of this user, as it was last dialed */
    char address[NEIGHBOUR_TEXT];
    struct mono next;
    unsigned wait_s;
};

struct session {
    struct node *node;
    struct tui *tui;
    struct terminal *terminal; /* one of these two */
    struct script *script;
    struct account account;
    char base[DATA_PATH_MAX]; /* <data folder>/chat */
    char name[CHAT_LOCAL_NAME];
    char names[CHAT_ACCOUNTS_MAX][CHAT_LOCAL_NAME];
    size_t names_count;
    struct neighbour neighbours[CHAT_NODES_MAX + 1]; /* [0]: sotto node */
    bool plain, leaving, drawing;
    int said; /* standard error while the screens are up; -1: they are not */
};

/* neighbours.c */
enum err neighbours_folder(const struct session *s, char out[DATA_PATH_MAX]) MUST_CHECK;
void neighbours_meet(struct session *s); /* every second */

/* chat_account.c */
bool local_is_name(const char *name);
enum err local_list(struct session *s) MUST_CHECK; /* the accounts below s->base */
bool local_exists(const struct session *s, const char *name);
bool local_has_key(const struct session *s); /* opens without a passphrase */
void local_open(struct session *s, enum account_begin begin, struct span passphrase,
                struct span words);
void local_close(struct session *s);
void local_read(struct session *s, struct span path);
void local_write(struct session *s, struct span path, struct span bytes);
