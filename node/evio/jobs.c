/* Jobs of the core on threads of their own: one for the store's commits, one for all else. A thread
 * is started by its first job. Done jobs come back through an eventfd. */
#include "node/evio/inside.h"

#include "crypto/base/fifo.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct lane {
    struct job_threads *all;
    pthread_t thread;
    bool started;
    struct fifo queue; /* struct job * */
    struct job *running;
    pthread_cond_t wanted;
    size_t queued;                    /* waiting or running; the loop's, as what follows */
    struct api_histogram waited, ran; /* seconds */
};

struct job_threads {
    struct evio *evio;
    pthread_mutex_t lock; /* guards everything below */
    pthread_cond_t idle;
    struct lane lanes[JOB_LANES];
    struct fifo done; /* struct job * */
    bool stop;
    int wake; /* eventfd */
    struct event ready;
};

/* The notes are in the job: the loop reads them when the job is back. */
static void run(struct job *job)
{
    int64_t began = evio_clock(CLOCK_MONOTONIC);

    job->waited_ns = began - job->queued_ns;
    job->run(job);
    job->ran_ns = evio_clock(CLOCK_MONOTONIC) - began;
}

static void *thread_main(void *arg)
{
    struct lane *l = arg;
    struct job_threads *t = l->all;
    uint64_t one = 1;

    pthread_mutex_lock(&t->lock);
    while (!t->stop) {
        if (!fifo_pop(&l->queue, &l->running)) {
            pthread_cond_wait(&l->wanted, &t->lock);
            continue;
        }
        pthread_mutex_unlock(&t->lock);
        run(l->running);
        pthread_mutex_lock(&t->lock);
        if (fifo_push(&t->done, &l->running) != OK)
            abort(); /* memory for a pointer: the queue it came from had it */
        l->running = NULL;
        pthread_cond_broadcast(&t->idle);
        if (write(t->wake, &one, sizeof one) != (ssize_t)sizeof one)
            continue; /* the counter is not zero: the loop is woken already */
    }
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

static bool next_done(struct job_threads *t, struct job **job)
{
    pthread_mutex_lock(&t->lock);
    bool any = fifo_pop(&t->done, job);
    pthread_mutex_unlock(&t->lock);
    return any;
}

static void measure(struct lane *l, const struct job *job)
{
    l->queued--;
    if (job->upkeep)
        return;
    api_histogram_add(&l->waited, api_seconds_bounds, (double)job->waited_ns / NS_PER_S);
    api_histogram_add(&l->ran, api_seconds_bounds, (double)job->ran_ns / NS_PER_S);
}

struct api_lane evio_lane(const struct evio *e, enum job_lane lane)
{
    const struct lane *l = &e->jobs->lanes[lane];

    return (struct api_lane){&l->waited, &l->ran, l->queued};
}

static void on_done(evutil_socket_t fd, short what, void *arg)
{
    struct job_threads *t = arg;
    struct job *job;
    uint64_t count;
    (void)what;

    evio_wake(t->evio);
    if (read(fd, &count, sizeof count) < 0)
        return;
    while (next_done(t, &job)) {
        measure(&t->lanes[job->lane], job);
        core_job_done(t->evio->core, &t->evio->env, job);
    }
}

enum err jobs_new(struct evio *e)
{
    struct job_threads *t = calloc(1, sizeof *t);

    if (t == NULL)
        return ERR_MEMORY;
    t->evio = e;
    t->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (t->wake < 0) {
        free(t);
        return ERR_IO;
    }
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->idle, NULL);
    fifo_init(&t->done, sizeof(struct job *), SIZE_MAX);
    for (int i = 0; i < JOB_LANES; i++) {
        t->lanes[i].all = t;
        pthread_cond_init(&t->lanes[i].wanted, NULL);
        fifo_init(&t->lanes[i].queue, sizeof(struct job *), SIZE_MAX);
    }
    event_assign(&t->ready, e->base, t->wake, EV_READ | EV_PERSIST, on_done, t);
    event_add(&t->ready, NULL);
    e->jobs = t;
    return OK;
}

/* Signals are the loop's: a new thread blocks them all. */
static bool start(struct lane *l)
{
    pthread_attr_t attr;
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, EVIO_JOB_STACK_BYTES);
    l->started = pthread_create(&l->thread, &attr, thread_main, l) == 0;
    pthread_attr_destroy(&attr);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return l->started;
}

void jobs_queue(void *world, struct job *job)
{
    struct evio *e = world;
    struct job_threads *t = e->jobs;
    struct lane *l = &t->lanes[job->lane];

    job->queued_ns = evio_clock(CLOCK_MONOTONIC);
    l->queued++;
    if (!l->started && !start(l)) { /* no thread to be had: done here, slowly but surely */
        uint64_t one = 1;
        run(job);
        pthread_mutex_lock(&t->lock);
        if (fifo_push(&t->done, &job) != OK || write(t->wake, &one, sizeof one) < 0)
            abort();
        pthread_mutex_unlock(&t->lock);
        return;
    }
    pthread_mutex_lock(&t->lock);
    if (fifo_push(&l->queue, &job) != OK)
        abort();
    pthread_cond_signal(&l->wanted);
    pthread_mutex_unlock(&t->lock);
}

void jobs_drain(struct evio *e)
{
    struct job_threads *t = e->jobs;
    struct job *job;

    pthread_mutex_lock(&t->lock);
    for (int i = 0; i < JOB_LANES; i++) {
        while (fifo_pop(&t->lanes[i].queue, &job))
            job->drop(job);
        t->lanes[i].queued = 0;
        while (t->lanes[i].running != NULL)
            pthread_cond_wait(&t->idle, &t->lock);
    }
    while (fifo_pop(&t->done, &job))
        job->drop(job);
    pthread_mutex_unlock(&t->lock);
}

int jobs_wake_fd(const struct evio *e)
{
    return e->jobs->wake;
}

void jobs_free(struct evio *e)
{
    struct job_threads *t = e->jobs;

    if (t == NULL)
        return;
    jobs_drain(e);
    pthread_mutex_lock(&t->lock);
    t->stop = true;
    for (int i = 0; i < JOB_LANES; i++)
        pthread_cond_signal(&t->lanes[i].wanted);
    pthread_mutex_unlock(&t->lock);
    for (int i = 0; i < JOB_LANES; i++) {
        if (t->lanes[i].started)
            pthread_join(t->lanes[i].thread, NULL);
        fifo_clear(&t->lanes[i].queue);
        pthread_cond_destroy(&t->lanes[i].wanted);
    }
    event_del(&t->ready);
    close(t->wake);
    fifo_clear(&t->done);
    pthread_cond_destroy(&t->idle);
    pthread_mutex_destroy(&t->lock);
    free(t);
    e->jobs = NULL;
}
