/* An account's log, its name and its words' keys, against bytes that another implementation made.
 */
#include "node/chat/identity/identity.h"
#include "tests/lib/json.h"

static struct arena arena;
static const struct json *file;
static struct keyring *ring;

static struct span hex(const char *name)
{
    return json_hex(&arena, file, name);
}

static struct keyring_key *key_of(const char *name, struct span seed)
{
    struct keyring_key *key;
    unsigned may = KEYRING_MAY_SIGN_LABEL;
    enum err err = keyring_add(ring, span_str(name), KEYRING_ED25519, may, seed.ptr);
    assert_true(err == OK || err == ERR_EXISTS);
    assert_ok(keyring_open(ring, span_str(name), may, &key));
    return key;
}

static void the_words_hold_these_keys(void **state)
{
    (void)state;
    struct keyring_key *words;
    uint8_t seed[32];
    size_t count = 0;

    assert_ok(
        keyring_add(ring, SPAN_LIT("words"), KEYRING_SECRET, KEYRING_MAY_DERIVE, hex("words").ptr));
    assert_ok(keyring_open(ring, SPAN_LIT("words"), KEYRING_MAY_DERIVE, &words));
    for (JSON_EACH(v, json_get(file, "keys"))) {
        bool next = span_eq(json_text(v, "label"), SPAN_LIT("next-root"));
        assert_ok(identity_words_key(words, next ? LABEL_WORDS_NEXT_ROOT : LABEL_WORDS_RECOVERY,
                                     (uint32_t)json_u64(v, "n"), seed));
        assert_span_equal(SPAN_ARRAY(seed), json_hex(&arena, v, "seed"));
        count++;
    }
    assert_int_equal(count, 5);
    keyring_close(words);
}

static void events_have_these_bytes_and_hashes(void **state)
{
    (void)state;
    struct identity_log *log;
    struct buf bytes = BUF_INIT(IDENTITY_SENT_BYTES_MAX);
    uint64_t seq = 0;

    assert_ok(identity_log_new(&log));
    for (JSON_EACH(v, json_get(file, "events"))) {
        struct span event = json_hex(&arena, v, "bytes");
        struct identity_event e;
        uint8_t hash[32];

        assert_ok(identity_event_decode(event, &e));
        assert_int_equal(e.seq, seq++);
        assert_ok(identity_event_hash(&e, hex("account").ptr, hash));
        assert_span_equal(SPAN_ARRAY(hash), json_hex(&arena, v, "hash"));
        buf_reset(&bytes);
        assert_ok(identity_event_encode(&e, &bytes));
        assert_span_equal(buf_span(&bytes), event);
        assert_ok(identity_log_append(log, event)); /* signatures and all rules */
        assert_span_equal(SPAN_ARRAY(identity_log_now(log)->head), json_hex(&arena, v, "hash"));
        if (e.type == IDENTITY_ROTATE_ROOT) {
            buf_reset(&bytes);
            assert_ok(identity_log_write(log, &bytes));
            assert_span_equal(buf_span(&bytes), hex("log_before_checkpoint"));
        }
    }
    buf_reset(&bytes);
    assert_ok(identity_log_write(log, &bytes));
    assert_span_equal(buf_span(&bytes), hex("log"));
    identity_log_free(log);
    buf_clear(&bytes);
}

/* Ed25519 is deterministic: from the same fields and keys we make the same bytes. */
static void we_make_the_same_events(void **state)
{
    (void)state;
    struct keyring_key *root = key_of("root", hex("root"));
    struct span seed = json_bytes(&arena, json_get(file, "installations")->first);
    struct keyring_key *device = key_of("device", seed);
    const struct json *events = json_get(file, "events");
    struct identity_event e;
    struct buf bytes = BUF_INIT(IDENTITY_EVENT_BYTES_MAX);

    assert_ok(identity_event_decode(json_hex(&arena, events->first, "bytes"), &e));
    memset(e.signatures, 0, sizeof e.signatures);
    assert_ok(identity_event_sign(&e, NULL, IDENTITY_SIGNER_ROOT, root));
    assert_ok(identity_event_encode(&e, &bytes));
    assert_span_equal(buf_span(&bytes), json_hex(&arena, events->first, "bytes"));

    assert_ok(identity_event_decode(json_hex(&arena, events->first->next, "bytes"), &e));
    memset(e.signatures, 0, sizeof e.signatures);
    assert_ok(identity_event_sign(&e, hex("account").ptr, IDENTITY_SIGNER_ROOT, root));
    assert_ok(identity_event_sign(&e, hex("account").ptr, IDENTITY_SIGNER_INSTALLATION, device));
    buf_reset(&bytes);
    assert_ok(identity_event_encode(&e, &bytes));
    assert_span_equal(buf_span(&bytes), json_hex(&arena, events->first->next, "bytes"));
    keyring_close(root);
    keyring_close(device);
    buf_clear(&bytes);
}

static void a_log_as_sent_adds_up_to_this(void **state)
{
    (void)state;
    struct identity_log *log;
    char text[ACCOUNT_TEXT_MAX], number[72];
    struct identity other = {0};

    assert_ok(identity_log_read(hex("log"), &log));
    const struct identity *now = identity_log_now(log);
    assert_span_equal(SPAN_ARRAY(now->account), hex("account"));
    assert_span_equal(SPAN_ARRAY(now->head), hex("head"));
    assert_int_equal(now->seq, json_u64(file, "seq"));
    assert_int_equal(now->installations.count, 1);
    assert_true(identity_has(now, hex("active").ptr, NULL));
    identity_text(now->account, text);
    assert_span_equal(span_str(text), json_text(file, "text"));

    memcpy(other.account, json_hex(&arena, json_get(file, "other"), "account").ptr, 32);
    memcpy(other.head, json_hex(&arena, json_get(file, "other"), "head").ptr, 32);
    identity_safety_number(&other, now, number);
    assert_span_equal(span_str(number), json_text(file, "safety_number"));
    identity_log_free(log);
}

/* docs/protocol.md is the second copy of the table in labels.h. */
static void the_document_lists_every_label(void **state)
{
    (void)state;
    static char text[1 << 16];
    FILE *f = fopen("docs/protocol.md", "rb");

    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    (void)fclose(f);
    for (unsigned l = 0; l < LABEL_COUNT; l++) {
        struct span label = span_after(label_text((enum label)l), strlen("sotto/1/"));
        char word[LABEL_BYTES_MAX + 1] = {0};
        memcpy(word, label.ptr, label.len);
        if (strstr(text, word) == NULL)
            fail_msg("docs/protocol.md does not know %s", word);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_words_hold_these_keys),
        cmocka_unit_test(events_have_these_bytes_and_hashes),
        cmocka_unit_test(we_make_the_same_events),
        cmocka_unit_test(a_log_as_sent_adds_up_to_this),
        cmocka_unit_test(the_document_lists_every_label),
    };
    arena_init(&arena, 1 << 20);
    file = json_load(&arena, "tests/vectors/sotto/identity.json");
    assert_ok(keyring_new(&ring));
    int bad = cmocka_run_group_tests(tests, NULL, NULL);
    keyring_free(ring);
    arena_clear(&arena);
    return bad;
}
