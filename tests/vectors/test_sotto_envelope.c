/* Cards, envelopes and lists of frames against bytes that another implementation made. */
#include "node/chat/doors.h"
#include "node/chat/envelope/frame.h"
#include "node/chat/intro/card.h"
#include "tests/lib/json.h"

static struct arena arena;

/* "random" bytes that a vector names */
static void given(void *state, uint8_t *out, size_t len)
{
    const struct span *bytes = state;
    assert_int_equal(bytes->len, len);
    memcpy(out, bytes->ptr, len);
}

static void cards_have_these_texts_and_keys(void **state)
{
    (void)state;
    const struct json *file = json_load(&arena, "tests/vectors/sotto/card.json");
    size_t count = 0;

    for (JSON_EACH(v, json_get(file, "cards"))) {
        static char text[CARD_TEXT_MAX];
        struct buf keep = BUF_INIT(CARD_BYTES_MAX);
        struct envelope_keys keys;
        struct card card, got;
        struct span secret = json_hex(&arena, v, "secret");

        card = (struct card){.private_link = secret.len > 0};
        memcpy(card.account, json_hex(&arena, v, "account").ptr, 32);
        if (secret.len > 0)
            memcpy(card.secret, secret.ptr, secret.len);
        for (JSON_EACH(h, json_get(v, "hints")))
            card.hints[card.hints_count++] = json_bytes(&arena, h);
        assert_ok(card_text(&card, text));
        assert_span_equal(span_str(text), json_text(v, "text"));
        assert_ok(card_parse(json_text(v, "text"), &got, &keep));
        assert_int_equal(got.private_link, card.private_link);
        card_keys(&got, (uint32_t)json_u64(v, "day"), &keys);
        assert_span_equal(SPAN_ARRAY(keys.header), json_hex(&arena, v, "header_key"));
        assert_span_equal(SPAN_ARRAY(keys.body), json_hex(&arena, v, "bundle_key"));
        assert_int_equal(card_bucket(&got), json_u64(v, "bucket"));
        buf_clear(&keep);
        count++;
    }
    assert_int_equal(count, 2);
}

static void envelopes_have_these_bytes(void **state)
{
    (void)state;
    const struct json *file = json_load(&arena, "tests/vectors/sotto/envelope.json");
    struct envelope_keys keys;
    size_t count = 0;

    memcpy(keys.header, json_hex(&arena, file, "header_key").ptr, 32);
    memcpy(keys.body, json_hex(&arena, file, "body_key").ptr, 32);
    for (JSON_EACH(v, json_get(file, "envelopes"))) {
        struct buf bytes = BUF_INIT(ENVELOPE_BYTES_MAX), content = BUF_INIT(ENVELOPE_BYTES_MAX);
        struct span nonce = json_hex(&arena, v, "nonce"), topic = json_text(v, "topic");
        struct rng rng = {given, &nonce};

        assert_ok(envelope_seal(&keys, &rng, topic, json_hex(&arena, v, "content"), &bytes));
        assert_span_equal(buf_span(&bytes), json_hex(&arena, v, "envelope"));
        assert_ok(envelope_open(&keys, topic, buf_span(&bytes), &content));
        assert_span_equal(buf_span(&content), json_hex(&arena, v, "content"));
        buf_clear(&bytes);
        buf_clear(&content);
        count++;
    }
    assert_int_equal(count, 3);
    for (JSON_EACH(v, json_get(file, "buckets")))
        assert_int_equal(
            envelope_bucket(json_hex(&arena, file, "address").ptr, json_u64(v, "week")),
            json_u64(v, "bucket"));
}

static void lists_of_frames_have_these_bytes(void **state)
{
    (void)state;
    const struct json *file = json_load(&arena, "tests/vectors/sotto/frame.json");
    size_t count = 0;

    for (JSON_EACH(v, json_get(file, "lists"))) {
        struct buf bytes = BUF_INIT(4096);
        struct frames f = {0}, got;

        for (JSON_EACH(x, json_get(v, "frames")))
            assert_ok(frames_add(&f, json_u64(x, "kind"), json_hex(&arena, x, "bytes")));
        assert_ok(frames_encode(&f, &bytes));
        assert_span_equal(buf_span(&bytes), json_hex(&arena, v, "bytes"));
        assert_ok(frames_decode(buf_span(&bytes), &got));
        assert_int_equal(got.count, f.count);
        buf_clear(&bytes);
        count++;
    }
    assert_int_equal(count, 4);
    for (JSON_EACH(v, json_get(file, "malformed"))) {
        struct frames f;
        assert_err(frames_decode(json_bytes(&arena, v), &f), ERR_FORMAT);
        count++;
    }
    assert_int_equal(count, 14);
}

static void doors_have_these_keys_and_buckets(void **state)
{
    (void)state;
    const struct json *door =
        json_get(json_load(&arena, "tests/vectors/sotto/envelope.json"), "door");
    struct envelope_keys keys;
    size_t count = 0;

    door_keys(json_hex(&arena, door, "secret").ptr, &keys);
    assert_span_equal(SPAN_ARRAY(keys.header), json_hex(&arena, door, "header_key"));
    assert_span_equal(SPAN_ARRAY(keys.body), json_hex(&arena, door, "body_key"));
    for (JSON_EACH(v, json_get(door, "buckets"))) {
        assert_int_equal(door_bucket(json_hex(&arena, door, "group").ptr, json_u64(v, "week")),
                         json_u64(v, "bucket"));
        count++;
    }
    assert_int_equal(count, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(doors_have_these_keys_and_buckets),
        cmocka_unit_test(cards_have_these_texts_and_keys),
        cmocka_unit_test(envelopes_have_these_bytes),
        cmocka_unit_test(lists_of_frames_have_these_bytes),
    };
    arena_init(&arena, 1 << 20);
    int bad = cmocka_run_group_tests(tests, NULL, NULL);
    arena_clear(&arena);
    return bad;
}
