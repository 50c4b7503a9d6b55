/* The order of a run: events by (time, destination, source, number of that source). The key never
 * says who was inserted first, so a run is the same whatever produced its events in what order.
 *
 * A timer wheel: an event within WHEEL_SLOTS ticks waits in the unsorted list of its tick, later
 * ones in a heap. When a tick begins, its list goes into a small heap that sorts by the key. So
 * what costs is how much happens in one millisecond, not how much is planned.
 */
#pragma once

#include "crypto/base/heap.h"

#define WHEEL_TICK_SHIFT 20u /* of nanoseconds: a tick is 1.05 ms */
#define WHEEL_SLOTS      4096u

enum sim_event_kind {
    SIM_TIMER,    /* a node's own deadline */
    SIM_CALL,     /* a step of the scenario */
    SIM_DIAL,     /* a SYN arrives */
    SIM_UP,       /* the answer to our dial: connected */
    SIM_DOWN,     /* the other end is gone, or our dial failed */
    SIM_BYTES,    /* a segment arrives */
    SIM_WRITABLE, /* the send buffer has room again */
    SIM_READABLE, /* what was held back may be read now */
    SIM_JOB,      /* a job is done */
    SIM_STREAM,   /* tier F1: an event of the stream pipe */
};

struct sim_event {
    struct heap_node node;          /* first: an event is its node */
    struct sim_event *next, **link; /* in the list of a tick; link NULL: in none */
    int64_t at_ns;
    uint32_t dst, src;
    uint64_t number; /* of this source: two events of one source keep their order */
    enum sim_event_kind kind;
    size_t bytes; /* on the wire, that have not passed the downlink yet */
    union {
        struct {
            void (*fn)(void *ctx);
            void *ctx;
        } call;
        struct {
            struct sim_conn *conn; /* counted */
            int end;               /* the end that is told: 0 dialed, 1 was dialed */
            enum err why;
            struct blob *bytes; /* SIM_BYTES; owned */
        } link;
        struct {
            struct job *job; /* owned */
            uint64_t generation;
        } job;
        struct pipe_note *note; /* SIM_STREAM; owned */
        uint64_t generation;    /* SIM_TIMER: of the node's life */
    } u;
};

struct sim_events {
    struct sim_event *slots[WHEEL_SLOTS];
    uint64_t filled[WHEEL_SLOTS / 64]; /* a bit per slot: its list is not empty */
    int64_t tick;                      /* whose list was taken last */
    struct heap due, later;            /* of ticks up to `tick`, and beyond the wheel */
    struct sim_event *spare;           /* freed events, linked through u.call.ctx */
    size_t pending;
};

void sim_events_init(struct sim_events *q);

/** Free the memory; pending events must have been drained. */
void sim_events_clear(struct sim_events *q);

/** A zeroed event, in no queue. NULL when memory is out. */
struct sim_event *sim_event_new(struct sim_events *q) MUST_CHECK;

/** Queue a filled event. On ERR_MEMORY the event still belongs to the caller. */
enum err sim_event_add(struct sim_events *q, struct sim_event *e) MUST_CHECK;

/** Take the first event when it is due by `until_ns`; NULL otherwise. Give it back to
 * sim_event_free. ERR_MEMORY. */
enum err sim_event_take(struct sim_events *q, int64_t until_ns, struct sim_event **out) MUST_CHECK;

void sim_event_free(struct sim_events *q, struct sim_event *e);

/** Take an event out of the queue again (it stays the caller's). */
void sim_event_cancel(struct sim_events *q, struct sim_event *e);
