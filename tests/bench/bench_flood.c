/* What strangers cost a chat: CPU time of one item of each kind that anybody may publish, memory
 * and folder for a request that waits. Virtual time; real stamps where they are paid for. */
#include "node/chat/talk.h"
#include "tests/bench/figures.h"
#include "tests/lib/flood.h"

#include <malloc.h>

#define BENCH    "flood"
#define ITEMS    1000
#define RUNS     5
#define CONTACTS 1000
#define TALKS    100
#define REQUESTS 20

static struct world *w;

static double cpu(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

static struct world_person *online(void)
{
    struct world_person *p = world_born(w);
    p->chat->stamp_bits = FLOOD_BITS;
    world_online(w, p, true);
    return p;
}

static void junk_intro(struct world_person *p, unsigned i)
{
    struct card card = flood_card(p);
    (void)i;
    flood_junk(w, p, ENVELOPE_INTRO, card_bucket(&card));
}

static void junk_talk(struct world_person *p, unsigned i)
{
    size_t cursor = 0;
    const struct talk *t = map_next(&p->chat->talks, &cursor, NULL);
    (void)i;
    flood_junk(w, p, ENVELOPE_BUCKET, talk_bucket(t, w->t.env.wall.ns));
}

static struct span body(uint8_t *bytes, unsigned i)
{
    memset(bytes, 0, 3000);
    memcpy(bytes, &i, sizeof i);
    return span_of(bytes, 3000);
}

/* Sealing is the attacker's: it is measured apart and taken away. */
static void unstamped(struct world_person *p, unsigned i)
{
    uint8_t bytes[3000];
    struct card card = flood_card(p);
    flood_intro(w, p, &card, body(bytes, i), 0);
}

/* An invite of somebody, with other work each time. */
static struct buf invite;

static void replayed(struct world_person *p, unsigned i)
{
    struct card card = flood_card(p);
    (void)i;
    flood_intro(w, p, &card, buf_span(&invite), FLOOD_BITS);
    if (i % 60 == 59)
        test_env_advance(&w->t, 60 * NS_PER_S);
}

static void measure(struct world_person *p, struct world_person *nobody, const char *peer,
                    void (*item)(struct world_person *p, unsigned i), const char *metric)
{
    double us[RUNS];
    for (unsigned run = 0; run < RUNS; run++) {
        double at = cpu();
        for (unsigned i = 0; i < ITEMS; i++)
            item(p, run * ITEMS + i);
        us[run] = cpu() - at;
        if (nobody != NULL) { /* the same, for somebody who does not take it */
            struct chat *chat = nobody->chat;
            at = cpu();
            nobody->chat->phase = CHAT_PHASE_RECOVERING;
            for (unsigned i = 0; i < ITEMS; i++)
                item(nobody, run * ITEMS + i);
            nobody->chat->phase = CHAT_PHASE_READY;
            us[run] -= cpu() - at;
            assert_ptr_equal(chat, nobody->chat);
        }
        us[run] *= 1e6 / ITEMS;
    }
    figure(BENCH, metric, "us", peer, us, RUNS);
}

static void ask(struct world_person *stranger, struct world_person *p)
{
    char text[CHAT_CARD_TEXT_MAX];
    struct chat_conversation id;
    struct chat_entry_id entry;
    flood_finds(w, stranger, p);
    assert_ok(chat_card(p->chat, &w->t.env, false, text));
    assert_ok(chat_contact(stranger->chat, &w->t.env, span_str(text), &id));
    assert_ok(chat_send(stranger->chat, &w->t.env, &id, SPAN_LIT("buy this"), NULL, &entry));
}

static void overhear(struct world_person *p)
{
    struct buf keep = BUF_INIT(ENVELOPE_BYTES_MAX);
    struct card card = flood_card(p);
    struct intro in;
    uint32_t day = (uint32_t)(w->t.env.wall.ns / NS_PER_S / INTRO_DAY_S);
    buf_init(&invite, ENVELOPE_BYTES_MAX);
    for (size_t i = 0; i < w->messages_count && invite.len == 0; i++)
        if (intro_open(&card, day, span_of(w->messages[i].payload, w->messages[i].len), &keep,
                       &in) == OK &&
            intro_body_type(in.body) == INTRO_INVITE)
            assert_ok(buf_append(&invite, in.body));
    buf_clear(&keep);
    assert_true(invite.len > 0);
}

static void one(const char *metric, const char *unit, const char *peer, double value)
{
    figure(BENCH, metric, unit, peer, &value, 1);
}

/* Strangers, who each bring an account and a conversation. */
static void requests(struct world_person *p)
{
    struct flood_size before = flood_size(p);
    double spent = 0;
    for (unsigned i = 0; i < REQUESTS; i++) {
        struct world_person *stranger = online();
        world_run(w, 1);
        ask(stranger, p);
        size_t from = w->messages_count;
        p->online = false; /* it hears it afterwards, and alone */
        world_run(w, 30);
        p->online = true;
        double at = cpu();
        for (size_t k = from; k < w->messages_count; k++)
            chat_received(p->chat, &w->t.env, span_str(w->messages[k].topic),
                          span_of(w->messages[k].payload, w->messages[k].len));
        spent += cpu() - at;
        world_online(w, stranger, false);
        world_run(w, 60);
        if (i == 0)
            overhear(p);
    }
    struct flood_size after = flood_size(p);
    one("request_taken", "us", "CPU", spent * 1e6 / REQUESTS);
    one("request_rows", "rows", "folder", (double)(after.rows - before.rows) / REQUESTS);
    one("request_bytes", "B", "folder", (double)(after.bytes - before.bytes) / REQUESTS);
}

static void begin(uint64_t seed)
{
    w = calloc(1, sizeof *w);
    assert_non_null(w);
    world_init(w, seed);
    w->by_topic = true;
}

/* 64 MiB of payloads that nothing opens, then a new epoch: gone through once. */
static void parked(struct world_person *p)
{
    struct chat_conversation id;
    size_t heap = mallinfo2().uordblks;
    for (unsigned i = 0; i < PARKED_COUNT_MAX + 1000; i++)
        junk_talk(p, i);
    one("parked_payloads", "payloads", "at most", (double)parked_count(p->chat->parked));
    one("parked_heap", "B", "at most", (double)(mallinfo2().uordblks - heap));
    double at = cpu();
    assert_ok(chat_found(p->chat, &w->t.env, CHAT_GROUP, SPAN_LIT("new"), NULL, 0, &id));
    (void)parking_retry(p->chat, &w->t.env, false);
    one("parked_epoch", "ms", "the first time", (cpu() - at) * 1e3);
    at = cpu();
    (void)parking_retry(p->chat, &w->t.env, false);
    one("parked_epoch", "ms", "again", (cpu() - at) * 1e3);
}

int main(void)
{
    struct chat_conversation id;
    begin(1);
    struct world_person *p = online(), *nobody = online();
    world_run(w, 60);
    measure(p, NULL, "nobody known", junk_intro, "junk_first_contact");
    measure(p, nobody, "nobody known", unstamped, "without_work");
    requests(p);
    world_run(w, 600);
    measure(p, nobody, "a request", replayed, "replayed_with_work");
    for (unsigned i = 0; i < CONTACTS; i++) {
        uint8_t account[32];
        rng_fill(w->t.env.rng, account, sizeof account);
        assert_non_null(people_get(p->chat, account));
    }
    measure(p, NULL, "1,000 known", junk_intro, "junk_first_contact");
    for (unsigned i = 0; i < TALKS; i++)
        assert_ok(chat_found(p->chat, &w->t.env, CHAT_GROUP, SPAN_LIT("mine"), NULL, 0, &id));
    measure(p, NULL, "120 conversations", junk_talk, "junk_conversation");
    parked(p);
    buf_clear(&invite);
    return 0;
}
