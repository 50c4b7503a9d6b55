#include "net/discovery/table.h"

#include "net/discovery/limits.h"

#include <stdlib.h>

unsigned log_distance(const uint8_t a[ENR_ID_BYTES], const uint8_t b[ENR_ID_BYTES])
{
    for (unsigned i = 0; i < ENR_ID_BYTES; i++) {
        uint8_t x = a[i] ^ b[i];
        for (unsigned bit = 8; x != 0 && bit > 0; bit--)
            if (x >> (bit - 1) != 0)
                return 8 * (ENR_ID_BYTES - 1 - i) + bit;
    }
    return 0;
}

bool is_closer(const uint8_t target[ENR_ID_BYTES], const uint8_t a[ENR_ID_BYTES],
               const uint8_t b[ENR_ID_BYTES])
{
    for (unsigned i = 0; i < ENR_ID_BYTES; i++) {
        uint8_t da = target[i] ^ a[i], db = target[i] ^ b[i];
        if (da != db)
            return da < db;
    }
    return false;
}

void table_init(struct table *t, const uint8_t self[ENR_ID_BYTES])
{
    *t = (struct table){0};
    memcpy(t->self, self, ENR_ID_BYTES);
}

void table_clear(struct table *t)
{
    for (size_t i = 0; i < DISCV5_BUCKETS; i++) {
        struct bucket *b = &t->buckets[i];
        while (b->count > 0)
            free(b->nodes[--b->count]);
        while (b->spare_count > 0)
            free(b->spares[--b->spare_count]);
    }
    t->count = t->proven = 0;
}

/* NULL for our own id */
static struct bucket *bucket_of(const struct table *t, const uint8_t id[ENR_ID_BYTES])
{
    unsigned d = log_distance(t->self, id);

    return d == 0 ? NULL : (struct bucket *)(uintptr_t)&t->buckets[d - 1];
}

struct node *table_find(const struct table *t, const uint8_t id[ENR_ID_BYTES])
{
    const struct bucket *b = bucket_of(t, id);

    for (size_t i = 0; b != NULL && i < b->count; i++)
        if (memcmp(b->nodes[i]->enr.node_id, id, ENR_ID_BYTES) == 0)
            return b->nodes[i];
    return NULL;
}

/* ---- addresses ---- */

static size_t of_address(const struct bucket *b, const uint8_t key[16])
{
    size_t count = 0;
    uint8_t other[16];

    for (size_t i = 0; i < (size_t)b->count + b->spare_count; i++) {
        const struct node *n = i < b->count ? b->nodes[i] : b->spares[i - b->count];
        limits_key(n->addr.ip, other);
        count += memcmp(key, other, 16) == 0;
    }
    return count;
}

static bool address_has_room(const struct table *t, const struct bucket *b,
                             const struct udp_addr *addr)
{
    uint8_t key[16];
    size_t all = 0;

    limits_key(addr->ip, key);
    if (t->bucket_ip_max > 0 && of_address(b, key) >= t->bucket_ip_max)
        return false;
    for (size_t i = 0; t->ip_max > 0 && i < DISCV5_BUCKETS; i++)
        all += of_address(&t->buckets[i], key);
    return t->ip_max == 0 || all < t->ip_max;
}

/* ---- changes ---- */

static struct node *take_newer(struct table *t, struct bucket *b, struct node *n,
                               const struct enr *enr, const struct udp_addr *addr)
{
    if (enr->seq <= n->enr.seq)
        return n;
    if (!udp_addr_eq(&n->addr, addr)) {
        if (!address_has_room(t, b, addr))
            return n; /* the old record stays until its address is silent */
        t->proven -= n->proven;
        n->proven = false;
        n->fails = 0;
        n->addr = *addr;
    }
    n->enr = *enr;
    return n;
}

static void take_spare(struct bucket *b, struct node *n)
{
    for (size_t i = 0; i < b->spare_count; i++) {
        if (memcmp(b->spares[i]->enr.node_id, n->enr.node_id, ENR_ID_BYTES) != 0)
            continue;
        free(b->spares[i]);
        b->spares[i] = n;
        return;
    }
    if (b->spare_count == DISCV5_BUCKET_SPARES) { /* the oldest goes */
        free(b->spares[0]);
        b->spare_count--;
        memmove(b->spares, b->spares + 1, b->spare_count * sizeof *b->spares);
    }
    b->spares[b->spare_count++] = n;
}

struct node *table_add(struct table *t, const struct enr *enr, const struct udp_addr *addr)
{
    struct bucket *b = bucket_of(t, enr->node_id);
    struct node *n = table_find(t, enr->node_id);

    if (n != NULL)
        return take_newer(t, b, n, enr, addr);
    if (b == NULL || !address_has_room(t, b, addr) || (n = calloc(1, sizeof *n)) == NULL)
        return NULL;
    n->enr = *enr;
    n->addr = *addr;
    if (b->count == DISCV5_BUCKET_NODES) {
        take_spare(b, n);
        return NULL;
    }
    b->nodes[b->count++] = n;
    t->count++;
    return n;
}

void table_prove(struct table *t, struct node *n, struct mono now)
{
    t->proven += !n->proven;
    n->proven = true;
    n->fails = 0;
    n->checked = now;
}

void table_remove(struct table *t, struct node *n)
{
    struct bucket *b = bucket_of(t, n->enr.node_id);
    size_t at = 0;

    while (at < b->count && b->nodes[at] != n)
        at++;
    assert(at < b->count);
    t->count--;
    t->proven -= n->proven;
    free(n);
    b->count--;
    memmove(b->nodes + at, b->nodes + at + 1, (b->count - at) * sizeof *b->nodes);
    if (b->spare_count > 0) {
        b->nodes[b->count++] = b->spares[--b->spare_count];
        t->count++;
    }
}

/* ---- looking ---- */

struct node *table_next(const struct table *t, size_t *cursor)
{
    for (; *cursor < DISCV5_BUCKETS * DISCV5_BUCKET_NODES; ++*cursor) {
        const struct bucket *b = &t->buckets[*cursor / DISCV5_BUCKET_NODES];
        size_t at = *cursor % DISCV5_BUCKET_NODES;
        if (at < b->count) {
            ++*cursor;
            return b->nodes[at];
        }
        *cursor += DISCV5_BUCKET_NODES - 1 - at; /* the rest of this bucket is empty */
    }
    return NULL;
}

size_t table_at(const struct table *t, unsigned distance, struct node **out, size_t max)
{
    size_t count = 0;

    assert(distance >= 1 && distance <= DISCV5_BUCKETS);
    const struct bucket *b = &t->buckets[distance - 1];
    for (size_t i = 0; i < b->count && count < max; i++)
        if (b->nodes[i]->proven)
            out[count++] = b->nodes[i];
    return count;
}

size_t table_closest(const struct table *t, const uint8_t target[ENR_ID_BYTES], struct node **out,
                     size_t max)
{
    size_t count = 0, cursor = 0;
    struct node *n;

    while ((n = table_next(t, &cursor)) != NULL) {
        size_t at = count;
        while (at > 0 && is_closer(target, n->enr.node_id, out[at - 1]->enr.node_id))
            at--;
        if (at == max)
            continue;
        count += count < max;
        memmove(out + at + 1, out + at, (count - at - 1) * sizeof *out);
        out[at] = n;
    }
    return count;
}
