/* The agenda of a run against the plainest model: an array that is searched for the least key. */
#include "sim/events.h"
#include "tests/lib/testing.h"

#include <stdlib.h>

#define EVENTS 3000u

static bool earlier(const struct sim_event *a, const struct sim_event *b)
{
    if (a->at_ns != b->at_ns)
        return a->at_ns < b->at_ns;
    if (a->dst != b->dst)
        return a->dst < b->dst;
    if (a->src != b->src)
        return a->src < b->src;
    return a->number < b->number;
}

static uint64_t draw(uint64_t *x)
{
    *x = *x * 6364136223846793005u + 1442695040888963407u;
    return *x >> 33;
}

/* Delays of all sizes: the same nanosecond, the same tick, within the wheel, far beyond it. */
static int64_t delay(uint64_t *x)
{
    static const int64_t up_to[] = {1, 1000, 2000000, 900000000, 20000000000};
    return (int64_t)(draw(x) % (uint64_t)up_to[draw(x) % 5]);
}

static void takes_in_the_order_of_the_key(void **state)
{
    (void)state;
    struct sim_events q;
    struct sim_event *model[EVENTS], *e;
    size_t count = 0, taken = 0;
    uint64_t x = 1;
    int64_t now = 0;

    sim_events_init(&q);
    for (uint64_t n = 0; taken < 20000; n++) {
        while (count < EVENTS && draw(&x) % 3 != 0) {
            e = sim_event_new(&q);
            assert_non_null(e);
            e->at_ns = now + delay(&x);
            e->dst = (uint32_t)(draw(&x) % 4);
            e->src = (uint32_t)(draw(&x) % 4);
            e->number = n * EVENTS + count;
            assert_ok(sim_event_add(&q, e));
            model[count++] = e;
        }
        if (count > 0 && draw(&x) % 10 == 0) { /* from anywhere */
            size_t i = draw(&x) % count;
            sim_event_cancel(&q, model[i]);
            sim_event_free(&q, model[i]);
            model[i] = model[--count];
        }
        if (count == 0)
            continue;
        size_t least = 0;
        for (size_t i = 1; i < count; i++)
            if (earlier(model[i], model[least]))
                least = i;
        assert_ok(sim_event_take(&q, model[least]->at_ns - 1, &e));
        assert_null(e); /* nothing is due before it */
        assert_ok(sim_event_take(&q, model[least]->at_ns + delay(&x), &e));
        assert_ptr_equal(e, model[least]);
        now = e->at_ns;
        model[least] = model[--count];
        sim_event_free(&q, e);
        taken++;
        assert_int_equal(q.pending, count);
    }
    while (count > 0) {
        sim_event_cancel(&q, model[--count]);
        sim_event_free(&q, model[count]);
    }
    sim_events_clear(&q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(takes_in_the_order_of_the_key)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
