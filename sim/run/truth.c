/* What is true: one row for each question that attacks ask (sim/attack/attack.h). */
#include "crypto/base/siphash.h"
#include "sim/run/inside.h"

/* a message written so long before counts as that one */
#define ORIGIN_SLACK_NS (250 * NS_PER_MS)

static const struct message *message_of(const struct run *r, uint64_t number)
{
    return number < r->messages_count ? &r->messages[number] : NULL;
}

static uint64_t node_of(const struct run *r, uint64_t client)
{
    return r->client_nodes[client];
}

/* Messages are in order of time. */
static bool wrote(const struct run *r, uint64_t node, int64_t from_ns, int64_t to_ns)
{
    uint32_t low = 0, high = r->messages_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (r->messages[middle].at_ns < from_ns)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < r->messages_count && r->messages[low].at_ns <= to_ns; low++)
        if (r->messages[low].author == node)
            return true;
    return false;
}

static bool author_right(void *ctx, uint64_t message, uint64_t node)
{
    const struct message *m = message_of(ctx, message);

    return m != NULL && m->author == node;
}

static uint64_t author_person(void *ctx, uint64_t message)
{
    const struct message *m = message_of(ctx, message);

    return m != NULL ? m->author : UINT64_MAX;
}

static uint64_t author_rights(void *ctx, uint64_t message)
{
    return message_of(ctx, message) != NULL ? 1 : UINT64_MAX;
}

static bool origin_right(void *ctx, uint64_t node, uint64_t at_ns)
{
    return wrote(ctx, node, (int64_t)at_ns - ORIGIN_SLACK_NS, (int64_t)at_ns);
}

static bool contact_node_right(void *ctx, uint64_t a, uint64_t b)
{
    return a != b && people_share(ctx, (uint32_t)a, (uint32_t)b);
}

static bool contact_right(void *ctx, uint64_t a, uint64_t b)
{
    return contact_node_right(ctx, node_of(ctx, a), node_of(ctx, b));
}

static uint64_t contact_node_rights(void *ctx, uint64_t a)
{
    const struct run *r = ctx;
    uint64_t count = 0;

    for (uint32_t b = 0; b < r->nodes; b++)
        count += contact_node_right(ctx, a, b);
    return count;
}

static uint64_t contact_rights(void *ctx, uint64_t a)
{
    return contact_node_rights(ctx, node_of(ctx, a));
}

static bool same_person_right(void *ctx, uint64_t a, uint64_t b)
{
    return a != b && node_of(ctx, a) == node_of(ctx, b);
}

static uint64_t same_person_rights(void *ctx, uint64_t a)
{
    const struct run *r = ctx;
    uint64_t count = 0;

    for (uint64_t b = 1; b < r->next_client; b++)
        count += same_person_right(ctx, a, b);
    return count;
}

static bool receipt_right(void *ctx, uint64_t message, uint64_t receipt)
{
    const struct message *m = message_of(ctx, message);

    return m != NULL && m->receipt == (receipt != 0);
}

static uint64_t one(void *ctx, uint64_t subject)
{
    (void)ctx;
    (void)subject;
    return 1;
}

static uint64_t itself(void *ctx, uint64_t node)
{
    (void)ctx;
    return node;
}

static uint64_t client_person(void *ctx, uint64_t client)
{
    return node_of(ctx, client);
}

static uint64_t messages(void *ctx)
{
    return ((const struct run *)ctx)->messages_count;
}

static uint64_t nodes(void *ctx)
{
    return ((const struct run *)ctx)->nodes;
}

static uint64_t clients(void *ctx)
{
    return ((const struct run *)ctx)->next_client - 1;
}

/* Counted from both sides: a claim is about one of them. */
static uint64_t contacts(void *ctx)
{
    uint64_t all = 0;

    for (uint32_t n = 0; n < ((const struct run *)ctx)->nodes; n++)
        all += contact_node_rights(ctx, n);
    return all;
}

static uint64_t victims_messages(void *ctx)
{
    const struct run *r = ctx;
    uint64_t count = 0;

    for (uint32_t i = 0; i < r->messages_count; i++)
        count += r->victims[r->messages[i].author];
    return count;
}

static bool same_talk_right(void *ctx, uint64_t a, uint64_t b)
{
    const struct message *x = message_of(ctx, a), *y = message_of(ctx, b);

    return x != NULL && y != NULL && a != b && x->conversation == y->conversation;
}

static uint64_t same_talk_rights(void *ctx, uint64_t a)
{
    const struct run *r = ctx;
    const struct message *m = message_of(r, a);
    uint64_t count = 0;

    if (m == NULL || m->conversation == UINT32_MAX)
        return UINT64_MAX;
    for (uint32_t i = 0; i < r->messages_count; i++)
        count += r->messages[i].conversation == m->conversation;
    return count - 1;
}

/* Topics of a person's conversations from the beginning to the end, each once; those of its inbox
 * when it has none. */
static size_t topics_of(const struct run *r, uint32_t node, uint64_t *out, size_t cap)
{
    const struct person *p = &r->people[node];
    double step = r->sc->topics_epoch_s > 0 ? r->sc->topics_epoch_s * (double)NS_PER_S : 1e18;
    char text[64];
    size_t n = 0;

    for (uint32_t i = 0; i < p->conversations_count || (i == 0 && p->conversations_count == 0); i++)
        for (double at = 0; at <= (double)run_end_ns(r) && n < cap; at += step) {
            size_t len = p->conversations_count == 0
                             ? people_inbox(r, node, (int64_t)at, text)
                             : people_topic(r, p->conversations[i], (int64_t)at, text);
            uint64_t topic = tap_topic(span_of(text, len));
            size_t k = 0;
            while (k < n && out[k] != topic)
                k++;
            n = k == n ? n + 1 : n;
            out[k] = topic;
        }
    return n;
}

#define INTERESTS_MAX 4096u

static bool interest_right(void *ctx, uint64_t client, uint64_t topic)
{
    static uint64_t topics[INTERESTS_MAX];
    size_t n = topics_of(ctx, (uint32_t)node_of(ctx, client), topics, INTERESTS_MAX);

    for (size_t i = 0; i < n; i++)
        if (topics[i] == topic)
            return true;
    return false;
}

static uint64_t interest_rights(void *ctx, uint64_t client)
{
    static uint64_t topics[INTERESTS_MAX];

    return topics_of(ctx, (uint32_t)node_of(ctx, client), topics, INTERESTS_MAX);
}

static uint64_t topics(void *ctx)
{
    const struct run *r = ctx;

    return r->sc->topics_model == 2 ? (uint64_t)r->sc->topics_buckets
                                    : r->conversations_count + r->nodes;
}

static bool group_node_right(void *ctx, uint64_t a, uint64_t b)
{
    const struct run *r = ctx;
    const struct person *x = &r->people[a], *y = &r->people[b];

    for (uint32_t i = 0; a != b && i < x->conversations_count; i++)
        for (uint32_t k = 0; k < y->conversations_count; k++)
            if (x->conversations[i] == y->conversations[k] &&
                r->conversations[x->conversations[i]].kind == CONVERSATION_GROUP)
                return true;
    return false;
}

static uint64_t group_node_rights(void *ctx, uint64_t a)
{
    const struct run *r = ctx;
    uint64_t count = 0;

    for (uint32_t b = 0; b < r->nodes; b++)
        count += group_node_right(ctx, a, b);
    return count;
}

static bool group_right(void *ctx, uint64_t a, uint64_t b)
{
    return group_node_right(ctx, node_of(ctx, a), node_of(ctx, b));
}

static uint64_t group_rights(void *ctx, uint64_t a)
{
    return group_node_rights(ctx, node_of(ctx, a));
}

static bool wrote_right(void *ctx, uint64_t client, uint64_t from_ns)
{
    return wrote(ctx, node_of(ctx, client), (int64_t)from_ns - NS_PER_S,
                 (int64_t)from_ns + 60 * NS_PER_S);
}

/* Accounts are numbered so that nobody can tell the node from the number. */
uint64_t truth_account(uint32_t node)
{
    static const uint8_t key[16] = "account of node";

    return siphash(key, span_of(&node, sizeof node));
}

static bool account_right(void *ctx, uint64_t account, uint64_t node)
{
    (void)ctx;
    return truth_account((uint32_t)node) == account;
}

static const struct truth_row rows[QUESTIONS] = {
    [QUESTION_AUTHOR] = {author_right, author_rights, author_person, nodes, messages},
    [QUESTION_ORIGIN] = {origin_right, one, itself, NULL, messages},
    [QUESTION_CONTACT] = {contact_right, contact_rights, client_person, clients, contacts},
    [QUESTION_CONTACT_NODE] = {contact_node_right, contact_node_rights, itself, nodes, NULL},
    [QUESTION_SAME_PERSON] = {same_person_right, same_person_rights, client_person, clients, NULL},
    [QUESTION_RECEIPT] = {receipt_right, author_rights, author_person, NULL, NULL},
    [QUESTION_SAME_TALK] = {same_talk_right, same_talk_rights, author_person, messages, NULL},
    [QUESTION_INTEREST] = {interest_right, interest_rights, client_person, topics, NULL},
    [QUESTION_GROUP] = {group_right, group_rights, client_person, clients, NULL},
    [QUESTION_GROUP_NODE] = {group_node_right, group_node_rights, itself, nodes, NULL},
    [QUESTION_WROTE] = {wrote_right, one, client_person, NULL, NULL},
    [QUESTION_ACCOUNT] = {account_right, one, itself, nodes, NULL},
    [QUESTION_VICTIM] = {author_right, author_rights, author_person, NULL, victims_messages},
};

void truth_of(struct run *r, struct truth *out)
{
    *out = (struct truth){.ctx = r};
    memcpy(out->rows, rows, sizeof rows);
}
