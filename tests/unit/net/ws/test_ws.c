/* The engine against itself: what one end sends the other reads, however it is cut. */
#include "tests/lib/one_ws.h"

static void send(struct ws *from, struct span payload)
{
    assert_ok(ws_begin(from, &t.env, payload.len, &wire));
    assert_ok(buf_append(&wire, payload));
    ws_end(from, &t.env, &wire);
}

/* Deliver the wire in pieces of `step`. */
static enum err deliver(struct ws *to, size_t step)
{
    struct buf moved = BUF_INIT(SIZE_MAX);
    enum err err = ERR_MORE;

    buf_move(&moved, &wire);
    wire = BUF_INIT(1u << 20);
    for (struct span in = buf_span(&moved); in.len > 0 && err == ERR_MORE;) {
        size_t n = in.len < step ? in.len : step;
        err = feed(to, span_sub(in, 0, n));
        in = span_after(in, n);
    }
    buf_clear(&moved);
    return err;
}

static void any_cut_gives_the_same(void **state)
{
    (void)state;
    static const size_t steps[] = {1, 2, 3, 5, 7, 4095, 4096, 4097, SIZE_MAX};
    static const size_t sizes[] = {1, 125, 126, 4081, 4082, 65535, 65536, 200000};
    static uint8_t bytes[200000];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 256);
    for (size_t k = 0; k < sizeof steps / sizeof steps[0]; k++) {
        struct ws *a, *b;
        assert_ok(ws_new(&a, &common, true));
        assert_ok(ws_new(&b, &common, false));
        assert_ok(ws_dial(a, &t.env, "a", &wire));
        assert_err(deliver(b, steps[k]), ERR_MORE);
        assert_err(deliver(a, steps[k]), ERR_MORE);
        assert_true(ws_open(a) && ws_open(b));
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            for (int round = 0; round < 2; round++) {
                buf_reset(&got);
                send(round == 0 ? a : b, span_of(bytes, sizes[i]));
                send(round == 0 ? a : b, SPAN_LIT("and more"));
                assert_err(deliver(round == 0 ? b : a, steps[k]), ERR_MORE);
                assert_int_equal(got.len, sizes[i] + 8);
                assert_memory_equal(got.ptr, bytes, sizes[i]);
                assert_memory_equal(got.ptr + sizes[i], "and more", 8);
                assert_null(a->codec); /* who rests has no parser */
                assert_null(b->codec);
            }
        }
        ws_free(a);
        ws_free(b);
    }
}

static void what_is_sent_is_masked_only_by_the_dialer(void **state)
{
    (void)state;
    open_listener();
    send(w, SPAN_LIT("plain"));
    assert_span_equal(buf_span(&wire), SPAN_LIT("\x82\x05plain"));
    open_dialer();
    send(w, SPAN_LIT("plain"));
    assert_int_equal(wire.len, 2 + 4 + 5);
    assert_int_equal(wire.ptr[1], 0x85);
    uint8_t first[4];
    memcpy(first, wire.ptr + 2, 4);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(wire.ptr[6 + i] ^ first[i % 4], "plain"[i]);
    buf_reset(&wire);
    send(w, SPAN_LIT("plain"));
    assert_memory_not_equal(wire.ptr + 2, first, 4); /* RFC 6455 5.3: a fresh key each */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WS_TEST(any_cut_gives_the_same),
        WS_TEST(what_is_sent_is_masked_only_by_the_dialer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
