/* MLS against group size, as the peers are measured: "bare" is one committer who added everybody in
 * one commit, "warm" a tree where everybody has committed once. Suite 1, as OpenMLS and ts-mls run
 * it, and the X-Wing suite at 2 and 100. Sizes may be given as arguments. Times are CPU time, so
 * that whatever else runs on the machine does not count; only those of 2 cores are wall-clock time.
 */
#include "tests/bench/figures.h"
#include "tests/bench/mls_scene.h"

#define BENCH "mls"

static const struct mls_suite *s;
static const char *tag;

/* of this process: CPU time, or wall-clock time when it works on several cores */
static double seconds(bool wall)
{
    struct timespec t;

    if (wall)
        return seconds_now();
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void report(const char *metric, size_t n, const char *unit, double *values, size_t runs)
{
    char name[96];

    snprintf(name, sizeof name, n == 0 ? "%s%s" : "%s%s_%zu", metric, tag, n);
    figure(BENCH, name, unit, "sotto", values, runs);
}

static void report_one(const char *metric, size_t n, const char *unit, double value)
{
    report(metric, n, unit, &value, 1);
}

static double resident_mb(void)
{
    char line[128];
    double kb = 0;
    FILE *f = fopen("/proc/self/status", "r");

    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        if (sscanf(line, "RssAnon: %lf", &kb) == 1)
            break;
    if (f != NULL)
        fclose(f);
    return kb / 1024;
}

static void bench_create(struct scene *c, size_t reps)
{
    double one[8], two[8];
    struct mls_commit_options o = {.proposals = buf_span(&c->adds)};
    struct mls_commit_out out = {0};

    for (size_t i = 0; i < 2 * reps; i++) {
        mls_commit_out_clear(&out);
        on_cores(c, i % 2);
        double t = seconds(i % 2);
        struct mls_group *g;
        need(mls_group_new(&c->a.w, s, &c->a.client, SPAN_LIT("bench"), SPAN_EMPTY, &g));
        person_adopt(&c->a, g);
        need(mls_commit(c->a.g, &c->a.w, &o, &out));
        (i % 2 ? two : one)[i / 2] = (seconds(i % 2) - t) * 1e3;
    }
    report("create_group_bulk_add", c->n, "ms", one, reps);
    report("create_group_bulk_add_2_cores", c->n, "ms", two, reps);
    report_one("bulk_add_commit_bytes", c->n, "B", (double)out.commit.len);
    report_one("welcome_bytes_incl_tree", c->n, "B", (double)out.welcome.len);
    person_adopt(&c->a, out.next);
    out.next = NULL;
    for (size_t i = 0; i < 2 * reps; i++) {
        on_cores(c, i % 2);
        double t = seconds(i % 2);
        person_join(&c->b, buf_span(&out.welcome));
        (i % 2 ? two : one)[i / 2] = (seconds(i % 2) - t) * 1e3;
    }
    report("join_from_welcome", c->n, "ms", one, reps);
    report("join_from_welcome_2_cores", c->n, "ms", two, reps);
    on_cores(c, false);
    mls_commit_out_clear(&out);
    o.tree_apart = true;
    need(mls_group_new(&c->a.w, s, &c->a.client, SPAN_LIT("bench"), SPAN_EMPTY, &out.next));
    struct mls_group *fresh = out.next;
    need(mls_commit(fresh, &c->a.w, &o, &out));
    report_one("welcome_bytes_tree_apart", c->n, "B", (double)out.welcome.len);
    mls_group_free(fresh);
    mls_commit_out_clear(&out);
}

/* One commit by a, followed by b; both adopt unless `keep`. */
static size_t one_commit(struct scene *c, const struct mls_commit_options *o, bool keep,
                         double *create, double *process)
{
    struct mls_commit_out out;
    struct mls_event e;

    bool wall = c->a.w.pool != NULL;
    double t = seconds(wall);
    need(mls_commit(c->a.g, &c->a.w, o, &out));
    *create = (seconds(wall) - t) * 1e3;
    t = seconds(wall);
    need(mls_receive(c->b.g, &c->b.w, buf_span(&out.commit), &e));
    *process = (seconds(wall) - t) * 1e3;
    if (!span_eq(mls_group_epoch_authenticator(e.next), mls_group_epoch_authenticator(out.next)))
        abort();
    size_t len = out.commit.len;
    if (!keep) {
        person_adopt(&c->a, out.next);
        person_adopt(&c->b, e.next);
        out.next = e.next = NULL;
    }
    mls_event_clear(&e);
    mls_commit_out_clear(&out);
    return len;
}

static void bench_update(struct scene *c, const char *kind, size_t reps)
{
    double create[16], process[16], two[16], ignored;
    char name[64];
    size_t len = 0;

    for (size_t i = 0; i < reps; i++)
        len = one_commit(c, NULL, false, &create[i], &process[i]);
    on_cores(c, true);
    for (size_t i = 0; i < reps; i++)
        one_commit(c, NULL, false, &two[i], &ignored);
    on_cores(c, false);
    snprintf(name, sizeof name, "update_commit_create%s", kind);
    report(name, c->n, "ms", create, reps);
    snprintf(name, sizeof name, "update_commit_create_2_cores%s", kind);
    report(name, c->n, "ms", two, reps);
    snprintf(name, sizeof name, "commit_process%s", kind);
    report(name, c->n, "ms", process, reps);
    snprintf(name, sizeof name, "update_commit_bytes%s", kind);
    report_one(name, c->n, "B", (double)len);
}

static void bench_add_remove(struct scene *c, size_t reps)
{
    double add[16], add_process[16], remove[16], apart[16], ignored;
    size_t len = 0;

    for (size_t i = 0; i < reps; i++) {
        struct buf proposal = BUF_INIT(1 << 20);
        person_new_package(&c->extra);
        need(mls_make_add(buf_span(&c->extra.package), &proposal));
        struct mls_commit_options o = {.proposals = buf_span(&proposal), .tree_apart = true};
        one_commit(c, &o, true, &apart[i], &ignored);
        o.tree_apart = false;
        len = one_commit(c, &o, false, &add[i], &add_process[i]);
        buf_reset(&proposal);
        need(mls_make_remove((uint32_t)c->n, &proposal));
        o.proposals = buf_span(&proposal);
        one_commit(c, &o, false, &remove[i], &ignored);
        buf_clear(&proposal);
    }
    report("single_add_commit_create", c->n, "ms", add, reps);
    report("single_add_commit_create_tree_apart", c->n, "ms", apart, reps);
    report("single_add_process", c->n, "ms", add_process, reps);
    report_one("single_add_commit_bytes", c->n, "B", (double)len);
    report("remove_commit_create", c->n, "ms", remove, reps);
}

static void bench_messages(struct scene *c)
{
    enum {
        COUNT = 500,
        ROUNDS = 5
    };
    static struct buf sealed[COUNT];
    static uint8_t text[1024];
    double seal[ROUNDS], open[ROUNDS];
    struct mls_event e;

    for (size_t r = 0; r < ROUNDS; r++) {
        double t = seconds(false);
        for (size_t i = 0; i < COUNT; i++) {
            sealed[i] = BUF_INIT(1 << 16);
            need(mls_encrypt(c->a.g, &c->a.w, SPAN_ARRAY(text), NULL, &sealed[i]));
        }
        seal[r] = COUNT / (seconds(false) - t);
        size_t overhead = sealed[0].len - sizeof text;
        t = seconds(false);
        for (size_t i = 0; i < COUNT; i++) {
            need(mls_receive(c->b.g, &c->b.w, buf_span(&sealed[i]), &e));
            mls_event_clear(&e);
        }
        open[r] = COUNT / (seconds(false) - t);
        if (r == 0)
            report_one("app_overhead", c->n, "B", (double)overhead);
        for (size_t i = 0; i < COUNT; i++)
            buf_clear(&sealed[i]);
    }
    report("app_encrypt_1KB", c->n, "msg/s", seal, ROUNDS);
    report("app_decrypt_1KB", c->n, "msg/s", open, ROUNDS);
}

static void bench_fork_and_save(struct scene *c)
{
    double fork[16], save[16];
    struct buf out = BUF_INIT(1 << 28);

    for (size_t i = 0; i < 16; i++) {
        struct mls_group *g;
        double t = seconds(false);
        need(mls_group_fork(c->a.g, &g));
        fork[i] = (seconds(false) - t) * 1e6;
        mls_group_free(g);
        buf_reset(&out);
        t = seconds(false);
        need(mls_save(c->a.g, MLS_PART_RECEIVE, &out));
        save[i] = (seconds(false) - t) * 1e6;
    }
    report("fork", c->n, "us", fork, 16);
    report("save_receive_part", c->n, "us", save, 16);
    report_one("receive_part_bytes", c->n, "B", (double)out.len);
    buf_clear(&out);
}

static void bench_size(size_t n)
{
    struct scene c;
    size_t reps = n >= 5000 ? 3 : n >= 1000 ? 5 : 8;

    scene_init(&c, s, n);
    double before = resident_mb();
    bench_create(&c, reps > 3 ? 3 : reps);
    report_one("resident_two_members", n, "MB", resident_mb() - before);
    bench_messages(&c);
    bench_update(&c, "", reps);
    bench_add_remove(&c, reps);
    warm(&c);
    bench_update(&c, "_warm", reps);
    bench_fork_and_save(&c);
    scene_clear(&c);
}

/* As many as we promise: what two members of such a group take. */
static void bench_many(size_t n)
{
    struct scene c;

    scene_init(&c, s, n);
    double before = resident_mb();
    bench_create(&c, 1);
    report_one("resident_two_members", n, "MB", resident_mb() - before);
    bench_messages(&c);
    scene_clear(&c);
}

static void bench_packages(void)
{
    struct person p;
    double rate[5];

    person_init(&p, s, 1);
    for (size_t r = 0; r < 5; r++) {
        double t = seconds(false);
        for (int i = 0; i < 200; i++)
            person_new_package(&p);
        rate[r] = 200 / (seconds(false) - t);
    }
    report("keypackage_generate", 0, "op/s", rate, 5);
    report_one("keypackage_bytes", 0, "B", (double)p.package.len);
    person_clear(&p);
}

int main(int argc, char **argv)
{
    static const size_t sizes[] = {2, 10, 100, 1000, 5000};

    s = mls_suite(0x0001);
    tag = "";
    bench_packages();
    for (int i = 1; i < argc; i++)
        bench_size(strtoul(argv[i], NULL, 10));
    for (size_t i = 0; argc < 2 && i < sizeof sizes / sizeof sizes[0]; i++)
        bench_size(sizes[i]);
    if (argc < 2) {
        bench_many(10000);
        s = mls_suite(MLS_SUITE_XWING);
        tag = "_xwing";
        bench_packages();
        bench_size(2);
        bench_size(100);
    }
    return 0;
}
