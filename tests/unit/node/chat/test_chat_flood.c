/* Whole chats under strangers: junk, envelopes without the work, invites and bundles with it. What
 * that costs in rows, bytes and messages is counted here; in time: tests/bench/bench_flood.c. */
#include "node/chat/talk.h"
#include "tests/lib/flood.h"

#define STRANGERS          5u
#define MANY               90u
#define ROWS_OF_A_REQUEST  40u
#define BYTES_OF_A_REQUEST 20000u

static struct world *w;

static struct world_person *online(void)
{
    struct world_person *p = world_born(w);
    p->chat->stamp_bits = FLOOD_BITS;
    world_online(w, p, true);
    return p;
}

static void begin(uint64_t seed)
{
    w = calloc(1, sizeof *w);
    assert_non_null(w);
    world_init(w, seed + (getenv("SEED") != NULL ? strtoull(getenv("SEED"), NULL, 10) : 0));
    w->by_topic = true;
}

static void end(void)
{
    world_clear(w);
    free(w);
}

static void assert_same(const struct flood_size *a, const struct flood_size *b)
{
    assert_int_equal(a->rows, b->rows);
    assert_int_equal(a->bytes, b->bytes);
    assert_int_equal(a->events, b->events);
}

static void what_bears_no_work_leaves_nothing(void **state)
{
    (void)state;
    static uint8_t body[3000];
    begin(1);
    struct world_person *p = online();
    struct card card = flood_card(p);
    world_run(w, 60);
    struct flood_size before = flood_size(p);
    size_t published = w->messages_count;
    for (unsigned i = 0; i < 300; i++) {
        flood_junk(w, p, ENVELOPE_INTRO, card_bucket(&card));
        rng_fill(w->t.env.rng, body, sizeof body);
        flood_intro(w, p, &card, SPAN_ARRAY(body), 0);
    }
    world_run(w, 60);
    struct flood_size after = flood_size(p);
    assert_same(&before, &after);
    assert_int_equal(w->messages_count, published);
    end();
}

/* An invite that was taken, by anybody who saw it, again and with other work. */
static struct buf overheard(struct world_person *p)
{
    struct buf keep = BUF_INIT(ENVELOPE_BYTES_MAX), body = BUF_INIT(ENVELOPE_BYTES_MAX);
    struct card card = flood_card(p);
    uint32_t day = (uint32_t)(w->t.env.wall.ns / NS_PER_S / INTRO_DAY_S);
    for (size_t i = 0; i < w->messages_count && body.len == 0; i++) {
        struct intro in;
        if (intro_open(&card, day, span_of(w->messages[i].payload, w->messages[i].len), &keep,
                       &in) == OK &&
            intro_body_type(in.body) == INTRO_INVITE)
            assert_ok(buf_append(&body, in.body));
    }
    buf_clear(&keep);
    return body;
}

static struct chat_conversation ask(struct world_person *stranger, struct world_person *p)
{
    char text[CHAT_CARD_TEXT_MAX];
    struct chat_conversation id;
    struct chat_entry_id entry;
    flood_finds(w, stranger, p);
    assert_ok(chat_card(p->chat, &w->t.env, false, text));
    assert_ok(chat_contact(stranger->chat, &w->t.env, span_str(text), &id));
    assert_ok(chat_send(stranger->chat, &w->t.env, &id, SPAN_LIT("buy this"), NULL, &entry));
    return id;
}

static size_t requests(struct world_person *p)
{
    struct chat_summary s;
    size_t cursor = 0, n = 0;
    while (chat_conversations(p->chat, &cursor, &s))
        n += s.state == CHAT_REQUESTED;
    return n;
}

static void an_invite_with_new_work_is_taken_once(void **state)
{
    (void)state;
    begin(2);
    struct world_person *p = online(), *stranger = online();
    struct card card = flood_card(p);
    world_run(w, 60);
    (void)ask(stranger, p);
    world_run(w, 60);
    assert_int_equal(requests(p), 1);
    struct buf body = overheard(p);
    assert_true(body.len > 0);
    struct flood_size before = flood_size(p);
    for (unsigned i = 0; i < 300; i++) {
        flood_intro(w, p, &card, buf_span(&body), FLOOD_BITS);
        if (i % 60 == 59)
            world_run(w, 60);
    }
    world_run(w, 60);
    struct flood_size after = flood_size(p);
    assert_int_equal(requests(p), 1);
    assert_int_equal(after.rows, before.rows);
    assert_in_range(after.bytes, before.bytes, before.bytes + INBOX_SEEN_MAX * 24u);
    assert_int_equal(after.events, before.events);
    buf_clear(&body);
    end();
}

/* Each with an account of its own, and work for each invite. How many may wait: test_inbox.c. */
static void a_request_weighs_little(void **state)
{
    (void)state;
    begin(3);
    struct world_person *p = online();
    world_run(w, 60);
    struct flood_size before = flood_size(p);
    for (unsigned i = 0; i < STRANGERS; i++) {
        struct world_person *stranger = online();
        world_run(w, 1);
        (void)ask(stranger, p);
        world_run(w, 30);
        world_online(w, stranger, false);
    }
    struct flood_size after = flood_size(p);
    assert_int_equal(requests(p), STRANGERS);
    assert_in_range(after.rows - before.rows, 1, STRANGERS * ROWS_OF_A_REQUEST);
    assert_in_range(after.bytes - before.bytes, 1, STRANGERS * BYTES_OF_A_REQUEST);
    assert_in_range(after.events - before.events, 1, STRANGERS * 4);
    end();
}

static bool listens_to(const struct world_person *p, enum envelope_kind kind, uint8_t bucket)
{
    char topic[ENVELOPE_TOPIC_BYTES];
    envelope_topic(kind, bucket, topic);
    for (size_t i = 0; i < p->listens_count; i++)
        if (strcmp(p->listens[i], topic) == 0)
            return true;
    return false;
}

/* However many conversations there are, whoever began them: all of them are listened to, and read
 * from stores, and the next stranger is heard. */
static void many_conversations_make_nobody_deaf(void **state)
{
    (void)state;
    begin(4);
    struct world_person *p = online(), *stranger = online();
    struct chat_conversation id;
    for (unsigned i = 0; i < MANY; i++)
        assert_ok(chat_found(p->chat, &w->t.env, CHAT_GROUP, SPAN_LIT("mine"), NULL, 0, &id));
    world_run(w, 60);
    size_t cursor = 0;
    for (const struct talk *t; (t = map_next(&p->chat->talks, &cursor, NULL)) != NULL;)
        assert_true(listens_to(p, ENVELOPE_BUCKET, talk_bucket(t, w->t.env.wall.ns)));
    struct card card = flood_card(p);
    assert_true(listens_to(p, ENVELOPE_INTRO, card_bucket(&card)));
    (void)ask(stranger, p);
    world_run(w, 30);
    assert_int_equal(requests(p), 1);
    world_online(w, p, false);
    cursor = 0; /* what is said meanwhile, in whatever bucket, is read from stores */
    struct chat_entry_id entry;
    for (const struct talk *t; (t = map_next(&p->chat->talks, &cursor, NULL)) != NULL;)
        if (t->state == CHAT_REQUESTED)
            id = t->id;
    assert_ok(chat_send(stranger->chat, &w->t.env, &id, SPAN_LIT("are you there"), NULL, &entry));
    world_run(w, 30);
    world_online(w, p, true);
    world_run(w, 60);
    assert_true(world_reads(p, &id, "are you there"));
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_bears_no_work_leaves_nothing),
        cmocka_unit_test(an_invite_with_new_work_is_taken_once),
        cmocka_unit_test(a_request_weighs_little),
        cmocka_unit_test(many_conversations_make_nobody_deaf),
    };
    cmocka_set_test_filter(getenv("TEST")); /* one alone, by name */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
