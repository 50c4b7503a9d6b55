/* struct sotto: private to the room. */
#pragma once

#include "crypto/keyring/keyring.h"
#include "node/conf/conf.h"
#include "node/evio/evio.h"
#include "node/sdk/account.h"
#include "node/sdk/addresses.h"
#include "node/sdk/sotto.h"

#define SDK_NAMES_MAX      64 /* nodes, and lists of nodes, to begin with */
#define SDK_HINTS_MAX      8u /* records of a card that are looked for */
#define SDK_FLAGS_MAX      256
#define SDK_BYTES_MAX      (64u << 20) /* of a file or export that is lent */
#define SDK_TYPING_WAITING 64u
#define SDK_LEAVE_NS       (3 * NS_PER_S) /* for the queues when it is closed */

struct sotto {
    struct conf conf;
    struct evio *evio;
    struct keyring_host *key;
    struct core *core;
    struct account account;
    struct addresses addresses;
    uint16_t udp_port;
    const char *statics[SDK_NAMES_MAX], *bootstraps[SDK_NAMES_MAX], *lists[SDK_NAMES_MAX];
    uint64_t cursor, handed_out; /* done with; the last one given */
    int cursor_fd;
    int fd, wake_fd;        /* what the program polls: an epoll set of the loop's and the wake-up */
    struct buf lent, given; /* given: a text that may be one that the chat lent */
};

/* node.c */

/** Read the flags of `o` into s->conf. ERR_ARGUMENT: s->conf.error says why. */
enum err node_configure(struct sotto *s, const struct sotto_options *o) MUST_CHECK;

/** Key of the node, sockets, core. ERR_ARGUMENT: s->conf.error. */
enum err node_start(struct sotto *s, const char *folder) MUST_CHECK;

/* sotto.c */
int sdk_result(enum err err);
struct sotto_text sdk_text(struct span bytes);

static inline struct chat *chat_of(const struct sotto *s)
{
    return s->account.chat;
}

/** After a call on the chat: what it wants goes out with the next cycle. */
int sdk_done(struct sotto *s, enum err err);

/* people.c */
void sdk_fill_person(const struct chat_person *from, struct sotto_person *out);

#define ENV(s) evio_env((s)->evio)
