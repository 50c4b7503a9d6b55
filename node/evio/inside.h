/* The parts of struct evio: private to the room. */
#pragma once

#include "crypto/base/fifo.h"
#include "crypto/base/map.h"
#include "crypto/prim/drbg.h"
#include "node/evio/evio.h"
#include "node/evio/params.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <sys/socket.h>
#include <time.h>

struct listener {
    struct evio *evio;
    int fd;
    enum link_kind kind;
    struct event ready, again; /* again: after EVIO_ACCEPT_PAUSE_MS */
};

struct multicast { /* the socket of a group */
    struct evio *evio;
    bool joined;
    int fd;
    struct event ready;
};

struct datagrams { /* a UDP socket */
    struct evio *evio;
    int fd;
    int family;
    struct event ready;
};

/* A dial or a look-up may fail or be answered at once, and its answer must not reach the core while
 * the core is asking: both are begun after the pump. */
struct late {
    bool is_dial;
    uint64_t id; /* link or query */
    struct endpoint to;
    int type;
    char name[256]; /* of a query; of a dial: to.host, "": none */
};

struct evio {
    struct event_base *base;
    struct evio_owner owner;
    struct core *core;
    struct port port;
    struct env env;
    struct drbg drbg;
    struct rng rng;
    struct arena scratch;
    struct event timer, patience;
    struct clock {
        struct evio *evio;
        struct event event;
        void (*fn)(void *ctx);
        void *ctx;
    } clocks[EVIO_CLOCKS_MAX];
    size_t clocks_count;
    struct event signals[3];
    bool awake;   /* the clocks were read in this wake-up */
    bool touched; /* pump before sleeping */
    bool stop;
    struct map links;
    size_t links_freed;     /* since memory was given back to the system */
    uint64_t next_incoming; /* odd */
    struct link *lingering; /* closed gracefully, not read to the end yet */
    struct listener listeners[EVIO_LISTENERS_MAX];
    size_t listeners_count;
    struct multicast multicast;
    struct datagrams datagrams[EVIO_UDP_MAX];
    size_t datagrams_count;
    uint8_t *read_buffer; /* EVIO_READ_BYTES, on first use */
    struct names *names;  /* on first use */
    struct tls *tls;      /* on first use */
    struct fifo late;     /* struct late: what the pump asked for and the loop does after it */
    struct job_threads *jobs;
};

/** CLOCK_MONOTONIC or CLOCK_REALTIME now, in ns; from any thread. */
int64_t evio_clock(clockid_t id);

/** Read the clocks, once in a wake-up. Every callback of libevent begins with it. */
void evio_wake(struct evio *e);

/** Let an outgoing socket come from the port of a listener of that family: what a NAT makes of it
 * is then known to all peers. When that cannot be, it comes from any. */
void listeners_bind(struct evio *e, int fd, int family);

/** What is done between two sleeps. False: the core has stopped. */
bool evio_cycle(struct evio *e);

/* links.c */
void links_dial(struct evio *e, uint64_t link, const struct endpoint *to);
size_t links_write(void *world, uint64_t link, struct span bytes);
void links_pause(void *world, uint64_t link, bool paused);
void links_close(void *world, uint64_t link, bool flush);
void links_clear(struct evio *e);
bool links_accepted(struct evio *e, int fd, const struct endpoint *from); /* false: closed again */

/* listeners.c */
void listeners_clear(struct evio *e);

/* datagrams.c */
void datagrams_send(void *world, const struct endpoint *to, struct span bytes);
void datagrams_clear(struct evio *e);

/* multicast.c */
bool multicast_send(struct evio *e, const struct endpoint *to,
                    struct span bytes); /* false: not to a group */
void multicast_clear(struct evio *e);

/* names.c */
void names_resolve(struct evio *e, uint64_t query, const char *name, int type);
void names_clear(struct evio *e);

/* jobs.c */
enum err jobs_new(struct evio *e) MUST_CHECK;
void jobs_queue(void *world, struct job *job);
void jobs_drain(struct evio *e); /* wait for the running, drop the others */
void jobs_free(struct evio *e);
int jobs_wake_fd(const struct evio *e); /* which the loop watches for its whole life */
