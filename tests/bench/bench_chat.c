/* What a chat costs: messages a second of one client, without disk and network, and bytes of Waku
 * payloads for a message of 100 characters in conversations of 2 to 60 devices: the text itself,
 * what an hour without any text costs (bundles, healing by the clock), and the rest (acks, repair,
 * healing by traffic). Virtual time; CPU time for the rates. */
#define WORLD_PEOPLE_MAX 64u
#include "tests/bench/figures.h"
#include "tests/lib/chat_world.h"

#define BENCH    "chat"
#define HOUR     3600
#define TEXTS    240 /* in an hour: 4 a minute */
#define BURST    200 /* texts for the rates */
#define USERS    10000.0
#define A_MINUTE 4.0
#define COPIES   5.0 /* of one message that come to a relay in a mesh of 6, at the most */

static double told_bytes; /* of what leaves right after a text was written */
static bool telling;

static void watch(struct world *w, struct world_person *p, enum world_boundary at,
                  const struct chat_out *out)
{
    (void)w, (void)p;
    if (telling && at == WORLD_LEAVES)
        told_bytes += (double)out->payload.len;
}

/* `a` knows `b`, and has its bundle: as it would have found it, without the stamps. */
static void acquaint(struct world *w, struct world_person *a, struct world_person *b)
{
    struct person *p = people_get(a->chat, b->chat->self.account);
    struct buf log = BUF_INIT(IDENTITY_SENT_BYTES_MAX), body = BUF_INIT(BUNDLE_BYTES_MAX);
    struct prekey *k;
    assert_non_null(p);
    p->consent = CHAT_CONSENT_GIVEN;
    p->changed = true;
    step_open(b->chat);
    assert_ok(prekeys_current(b->chat, &w->t.env, &k));
    assert_ok(identity_log_write(b->chat->me->log, &log));
    const struct bundle bundle = {.log = buf_span(&log), .parts = {buf_span(&k->part)}, .count = 1};
    assert_ok(bundle_encode(&bundle, &body));
    assert_ok(step_close(b->chat, &w->t.env));
    if (p->found == NULL)
        assert_ok(found_new(p->account, &p->found));
    assert_ok(found_add(p->found, buf_span(&body)));
    step_open(a->chat);
    assert_ok(people_learn_log(a->chat, &w->t.env, found_log(p->found)));
    assert_ok(step_close(a->chat, &w->t.env));
    buf_clear(&log);
    buf_clear(&body);
}

/* Up to two: a direct conversation begun by a card; more: a group founded by the first. */
static struct chat_conversation gather(struct world *w, size_t count)
{
    struct chat_account list[WORLD_PEOPLE_MAX];
    struct chat_conversation id;
    char card[CHAT_CARD_TEXT_MAX];
    for (size_t i = 0; i < count; i++) {
        struct world_person *p = world_born(w);
        if (i > 0 && count > 2) {
            acquaint(w, &w->people[0], p);
            acquaint(w, p, &w->people[0]);
        }
        world_online(w, p, true);
    }
    world_run(w, 60);
    for (size_t i = 1; i < count; i++)
        memcpy(list[i - 1].bytes, w->people[i].chat->self.account, 32);
    if (count > 2) {
        assert_ok(chat_found(w->people[0].chat, &w->t.env, CHAT_GROUP, SPAN_LIT("all of us"), list,
                             count - 1, &id));
        world_run(w, 120);
        return id;
    }
    assert_ok(chat_card(w->people[0].chat, &w->t.env, false, card));
    assert_ok(chat_contact(w->people[1].chat, &w->t.env, span_str(card), &id));
    struct chat_entry_id entry;
    assert_ok(chat_send(w->people[1].chat, &w->t.env, &id, SPAN_LIT("hello"), NULL, &entry));
    world_run(w, 120);
    assert_ok(chat_accept(w->people[0].chat, &w->t.env, &id));
    world_run(w, 120);
    return id;
}

static void say(struct world *w, size_t who, const struct chat_conversation *id, unsigned number)
{
    char text[101];
    struct chat_entry_id entry;
    snprintf(text, sizeof text, "%0100u", number);
    assert_ok(chat_send(w->people[who].chat, &w->t.env, id, span_of(text, 100), NULL, &entry));
}

static void one(const char *metric, const char *unit, const char *peer, double value)
{
    figure(BENCH, metric, unit, peer, &value, 1);
}

static void bytes_of(size_t count)
{
    struct world *w = calloc(1, sizeof *w);
    char peer[64];
    assert_non_null(w);
    snprintf(peer, sizeof peer, count == 2 ? "direct" : "group of %zu", count);
    world_init(w, 7);
    w->by_topic = true;
    w->watch = watch;
    struct chat_conversation id = gather(w, count);
    world_run(w, 2 * HOUR); /* those who came have healed */
    unsigned before = w->published_bytes;
    world_run(w, HOUR);
    double idle = w->published_bytes - before;
    before = w->published_bytes;
    told_bytes = 0;
    for (unsigned i = 0; i < TEXTS; i++) {
        size_t who = i * 7 % count;
        say(w, who, &id, i);
        telling = true;
        (void)world_pump(w, &w->people[who]);
        telling = false;
        world_run(w, HOUR / TEXTS);
    }
    char last[101];
    snprintf(last, sizeof last, "%0100u", TEXTS - 1u);
    for (size_t i = 0; i < count; i++)
        assert_true(world_reads(&w->people[i], &id, last));
    double all = w->published_bytes - before;
    one("bytes_per_text_all", "B", peer, all / TEXTS);
    one("bytes_per_text_itself", "B", peer, told_bytes / TEXTS);
    one("bytes_per_text_idle_share", "B", peer, idle / TEXTS);
    one("bytes_per_text_acks_repair_healing", "B", peer, (all - told_bytes - idle) / TEXTS);
    one("bytes_idle_per_device_and_hour", "B", peer, idle / (double)count);
    if (count == 2) { /* in these an hour has TEXTS texts of two people */
        double bit_s = all / TEXTS * USERS * A_MINUTE / 60 * 8;
        one("shard_of_10000_users_injected", "Mbit/s", peer, bit_s / 1e6);
        one("shard_of_10000_users_into_a_relay", "Mbit/s", peer, COPIES * bit_s / 1e6);
    }
    world_clear(w);
    free(w);
}

static double cpu(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

/* One writes as fast as it can, the other reads. */
static void rates(void)
{
    struct world *w = calloc(1, sizeof *w);
    double sent[5], received[5];
    assert_non_null(w);
    world_init(w, 8);
    w->by_topic = true;
    struct chat_conversation id = gather(w, 2);
    for (unsigned run = 0; run < 5; run++) {
        double at = cpu();
        for (unsigned i = 0; i < BURST; i++) {
            say(w, 0, &id, run * BURST + i);
            (void)world_pump(w, &w->people[0]);
        }
        sent[run] = BURST / (cpu() - at);
        at = cpu();
        (void)world_hear(w, &w->people[1]);
        received[run] = BURST / (cpu() - at);
        world_run(w, 120);
    }
    figure(BENCH, "send", "messages/s", "direct", sent, 5);
    figure(BENCH, "receive", "messages/s", "direct", received, 5);
    world_clear(w);
    free(w);
}

/* Sizes may be given: 60 takes some minutes. */
int main(int argc, char **argv)
{
    static const size_t sizes[] = {2, 5, 20};
    if (argc == 1)
        rates();
    for (size_t i = 0; argc == 1 && i < sizeof sizes / sizeof *sizes; i++)
        bytes_of(sizes[i]);
    for (int i = 1; i < argc; i++) {
        size_t size = (size_t)strtoul(argv[i], NULL, 10);
        assert_true(size >= 2 && size <= WORLD_PEOPLE_MAX);
        bytes_of(size);
    }
    return 0;
}
