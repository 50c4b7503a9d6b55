/* The book: entries on shelves, and the counts of tellers and addresses that bound strangers. */
#include "net/peers/inside.h"

#include "net/wire/ip.h"

#include <stdlib.h>

struct entry *book_find(const struct peers *p, const struct peer_id *id)
{
    return map_get(&p->entries, peer_id_span(id));
}

/* ---- shelves ---- */

static void unlink_entry(struct peers *p, struct entry *e)
{
    *(e->prev == NULL ? &p->first[e->shelf] : &e->prev->next) = e->next;
    *(e->next == NULL ? &p->last[e->shelf] : &e->next->prev) = e->prev;
    p->shelved -= e->shelf != SHELF_HELD;
}

static void append_entry(struct peers *p, struct entry *e, enum shelf shelf)
{
    e->shelf = shelf;
    e->prev = p->last[shelf];
    e->next = NULL;
    *(e->prev == NULL ? &p->first[shelf] : &e->prev->next) = e;
    p->last[shelf] = e;
    p->shelved += shelf != SHELF_HELD;
}

static enum shelf shelf_of(const struct entry *e)
{
    if (e->fixed || e->connected || e->dialing)
        return SHELF_HELD;
    if (e->worked_s != 0)
        return SHELF_WORKED;
    return e->failures > 0 ? SHELF_FAILED : SHELF_UNTRIED;
}

/* ---- tellers ---- */

static void teller_leave(struct peers *p, struct entry *e)
{
    struct teller *t = e->teller;

    e->teller = NULL;
    if (t == NULL || --t->untried > 0)
        return;
    map_take(&p->tellers, MAP_KEY(t->via));
    free(t);
}

static enum err teller_join(struct peers *p, struct entry *e, uint64_t via)
{
    struct teller *t = map_get(&p->tellers, MAP_KEY(via));

    if (via == 0)
        return OK;
    if (t != NULL && t->untried >= PEERS_TELLER_MAX)
        return ERR_LIMIT;
    if (t == NULL) {
        t = calloc(1, sizeof *t);
        if (t == NULL)
            return ERR_MEMORY;
        t->via = via;
        enum err err = map_put(&p->tellers, MAP_KEY(t->via), t);
        if (err != OK) {
            free(t);
            return err;
        }
    }
    t->untried++;
    e->teller = t;
    return OK;
}

void book_shelve(struct peers *p, const struct env *env, struct entry *e)
{
    unlink_entry(p, e);
    append_entry(p, e, shelf_of(e));
    e->since = env->now;
    if (e->shelf != SHELF_UNTRIED)
        teller_leave(p, e);
}

/* ---- addresses of the internet ---- */

static void group_leave(struct peers *p, struct entry *e)
{
    struct group *g = e->group;

    e->group = NULL;
    if (g == NULL)
        return;
    g->active -= e->connected || e->dialing;
    if (--g->entries > 0)
        return;
    map_take(&p->groups, span_of(g->key, g->key_len));
    free(g);
}

/* One holder: an IPv4 address, or an IPv6 /64. */
static struct span holder(const uint8_t ip[16], uint8_t out[9])
{
    const uint8_t *v4 = ip_v4(ip);
    uint8_t len = v4 != NULL ? 4 : 8;

    out[0] = len;
    memcpy(out + 1, v4 != NULL ? v4 : ip, len);
    return span_of(out, len + 1u);
}

static enum err group_get(struct peers *p, const uint8_t *ip, struct group **out)
{
    uint8_t bytes[9];
    struct span key = holder(ip, bytes);
    struct group *g = map_get(&p->groups, key);

    *out = g;
    if (g != NULL)
        return OK;
    g = calloc(1, sizeof *g);
    if (g == NULL)
        return ERR_MEMORY;
    memcpy(g->key, bytes, sizeof bytes);
    g->key_len = (uint8_t)key.len;
    enum err err = map_put(&p->groups, key, g);
    if (err != OK)
        free(g);
    else
        *out = g;
    return err;
}

enum err book_group(struct peers *p, struct entry *e, const uint8_t *ip, bool limited)
{
    struct group *g = NULL;

    if (p->params.per_ip == 0 || ip == NULL ||
        (!p->params.loopback_limited && ip_is_loopback(ip))) {
        group_leave(p, e);
        return OK;
    }
    TRY(group_get(p, ip, &g));
    if (g == e->group)
        return OK;
    if (limited && g->entries >= p->params.per_ip)
        return ERR_LIMIT; /* so it has entries and stays */
    g->entries++;
    g->active += e->connected || e->dialing;
    group_leave(p, e);
    e->group = g;
    return OK;
}

void book_set_active(struct entry *e, bool connected, bool dialing)
{
    bool was = e->connected || e->dialing, is = connected || dialing;

    if (e->group != NULL && was != is)
        e->group->active += is ? 1u : UINT32_MAX;
    e->connected = connected;
    e->dialing = dialing;
}

/* ---- entries ---- */

void book_remove(struct peers *p, struct entry *e)
{
    unlink_entry(p, e);
    teller_leave(p, e);
    group_leave(p, e);
    map_take(&p->entries, peer_id_span(&e->id));
    p->counters.known = map_count(&p->entries);
    p->generation += e->worked_s != 0;
    free(e->addrs);
    free(e);
}

enum err book_add(struct peers *p, const struct env *env, const struct peer_id *id,
                  enum peers_source source, uint64_t via, struct entry **out)
{
    struct entry *e = calloc(1, sizeof *e);

    if (e == NULL)
        return ERR_MEMORY;
    e->id = *id;
    e->source = source;
    e->since = e->next_dial = env->now;
    enum err err = teller_join(p, e, via);
    if (err == OK)
        err = map_put(&p->entries, peer_id_span(id), e);
    if (err != OK) {
        teller_leave(p, e);
        free(e);
        return err;
    }
    append_entry(p, e, SHELF_UNTRIED);
    p->counters.known = map_count(&p->entries);
    *out = e;
    return OK;
}

void book_trim(struct peers *p)
{
    for (int s = 0; s < SHELF_HELD; s++)
        while (p->shelved > p->params.capacity && p->first[s] != NULL) {
            p->counters.evicted++;
            book_remove(p, p->first[s]);
        }
}

/* Given up, or told long ago and never needed. */
static bool is_stale(const struct entry *e, const struct env *env)
{
    int64_t age_ms = (env->now.ns - e->since.ns) / NS_PER_MS;

    switch (e->shelf) {
    case SHELF_FAILED:
        return (e->foreign || e->failures >= PEERS_FAILURES_MAX) &&
               age_ms >= (e->foreign ? PEERS_FOREIGN_MS : PEERS_HOPELESS_MS);
    case SHELF_UNTRIED:
        return age_ms >= PEERS_UNTRIED_MS;
    case SHELF_WORKED:
        return e->failures >= PEERS_FAILURES_KNOWN;
    case SHELF_HELD:
    case SHELVES:
        break;
    }
    return false;
}

void book_sweep(struct peers *p, const struct env *env)
{
    for (int s = 0; s < SHELF_HELD; s++)
        for (struct entry *e = p->first[s], *next; e != NULL; e = next) {
            next = e->next;
            if (!is_stale(e, env))
                continue;
            p->counters.forgotten++;
            book_remove(p, e);
        }
}

/* ---- addresses of a peer ---- */

bool book_addr(const struct entry *e, size_t *cursor, struct multiaddr *out)
{
    if (*cursor >= e->addrs_bytes)
        return false;
    out->len = (uint16_t)(e->addrs[*cursor] << 8 | e->addrs[*cursor + 1]);
    memcpy(out->bytes, e->addrs + *cursor + 2, out->len);
    *cursor += out->len + 2u;
    return true;
}

static bool among(const struct multiaddr *list, size_t count, const struct multiaddr *m)
{
    for (size_t i = 0; i < count; i++)
        if (multiaddr_eq(&list[i], m))
            return true;
    return false;
}

static bool is_usable(const struct peers *p, const struct multiaddr *m, bool strangers)
{
    uint8_t ip[16];
    uint16_t port;

    if (m->len == 0)
        return false;
    if (!multiaddr_ip(m, ip, &port))
        return true;
    return port != 0 && !(strangers && !p->params.private_addrs && ip_is_private(ip));
}

static enum err keep(struct entry *e, const struct multiaddr *list, size_t count)
{
    size_t bytes = 0;

    for (size_t i = 0; i < count; i++)
        bytes += list[i].len + 2u;
    uint8_t *packed = malloc(bytes), *at = packed;
    if (packed == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < count; i++) {
        *at++ = (uint8_t)(list[i].len >> 8);
        *at++ = (uint8_t)list[i].len;
        memcpy(at, list[i].bytes, list[i].len);
        at += list[i].len;
    }
    free(e->addrs);
    e->addrs = packed;
    e->addrs_bytes = bytes;
    e->addrs_count = (unsigned)count;
    return OK;
}

enum err book_learn(struct peers *p, struct entry *e, const struct multiaddr *addrs, size_t count,
                    bool strangers)
{
    struct multiaddr list[PEERS_ADDRS_MAX], m;
    size_t n = 0, cursor = 0;

    for (size_t i = 0; i < count && n < PEERS_ADDRS_MAX; i++) {
        m = addrs[i];
        multiaddr_drop_peer(&m);
        if (is_usable(p, &m, strangers) && !among(list, n, &m))
            list[n++] = m;
    }
    while (n < PEERS_ADDRS_MAX && book_addr(e, &cursor, &m))
        if (!among(list, n, &m))
            list[n++] = m;
    return n == 0 ? ERR_NOT_FOUND : keep(e, list, n);
}
