/* A libevent timer for those who may not know libevent. */
#include "node/evio/alarm.h"
#include "node/evio/inside.h"

#include <stdlib.h>

struct alarm {
    struct evio *evio;
    struct event timer;
    void (*ring)(void *ctx);
    void *ctx;
};

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct alarm *a = arg;
    (void)fd, (void)what;
    evio_wake(a->evio);
    a->ring(a->ctx);
}

enum err alarm_new(struct alarm **out, struct evio *e, int64_t ns, void (*ring)(void *ctx),
                   void *ctx)
{
    const struct timeval tv = {(time_t)(ns / NS_PER_S), (suseconds_t)(ns % NS_PER_S / NS_PER_US)};
    struct alarm *a = calloc(1, sizeof *a);
    if (a == NULL)
        return ERR_MEMORY;
    a->evio = e;
    a->ring = ring;
    a->ctx = ctx;
    evtimer_assign(&a->timer, e->base, on_timer, a);
    if (evtimer_add(&a->timer, &tv) != 0) {
        free(a);
        return ERR_MEMORY;
    }
    *out = a;
    return OK;
}

void alarm_free(struct alarm *a)
{
    if (a == NULL)
        return;
    evtimer_del(&a->timer);
    free(a);
}
