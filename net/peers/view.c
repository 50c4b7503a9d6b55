/* Looking in, for REST, metrics and remembering: nothing here changes anything. */
#include "net/peers/inside.h"

static void view(const struct entry *e, struct peers_view *out)
{
    *out = (struct peers_view){.id = &e->id,
                               .source = e->source,
                               .peer = e->peer,
                               .fixed = e->fixed,
                               .outbound = e->outbound,
                               .dialing = e->dialing,
                               .capabilities = e->capabilities,
                               .failures = e->failures,
                               .shards_known = e->shards_known,
                               .capabilities_known = e->capabilities_known,
                               .shards = &e->shards,
                               .worked_s = e->worked_s};
}

bool peers_next(const struct peers *p, size_t *cursor, struct peers_view *out)
{
    const struct entry *e = map_next(&p->entries, cursor, NULL);

    if (e != NULL)
        view(e, out);
    return e != NULL;
}

bool peers_find(const struct peers *p, const struct peer_id *id, struct peers_view *out)
{
    const struct entry *e = book_find(p, id);

    if (e != NULL)
        view(e, out);
    return e != NULL;
}

size_t peers_addrs(const struct peers *p, const struct peer_id *id,
                   struct multiaddr out[PEERS_ADDRS_MAX])
{
    const struct entry *e = book_find(p, id);
    size_t n = 0, cursor = 0;

    while (e != NULL && n < PEERS_ADDRS_MAX && book_addr(e, &cursor, &out[n]))
        n++;
    return n;
}

const struct peers_counters *peers_counters(const struct peers *p)
{
    return &p->counters;
}

uint64_t peers_generation(const struct peers *p)
{
    return p->generation;
}
