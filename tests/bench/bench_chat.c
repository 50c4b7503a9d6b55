/* What a chat costs: messages a second of one client, without disk and network, and bytes of Waku
 * messages for a text of 100 characters in conversations of 2 to 200 devices, each share apart:
 * people who talk (4 texts a minute in the conversation, or 4 of each of them) and read at once,
 * and a day on which nobody says anything. Virtual time; CPU time for the rates.
 *
 *     bench_chat [DEVICES...]     without: the rates, and the usual sizes */
#include "tests/bench/figures.h"

#include "tests/bench/chat_shares.h"

#define BENCH    "chat"
#define HOUR     3600
#define DAY      86400
#define TEXTS    240 /* in an hour: 4 a minute */
#define BUSY     240 /* texts of the other kind, at least */
#define BURST    200 /* texts for the rates */
#define USERS    10000.0
#define A_MINUTE 4.0
#define COPIES   5.0 /* of one message that come to a relay in a mesh of 6 */

static struct shares shares; /* since the last share_begin */

static void watch(struct world *w, struct world_person *p, enum world_boundary at,
                  const struct chat_out *out)
{
    if (at != WORLD_LEAVES)
        return;
    enum share share = share_of(p->chat, out);
    shares.bytes[share] += waku_bytes(w, out);
    shares.messages[share]++;
}

static double shares_all(void)
{
    double all = 0;
    for (size_t i = 0; i < SHARES; i++)
        all += shares.bytes[i];
    return all;
}

static void one(const char *metric, const char *unit, const char *peer, double value)
{
    figure(BENCH, metric, unit, peer, &value, 1);
}

/* Which share, per so many: a row each. */
static void tell_shares(const char *metric, const char *peer, double per)
{
    char name[64];
    snprintf(name, sizeof name, "%s_all", metric);
    one(name, "B", peer, shares_all() / per);
    for (size_t i = 0; i < SHARES; i++) {
        snprintf(name, sizeof name, "%s_%s", metric, share_names[i]);
        one(name, "B", peer, shares.bytes[i] / per);
    }
}

/* So many texts, one every so often, of one after the other; everybody reads them at once. */
static void talk(struct world *w, const struct chat_conversation *id, unsigned texts,
                 double every_s)
{
    struct chat_entry_id entry = {{0}};
    int64_t begun = w->t.env.now.ns;
    shares = (struct shares){0};
    for (unsigned i = 0; i < texts; i++) {
        entry = say(w, i * 7 % w->count, id, i);
        world_run(w, 1);
        look(w, id, &entry);
        int64_t next = begun + (int64_t)((i + 1) * every_s * 1e9);
        world_run(w, (next - w->t.env.now.ns) / NS_PER_S);
    }
    for (size_t i = 0; i < w->count; i++) {
        struct chat_entry e;
        assert_ok(chat_entry(w->people[i].chat, id, &entry, &e));
    }
}

static void bytes_of(size_t count)
{
    struct world *w = calloc(1, sizeof *w);
    char peer[64];
    assert_non_null(w);
    snprintf(peer, sizeof peer,
             count == 2   ? "direct"
             : count > 64 ? "crowd of %zu"
                          : "group of %zu",
             count);
    world_init(w, 7);
    w->by_topic = true;
    struct chat_conversation id = gather(w, count);
    w->watch = watch;
    world_run(w, 2 * HOUR); /* those who came have healed */

    unsigned busy = count * 4 < BUSY ? BUSY : (unsigned)count * 4;
    talk(w, &id, busy, 60.0 / (A_MINUTE * (double)count));
    one("bytes_per_text_4_a_minute_each", "B", peer, shares_all() / busy);
    double bit_s = shares_all() / busy * USERS * A_MINUTE / 60 * 8;

    talk(w, &id, TEXTS, HOUR / TEXTS);
    tell_shares("bytes_per_text", peer, TEXTS);

    shares = (struct shares){0};
    world_run(w, DAY);
    tell_shares("bytes_idle_per_device_and_day", peer, (double)count);
    bit_s += shares_all() / (double)count * USERS / DAY * 8;
    one("shard_of_10000_users_injected", "Mbit/s", peer, bit_s / 1e6);
    one("shard_of_10000_users_into_a_relay", "Mbit/s", peer, COPIES * bit_s / 1e6);
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
            (void)say(w, 0, &id, run * BURST + i);
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

int main(int argc, char **argv)
{
    static const size_t sizes[] = {2, 3, 5, 10, 20, 60};
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
