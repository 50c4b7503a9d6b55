#include "tests/lib/testing.h"

#include <stdio.h>
#include <stdlib.h>

#define HEX_BYTES 65536u

/* splitmix64: repeatable, and plainly no source of secrets */
static void fill(void *state, uint8_t *out, size_t len)
{
    uint64_t *s = state;

    for (size_t i = 0; i < len; i += 8) {
        uint64_t z = *s += 0x9e3779b97f4a7c15u;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
        z = (z ^ z >> 27) * 0x94d049bb133111ebu;
        z ^= z >> 31;
        memcpy(out + i, &z, len - i < 8 ? len - i : 8);
    }
}

static void line(void *sink, enum log_level level, const struct env *env, const char *room,
                 const char *text)
{
    (void)sink, (void)env;
    fprintf(stderr, "%s %s: %s\n", log_level_name(level), room, text);
    if (level == LOG_BROKEN)
        fail_msg("a broken line was logged by %s: %s", room, text);
}

void test_env_init(struct test_env *t, uint64_t seed)
{
    *t = (struct test_env){.rng_state = seed};
    t->rng = (struct rng){fill, &t->rng_state};
    t->log = (struct log){.min = LOG_BROKEN, .line = line};
    arena_init(&t->scratch, (size_t)64 << 20);
    t->env = (struct env){.now = {NS_PER_S},
                          .wall = {1767225600 * NS_PER_S},
                          .rng = &t->rng,
                          .log = &t->log,
                          .scratch = &t->scratch};
}

void test_env_clear(struct test_env *t)
{
    arena_clear(&t->scratch);
}

void test_env_advance(struct test_env *t, int64_t ns)
{
    t->env.now.ns += ns;
    t->env.wall.ns += ns;
}

struct span test_hex(const char *hex)
{
    static uint8_t buffers[8][HEX_BYTES];
    static unsigned next;
    char *digits = malloc(2 * HEX_BYTES);
    size_t n = 0;

    assert_non_null(digits);
    for (; *hex != '\0'; hex++) {
        if (*hex == ' ' || *hex == '\n')
            continue;
        assert_true(n < 2 * HEX_BYTES);
        digits[n++] = *hex;
    }
    uint8_t *out = buffers[next++ % 8];
    assert_ok(hex_decode(span_of(digits, n), out));
    free(digits);
    return span_of(out, n / 2);
}

bool test_vector_next(FILE *f, char name[64], struct span *value)
{
    static char line_text[2 * HEX_BYTES + 64];
    int at = 0;

    if (fgets(line_text, sizeof line_text, f) == NULL)
        return false;
    assert_int_equal(sscanf(line_text, "%63s %n", name, &at), 1);
    *value = test_hex(line_text + at);
    return true;
}

void test_assert_span_equal(struct span got, struct span wanted, const char *what, const char *file,
                            int where)
{
    if (span_eq(got, wanted))
        return;
    fprintf(stderr, "%s differs: got %zu bytes, wanted %zu\n", what, got.len, wanted.len);
    for (size_t i = 0; i < got.len && i < wanted.len; i++)
        if (got.ptr[i] != wanted.ptr[i]) {
            fprintf(stderr, "first difference at byte %zu: %02x, wanted %02x\n", i, got.ptr[i],
                    wanted.ptr[i]);
            break;
        }
    _fail(file, where);
}
