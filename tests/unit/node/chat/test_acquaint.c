/* People who hand over their bundles. */
#include "node/chat/acquaint.h"
#include "tests/lib/chat_world.h"

static void they_are_contacts_and_talk(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, 5);
    struct world_person *a = world_born(&w), *b = world_born(&w);
    struct buf of_a = BUF_INIT(65536), of_b = BUF_INIT(65536);
    struct chat_account who;
    struct chat_person p;

    assert_ok(acquaint_bundle(a->chat, &w.t.env, &of_a));
    assert_ok(acquaint_bundle(b->chat, &w.t.env, &of_b));
    assert_ok(acquaint_take(a->chat, &w.t.env, buf_span(&of_b), &who));
    assert_memory_equal(who.bytes, b->chat->self.account, sizeof who.bytes);
    assert_ok(acquaint_take(b->chat, &w.t.env, buf_span(&of_a), &who));
    assert_ok(chat_person(b->chat, &who, &p));
    assert_int_equal(p.consent, CHAT_CONSENT_GIVEN);
    assert_int_equal(p.installations, 1);
    world_online(&w, a, true);
    world_online(&w, b, true);
    struct chat_conversation id;
    struct chat_entry_id entry;
    memcpy(who.bytes, b->chat->self.account, sizeof who.bytes);
    assert_ok(chat_found(a->chat, &w.t.env, CHAT_GROUP, SPAN_LIT("us"), &who, 1, &id));
    world_run(&w, 20);
    assert_ok(chat_send(a->chat, &w.t.env, &id, SPAN_LIT("so it is you"), NULL, &entry));
    world_run(&w, 20);
    assert_true(world_reads(b, &id, "so it is you"));
    buf_clear(&of_a);
    buf_clear(&of_b);
    world_clear(&w);
}

static void what_is_no_bundle_of_another_is_refused(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, 6);
    struct world_person *a = world_born(&w), *b = world_born(&w);
    struct buf own = BUF_INIT(65536), other = BUF_INIT(65536);
    struct chat_account who;
    struct chat_person p;
    size_t cursor = 0, count = 0;

    assert_ok(acquaint_bundle(a->chat, &w.t.env, &own));
    assert_ok(acquaint_bundle(b->chat, &w.t.env, &other));
    assert_int_equal(acquaint_take(a->chat, &w.t.env, buf_span(&own), &who), ERR_ARGUMENT);
    assert_int_equal(acquaint_take(a->chat, &w.t.env, SPAN_LIT("no bundle"), &who), ERR_FORMAT);
    assert_int_not_equal(acquaint_take(a->chat, &w.t.env, span_of(other.ptr, other.len - 1), &who),
                         OK);
    while (chat_people(a->chat, &cursor, &p))
        count++;
    assert_int_equal(count, 1); /* ourselves */
    buf_clear(&own);
    buf_clear(&other);
    world_clear(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_are_contacts_and_talk),
        cmocka_unit_test(what_is_no_bundle_of_another_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
