/* Entries, contents, parcels and segments against bytes that another implementation made from the
 * same fields. */
#include "node/chat/delivery/content.h"
#include "node/chat/delivery/parcel.h"
#include "node/chat/delivery/segments.h"
#include "tests/lib/json.h"

static struct arena arena;
static const struct json *file;

static void fixed(const struct json *o, const char *name, uint8_t *out, size_t len)
{
    struct span s = json_hex(&arena, o, name);
    assert_int_equal(s.len, len);
    memcpy(out, s.ptr, len);
}

static void contents_have_these_bytes(void **state)
{
    (void)state;
    const struct entry_id target = {{0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22,
                                     0x22, 0x22, 0x22, 0x22, 0x22, 0x22}};
    struct content rows[] = {
        {.tag = CONTENT_TEXT, .text = SPAN_LIT("grüße")},
        {.tag = CONTENT_REPLY, .target = target, .text = SPAN_LIT("yes")},
        {.tag = CONTENT_REACTION, .target = target, .text = SPAN_LIT("👍"), .on = true},
        {.tag = CONTENT_EDIT, .target = target, .text = SPAN_LIT("no")},
        {.tag = CONTENT_DELETE, .target = target},
        {.tag = CONTENT_RECEIPT, .target = target, .lamport = 1767225600000},
        {.tag = CONTENT_TYPING, .on = true},
        {.tag = CONTENT_ATTACHMENT,
         .text = SPAN_LIT("seen from above"),
         .name = SPAN_LIT("a.png"),
         .media_type = SPAN_LIT("image/png"),
         .size = 5000000},
        {.tag = CONTENT_TIMER, .seconds = 86400},
        {.tag = CONTENT_PROFILE, .text = SPAN_LIT("hello"), .name = SPAN_LIT("Raya")},
        {.tag = CONTENT_CUSTOM,
         .name = SPAN_LIT("chess/move"),
         .bytes = SPAN_LIT("\xff\x00"),
         .fallback = SPAN_LIT("plays e4")},
        {.tag = CONTENT_LONG, .size = 200000},
    };
    size_t i = 0;
    for (JSON_EACH(v, json_get(file, "contents"))) {
        struct buf out = BUF_INIT(ENTRY_CONTENT_MAX);
        memset(rows[i].hash, 1, 32);
        memset(rows[i].root, 2, 32);
        memset(rows[i].key, 3, 32);
        assert_ok(content_encode(&rows[i++], &out));
        assert_span_equal(buf_span(&out), json_hex(&arena, v, "bytes"));
        buf_clear(&out);
    }
    assert_int_equal(i, sizeof rows / sizeof *rows);
}

static void entries_have_these_bytes_and_ids(void **state)
{
    (void)state;
    struct keyring *ring;
    struct keyring_key *key;
    struct entry_author author;
    uint8_t seed[32];
    size_t count = 0;
    struct span conversation = json_hex(&arena, file, "conversation");
    fixed(file, "seed", seed, 32);
    fixed(file, "account", author.account, 32);
    fixed(file, "key", author.installation, 32);
    assert_ok(keyring_new(&ring));
    assert_ok(keyring_add(ring, SPAN_LIT("i"), KEYRING_ED25519, KEYRING_MAY_SIGN_LABEL, seed));
    assert_ok(keyring_open(ring, SPAN_LIT("i"), KEYRING_MAY_SIGN_LABEL, &key));
    for (JSON_EACH(v, json_get(file, "entries"))) {
        struct entry e = {.lamport = json_u64(v, "lamport"),
                          .content = json_hex(&arena, v, "content")};
        struct entry_id id;
        struct buf out = BUF_INIT(ENTRY_BYTES_MAX);
        for (JSON_EACH(p, json_get(v, "parents")))
            memcpy(e.parents[e.parents_count++].bytes, json_bytes(&arena, p).ptr, ENTRY_ID_BYTES);
        assert_ok(entry_sign(&e, conversation, &author, key));
        assert_ok(entry_encode(&e, &out));
        assert_span_equal(buf_span(&out), json_hex(&arena, v, "bytes"));
        assert_ok(entry_decode(json_hex(&arena, v, "bytes"), &e));
        assert_ok(entry_verify(&e, conversation, &author));
        assert_ok(entry_id_of(&e, conversation, &author, &id));
        assert_span_equal(SPAN_ARRAY(id.bytes), json_hex(&arena, v, "id"));
        buf_clear(&out);
        count++;
    }
    assert_int_equal(count, 2);
    keyring_close(key);
    keyring_free(ring);
}

static void a_parcel_has_these_bytes(void **state)
{
    (void)state;
    struct span bytes = json_hex(&arena, file, "parcel");
    struct parcel p;
    struct buf out = BUF_INIT(PARCEL_BYTES_MAX);
    assert_ok(parcel_decode(bytes, &p));
    const struct json *first = json_get(file, "entries")->first;
    assert_int_equal(p.entries_count, 1);
    assert_span_equal(p.entries[0], json_hex(&arena, first, "bytes"));
    assert_int_equal(p.carried_count, 1);
    assert_span_equal(p.carried[0].entry, json_hex(&arena, first->next, "bytes"));
    assert_int_equal(p.heads.count, 2);
    assert_int_equal(p.passing_count, 1);
    assert_int_equal(p.wanted.count, 1);
    assert_int_equal(p.beyond.count + p.withheld.count, 0);
    assert_ok(parcel_encode(&p, &out));
    assert_span_equal(buf_span(&out), bytes);
    buf_clear(&out);
}

/* The file of a vector: docs/protocol/delivery.md */
static struct buf file_of(size_t size)
{
    struct buf b = BUF_INIT(CONTENT_ATTACHMENT_MAX);
    uint8_t *at;
    uint32_t s = (uint32_t)size;
    assert_ok(buf_extend(&b, size, &at));
    for (size_t i = 0; i < size; i++) {
        s = (uint32_t)((s * UINT64_C(1103515245) + 12345) & 0x7fffffff);
        at[i] = (uint8_t)(s >> 16);
    }
    return b;
}

static void segments_have_these_bytes(void **state)
{
    (void)state;
    size_t files = 0;
    for (JSON_EACH(v, json_get(file, "segments"))) {
        struct buf f = file_of((size_t)json_u64(v, "size")), out = BUF_INIT(70000);
        struct segments *s;
        uint8_t hash[32], root[32], sum[32];
        size_t i = 0;
        assert_ok(segments_cut(buf_span(&f), &s));
        segments_announce(s, hash, root);
        assert_span_equal(SPAN_ARRAY(hash), json_hex(&arena, v, "hash"));
        assert_span_equal(SPAN_ARRAY(root), json_hex(&arena, v, "root"));
        assert_int_equal(segments_count(f.len), json_u64(v, "count"));
        for (JSON_EACH(h, json_get(v, "segments"))) {
            buf_reset(&out);
            assert_ok(segments_write(s, i++, &out));
            sha256(buf_span(&out), sum);
            assert_span_equal(SPAN_ARRAY(sum), json_bytes(&arena, h));
        }
        assert_int_equal(i, segments_count(f.len));
        segments_free(s);
        buf_clear(&f);
        buf_clear(&out);
        files++;
    }
    assert_int_equal(files, 3);
    const struct json *k = json_get(file, "segment_keys");
    struct envelope_keys keys;
    segments_keys(json_hex(&arena, k, "key").ptr, &keys);
    assert_span_equal(SPAN_ARRAY(keys.header), json_hex(&arena, k, "header"));
    assert_span_equal(SPAN_ARRAY(keys.body), json_hex(&arena, k, "body"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contents_have_these_bytes),
        cmocka_unit_test(entries_have_these_bytes_and_ids),
        cmocka_unit_test(a_parcel_has_these_bytes),
        cmocka_unit_test(segments_have_these_bytes),
    };
    arena_init(&arena, 1 << 20);
    file = json_load(&arena, "tests/vectors/sotto/delivery.json");
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_clear(&arena);
    return failed;
}
