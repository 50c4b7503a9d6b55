/* Two connections on one carrier that the test carries by hand. */
#include "crypto/keyring/keyring.h"
#include "net/conn/conn.h"
#include "net/conn/inner.h"
#include "net/noise/noise.h"
#include "net/yamux/yamux.h"
#include "tests/lib/testing.h"

#include <stdlib.h>

static const char *const protocols[] = {"/one/1.0.0", "/two/1.0.0", NULL};
static const char *const two[] = {"/two/1.0.0", NULL};

struct side {
    struct conn_common common;
    struct noise_self *self;
    struct peer_id id;
    struct conn *conn;
    struct conn_event last[16]; /* by kind; spans are stale */
    size_t count[16];
    struct buf bytes;
};

static struct test_env t;
static struct side a, b;

static void side_init(struct side *s, uint8_t secret, bool dialer)
{
    uint8_t key[KEYRING_SECRET_BYTES] = {secret};
    struct keyring_host *host;

    *s = (struct side){0};
    assert_ok(keyring_host_from_bytes(&host, KEYRING_HOST_SECP256K1, key));
    peer_id_from_key(keyring_host_public(host), &s->id);
    assert_ok(noise_self_new(&s->self, &t.env, host, &aead_chacha20poly1305));
    keyring_host_free(host);
    conn_common_init(&s->common, s->self, protocols, 100000, NULL);
    buf_init(&s->bytes, SIZE_MAX);
    assert_ok(conn_new(&s->conn, &s->common, s, &t.env, dialer, NULL));
}

static void side_clear(struct side *s)
{
    conn_free(s->conn);
    conn_common_clear(&s->common);
    noise_self_free(s->self);
    buf_clear(&s->bytes);
}

static int start(void **state)
{
    (void)state;
    test_env_init(&t, 3);
    side_init(&a, 1, true);
    side_init(&b, 2, false);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    side_clear(&a);
    side_clear(&b);
    test_env_clear(&t);
    return 0;
}

static void poll_side(struct side *s)
{
    struct conn_event ev;

    while (conn_poll(s->conn, &t.env, &ev)) {
        s->last[ev.kind] = ev;
        s->count[ev.kind]++;
        if (ev.kind == CONN_BYTES)
            assert_ok(buf_append(&s->bytes, ev.bytes));
    }
}

static bool carry(struct side *from, struct side *to)
{
    conn_seal(from->conn, &t.env);
    struct span wire = conn_wire(from->conn);
    size_t n = wire.len;

    if (n == 0)
        return false;
    conn_feed(to->conn, &t.env, wire);
    conn_wrote(from->conn, n);
    poll_side(to);
    poll_side(from);
    return true;
}

static void settle(void)
{
    bool moved = true;

    poll_side(&a);
    poll_side(&b);
    while (moved) {
        moved = carry(&a, &b);
        moved |= carry(&b, &a);
    }
}

static void an_upgrade_proves_both_peers(void **state)
{
    (void)state;
    assert_null(conn_remote(a.conn));
    assert_null(conn_muxer(a.conn));
    settle();
    assert_int_equal(a.count[CONN_UP], 1);
    assert_int_equal(b.count[CONN_UP], 1);
    assert_true(peer_id_eq(conn_remote(a.conn), &b.id));
    assert_true(peer_id_eq(conn_remote(b.conn), &a.id));
    assert_string_equal(conn_muxer(a.conn), "/yamux/1.0.0");
    assert_ptr_equal(conn_owner(a.conn), &a);
    assert_true(conn_deadline(a.conn).ns > t.env.now.ns + NS_PER_S);
}

static void who_proposes_several_has_to_wait(void **state)
{
    (void)state;
    struct conn_stream *s;

    settle();
    assert_ok(conn_open(a.conn, &t.env, protocols, &s));
    assert_err(conn_write(s, SPAN_LIT("x"), NULL, 0), ERR_BUSY);
}

static void what_follows_a_refused_proposal_is_for_nothing(void **state)
{
    (void)state;
    static const char *const unknown[] = {"/nobody/1.0.0", NULL};
    struct conn_stream *s;

    settle();
    assert_ok(conn_open(a.conn, &t.env, unknown, &s));
    assert_ok(conn_write(s, SPAN_LIT("x"), NULL, 0));
    conn_close_write(s);
    settle();
    assert_int_equal(b.count[CONN_INCOMING], 0);
    assert_int_equal(b.bytes.len, 0);
    assert_int_equal(a.count[CONN_REFUSED], 1);
}

static void an_optimistic_sender_is_understood(void **state)
{
    (void)state;
    struct conn_stream *s;

    settle();
    assert_ok(conn_open(a.conn, &t.env, two, &s));
    assert_ok(conn_write(s, SPAN_LIT("sent before the echo"), NULL, 0));
    settle();
    assert_int_equal(b.count[CONN_INCOMING], 1);
    assert_ptr_equal(b.last[CONN_INCOMING].stream->protocol, protocols[1]);
    assert_span_equal(buf_span(&b.bytes), SPAN_LIT("sent before the echo"));
    assert_int_equal(a.count[CONN_OPENED], 1);
}

static void a_write_is_all_or_nothing(void **state)
{
    (void)state;
    struct conn_stream *s;
    struct blob *parts[2] = {blob_alloc(60000), blob_alloc(30000)};

    memset(parts[0]->bytes, 1, 60000);
    memset(parts[1]->bytes, 2, 30000);
    settle();
    assert_ok(conn_open(a.conn, &t.env, two, &s));
    settle();
    assert_ok(conn_write(s, SPAN_LIT("head"), parts, 2));
    assert_int_equal(conn_room(s), 100000 - 90004);
    assert_err(conn_write(s, SPAN_EMPTY, parts, 1), ERR_FULL);
    assert_int_equal(conn_room(s), 100000 - 90004);
    assert_int_equal(a.count[CONN_WRITABLE], 0);
    settle();
    assert_int_equal(a.count[CONN_WRITABLE], 1);
    assert_int_equal(b.bytes.len, 90004);
    assert_span_equal(span_sub(buf_span(&b.bytes), 0, 6), SPAN_LIT("head\1\1"));
    struct blob *both[4] = {parts[0], parts[0], parts[1], parts[1]};
    assert_err(conn_write(s, SPAN_EMPTY, both, 4), ERR_ARGUMENT);
    blob_unref(parts[0]);
    blob_unref(parts[1]);
}

/* A peer that opens many streams and reads none of them costs CONN_UNSENT_MAX, not that times the
 * streams; who was refused because of the others is told when there is room. */
static void all_streams_together_are_bounded(void **state)
{
    (void)state;
    enum {
        STREAMS = 300,
        BYTES = 90000
    };
    struct conn_stream *s[STREAMS];
    struct blob *big = blob_alloc(BYTES);
    size_t taken = 0;

    memset(big->bytes, 4, BYTES);
    settle();
    for (size_t i = 0; i < STREAMS; i++) {
        assert_ok(conn_open(a.conn, &t.env, two, &s[i]));
        settle();
    }
    while (taken < STREAMS && conn_write(s[taken], SPAN_EMPTY, &big, 1) == OK)
        taken++;
    assert_true(taken * BYTES > CONN_UNSENT_LOW);
    assert_true(taken * BYTES < CONN_UNSENT_MAX);
    assert_true(conn_room(s[STREAMS - 1]) < BYTES);
    assert_int_equal(a.count[CONN_WRITABLE], 0);
    settle();
    assert_int_equal(a.count[CONN_WRITABLE], 1);
    assert_ptr_equal(a.last[CONN_WRITABLE].stream, s[taken]);
    assert_int_equal(a.conn->mux->unsent, 0);
    assert_ok(conn_write(s[taken], SPAN_EMPTY, &big, 1));
    conn_reset(s[taken]);
    assert_int_equal(a.conn->mux->unsent, 0);
    blob_unref(big);
}

static void forged_bytes_end_the_connection(void **state)
{
    (void)state;
    settle();
    uint8_t frame[2 + 40] = {0, 40};
    conn_feed(b.conn, &t.env, SPAN_ARRAY(frame));
    poll_side(&b);
    assert_int_equal(b.count[CONN_DOWN], 1);
    assert_err(b.last[CONN_DOWN].err, ERR_AUTH);
}

static void a_muxer_violation_is_answered_with_a_go_away(void **state)
{
    (void)state;
    struct conn_stream *s;

    settle();
    assert_ok(conn_open(a.conn, &t.env, two, &s));
    settle();
    struct conn_stream *theirs = b.last[CONN_INCOMING].stream;
    theirs->mux.recv_window = 0; /* as if it had sent a window full already */
    assert_ok(conn_write(s, SPAN_LIT("one byte too many"), NULL, 0));
    settle();
    assert_err(b.last[CONN_DOWN].err, ERR_PROTOCOL);
    assert_int_equal(b.count[CONN_RESET], 1);
    assert_int_equal(b.count[CONN_DOWN], 1);
    assert_err(conn_open(a.conn, &t.env, two, &s), ERR_CLOSED); /* a was told */
}

static void pings_whose_pongs_nobody_takes_stop_the_reading(void **state)
{
    (void)state;
    int i = 0;

    settle();
    struct mux *mux = a.conn->mux;
    while (!conn_wants_pause(b.conn)) {
        mux->kind->ping(mux, &t.env);
        conn_seal(a.conn, &t.env);
        struct span wire = conn_wire(a.conn);
        conn_feed(b.conn, &t.env, wire);
        conn_wrote(a.conn, wire.len);
        poll_side(&b);
        assert_true(++i < 10000);
    }
    assert_int_equal(b.count[CONN_DOWN], 0);
    settle(); /* it goes on when they are taken */
    assert_false(conn_wants_pause(b.conn));
    assert_int_equal(b.count[CONN_DOWN], 0);
}

static void a_half_open_upgrade_times_out(void **state)
{
    (void)state;
    poll_side(&b);
    test_env_advance(&t, CONN_UPGRADE_TIMEOUT_MS * NS_PER_MS);
    assert_true(conn_deadline(b.conn).ns <= t.env.now.ns);
    conn_tick(b.conn, &t.env);
    poll_side(&b);
    assert_err(b.last[CONN_DOWN].err, ERR_TIMEOUT);
    assert_int_equal(b.count[CONN_DOWN], 1);
    poll_side(&b);
    assert_int_equal(b.count[CONN_DOWN], 1);
}

static void buffers_are_given_back_when_all_is_read_and_written(void **state)
{
    (void)state;
    struct conn_stream *s;
    struct blob *big = blob_alloc(90000);

    memset(big->bytes, 3, 90000);
    settle();
    assert_ok(conn_open(a.conn, &t.env, two, &s));
    settle();
    assert_ok(conn_write(s, SPAN_EMPTY, &big, 1));
    blob_unref(big);
    settle();
    assert_int_equal(b.bytes.len, 90000);
    assert_true(a.common.spare_wire.cap >= 90000); /* lent, and back */
    assert_true(b.common.spare_plain.cap >= 60000);
    assert_int_equal(a.common.spare_wire.len, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        TEST(an_upgrade_proves_both_peers),
        TEST(an_optimistic_sender_is_understood),
        TEST(who_proposes_several_has_to_wait),
        TEST(what_follows_a_refused_proposal_is_for_nothing),
        TEST(a_write_is_all_or_nothing),
        TEST(all_streams_together_are_bounded),
        TEST(forged_bytes_end_the_connection),
        TEST(a_muxer_violation_is_answered_with_a_go_away),
        TEST(pings_whose_pongs_nobody_takes_stop_the_reading),
        TEST(a_half_open_upgrade_times_out),
        TEST(buffers_are_given_back_when_all_is_read_and_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
