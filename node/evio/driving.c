/* The loop in the hands of another: a descriptor to poll, the time until it must be called, and one
 * cycle. evio_run is the same cycle again and again. */
#include "node/evio/inside.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Does this descriptor's epoll set watch ours? /proc/PID/fdinfo names them, one "tfd:" a line. */
static bool watches(const char *fd, int wanted)
{
    char path[64], line[256];
    bool found = false;

    snprintf(path, sizeof path, "/proc/self/fdinfo/%.20s", fd);
    FILE *f = fopen(path, "re");
    while (f != NULL && !found && fgets(line, sizeof line, f) != NULL) {
        int watched;
        found = sscanf(line, "tfd: %d", &watched) == 1 && watched == wanted;
    }
    if (f != NULL)
        fclose(f);
    return found;
}

/* libevent has no call that tells its epoll descriptor. */
int evio_fd(struct evio *e)
{
    struct dirent *entry;
    int found = -1, ours = jobs_wake_fd(e);

    if (strcmp(event_base_get_method(e->base), "epoll") != 0)
        return -1;
    DIR *all = opendir("/proc/self/fdinfo");
    while (all != NULL && found < 0 && (entry = readdir(all)) != NULL)
        if (entry->d_name[0] != '.' && watches(entry->d_name, ours))
            found = atoi(entry->d_name);
    if (all != NULL)
        closedir(all);
    return found;
}

static int earliest(const struct event_base *base, const struct event *ev, void *arg)
{
    int64_t *first_ns = arg;
    struct timeval at;
    (void)base;

    if (event_pending(ev, EV_TIMEOUT, &at)) {
        int64_t ns = (int64_t)at.tv_sec * NS_PER_S + (int64_t)at.tv_usec * NS_PER_US;
        *first_ns = ns < *first_ns ? ns : *first_ns;
    }
    return 0;
}

int64_t evio_wait_ns(struct evio *e)
{
    int64_t first_ns = INT64_MAX;

    if (e->touched)
        return 0;
    event_base_foreach_event(e->base, earliest, &first_ns);
    if (first_ns == INT64_MAX)
        return -1;
    int64_t wait_ns = first_ns - evio_clock(CLOCK_REALTIME); /* event_pending speaks in wall time */
    return wait_ns < 0 ? 0 : wait_ns;
}

bool evio_step(struct evio *e, int64_t wait_ns)
{
    struct timeval patience = {(time_t)(wait_ns / NS_PER_S),
                               (suseconds_t)(wait_ns % NS_PER_S / NS_PER_US)};

    if (!evio_cycle(e))
        return false;
    if (wait_ns > 0 && !e->touched) {
        evtimer_add(&e->patience, &patience);
        event_base_loop(e->base, EVLOOP_ONCE);
        evtimer_del(&e->patience);
    } else {
        event_base_loop(e->base, EVLOOP_NONBLOCK);
    }
    return evio_cycle(e);
}
