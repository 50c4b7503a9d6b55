/* The waterline: all that the node asks of the world below it. node/evio implements it with
 * libevent, sim with virtual links. Nothing above this line has a socket, a clock or entropy.
 *
 * What goes down is a call on struct port. What comes up are the calls of node/core:
 *
 *     port->dial(c)      ->  core_link_up(c) or core_link_down(c, why)
 *     (a peer dials us)  ->  core_link_incoming(c)
 *     port->write(c)     ->  core_writable(c), after a write that was not accepted whole
 *     (bytes arrive)     ->  core_bytes(c), never while reading is paused
 *     port->close(c)     ->  nothing: the id is dead when the call returns
 *     (the link ends)    ->  core_link_down(c, why)
 *     port->resolve(q)   ->  core_resolved(q)
 *     port->datagram     ->  core_datagram
 *     port->job(j)       ->  core_job_done(j)
 *
 * Ids of links that we dial are even and chosen by the core; ids of incoming links are odd and
 * chosen by the world. None is used twice in the life of a node.
 */
#pragma once

#include "crypto/base/env.h"

/* a carrier of bytes: 16-byte IPv6 address (IPv4 mapped), port, and what runs on top of TCP */
enum link_kind {
    LINK_TCP,
    LINK_WS,
    LINK_WSS
};

struct endpoint {
    uint8_t ip[16]; /* IPv4 as ::ffff:a.b.c.d */
    uint16_t port;
    enum link_kind kind;
    bool listen_port; /* dial: from the port that we listen at, when that can be */
    const char *host; /* LINK_WS, LINK_WSS: name for SNI, certificate and Host, borrowed during the
                         call; NULL: the address itself */
};

/* Owned data and a pure function, for what may block or takes over 2 ms. The world calls run() on
 * another thread (in sim: in place) and hands the job back to core_job_done, which calls done() on
 * the engine thread; done() frees it. Jobs of one lane run one after the other, in order. */
enum job_lane {
    JOB_STORE, /* commits: one thread */
    JOB_WORK,  /* queries, heavy sums: one thread */
    JOB_NET,   /* what waits for others on the network: one thread */
    JOB_LANES,
};

struct job {
    enum job_lane lane;
    void (*run)(struct job *job); /* no engine state; may block */
    void (*done)(void *owner, const struct env *env, struct job *job);
    void (*drop)(struct job *job); /* frees a job that will never be handed back: the owner died */
    void *owner;                   /* borrowed; outlives the job */
    bool upkeep;                   /* retention and the like: not what the lane is measured by */
    int64_t queued_ns, waited_ns, ran_ns; /* the world's notes: mono when queued, then durations */
};

struct port {
    void *world;

    /** Begin to connect. */
    void (*dial)(void *world, uint64_t link, const struct endpoint *to);

    /** Hand over bytes; they are copied or sent before the call returns.
     *
     * @return how many were accepted, 0..bytes.len; fewer than all: core_writable follows
     */
    size_t (*write)(void *world, uint64_t link, struct span bytes);

    /** Stop or resume core_bytes for this link (backpressure). */
    void (*pause)(void *world, uint64_t link, bool paused);

    /** End the link. `flush`: send what was accepted first; else reset. */
    void (*close)(void *world, uint64_t link, bool flush);

    /** Look up a DNS name: A, AAAA or TXT; core_resolved follows with the same query id. */
    void (*resolve)(void *world, uint64_t query, const char *name, int type);

    /** Send one UDP datagram (discv5); may be lost. */
    void (*datagram)(void *world, const struct endpoint *to, struct span bytes);

    /** Take over a job; job->done follows. */
    void (*job)(void *world, struct job *job);
};
