/* Private to sim: what the files of the stream pipe share (tier F1).
 *
 *     pipe.c        struct streams, as the adapters of a node call it
 *     pipe_notes.c  what is under way between two nodes, and how long it lives
 *     pipe_world.c  what the world does to a node's streams: arrivals, partitions, crashes
 */
#pragma once

#include "net/host/streams.h"
#include "net/wire/multiaddr.h"
#include "net/wire/peer_id.h"
#include "sim/world.h"

#define PIPE_OPEN_BYTES    120u /* multistream lines of one negotiation */
#define PIPE_PROTOCOLS_MAX 32u
#define PIPE_STREAMS_MAX   65536u /* of a node at a time; a power of two */

enum note_kind {
    NOTE_UP,
    NOTE_DOWN,
    NOTE_OPEN,
    NOTE_OPENED,
    NOTE_REFUSED,
    NOTE_DATA,
    NOTE_END,
    NOTE_RESET,
    NOTE_WRITABLE,
    NOTE_RESUME
};

struct pipe_conn { /* between two nodes, both alive */
    struct sim *sim;
    uint32_t refs;
    uint32_t node[2];
    uint64_t peer[2]; /* the other node's number for this end, as end i knows it */
    bool down[2];
    int64_t free_at_ns[2], last_arrival_ns[2];
    struct fifo cut[2]; /* struct pipe_note * for end i that wait for a partition to heal */
};

struct pipe_stream {
    uint32_t refs; /* ends that know it and notes under way */
    struct pipe_conn *conn;
    const char *protocol;
    uint64_t id[2]; /* by end of the connection; 0: unknown there or dead */
    bool wrote_end[2], read_end[2], paused[2], blocked[2];
    size_t in_flight[2]; /* bytes from end i not read at the other */
    struct fifo held[2]; /* struct pipe_note * waiting for end i */
};

struct pipe_note {
    enum note_kind kind;
    struct pipe_conn *conn;
    struct pipe_stream *stream; /* NULL for NOTE_UP, NOTE_DOWN */
    int to;                     /* end of the connection that is told */
    struct blob *bytes;
    const char *const *proposed; /* NOTE_OPEN: static strings */
    enum err why;
    struct pipe_note *next; /* of those to spare */
};

struct pipe_node {
    struct sim_node *node;
    struct streams streams;
    const char *protocols[PIPE_PROTOCOLS_MAX];
    size_t protocols_count;
    struct map conns;          /* peer number -> pipe_conn */
    struct pipe_stream **live; /* by the low bits of their ids; NULL: free */
    uint32_t live_cap;
    struct fifo events;     /* struct pipe_note * due to be polled */
    struct pipe_note *last; /* its bytes are borrowed until the next poll */
    struct peer_id told_id;
    struct multiaddr told_addr;
    uint64_t next_peer, next_stream;
};

/** Memory is a bound of the machine here: without it the run stops with a message. */
void *pipe_need(void *p);

static inline int pipe_end_of(const struct pipe_conn *c, const struct pipe_node *p)
{
    return c->node[0] == p->node->number ? 0 : 1;
}

void pipe_conn_unref(struct pipe_conn *c);

/* Two nodes have one connection, as the swarm sees to: the key of a pair. */
struct pipe_pair {
    uint32_t low, high;
};

static inline struct pipe_pair pipe_pair_of(uint32_t a, uint32_t b)
{
    return (struct pipe_pair){a < b ? a : b, a < b ? b : a};
}
void pipe_stream_unref(struct pipe_stream *s);

/** What F0 would put on the wire for one write of `len` bytes: Noise frames, yamux headers. */
size_t pipe_wire_bytes(size_t len);

/** Send a note to the other end of a connection; takes `bytes`. */
void pipe_post(struct pipe_node *p, struct pipe_conn *c, struct pipe_stream *s, enum note_kind kind,
               struct blob *bytes, size_t wire, enum err why, const char *const *proposed);

/** The stream of that id as this node knows it; NULL: gone. */
static inline struct pipe_stream *pipe_stream_of(const struct pipe_node *p, uint64_t id)
{
    uint32_t slot = (uint32_t)id & (PIPE_STREAMS_MAX - 1);
    struct pipe_stream *s = slot < p->live_cap ? p->live[slot] : NULL;

    return s != NULL && s->id[pipe_end_of(s->conn, p)] == id ? s : NULL;
}

/** This end knows the stream from now on, by a new id. */
uint64_t pipe_know(struct pipe_node *p, struct pipe_stream *s);

/** A zeroed note to `to`, the end of the connection that is told. */
struct pipe_note *pipe_note_new(struct sim *s);

/** This end knows the stream no more. */
void pipe_forget(struct pipe_node *p, struct pipe_stream *s);

/** This end leaves the connection; `tell` the other. */
void pipe_conn_drop(struct pipe_node *p, struct pipe_conn *c, enum err why, bool tell);

/** The functions of struct streams. */
struct streams pipe_functions(struct pipe_node *p);
