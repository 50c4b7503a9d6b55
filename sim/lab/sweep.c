/* A sweep: every combination of the values given to --set, for every seed, in as many processes as
 * there are jobs. A process does one run and writes it; what is there already is not done again. */
#include "sim/lab/lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define VALUES_MAX 64u
#define POINTS_MAX 100000u
#define TEXT_MAX   256u

struct axis {
    char name[128];
    char values[VALUES_MAX][TEXT_MAX - 128];
    size_t count;
};

struct sweep {
    const struct lab_options *o;
    struct axis axes[LAB_SETTINGS_MAX + 1];
    size_t axes_count;
    uint64_t points, running, finished, skipped, broken;
    bool stop;
    double from_s;
};

struct point {
    const char *file;
    char text[LAB_SETTINGS_MAX + 1][TEXT_MAX];
    const char *settings[LAB_SETTINGS_MAX + 1];
    size_t count;
};

static bool add_axis(struct sweep *s, const char *setting)
{
    struct axis *a = &s->axes[s->axes_count++];
    const char *at = strchr(setting, '=');

    if (at == NULL || (size_t)(at - setting) >= sizeof a->name)
        return false;
    snprintf(a->name, sizeof a->name, "%.*s", (int)(at - setting), setting);
    for (at++; a->count < VALUES_MAX; at++) {
        size_t len = strcspn(at, ",");
        if (len == 0 || len >= sizeof a->values[0])
            return false;
        snprintf(a->values[a->count++], sizeof a->values[0], "%.*s", (int)len, at);
        at += len;
        if (*at == '\0')
            return true;
    }
    return false;
}

static void add_seeds(struct sweep *s)
{
    struct axis *a = &s->axes[s->axes_count];

    if (s->o->seed_to == 0)
        return;
    s->axes_count++;
    snprintf(a->name, sizeof a->name, "scenario.seed");
    for (uint64_t seed = s->o->seed_from; seed <= s->o->seed_to && a->count < VALUES_MAX; seed++)
        snprintf(a->values[a->count++], sizeof a->values[0], "%llu", (unsigned long long)seed);
}

/* The n-th point: seeds turn fastest, so that all points get their first seed early last of all. */
static void point_of(const struct sweep *s, uint64_t n, struct point *p)
{
    p->file = s->o->files[n % s->o->files_count];
    n /= s->o->files_count;
    p->count = 0;
    for (size_t i = 0; i < s->axes_count; i++) {
        const struct axis *a = &s->axes[i];
        snprintf(p->text[p->count], TEXT_MAX, "%s=%s", a->name, a->values[n % a->count]);
        p->settings[p->count] = p->text[p->count];
        p->count++;
        n /= a->count;
    }
}

static bool done_already(const struct sweep *s, const struct point *p)
{
    struct scenario sc;
    char id[SCENARIO_ID_HEX + 1], *matrix;
    bool there = false;

    if (lab_load(p->file, p->settings, p->count, &sc, &matrix)) {
        scenario_id(&sc, id);
        there = lab_has(s->o->out, id);
    }
    scenario_clear(&sc);
    free(matrix);
    return there;
}

static void tell(const struct sweep *s)
{
    double each = (lab_now_s() - s->from_s) / (double)(s->finished > 0 ? s->finished : 1);

    fprintf(stderr, "%llu of %llu runs (%llu were there), %llu broken, %.0f s left\n",
            (unsigned long long)(s->finished + s->skipped), (unsigned long long)s->points,
            (unsigned long long)s->skipped, (unsigned long long)s->broken,
            each * (double)(s->points - s->skipped - s->finished));
}

static void wait_for_one(struct sweep *s)
{
    int status;

    if (wait(&status) < 0)
        return;
    s->running--;
    s->finished++;
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : (int)LAB_MEMORY;
    s->broken += code == LAB_PROPERTY;
    if (code > LAB_PROPERTY)
        s->stop = true; /* a full disk, a bad file: the next run would end the same way */
    tell(s);
}

static void start(struct sweep *s, const struct point *p)
{
    struct lab_options one = *s->o;

    one.quiet = true;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        _exit((int)lab_run_one(&one, p->file, p->settings, p->count));
    if (pid < 0) {
        fprintf(stderr, "sotto-sim: no new process\n");
        s->stop = true;
        return;
    }
    s->running++;
}

/* Lines for GNU parallel, or an array job for Slurm: one run each, to any shared or own folder. */
static void print_job(const struct sweep *s, const struct point *p)
{
    printf("sotto-sim run %s", p->file);
    for (size_t i = 0; i < p->count; i++)
        printf(" --set '%s'", p->settings[i]);
    printf(" --out %s --quiet\n", s->o->out);
}

static void print_jobs(const struct sweep *s)
{
    static struct point p;
    bool slurm = strcmp(s->o->engine, "slurm") == 0;

    if (slurm)
        printf("#!/bin/sh\n#SBATCH --job-name=sotto-sim\n#SBATCH --array=1-%llu\n"
               "sed -n \"${SLURM_ARRAY_TASK_ID}p\" <<'RUNS' | sh\n",
               (unsigned long long)s->points);
    for (uint64_t n = 0; n < s->points; n++) {
        point_of(s, n, &p);
        print_job(s, &p);
    }
    if (slurm)
        printf("RUNS\n");
}

static bool prepare(struct sweep *s)
{
    for (size_t i = 0; i < s->o->settings_count; i++)
        if (!add_axis(s, s->o->settings[i])) {
            fprintf(stderr, "sotto-sim: --set %s: wants section.key=value,value...\n",
                    s->o->settings[i]);
            return false;
        }
    add_seeds(s);
    s->points = s->o->files_count;
    for (size_t i = 0; i < s->axes_count; i++)
        s->points *= s->axes[i].count;
    if (s->points == 0 || s->points > POINTS_MAX || s->o->out == NULL) {
        fprintf(stderr, "sotto-sim: a sweep wants --out DIR and 1 to %u runs, has %llu\n",
                POINTS_MAX, (unsigned long long)s->points);
        return false;
    }
    return true;
}

enum lab_exit lab_sweep(const struct lab_options *o)
{
    static struct sweep s;
    static struct point p;

    s = (struct sweep){.o = o, .from_s = lab_now_s()};
    if (!prepare(&s))
        return LAB_USAGE;
    if (o->engine != NULL) {
        print_jobs(&s);
        return LAB_GOOD;
    }
    for (uint64_t n = 0; n < s.points && !s.stop; n++) {
        point_of(&s, n, &p);
        if (done_already(&s, &p)) {
            s.skipped++;
            continue;
        }
        while (s.running >= o->jobs)
            wait_for_one(&s);
        if (!s.stop)
            start(&s, &p);
    }
    while (s.running > 0)
        wait_for_one(&s);
    if (s.finished + s.skipped < s.points || s.stop)
        return LAB_DISK;
    return s.broken > 0 ? LAB_PROPERTY : LAB_GOOD;
}
