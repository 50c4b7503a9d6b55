/* What a service of the adversary reads: the requests of its clients. A relay that serves lightpush
 * is also a hop of stems. */
#include "net/services/filter.h"
#include "net/services/lightpush.h"
#include "net/services/store_query.h"
#include "net/waku/waku.h"
#include "sim/attack/tap_inside.h"

static void tell(struct tap *t, const struct tap_request *r)
{
    for (size_t i = 0; i < t->setup.attacks_count; i++)
        if (t->setup.attacks[i]->request != NULL)
            t->setup.attacks[i]->request(t->states[i], r);
}

static void add_topics(struct tap_request *r, const struct span *topics, size_t count)
{
    for (size_t i = 0; i < count && r->topics_count < TAP_TOPICS_MAX; i++)
        r->topics[r->topics_count++] = tap_topic(topics[i]);
}

static void store(struct tap *t, struct tap_request *r, struct span bytes)
{
    struct store_query q = {0};
    const char *why;

    if (store_query_decode(bytes, &q, &why) != OK)
        return;
    r->kind = TAP_STORE;
    add_topics(r, q.content_topics, q.content_topics_count);
    tell(t, r);
    store_query_clear(&q);
}

static void filter(struct tap *t, struct tap_request *r, struct span bytes)
{
    struct filter_request q;
    const char *why;

    if (filter_request_decode(bytes, &q, &why) != OK || q.kind != FILTER_SUBSCRIBE)
        return;
    r->kind = TAP_SUBSCRIBE;
    add_topics(r, q.content_topics, q.count);
    tell(t, r);
}

static void push(struct tap *t, struct sim *s, const struct sim_bytes *b, struct tap_request *r,
                 struct span bytes, enum lightpush_version version)
{
    struct lightpush_request q;
    struct waku_message m;
    const char *why;
    uint32_t number;

    if (lightpush_codecs[version].read_request(bytes, &q, &why) != OK)
        return;
    if (t->setup.known.own[b->src]) {
        struct tap_copy c = {.pushed = true};
        tap_copy_of(t, s, b, q.message, &c, true);
    }
    if (t->setup.known.own[b->dst]) {
        struct tap_copy c = {.pushed = true};
        tap_copy_of(t, s, b, q.message, &c, false);
    }
    if (!t->setup.services[b->dst] || waku_message_decode(q.message, &m) != OK ||
        !tap_mark_read(m.payload, &number))
        return;
    r->kind = TAP_PUSH;
    r->message = number;
    add_topics(r, &m.content_topic, 1);
    tell(t, r);
}

void tap_service(struct tap *t, struct sim *s, const struct sim_bytes *b, struct span request)
{
    struct tap_request r = {
        .at_ns = sim_now(s), .server = b->dst, .client = t->setup.client_ids[b->src]};

    for (size_t v = 0; v < LIGHTPUSH_VERSIONS; v++)
        if (strcmp(b->protocol, lightpush_codecs[v].id) == 0)
            push(t, s, b, &r, request, (enum lightpush_version)v);
    if (!t->setup.services[b->dst])
        return;
    if (strcmp(b->protocol, STORE_QUERY_PROTOCOL) == 0)
        store(t, &r, request);
    else if (strcmp(b->protocol, FILTER_SUBSCRIBE_PROTOCOL) == 0)
        filter(t, &r, request);
}
