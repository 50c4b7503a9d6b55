/* The cycle: sleep, take all that is ready, pump once, set the timer. */
#include "node/evio/tls.h"

#include "crypto/base/wipe.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/resource.h>

int64_t evio_clock(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

void evio_wake(struct evio *e)
{
    if (e->awake)
        return;
    e->awake = true;
    e->env.now.ns = evio_clock(CLOCK_MONOTONIC);
    e->env.wall.ns = evio_clock(CLOCK_REALTIME);
}

const struct env *evio_env(struct evio *e)
{
    evio_wake(e);
    return &e->env;
}

void evio_touch(struct evio *e)
{
    e->touched = true;
}

void evio_break(struct evio *e)
{
    e->stop = true;
    event_base_loopbreak(e->base);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct evio *e = arg;
    (void)fd, (void)what;

    evio_wake(e);
    if (e->core != NULL)
        core_tick(e->core, &e->env);
}

static void on_patience(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what, (void)arg; /* evio_step has waited long enough */
}

static void on_clock(evutil_socket_t fd, short what, void *arg)
{
    struct clock *c = arg;
    (void)fd, (void)what;

    evio_wake(c->evio);
    c->fn(c->ctx);
}

enum err evio_every(struct evio *e, int64_t period_ns, void (*fn)(void *ctx), void *ctx)
{
    struct timeval period = {(time_t)(period_ns / NS_PER_S),
                             (suseconds_t)(period_ns % NS_PER_S / NS_PER_US)};

    if (e->clocks_count == EVIO_CLOCKS_MAX)
        return ERR_FULL;
    struct clock *c = &e->clocks[e->clocks_count++];
    *c = (struct clock){.evio = e, .fn = fn, .ctx = ctx};
    event_assign(&c->event, e->base, -1, EV_PERSIST, on_clock, c);
    event_add(&c->event, &period);
    return OK;
}

static void on_signal(evutil_socket_t fd, short what, void *arg)
{
    struct evio *e = arg;
    (void)what;

    evio_wake(e);
    if (e->owner.signal != NULL)
        e->owner.signal(e->owner.ctx, (int)fd);
}

static void late(struct evio *e, const struct late *l)
{
    if (fifo_push(&e->late, l) != OK)
        log_broken(&e->env, "evio", "more than %u dials in one pump", EVIO_LATE_MAX);
}

static void dial(void *world, uint64_t link, const struct endpoint *to)
{
    struct late l = {.is_dial = true, .id = link, .to = *to};

    l.to.host = NULL; /* borrowed during this call only */
    if (to->host != NULL)
        snprintf(l.name, sizeof l.name, "%s", to->host);
    late(world, &l);
}

static void resolve(void *world, uint64_t query, const char *name, int type)
{
    struct late l = {.id = query, .type = type};

    if (strlen(name) >= sizeof l.name)
        name = ""; /* no such name: longer ones are not in DNS */
    memcpy(l.name, name, strlen(name) + 1);
    late(world, &l);
}

static void run_late(struct evio *e)
{
    struct late l;

    while (fifo_pop(&e->late, &l))
        if (l.is_dial) {
            l.to.host = l.name[0] == 0 ? NULL : l.name;
            links_dial(e, l.id, &l.to);
        } else {
            names_resolve(e, l.id, l.name, l.type);
        }
}

static enum err seed(struct evio *e)
{
    uint8_t bytes[DRBG_SEED_BYTES];

    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return ERR_IO;
    drbg_init(&e->drbg, bytes);
    wipe(bytes, sizeof bytes);
    e->rng = drbg_rng(&e->drbg);
    return OK;
}

static enum err init(struct evio *e)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    struct event_config *config = event_config_new();
    uint8_t map_seed[16];

    if (config == NULL)
        return ERR_MEMORY;
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
    event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
    e->base = event_base_new_with_config(config);
    event_config_free(config);
    if (e->base == NULL)
        return ERR_IO;
    TRY(seed(e));
    drbg_fill(&e->drbg, map_seed, sizeof map_seed);
    map_init(&e->links, map_seed, EVIO_LINKS_MAX);
    fifo_init(&e->late, sizeof(struct late), EVIO_LATE_MAX);
    e->next_incoming = 1;
    signal(SIGPIPE, SIG_IGN);
    evtimer_assign(&e->timer, e->base, on_timer, e);
    evtimer_assign(&e->patience, e->base, on_patience, e);
    for (size_t i = 0; i < 3; i++) {
        evsignal_assign(&e->signals[i], e->base, numbers[i], on_signal, e);
        if (e->owner.signal != NULL) /* else they stay whose they are */
            evsignal_add(&e->signals[i], NULL);
    }
    return jobs_new(e);
}

enum err evio_new(struct evio **out, const struct log *log, const struct evio_owner *owner)
{
    struct evio *e = calloc(1, sizeof *e);

    if (e == NULL)
        return ERR_MEMORY;
    arena_init(&e->scratch, EVIO_SCRATCH_BYTES);
    e->owner = *owner;
    e->env = (struct env){.rng = &e->rng, .log = log, .scratch = &e->scratch};
    e->port = (struct port){e,           dial,    links_write,    links_pause,
                            links_close, resolve, datagrams_send, jobs_queue};
    enum err err = init(e);
    if (err != OK) {
        evio_free(e);
        return err;
    }
    *out = e;
    return OK;
}

void evio_free(struct evio *e)
{
    if (e == NULL)
        return;
    assert(e->core == NULL);
    jobs_free(e);
    names_clear(e);
    links_clear(e);
    tls_clear(e);
    datagrams_clear(e);
    map_clear(&e->links);
    fifo_clear(&e->late);
    if (e->base != NULL) {
        event_del(&e->timer);
        event_del(&e->patience);
        for (size_t i = 0; i < e->clocks_count; i++)
            event_del(&e->clocks[i].event);
        for (size_t i = 0; i < 3; i++)
            event_del(&e->signals[i]);
        event_base_free(e->base);
    }
    arena_clear(&e->scratch);
    drbg_clear(&e->drbg);
    free(e->read_buffer);
    free(e);
}

void evio_attach(struct evio *e, struct core *core)
{
    assert(e->core == NULL);
    e->core = core;
    evio_touch(e);
}

void evio_detach(struct evio *e)
{
    jobs_drain(e);
    names_clear(e);
    links_clear(e);
    datagrams_clear(e);
    e->core = NULL;
}

static void set_timer(struct evio *e)
{
    struct mono due = core_deadline(e->core);
    int64_t now = evio_clock(CLOCK_MONOTONIC);
    int64_t wait =
        due.ns > now ? due.ns - now : 0; /* overdue may be as far back as there is time */

    if (due.ns == MONO_NEVER.ns) {
        evtimer_del(&e->timer);
        return;
    }
    struct timeval tv = {(time_t)(wait / NS_PER_S), (suseconds_t)(wait % NS_PER_S / NS_PER_US + 1)};
    evtimer_add(&e->timer, &tv);
}

/* What many connections held lies between what others hold: the allocator keeps it unless asked. */
static void trim(struct evio *e)
{
    if (e->links_freed < EVIO_TRIM_LINKS)
        return;
    e->links_freed = 0;
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

static void pump(struct evio *e)
{
    struct core_event ev;
    bool more;

    evio_wake(e);
    e->touched = false;
    do {
        more = core_pump(e->core, &e->env, &e->port);
        while (core_poll(e->core, &ev)) {
            if (e->owner.told != NULL)
                e->owner.told(e->owner.ctx, &ev);
            more = more || e->touched;
        }
        e->touched = false;
        arena_reset(&e->scratch);
    } while (more);
    run_late(e);
    trim(e);
    set_timer(e);
}

bool evio_cycle(struct evio *e)
{
    if (e->core != NULL) {
        pump(e);
        if (e->owner.pumped != NULL)
            e->owner.pumped(e->owner.ctx);
    }
    e->awake = false;
    return e->core == NULL || !core_stopped(e->core) || e->lingering != NULL;
}

void evio_run(struct evio *e)
{
    e->stop = false;
    while (!e->stop) {
        if (!evio_cycle(e))
            return;
        if (!e->stop && event_base_loop(e->base, e->touched ? EVLOOP_NONBLOCK : EVLOOP_ONCE) < 0)
            return;
    }
}

uint64_t evio_raise_files(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}
