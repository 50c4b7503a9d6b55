/* What devices of a person say to each other, against bytes that another implementation made. */
#include "node/chat/decisions.h"
#include "node/chat/delivery/content.h"
#include "node/chat/handover.h"
#include "node/chat/notices.h"
#include "tests/lib/json.h"

static struct arena arena;
static const struct json *file;

static struct decision decision_of(const struct json *o)
{
    struct decision d = {.place.lamport = json_u64(o, "lamport"),
                         .value = json_hex(&arena, o, "value")};
    struct span id = json_hex(&arena, o, "id");
    assert_int_equal(id.len, sizeof d.place.id.bytes);
    memcpy(d.place.id.bytes, id.ptr, id.len);
    return d;
}

static void decisions_have_these_bytes(void **state)
{
    (void)state;
    const struct json *o = json_get(file, "decisions");
    struct span bytes = json_hex(&arena, o, "bytes");
    struct decision list[16], got[DECISIONS_MAX];
    struct buf again = BUF_INIT(CONTENT_TEXT_MAX);
    size_t count = 0, read;
    for (JSON_EACH(v, json_get(o, "list"))) {
        list[count] = decision_of(v);
        list[count].kind = json_u64(v, "kind");
        list[count++].subject = json_hex(&arena, v, "subject");
    }
    assert_int_equal(count, 10);
    assert_ok(decisions_encode(list, count, &again));
    assert_span_equal(buf_span(&again), bytes);
    assert_ok(decisions_decode(bytes, got, &read));
    assert_int_equal(read, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(got[i].kind, list[i].kind);
        assert_int_equal(entry_place_cmp(&got[i].place, &list[i].place), 0);
        assert_span_equal(got[i].value, list[i].value);
    }
    buf_clear(&again);
}

static void an_entry_holds_them_like_this(void **state)
{
    (void)state;
    struct span bytes = json_hex(&arena, file, "content");
    struct buf again = BUF_INIT(CONTENT_TEXT_MAX);
    struct content k;
    assert_ok(content_decode(bytes, &k));
    assert_true(k.known);
    assert_int_equal(k.tag, CONTENT_DECISIONS);
    assert_span_equal(k.bytes, json_hex(&arena, json_get(file, "decisions"), "bytes"));
    assert_ok(content_encode(&k, &again));
    assert_span_equal(buf_span(&again), bytes);
    buf_clear(&again);
}

static void this_one_holds(void **state)
{
    (void)state;
    size_t count = 0;
    for (JSON_EACH(v, json_get(file, "order"))) {
        struct decision later = decision_of(json_get(v, "later"));
        struct decision earlier = decision_of(json_get(v, "earlier"));
        assert_true(decision_replaces(&later, &earlier));
        assert_false(decision_replaces(&earlier, &later));
        count++;
    }
    assert_int_equal(count, 4);
}

static void a_hand_over_has_these_bytes(void **state)
{
    (void)state;
    const struct json *o = json_get(file, "handover");
    struct span bytes = json_hex(&arena, o, "bytes");
    struct buf again = BUF_INIT(HANDOVER_BYTES_MAX);
    struct handover h;
    size_t i = 0;
    assert_ok(handover_decode(bytes, &h));
    assert_span_equal(SPAN_ARRAY(h.words_secret), json_hex(&arena, o, "words_secret"));
    assert_span_equal(h.profile, json_text(o, "profile"));
    assert_int_equal(h.policy, json_u64(o, "policy"));
    assert_int_equal(h.receipts, json_u64(o, "receipts"));
    for (JSON_EACH(v, json_get(o, "contacts"))) {
        const struct handover_contact *k = &h.contacts[i++];
        assert_span_equal(SPAN_ARRAY(k->account), json_hex(&arena, v, "account"));
        assert_span_equal(k->name, json_text(v, "name"));
        assert_span_equal(k->calls_self, json_text(v, "calls_self"));
        assert_int_equal(k->consent, json_u64(v, "consent"));
        assert_int_equal(k->verified, json_u64(v, "verified"));
        assert_int_equal(k->private_link, json_hex(&arena, v, "secret").len > 0);
    }
    assert_int_equal(i, h.contacts_count);
    assert_span_equal(h.decisions, json_hex(&arena, json_get(file, "decisions"), "bytes"));
    assert_ok(handover_encode(&h, &again));
    assert_span_equal(buf_span(&again), bytes);
    handover_clear(&h);
    buf_clear(&again);
}

static void a_notice_stands_there_and_has_this_id(void **state)
{
    (void)state;
    const struct json *o = json_get(file, "evidence"), *k = json_get(file, "notice");
    struct evidence e;
    struct evidence_draft d;
    struct buf again = BUF_INIT(EVIDENCE_BYTES_MAX);
    assert_ok(evidence_decode(json_hex(&arena, o, "bytes"), &e));
    assert_int_equal(e.lamport, json_u64(o, "lamport"));
    evidence_draft_init(&d);
    d.lamport = json_u64(o, "lamport");
    assert_ok(evidence_write(&d, json_u64(o, "week"), &again));
    assert_span_equal(buf_span(&again), json_hex(&arena, o, "bytes"));
    evidence_draft_clear(&d);
    evidence_clear(&e);
    buf_clear(&again);

    struct notice n = {.kind = (enum chat_notice)json_u64(k, "kind")};
    memcpy(n.account, json_hex(&arena, k, "account").ptr, sizeof n.account);
    memcpy(n.installation, json_hex(&arena, k, "installation").ptr, sizeof n.installation);
    notice_id(&n, json_hex(&arena, k, "conversation"), json_hex(&arena, k, "source"));
    assert_span_equal(SPAN_ARRAY(n.place.id.bytes), json_hex(&arena, k, "id"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decisions_have_these_bytes),
        cmocka_unit_test(an_entry_holds_them_like_this),
        cmocka_unit_test(this_one_holds),
        cmocka_unit_test(a_hand_over_has_these_bytes),
        cmocka_unit_test(a_notice_stands_there_and_has_this_id),
    };
    arena_init(&arena, 1 << 20);
    file = json_load(&arena, "tests/vectors/sotto/self.json");
    int bad = cmocka_run_group_tests(tests, NULL, NULL);
    arena_clear(&arena);
    return bad;
}
