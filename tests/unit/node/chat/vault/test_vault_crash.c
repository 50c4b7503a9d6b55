/* kill -9 while steps are written and pages turn, on a real LMDB and a real page: afterwards each
 * step has happened whole or not at all, and what was reported is there. */
#include "node/chat/vault/vault.h"
#include "node/evio/wipe_file.h"
#include "tests/lib/archive_model.h"
#include "tests/lib/testing.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#define KILLS_AT_RANDOM 60
#define KILLS_AT_PAGE   48 /* at each of the first writes of the page, before, torn and after */

static const char *const tables[] = {VAULT_KV_TABLES};
static const struct keyring_lock lock = {
    .key_file = {(const uint8_t *)"0123456789abcdef0123456789abcdef", 32}};
static char folder[64];

static int set_up(void **state)
{
    (void)state;
    model_folder(folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    model_folder_remove(folder);
    return 0;
}

/* ---- the child ---- */

struct killer { /* stands before the real page */
    struct wipe_file file;
    struct wipe_disk disk;
    int left; /* writes until the kill; negative: none */
    int how;  /* 0 before, 1 torn, 2 after */
};

static enum err killer_read(void *state, uint8_t page[WIPE_PAGE_BYTES],
                            uint8_t place[WIPE_PLACE_BYTES])
{
    struct killer *k = state;
    return k->disk.file.read(k->disk.file.state, page, place);
}

static enum err killer_write(void *state, size_t offset, struct span bytes)
{
    struct killer *k = state;
    bool now = k->left-- == 0;
    if (now && k->how == 0)
        kill(getpid(), SIGKILL);
    if (now && k->how == 1)
        bytes = span_sub(bytes, 0, 300);
    enum err err = k->disk.file.write_sync(k->disk.file.state, offset, bytes);
    if (now)
        kill(getpid(), SIGKILL);
    return err;
}

static struct span text(uint32_t n, char out[40])
{
    snprintf(out, 40, "%08x of the step", n);
    return span_str(out);
}

/* A step as the chat makes it: a ratchet replaced, an entry and an outbox row added, a number. */
static void one_step(struct vault *v, const struct env *env, uint32_t n)
{
    char bytes[40];
    struct span s = text(n, bytes);
    vault_begin(v);
    assert_ok(vault_put(v, VAULT_T_GROUPS, SPAN_LIT("ratchet"), s));
    assert_ok(vault_put(v, VAULT_T_ENTRIES, s, s));
    assert_ok(vault_put(v, VAULT_T_OUTBOX, s, s));
    if (n > 1) {
        char before[40];
        assert_ok(vault_delete(v, VAULT_T_OUTBOX, text(n - 1, before)));
    }
    assert_ok(vault_put(v, VAULT_T_SETTINGS, SPAN_LIT("number"), s));
    assert_ok(vault_commit(v, env));
}

static void child(int report, uint32_t n, unsigned seed, int left, int how)
{
    struct killer k = {.file = {&k, killer_read, killer_write}, .left = left, .how = how};
    struct test_env t;
    struct kv *kv;
    struct vault *v;

    test_env_init(&t, 1000 + seed);
    assert_ok(kv_open_lmdb(&kv, folder, tables));
    assert_ok(wipe_disk_open(&k.disk, folder));
    enum err err = vault_open(&v, kv, &k.file, &lock, &t.env);
    if (err == ERR_NOT_FOUND)
        err = vault_create(&v, kv, &k.file, &lock, &t.env);
    assert_ok(err);
    for (;;) {
        one_step(v, &t.env, ++n);
        while (write(report, &n, sizeof n) < 0 && errno == EINTR)
            ;
        if (n % 3 == 0)
            test_env_advance(&t, VAULT_WIPE_EVERY_S * NS_PER_S);
        assert_ok(vault_tick(v, &t.env));
    }
}

/* Run the child until it is killed; the last number that it reported, else `n`. */
static uint32_t run(uint32_t n, unsigned seed, int left, int how, long us)
{
    int ends[2], status;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(ends[0]);
        child(ends[1], n, seed, left, how);
        _exit(0);
    }
    close(ends[1]);
    if (left < 0) {
        nanosleep(&(struct timespec){us / 1000000, us % 1000000 * 1000}, NULL);
        kill(pid, SIGKILL);
    }
    uint32_t got;
    while (read(ends[0], &got, sizeof got) == (ssize_t)sizeof got)
        n = got;
    close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    return n;
}

/* ---- the judge ---- */

static void assert_is(struct vault *v, enum vault_table t, struct span key, struct span wanted)
{
    struct buf got = BUF_INIT(100);
    assert_ok(vault_get(v, t, key, &got));
    assert_span_equal(buf_span(&got), wanted);
    buf_clear(&got);
}

static uint32_t number_of(struct vault *v)
{
    struct buf got = BUF_INIT(100);
    uint32_t n = 0;
    if (vault_get(v, VAULT_T_SETTINGS, SPAN_LIT("number"), &got) == OK)
        for (size_t i = 0; i < 8; i++)
            n = n << 4 | (uint32_t)(got.ptr[i] <= '9' ? got.ptr[i] - '0' : got.ptr[i] - 'a' + 10);
    buf_clear(&got);
    return n;
}

static uint32_t judge(uint32_t reported)
{
    struct wipe_disk disk;
    struct test_env t;
    struct kv *kv;
    struct vault *v;
    char bytes[40];

    test_env_init(&t, 9);
    assert_ok(kv_open_lmdb(&kv, folder, tables));
    assert_ok(wipe_disk_open(&disk, folder));
    enum err err = vault_open(&v, kv, &disk.file, &lock, &t.env);
    uint32_t n = 0;
    if (err == ERR_NOT_FOUND) { /* killed while it was made */
        assert_int_equal(reported, 0);
    } else {
        assert_ok(err);
        assert_int_equal(vault_origin(v), VAULT_SAME);
        n = number_of(v);
        assert_true(n == reported || n == reported + 1); /* the last may not have been told */
        struct vault_key at = {0};
        for (uint32_t i = 1; i <= n; i++) {
            struct span s = text(i, bytes);
            assert_ok(vault_next(v, VAULT_T_ENTRIES, SPAN_EMPTY, &at, NULL));
            assert_span_equal(span_of(at.bytes, at.len), s);
            assert_is(v, VAULT_T_ENTRIES, s, s);
        }
        assert_err(vault_next(v, VAULT_T_ENTRIES, SPAN_EMPTY, &at, NULL), ERR_NOT_FOUND);
        if (n > 0) {
            assert_is(v, VAULT_T_GROUPS, SPAN_LIT("ratchet"), text(n, bytes));
            at.len = 0;
            assert_ok(vault_next(v, VAULT_T_OUTBOX, SPAN_EMPTY, &at, NULL));
            assert_span_equal(span_of(at.bytes, at.len), text(n, bytes));
            assert_err(vault_next(v, VAULT_T_OUTBOX, SPAN_EMPTY, &at, NULL), ERR_NOT_FOUND);
        }
        vault_close(v);
    }
    kv_close(kv);
    wipe_disk_close(&disk);
    test_env_clear(&t);
    return n;
}

static void each_step_is_whole_after_kill_9_at_random(void **state)
{
    (void)state;
    struct test_env t;
    uint32_t n = 0;
    test_env_init(&t, 77);
    /* on a machine that is busy it takes more of them until something was done */
    for (unsigned i = 0; i < KILLS_AT_RANDOM || (n <= 20 && i < 20 * KILLS_AT_RANDOM); i++)
        n = judge(run(n, i, -1, 0, 2000 + (long)rng_below(&t.rng, 25000)));
    assert_true(n > 20); /* it did run */
    test_env_clear(&t);
}

static void each_step_is_whole_after_kill_9_at_the_page(void **state)
{
    (void)state;
    uint32_t n = 0;
    for (int i = 0; i < KILLS_AT_PAGE; i++)
        n = judge(run(n, (unsigned)i, i / 3, i % 3, 0));
    assert_true(n > 20);
}

#define UNIT(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(each_step_is_whole_after_kill_9_at_random),
        UNIT(each_step_is_whole_after_kill_9_at_the_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
