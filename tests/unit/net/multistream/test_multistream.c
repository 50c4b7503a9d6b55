#include "net/multistream/multistream.h"
#include "tests/lib/testing.h"

#define HEADER "\x13/multistream/1.0.0\n"

static const char *const noise[] = {"/noise", NULL};
static const char *const muxers[] = {"/yamux/1.0.0", "/mplex/6.7.0", NULL};

static struct buf out = BUF_INIT(MULTISTREAM_OUT_BYTES_MAX);

static void a_dialer_sends_header_and_proposal_in_one_piece(void **state)
{
    (void)state;
    struct multistream m;
    size_t used;

    assert_ok(multistream_dial(&m, noise, &out));
    /* what a js dialer was seen to send: ../shared/interop/NOTES.md */
    assert_span_equal(buf_span(&out), SPAN_LIT(HEADER "\x07/noise\n"));
    buf_clear(&out);
    assert_ok(multistream_feed(&m, SPAN_LIT(HEADER "\x07/noise\nrest"), &used, &out));
    assert_int_equal(used, 20 + 8);
    assert_string_equal(m.chosen, "/noise");
    assert_int_equal(out.len, 0);
    multistream_clear(&m);
}

static void a_dialer_goes_through_its_list_on_na(void **state)
{
    (void)state;
    struct multistream m;
    size_t used;

    assert_ok(multistream_dial(&m, muxers, &out));
    buf_clear(&out);
    assert_err(multistream_feed(&m, SPAN_LIT(HEADER "\x03na\n"), &used, &out), ERR_MORE);
    assert_span_equal(buf_span(&out), SPAN_LIT("\x0d/mplex/6.7.0\n"));
    buf_clear(&out);
    assert_err(multistream_feed(&m, SPAN_LIT("\x03na\n"), &used, &out), ERR_UNSUPPORTED);
    multistream_clear(&m);
}

static void a_dialer_takes_no_other_answer(void **state)
{
    (void)state;
    struct multistream m;
    size_t used;

    assert_ok(multistream_dial(&m, noise, &out));
    assert_err(multistream_feed(&m, SPAN_LIT(HEADER "\x06/tls1\n"), &used, &out), ERR_PROTOCOL);
    multistream_clear(&m);
    assert_ok(multistream_dial(&m, noise, &out));
    assert_err(multistream_feed(&m, SPAN_LIT("\x07/noise\n"), &used, &out), ERR_PROTOCOL);
    multistream_clear(&m);
    buf_clear(&out);
}

static void a_listener_answers_na_and_ls_and_hands_back_what_follows(void **state)
{
    (void)state;
    struct multistream m;
    size_t used;

    multistream_listen(&m, muxers);
    assert_err(multistream_feed(&m, SPAN_LIT(HEADER "\x06/tls1\n\x03ls\n"), &used, &out), ERR_MORE);
    assert_span_equal(buf_span(&out),
                      SPAN_LIT(HEADER "\x03na\n"
                                      "\x1d\x0d/yamux/1.0.0\n\x0d/mplex/6.7.0\n\n"));
    buf_clear(&out);
    assert_ok(multistream_feed(&m, SPAN_LIT("\x0d/mplex/6.7.0\n\x00\x00"), &used, &out));
    assert_int_equal(used, 14);
    assert_string_equal(m.chosen, "/mplex/6.7.0");
    assert_span_equal(buf_span(&out), SPAN_LIT("\x0d/mplex/6.7.0\n"));
    buf_clear(&out);
    multistream_clear(&m);
}

static void lines_may_be_cut_anywhere(void **state)
{
    (void)state;
    struct span all = SPAN_LIT(HEADER "\x03na\n\x0d/yamux/1.0.0\nX");

    for (size_t piece = 1; piece < all.len; piece++) {
        struct multistream m;
        enum err err = ERR_MORE;
        size_t at = 0;
        multistream_listen(&m, muxers);
        while (err == ERR_MORE && at < all.len) {
            size_t used, n = piece < all.len - at ? piece : all.len - at;
            err = multistream_feed(&m, span_sub(all, at, n), &used, &out);
            assert_true(err == OK || used == n);
            at += used;
        }
        assert_ok(err);
        assert_int_equal(at, all.len - 1);
        multistream_clear(&m);
        buf_clear(&out);
    }
}

static void hostile_lines_are_bounded(void **state)
{
    (void)state;
    const struct {
        struct span in;
        enum err err;
    } cases[] = {
        {SPAN_LIT(HEADER "\x00"), ERR_FORMAT},                     /* no newline fits */
        {SPAN_LIT(HEADER "\x81\x00"), ERR_FORMAT},                 /* not minimal */
        {SPAN_LIT(HEADER "\x81\x08"), ERR_LIMIT},                  /* 1025 */
        {SPAN_LIT(HEADER "\xff\xff\xff\xff"), ERR_LIMIT},          /* a longer prefix */
        {SPAN_LIT("\x13/multistream/1.0.0 "), ERR_FORMAT},         /* no newline */
        {SPAN_LIT("\x13/multistream/2.0.0\n"), ERR_PROTOCOL},      /* another protocol */
        {SPAN_LIT("GET / HTTP/1.1\r\nHost: x\r\n"), ERR_PROTOCOL}, /* another world */
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct multistream m;
        size_t used;
        multistream_listen(&m, muxers);
        assert_err(multistream_feed(&m, cases[i].in, &used, &out), cases[i].err);
        buf_clear(&out);
        multistream_clear(&m);
    }
}

static void endless_negotiation_ends(void **state)
{
    (void)state;
    struct multistream m;
    size_t used, lines = 0;

    multistream_listen(&m, muxers);
    assert_err(multistream_feed(&m, SPAN_LIT(HEADER), &used, &out), ERR_MORE);
    while (multistream_feed(&m, SPAN_LIT("\x03no\n"), &used, &out) == ERR_MORE)
        assert_true(++lines < 1000);
    assert_int_equal(lines, MULTISTREAM_PROPOSALS_MAX);
    multistream_clear(&m);

    multistream_listen(&m, muxers);
    lines = 0;
    assert_err(multistream_feed(&m, SPAN_LIT(HEADER), &used, &out), ERR_MORE);
    while (multistream_feed(&m, SPAN_LIT("\x03ls\n"), &used, &out) == ERR_MORE)
        assert_true(++lines < 1000);
    assert_int_equal(lines, MULTISTREAM_LS_MAX);
    multistream_clear(&m);
    buf_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dialer_sends_header_and_proposal_in_one_piece),
        cmocka_unit_test(a_dialer_goes_through_its_list_on_na),
        cmocka_unit_test(a_dialer_takes_no_other_answer),
        cmocka_unit_test(a_listener_answers_na_and_ls_and_hands_back_what_follows),
        cmocka_unit_test(lines_may_be_cut_anywhere),
        cmocka_unit_test(hostile_lines_are_bounded),
        cmocka_unit_test(endless_negotiation_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
