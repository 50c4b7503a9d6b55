/* A message goes out: numbered in its payload, by our own relay or pushed through a service. */
#include "sim/run/inside.h"

#include <stdlib.h>

/* Sizes of a mixed load, in bytes and thousandths: most are short texts, some carry pictures. */
static const struct {
    uint32_t bytes, weight;
} sizes[] = {{100, 600}, {1000, 250}, {2000, 80}, {4000, 40}, {10000, 20}, {25000, 7}, {100000, 3}};

#define RECEIPT_BYTES 64u

static uint32_t mixed(struct run *r)
{
    uint32_t at = (uint32_t)sim_random(r->sim, SIM_RANDOM_SIZES, 1000), i = 0;

    for (uint32_t sum = sizes[0].weight; at >= sum && i < 6; sum += sizes[++i].weight)
        ;
    return sizes[i].bytes;
}

uint32_t speak_size(struct run *r, unsigned what)
{
    uint32_t bytes = (uint32_t)r->sc->payload_bytes, padded = 512;

    if ((what & SPEAK_SPAM) != 0)
        return (uint32_t)r->sc->spam_payload_bytes;
    if ((what & SPEAK_RECEIPT) != 0)
        bytes = RECEIPT_BYTES;
    else if ((what & SPEAK_COMMIT) != 0)
        bytes = (uint32_t)r->sc->commits_bytes;
    else if (r->sc->payload_sizes == 1)
        bytes = mixed(r);
    if (r->sc->payload_buckets == 0)
        return bytes;
    while (padded < bytes && padded < 131072)
        padded *= 2;
    return padded;
}

static struct message *number(struct run *r)
{
    if (r->messages_count == r->messages_cap) {
        r->messages_cap = r->messages_cap == 0 ? 1024 : r->messages_cap * 2;
        r->messages = run_need(realloc(r->messages, r->messages_cap * sizeof *r->messages));
    }
    return &r->messages[r->messages_count++];
}

/* A member of its group tells. */
static void read_by_insider(struct run *r, const struct message *m)
{
    if (m->conversation != UINT32_MAX && r->conversations[m->conversation].told && r->tap != NULL)
        tap_read_by_insider(r->tap, &(struct tap_read){m->at_ns, r->messages_count - 1,
                                                       truth_account(m->author), m->conversation});
}

static void say(struct run *r, uint32_t author, const struct message *what, uint32_t bytes)
{
    static uint8_t payload[150000];
    char topic[64];
    int64_t now = sim_now(r->sim);

    if (!sim_is_up(r->sim, author) || r->messages_count == RUN_MESSAGES_MAX)
        return;
    size_t len = people_topic(r, what->conversation, now, topic);
    struct message *fresh = number(r);
    *fresh = *what;
    fresh->at_ns = now;
    fresh->author = author;
    fresh->cut = r->partitions > 0 || now < r->whole_from_ns;
    fresh->got = run_need(calloc(r->nodes, 1));
    tap_mark(r->messages_count - 1, payload);
    struct core_message m = {.payload = span_of(payload, bytes),
                             .content_topic = span_of(topic, len)};
    read_by_insider(r, fresh);
    closed_speaks(r, author);
    enum err err = r->people[author].role == ROLE_RELAY
                       ? sim_publish(r->sim, author, SPAN_EMPTY, &m)
                       : core_push(sim_core(r->sim, author), sim_env(r->sim, author), SPAN_EMPTY,
                                   &m, r->messages_count);
    r->refused += err != OK;
    sim_touch(r->sim, author);
}

void speak(struct run *r, uint32_t author, uint32_t conversation, unsigned what)
{
    bool direct =
        conversation != UINT32_MAX && r->conversations[conversation].kind == CONVERSATION_DIRECT;
    const struct message m = {.conversation = conversation,
                              .receipt = (what & SPEAK_RECEIPT) != 0,
                              .spam = (what & SPEAK_SPAM) != 0,
                              .direct = direct};

    if (sim_is_up(r->sim, author))
        say(r, author, &m, speak_size(r, what));
}

void speak_post(struct run *r, uint32_t node, uint32_t post, uint32_t bytes)
{
    say(r, node, &(struct message){.conversation = UINT32_MAX, .post = post + 1},
        bytes < TAP_MARK_BYTES ? TAP_MARK_BYTES : bytes);
}

static void send_receipt(void *step)
{
    const struct step *s = step;

    speak(s->run, s->a, s->b, SPEAK_RECEIPT);
}

void receipts_due(struct run *r, uint32_t node, const struct message *m)
{
    if (!m->direct || m->receipt || node == m->author || r->sc->receipts_share <= 0)
        return;
    const struct conversation *c = &r->conversations[m->conversation];
    if (c->members[0] != node && c->members[1] != node)
        return;
    if (sim_uniform(r->sim, SIM_RANDOM_RECEIPTS) >= r->sc->receipts_share)
        return;
    double wait = 0, least = r->sc->receipts_delay_ms, most = r->sc->receipts_delay_max_ms;
    if (most > least)
        wait =
            (least + (most - least) * sim_uniform(r->sim, SIM_RANDOM_RECEIPTS)) * (double)NS_PER_MS;
    else
        wait = sim_exponential(r->sim, SIM_RANDOM_RECEIPTS, least * (double)NS_PER_MS);
    run_at(r, sim_now(r->sim) + (int64_t)wait, send_receipt, node, m->conversation, 0);
}
