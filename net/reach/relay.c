#include "net/reach/relay.h"

#include "crypto/base/map.h"

#include <stdlib.h>

struct reservation {
    uint8_t ip[16];
    struct mono until;
};

struct circuit {
    uint64_t from, to;
    struct mono until;
    uint64_t bytes[2]; /* [1]: of the source */
};

struct relay {
    struct relay_params params;
    struct relay_counters counters;
    struct map reservations; /* by peer */
    struct map circuits;     /* by number: oldest first, all with the same time to live */
    uint64_t next;
};

const struct relay_params *relay_params(const struct relay *r)
{
    return &r->params;
}

bool relay_has(const struct relay *r, const struct env *env, uint64_t peer)
{
    const struct reservation *v = map_get(&r->reservations, MAP_KEY(peer));

    return v != NULL && v->until.ns > env->now.ns;
}

static void drop_expired(struct relay *r, const struct env *env)
{
    struct reservation *v;
    struct span key;

    for (size_t cursor = 0; (v = map_next(&r->reservations, &cursor, &key)) != NULL;)
        if (v->until.ns <= env->now.ns)
            free(map_take(&r->reservations, key));
}

static size_t from_ip(const struct relay *r, const uint8_t ip[16])
{
    const struct reservation *v;
    size_t n = 0;

    for (size_t cursor = 0; (v = map_next(&r->reservations, &cursor, NULL)) != NULL;)
        n += memcmp(v->ip, ip, 16) == 0;
    return n;
}

static struct reservation *reservation_new(struct relay *r, const struct env *env, uint64_t peer,
                                           const uint8_t ip[16])
{
    drop_expired(r, env);
    if (from_ip(r, ip) >= r->params.reservations_ip_max)
        return NULL;
    struct reservation *v = calloc(1, sizeof *v);
    if (v == NULL || map_put(&r->reservations, MAP_KEY(peer), v) != OK) {
        free(v);
        return NULL;
    }
    memcpy(v->ip, ip, 16);
    return v;
}

enum circuit_status relay_reserve(struct relay *r, const struct env *env, uint64_t peer,
                                  const uint8_t ip[16], uint64_t *expire_s)
{
    struct reservation *v = map_get(&r->reservations, MAP_KEY(peer));

    if (v == NULL)
        v = reservation_new(r, env, peer, ip);
    if (v == NULL) {
        r->counters.reservations_refused++;
        return CIRCUIT_RESERVATION_REFUSED;
    }
    r->counters.reserved++;
    v->until = mono_add(env->now, r->params.ttl_s * NS_PER_S);
    *expire_s = (uint64_t)(env->wall.ns / NS_PER_S + r->params.ttl_s);
    return CIRCUIT_OK;
}

static size_t circuits_of(const struct relay *r, uint64_t peer)
{
    const struct circuit *c;
    size_t n = 0;

    for (size_t cursor = 0; (c = map_next(&r->circuits, &cursor, NULL)) != NULL;)
        n += c->from == peer || c->to == peer;
    return n;
}

static enum circuit_status refused(struct relay *r, enum circuit_status why)
{
    r->counters.connects_refused++;
    return why;
}

enum circuit_status relay_connect(struct relay *r, const struct env *env, uint64_t from,
                                  uint64_t to, uint64_t *circuit)
{
    if (from == to || !relay_has(r, env, to))
        return refused(r, CIRCUIT_NO_RESERVATION);
    if (map_count(&r->circuits) >= r->params.circuits_max ||
        circuits_of(r, from) >= r->params.circuits_peer_max ||
        circuits_of(r, to) >= r->params.circuits_peer_max)
        return refused(r, CIRCUIT_RESOURCE_LIMIT_EXCEEDED);
    struct circuit *c = calloc(1, sizeof *c);
    uint64_t number = r->next + 1;
    if (c == NULL || map_put(&r->circuits, MAP_KEY(number), c) != OK) {
        free(c);
        return refused(r, CIRCUIT_RESOURCE_LIMIT_EXCEEDED);
    }
    *c = (struct circuit){.from = from, .to = to, .until = MONO_NEVER};
    if (r->params.limit.seconds > 0)
        c->until = mono_add(env->now, r->params.limit.seconds * NS_PER_S);
    *circuit = r->next = number;
    r->counters.connected++;
    return CIRCUIT_OK;
}

size_t relay_count(struct relay *r, uint64_t circuit, bool from_source, size_t bytes)
{
    struct circuit *c = map_get(&r->circuits, MAP_KEY(circuit));

    if (c == NULL)
        return 0;
    uint64_t left = UINT64_MAX;
    if (r->params.limit.bytes > 0)
        left = r->params.limit.bytes - c->bytes[from_source];
    size_t n = bytes > left ? (size_t)left : bytes;
    c->bytes[from_source] += n;
    r->counters.bytes += n;
    r->counters.cut += n < bytes;
    return n;
}

void relay_closed(struct relay *r, uint64_t circuit)
{
    free(map_take(&r->circuits, MAP_KEY(circuit)));
}

void relay_peer_down(struct relay *r, uint64_t peer)
{
    free(map_take(&r->reservations, MAP_KEY(peer)));
}

static struct circuit *oldest(const struct relay *r, struct span *key)
{
    size_t cursor = 0;

    return map_next(&r->circuits, &cursor, key);
}

struct mono relay_deadline(const struct relay *r)
{
    const struct circuit *c = oldest(r, NULL);

    return c == NULL ? MONO_NEVER : c->until;
}

uint64_t relay_expired(struct relay *r, const struct env *env)
{
    struct span key;
    const struct circuit *c = oldest(r, &key);
    uint64_t number;

    if (c == NULL || c->until.ns > env->now.ns)
        return 0;
    memcpy(&number, key.ptr, sizeof number);
    r->counters.cut++;
    relay_closed(r, number);
    return number;
}

size_t relay_circuits(const struct relay *r)
{
    return map_count(&r->circuits);
}

size_t relay_reservations(const struct relay *r)
{
    return map_count(&r->reservations);
}

const struct relay_counters *relay_counters(const struct relay *r)
{
    return &r->counters;
}

enum err relay_new(struct relay **out, const struct env *env, const struct relay_params *params)
{
    struct relay *r = calloc(1, sizeof *r);
    uint8_t seed[16];

    if (r == NULL)
        return ERR_MEMORY;
    r->params = *params;
    rng_fill(env->rng, seed, sizeof seed);
    map_init(&r->reservations, seed, params->reservations_max);
    map_init(&r->circuits, seed, params->circuits_max);
    *out = r;
    return OK;
}

void relay_free(struct relay *r)
{
    void *value;

    if (r == NULL)
        return;
    for (size_t cursor = 0; (value = map_next(&r->reservations, &cursor, NULL)) != NULL;)
        free(value);
    for (size_t cursor = 0; (value = map_next(&r->circuits, &cursor, NULL)) != NULL;)
        free(value);
    map_clear(&r->reservations);
    map_clear(&r->circuits);
    free(r);
}
