/* Private to node/main: a running node and the steps of its start, each in the order of start(). */
#pragma once

#include "node/api/backend.h"
#include "node/evio/evio.h"
#include "node/evio/http.h"
#include "node/evio/logs.h"
#include "node/evio/token_file.h"
#include "node/main/commands.h"
#include "node/sdk/account.h"
#include "node/sdk/addresses.h"

#define DISCOVERY_NAMES_MAX 64 /* records, and lists, to begin with */

struct archive;
struct kv;
struct peer_table;
struct keyring_host;

struct node {
    struct conf conf;
    int argc;
    char **argv; /* for SIGHUP */
    struct logs logs;
    int lock;
    struct evio *evio;
    struct keyring_host *key;
    struct archive *archive;
    struct kv *state;         /* --store-resume; else NULL */
    struct peer_table *known; /* NULL: peers are not remembered */
    struct core *core;
    struct account accounts[API_CHATS_MAX]; /* --chat */
    size_t accounts_count;
    char chat_token[TOKEN_TEXT_BYTES];
    struct api *api;
    struct api_node api_node;
    struct http *http;
    struct addresses addresses;
    char *full[ADDRESSES_MAX + 1]; /* announced and local, with /p2p */
    uint16_t tcp_port, ws_port, udp_port, rest_port, metrics_port;
    bool udp_v6;
    const char *bootstraps[DISCOVERY_NAMES_MAX], *lists[DISCOVERY_NAMES_MAX];
    const char *origins[CONF_VALUES_MAX];
    bool stopping;
    void (*pumped)(void *ctx); /* after every pump; NULL: nobody asks */
    void *pumped_ctx;
};

/** One sentence for the person; the code given. */
enum err node_say(enum err err, const char *what, const char *detail);

/* node.c */
enum err node_begin(struct node *n) MUST_CHECK; /* conf and logs are set; says what is wrong */
void node_stop(struct node *n);                 /* begin to leave; twice: at once */
void node_take_apart(struct node *n);           /* in any case */

/* making.c */
enum err node_open_data(struct node *n) MUST_CHECK; /* lock, key, archive */
enum err node_make_core(struct node *n) MUST_CHECK; /* making_core.c */
enum err node_make_api(struct node *n) MUST_CHECK;

/* chats.c */
enum err node_open_chats(struct node *n) MUST_CHECK; /* after the core is made */
enum err node_serve_chats(struct node *n) MUST_CHECK;
void node_close_chats(struct node *n);

/* neighbours.c: for other processes of this user */
void node_leave_address(const struct node *n);

/* discovery.c: the configuration; borrows from it and from `n` */
enum err node_discovery(struct node *n, struct core_discovery *out) MUST_CHECK;

/* listening.c */
enum err node_listen(struct node *n) MUST_CHECK;
enum err node_listen_udp(struct node *n) MUST_CHECK;     /* when discv5 is on */
enum err node_join_local(struct node *n) MUST_CHECK;     /* with --mdns */
enum err node_full_addresses(struct node *n) MUST_CHECK; /* announced and local, with /p2p */
enum err node_listen_http(struct node *n) MUST_CHECK;
void node_greet(const struct node *n);
