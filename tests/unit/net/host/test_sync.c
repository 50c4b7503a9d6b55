/* Store sync on streams: who is let in, what waits for room, what is not read for a while. */
#include "net/host/adapter.h"
#include "net/sync/sync.h"
#include "net/waku/params.h"
#include "tests/lib/fake_streams.h"

static struct fake_host *f;

static void start(void)
{
    static const uint16_t shards[] = {0};
    struct streams streams;
    f = fake_new(&streams);
    struct host_params p = {.key = f->key,
                            .agent_version = "test",
                            .cluster = 66,
                            .store = true,
                            .sync_range_ns = SYNC_RANGE_NS_DEFAULT,
                            .sync_jitter_ns = SYNC_JITTER_NS_DEFAULT,
                            .message_bytes_max = WAKU_MESSAGE_BYTES_MAX,
                            .gossipsub = gossipsub_params_default()};
    assert_ok(host_new(&f->h, f->env, &p, &streams));
    sync_set_shards(host_sync(f->h), shards, 1);
    fake_peer_up(f, 1);
    fake_pump(f);
}

static void it_is_served(void **state)
{
    bool found[2] = {false, false};
    (void)state;
    start();
    for (size_t i = 0; f->served[i] != NULL; i++) {
        found[0] = found[0] || strcmp(f->served[i], SYNC_RECONCILIATION_PROTOCOL) == 0;
        found[1] = found[1] || strcmp(f->served[i], SYNC_TRANSFER_PROTOCOL) == 0;
    }
    assert_true(found[0] && found[1]);
    fake_host_free(f);
}

static void nobody_is_let_in_before_the_ids_are_read(void **state)
{
    (void)state;
    start();
    uint64_t early = fake_incoming(f, 1, SYNC_RECONCILIATION_PROTOCOL);
    uint64_t alone = fake_incoming(f, 1, SYNC_TRANSFER_PROTOCOL);
    fake_pump(f);
    assert_true(fake_at(f, early)->reset);
    assert_true(fake_at(f, alone)->reset); /* and no messages without a session */
    sync_ready(host_sync(f->h));
    uint64_t stream = fake_incoming(f, 1, SYNC_RECONCILIATION_PROTOCOL);
    fake_pump(f);
    assert_false(fake_at(f, stream)->reset);
    fake_host_free(f);
}

static void messages_are_not_read_while_the_archive_is_busy(void **state)
{
    (void)state;
    start();
    sync_ready(host_sync(f->h));
    uint64_t payloads = fake_incoming(f, 1, SYNC_RECONCILIATION_PROTOCOL);
    uint64_t first = fake_incoming(f, 1, SYNC_TRANSFER_PROTOCOL);
    fake_pump(f);
    host_pause_sync(f->h, true);
    assert_true(fake_at(f, first)->paused);
    assert_false(fake_at(f, payloads)->paused);
    fake_end(f, first);
    uint64_t second = fake_incoming(f, 1, SYNC_TRANSFER_PROTOCOL); /* one that comes meanwhile */
    fake_pump(f);
    assert_true(fake_at(f, second)->paused);
    host_pause_sync(f->h, false);
    assert_false(fake_at(f, second)->paused);
    fake_host_free(f);
}

static void a_payload_waits_for_room(void **state)
{
    (void)state;
    start();
    sync_ready(host_sync(f->h));
    assert_ok(sync_begin(host_sync(f->h), f->env, 1));
    f->room = 10;
    fake_pump(f);
    uint64_t stream = fake_find(f, 1, SYNC_RECONCILIATION_PROTOCOL, true);
    assert_true(stream > 0);
    fake_opened(f, stream);
    fake_pump(f);
    assert_int_equal(fake_at(f, stream)->wrote.len, 0);
    assert_true(fake_at(f, stream)->wants_room);
    fake_at(f, stream)->room = 1000;
    fake_stream_event(f, stream, STREAM_WRITABLE, OK);
    fake_pump(f);
    assert_true(fake_wrote(f, stream).len > 30); /* one frame, whole */
    fake_bytes(f, stream, SPAN_LIT("\x01\x00")); /* equal: the session is over */
    fake_pump(f);
    assert_true(fake_at(f, stream)->ended_write);
    assert_int_equal(f->told[HOST_OUT_SYNC_ENDED], 1);
    assert_ok(f->said[HOST_OUT_SYNC_ENDED].err);
    fake_host_free(f);
}

static void who_goes_ends_its_session(void **state)
{
    (void)state;
    start();
    sync_ready(host_sync(f->h));
    assert_ok(sync_begin(host_sync(f->h), f->env, 1));
    fake_pump(f);
    fake_peer_down(f, 1);
    fake_pump(f);
    assert_int_equal(f->told[HOST_OUT_SYNC_ENDED], 1);
    assert_true(f->said[HOST_OUT_SYNC_ENDED].err != OK);
    assert_int_equal(host_deadline(f->h).ns, MONO_NEVER.ns);
    fake_host_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_served),
        cmocka_unit_test(nobody_is_let_in_before_the_ids_are_read),
        cmocka_unit_test(messages_are_not_read_while_the_archive_is_busy),
        cmocka_unit_test(a_payload_waits_for_room),
        cmocka_unit_test(who_goes_ends_its_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
