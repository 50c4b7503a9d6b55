/* Bytes choose what happens and when. Whatever it is: a message is published at most once for each
 * time it was taken, every asker is answered once, nothing is held longer than the fail-safe and a
 * few retries, and an own message is hidden until it is public. */
#include "net/waku/stem.h"
#include "tests/lib/testing.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define PEERS    6u
#define MESSAGES 16u
#define ASKERS   4096u

struct play {
    struct test_env t;
    struct stem *s;
    struct peer_id ids[PEERS];
    struct stem_peer peers[PEERS];
    uint64_t numbers[64]; /* of the last pushes */
    size_t numbers_count;
    uint64_t asked;
    uint8_t waits[ASKERS];
};

static void must(bool fine)
{
    if (!fine)
        abort();
}

static void poll_all(struct play *p, uint8_t how)
{
    struct stem_out o;
    while (stem_poll(p->s, &o))
        switch (o.kind) {
        case STEM_PUSH:
            must(o.data != NULL && o.peer >= 1 && o.peer <= PEERS);
            p->numbers[p->numbers_count++ % 64] = o.number;
            break;
        case STEM_FLUFF:
            must(o.own == stem_hides(p->s, o.hash));
            stem_fluffed(p->s, &p->t.env, o.number,
                         (how & 3) == 1   ? ERR_FULL
                         : (how & 3) == 2 ? ERR_NOT_FOUND
                                          : OK,
                         how);
            break;
        case STEM_DONE:
            must(o.asker < ASKERS && p->waits[o.asker] == 1);
            p->waits[o.asker] = 0;
            break;
        case STEM_WARM:
            must(o.peer >= 1 && o.peer <= PEERS);
            break;
        }
}

static void take(struct play *p, uint8_t what, uint8_t who)
{
    uint8_t hash[32] = {what % MESSAGES};
    struct blob *data = blob_new(SPAN_LIT("message"));
    struct stem_message m = {.hash = hash,
                             .from = who % (PEERS + 1),
                             .topic = what & 0x80 ? SPAN_LIT("a") : SPAN_LIT("b"),
                             .data = data,
                             .asker = who & 0x80 && p->asked + 1 < ASKERS ? ++p->asked : 0,
                             .peers = p->peers,
                             .peers_count = (what >> 4) % (PEERS + 1)};
    if (stem_take(p->s, &p->t.env, &m) == STEM_HELD && m.asker != 0)
        p->waits[m.asker] = 1;
    blob_unref(data);
}

static void step(struct play *p, uint8_t op, uint8_t a, uint8_t b)
{
    uint8_t hash[32] = {a % MESSAGES};
    switch (op % 5) {
    case 0:
        take(p, a, b);
        break;
    case 1:
        if (p->numbers_count > 0)
            stem_answered(p->s, &p->t.env, p->numbers[a % 64 % p->numbers_count], b & 1, b);
        break;
    case 2:
        (void)stem_seen(p->s, hash);
        must(!stem_hides(p->s, hash));
        break;
    case 3:
        test_env_advance(&p->t, a * 50 * NS_PER_MS + (b == 255 ? STEM_GUARD_S * NS_PER_S : 0));
        stem_tick(p->s, &p->t.env);
        break;
    case 4:
        poll_all(p, b);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct play play;
    struct play *p = &play;
    uint8_t secret[32] = {1};
    memset(p, 0, sizeof *p);
    test_env_init(&p->t, 1);
    p->s = stem_new(&p->t.env, secret);
    must(p->s != NULL);
    for (size_t i = 0; i < PEERS; i++) {
        p->ids[i] = (struct peer_id){.len = 36, .bytes = {0, 0x22, 8, 2, (uint8_t)i}};
        p->peers[i] = (struct stem_peer){i + 1, &p->ids[i], i % 2 == 0};
    }
    for (size_t i = 0; i + 3 <= len; i += 3)
        step(p, data[i], data[i + 1], data[i + 2]);
    for (int i = 0; i < 3; i++) { /* in the end nothing is left, and everybody knows */
        test_env_advance(&p->t, STEM_SAFE_MS_MAX * NS_PER_MS);
        stem_tick(p->s, &p->t.env);
        poll_all(p, 0);
    }
    must(stem_deadline(p->s).ns == MONO_NEVER.ns && stem_hidden(p->s) == 0);
    for (size_t i = 0; i < ASKERS; i++)
        must(p->waits[i] == 0);
    stem_free(p->s);
    test_env_clear(&p->t);
    return 0;
}
