/* Entries: whose they are stays true however they are handed on. */
#include "node/chat/delivery/parcel.h"
#include "tests/lib/talk.h"

static struct entry said(const struct talker *p, struct buf *content, struct buf *bytes,
                         struct entry_id *id)
{
    struct entry e = {.lamport = 1767225600000, .parents_count = 2}, got;
    memset(e.parents[1].bytes, 9, ENTRY_ID_BYTES);
    talk_text(content, "the bridge opens at nine");
    e.content = buf_span(content);
    buf_reset(bytes);
    *id = talk_sign(p, &e, bytes);
    assert_ok(entry_decode(buf_span(bytes), &got));
    return got;
}

static void an_entry_is_its_authors_in_its_conversation_alone(void **state)
{
    (void)state;
    struct talker ada, ben, other_device;
    struct buf content = BUF_INIT(1000), bytes = BUF_INIT(2000);
    struct entry_id id, again;
    talker_init(&ada, 1, 1);
    talker_init(&ben, 2, 1);
    talker_init(&other_device, 1, 2);
    struct entry e = said(&ada, &content, &bytes, &id);
    assert_ok(entry_verify(&e, TALK_CONVERSATION, &ada.author));
    assert_ok(entry_id_of(&e, TALK_CONVERSATION, &ada.author, &again));
    assert_true(entry_id_eq(&id, &again));

    /* into another's mouth: another account, device, both, or its account with my key */
    struct entry_author mixed = ada.author;
    memcpy(mixed.account, ben.author.account, 32);
    assert_err(entry_verify(&e, TALK_CONVERSATION, &ben.author), ERR_AUTH);
    assert_err(entry_verify(&e, TALK_CONVERSATION, &other_device.author), ERR_AUTH);
    assert_err(entry_verify(&e, TALK_CONVERSATION, &mixed), ERR_AUTH);
    assert_ok(entry_id_of(&e, TALK_CONVERSATION, &mixed, &again));
    assert_false(entry_id_eq(&id, &again));
    assert_err(entry_sign(&e, TALK_CONVERSATION, &ben.author, ada.key), ERR_ARGUMENT);
    /* into another conversation */
    assert_err(entry_verify(&e, SPAN_LIT("conversation 2"), &ada.author), ERR_AUTH);

    talker_clear(&ada);
    talker_clear(&ben);
    talker_clear(&other_device);
    buf_clear(&content);
    buf_clear(&bytes);
}

static void nothing_in_an_entry_can_be_changed(void **state)
{
    (void)state;
    struct talker ada;
    struct buf content = BUF_INIT(1000), bytes = BUF_INIT(2000);
    struct entry_id id, changed;
    struct entry e;
    size_t decoded = 0;
    talker_init(&ada, 1, 1);
    (void)said(&ada, &content, &bytes, &id);
    for (size_t i = 0; i < bytes.len; i++) {
        bytes.ptr[i] ^= 1;
        if (entry_decode(buf_span(&bytes), &e) == OK) {
            decoded++;
            assert_err(entry_verify(&e, TALK_CONVERSATION, &ada.author), ERR_AUTH);
            assert_ok(entry_id_of(&e, TALK_CONVERSATION, &ada.author, &changed));
        }
        bytes.ptr[i] ^= 1;
    }
    assert_true(decoded > 100); /* signature, content, parents, lamport */
    talker_clear(&ada);
    buf_clear(&content);
    buf_clear(&bytes);
}

static void odd_entries_have_their_errors(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        enum err wanted;
    } rows[] = {
        {"01", ERR_FORMAT},
        {"97 02 01 01 90 c401aa c440", ERR_FORMAT},
        {"92 01 02", ERR_UNSUPPORTED},
        {"92 09 01", ERR_UNSUPPORTED},
        {"92 01 01", ERR_FORMAT},
        {"92 01 00", ERR_FORMAT},
    };
    struct entry e = {.lamport = 1, .content = SPAN_LIT("x"), .parents_count = 2};
    struct buf out = BUF_INIT(2000);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_err(entry_decode(test_hex(rows[i].hex), &e), rows[i].wanted);
    e = (struct entry){.lamport = 1, .content = SPAN_LIT("x"), .parents_count = 2};
    assert_err(entry_encode(&e, &out), ERR_ARGUMENT); /* a parent twice */
    e.parents_count = 0;
    assert_ok(entry_encode(&e, &out));
    assert_ok(entry_decode(buf_span(&out), &e));
    e.content = SPAN_EMPTY;
    assert_err(entry_encode(&e, &out), ERR_ARGUMENT);
    /* what is critical and not known needs a newer version; what is not critical is kept */
    e = (struct entry){.lamport = 1, .content = SPAN_LIT("x")};
    e.extensions.list[0] = (struct pack_extension){.id = 5, .bytes = SPAN_LIT("later")};
    e.extensions.count = 1;
    buf_reset(&out);
    assert_ok(entry_encode(&e, &out));
    assert_ok(entry_decode(buf_span(&out), &e));
    assert_span_equal(e.extensions.list[0].bytes, SPAN_LIT("later"));
    e.extensions.list[0].critical = true;
    struct buf critical = BUF_INIT(2000);
    assert_ok(entry_encode(&e, &critical));
    assert_err(entry_decode(buf_span(&critical), &e), ERR_UNSUPPORTED);
    buf_clear(&critical);
    buf_clear(&out);
}

static void a_parcel_brings_what_was_put_in(void **state)
{
    (void)state;
    struct parcel p = {.entries = {SPAN_LIT("one"), SPAN_LIT("two")},
                       .entries_count = 2,
                       .carried = {{.entry = SPAN_LIT("three")}},
                       .carried_count = 1,
                       .heads = {.count = 2},
                       .passing = {SPAN_LIT("typing")},
                       .passing_count = 1,
                       .wanted = {.count = 1}},
                  got;
    struct buf out = BUF_INIT(PARCEL_BYTES_MAX);
    p.heads.list[1].bytes[0] = 1;
    p.wanted.list[0].bytes[3] = 7;
    assert_false(parcel_is_empty(&p));
    assert_true(parcel_is_empty(&(struct parcel){0}));
    assert_ok(parcel_encode(&p, &out));
    assert_ok(parcel_decode(buf_span(&out), &got));
    assert_int_equal(got.entries_count, 2);
    assert_span_equal(got.entries[1], SPAN_LIT("two"));
    assert_span_equal(got.carried[0].entry, SPAN_LIT("three"));
    assert_int_equal(got.heads.count, 2);
    assert_int_equal(got.heads.list[1].bytes[0], 1);
    assert_span_equal(got.passing[0], SPAN_LIT("typing"));
    assert_int_equal(got.wanted.list[0].bytes[3], 7);
    for (size_t cut = 0; cut < out.len; cut++)
        assert_err(parcel_decode(span_of(out.ptr, cut), &got), ERR_FORMAT);
    p.heads.list[1].bytes[0] = 0; /* twice the same */
    buf_reset(&out);
    assert_ok(parcel_encode(&p, &out));
    assert_err(parcel_decode(buf_span(&out), &got), ERR_FORMAT);
    buf_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_is_its_authors_in_its_conversation_alone),
        cmocka_unit_test(nothing_in_an_entry_can_be_changed),
        cmocka_unit_test(odd_entries_have_their_errors),
        cmocka_unit_test(a_parcel_brings_what_was_put_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
