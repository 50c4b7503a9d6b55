/* The meeting point. */
#include "net/reach/rendezvous.h"

#include "crypto/base/map.h"
#include "crypto/base/siphash.h"
#include "crypto/base/writer.h"

#include <stdlib.h>

struct guest { /* a peer with registrations */
    struct peer_id id;
    uint32_t count;
};

struct registration {
    struct registration *older, *younger; /* in order of numbers */
    struct guest *guest;
    uint64_t number; /* grows with every new or changed registration */
    struct mono expires;
    uint16_t ns_len, record_len;
    uint8_t bytes[]; /* namespace, then record */
};

struct rendezvous_server {
    const struct envelope_kind *kind;
    uint8_t key[16]; /* of cookies */
    struct registration *oldest, *youngest;
    struct map places; /* peer id and namespace -> registration */
    struct map guests;
    size_t bytes;
    uint64_t last; /* number */
    struct rendezvous_counters counters;
};

/* ---- registrations ---- */

static struct span ns_of(const struct registration *r)
{
    return span_of(r->bytes, r->ns_len);
}

static struct span record_of(const struct registration *r)
{
    return span_of(r->bytes + r->ns_len, r->record_len);
}

#define PLACE_MAX (1u + PEER_ID_BYTES_MAX + RENDEZVOUS_NAMESPACE_MAX)

static struct span place_of(const struct peer_id *id, struct span ns, uint8_t out[PLACE_MAX])
{
    out[0] = id->len;
    memcpy(out + 1, id->bytes, id->len);
    if (ns.len > 0)
        memcpy(out + 1 + id->len, ns.ptr, ns.len);
    return span_of(out, 1u + id->len + ns.len);
}

static void take_out(struct rendezvous_server *s, struct registration *r)
{
    *(r->older == NULL ? &s->oldest : &r->older->younger) = r->younger;
    *(r->younger == NULL ? &s->youngest : &r->younger->older) = r->older;
}

static void put_last(struct rendezvous_server *s, struct registration *r)
{
    r->number = ++s->last;
    r->older = s->youngest;
    r->younger = NULL;
    *(s->youngest == NULL ? &s->oldest : &s->youngest->younger) = r;
    s->youngest = r;
}

static void drop(struct rendezvous_server *s, struct registration *r)
{
    uint8_t bytes[PLACE_MAX];
    struct guest *g = r->guest;

    map_take(&s->places, place_of(&g->id, ns_of(r), bytes));
    take_out(s, r);
    s->bytes -= (size_t)r->ns_len + r->record_len;
    free(r);
    if (--g->count == 0) {
        map_take(&s->guests, peer_id_span(&g->id));
        free(g);
    }
    s->counters.registered = map_count(&s->places);
}

static void drop_expired(struct rendezvous_server *s, const struct env *env)
{
    for (struct registration *r = s->oldest, *next; r != NULL; r = next) {
        next = r->younger;
        if (r->expires.ns <= env->now.ns)
            drop(s, r);
    }
}

static struct guest *greediest(const struct rendezvous_server *s)
{
    struct guest *g, *most = NULL;

    for (size_t cursor = 0; (g = map_next(&s->guests, &cursor, NULL)) != NULL;)
        if (most == NULL || g->count > most->count)
            most = g;
    return most;
}

/* The house is full: who holds most loses its oldest, unless the newcomer holds as much. */
static bool make_room(struct rendezvous_server *s, const struct peer_id *from, size_t need)
{
    while (map_count(&s->places) >= RENDEZVOUS_MAX || s->bytes + need > RENDEZVOUS_BYTES_MAX) {
        const struct guest *own = map_get(&s->guests, peer_id_span(from)), *g = greediest(s);
        if (g == NULL || g->count <= 1 + (own == NULL ? 0 : own->count))
            return false;
        struct registration *r = s->oldest;
        while (r->guest != g)
            r = r->younger;
        drop(s, r);
    }
    return true;
}

static struct guest *guest_get(struct rendezvous_server *s, const struct peer_id *id)
{
    struct guest *g = map_get(&s->guests, peer_id_span(id));

    if (g != NULL)
        return g;
    g = calloc(1, sizeof *g);
    if (g == NULL)
        return NULL;
    g->id = *id;
    if (map_put(&s->guests, peer_id_span(id), g) == OK)
        return g;
    free(g);
    return NULL;
}

static enum rendezvous_status add(struct rendezvous_server *s, const struct env *env,
                                  const struct peer_id *from,
                                  const struct rendezvous_registration *in)
{
    size_t need = in->ns.len + in->record.len;
    uint8_t bytes[PLACE_MAX];
    struct guest *g = map_get(&s->guests, peer_id_span(from));

    if (g != NULL && g->count >= RENDEZVOUS_PEER_MAX)
        return RENDEZVOUS_NOT_AUTHORIZED;
    if (!make_room(s, from, need))
        return RENDEZVOUS_UNAVAILABLE;
    struct registration *r = malloc(sizeof *r + need);
    g = r == NULL ? NULL : guest_get(s, from);
    if (g == NULL || map_put(&s->places, place_of(from, in->ns, bytes), r) != OK) {
        if (g != NULL && g->count == 0) {
            map_take(&s->guests, peer_id_span(from));
            free(g);
        }
        free(r);
        return RENDEZVOUS_INTERNAL_ERROR;
    }
    g->count++;
    r->guest = g;
    r->ns_len = (uint16_t)in->ns.len;
    r->record_len = (uint16_t)in->record.len;
    memcpy(r->bytes, in->ns.ptr, in->ns.len);
    memcpy(r->bytes + in->ns.len, in->record.ptr, in->record.len);
    r->expires = mono_add(env->now, (int64_t)in->ttl_s * NS_PER_S);
    s->bytes += need;
    put_last(s, r);
    s->counters.registered = map_count(&s->places);
    return RENDEZVOUS_OK;
}

/* ---- requests ---- */

/* Signed by the one who asks, about itself. */
static bool is_own_record(const struct rendezvous_server *s, const struct peer_id *from,
                          struct span record)
{
    struct peer_record opened;

    return envelope_open_record(s->kind, record, &opened) == OK && peer_id_eq(&opened.id, from) &&
           opened.count > 0;
}

static enum rendezvous_status take_register(struct rendezvous_server *s, const struct env *env,
                                            const struct peer_id *from,
                                            struct rendezvous_registration *in)
{
    uint8_t bytes[PLACE_MAX];

    if (in->ns.len == 0 || in->ns.len > RENDEZVOUS_NAMESPACE_MAX)
        return RENDEZVOUS_INVALID_NAMESPACE;
    if (!in->has_ttl)
        in->ttl_s = RENDEZVOUS_TTL_S_GIVEN;
    if (in->ttl_s < RENDEZVOUS_TTL_S_MIN || in->ttl_s > RENDEZVOUS_TTL_S_MAX)
        return RENDEZVOUS_INVALID_TTL;
    if (in->ttl_s > RENDEZVOUS_TTL_S_GIVEN)
        in->ttl_s = RENDEZVOUS_TTL_S_GIVEN;
    drop_expired(s, env);
    struct registration *before = map_get(&s->places, place_of(from, in->ns, bytes));
    if (before != NULL && span_eq(record_of(before), in->record)) {
        before->expires = mono_add(env->now, (int64_t)in->ttl_s * NS_PER_S);
        return RENDEZVOUS_OK;
    }
    if (!is_own_record(s, from, in->record))
        return RENDEZVOUS_INVALID_RECORD;
    if (before != NULL)
        drop(s, before);
    return add(s, env, from, in);
}

static void take_unregister(struct rendezvous_server *s, const struct peer_id *from, struct span ns)
{
    uint8_t bytes[PLACE_MAX];
    struct registration *r =
        ns.len > RENDEZVOUS_NAMESPACE_MAX ? NULL : map_get(&s->places, place_of(from, ns, bytes));

    if (r != NULL)
        drop(s, r);
}

/* ---- cookies ---- */

static void cookie_make(const struct rendezvous_server *s, uint64_t number,
                        uint8_t out[RENDEZVOUS_COOKIE_BYTES])
{
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)(number >> (56 - 8 * i));
    uint64_t mac = siphash(s->key, span_of(out, 8));
    for (int i = 0; i < 8; i++)
        out[8 + i] = (uint8_t)(mac >> (56 - 8 * i));
}

static bool cookie_read(const struct rendezvous_server *s, struct span cookie, uint64_t *number)
{
    uint8_t own[RENDEZVOUS_COOKIE_BYTES];

    *number = 0;
    if (cookie.len == 0)
        return true;
    if (cookie.len != RENDEZVOUS_COOKIE_BYTES)
        return false;
    for (int i = 0; i < 8; i++)
        *number = *number << 8 | cookie.ptr[i];
    cookie_make(s, *number, own);
    return span_eq(cookie, SPAN_ARRAY(own));
}

static uint64_t seconds_left(const struct env *env, const struct registration *r)
{
    return (uint64_t)((r->expires.ns - env->now.ns) / NS_PER_S);
}

/* Those behind the cookie; the new one names the last that was looked at, so no page is skipped. */
static uint64_t find(struct rendezvous_server *s, const struct env *env,
                     const struct rendezvous_message *in, uint64_t after,
                     struct rendezvous_message *out)
{
    size_t limit = in->has_limit && in->limit < RENDEZVOUS_ANSWER_MAX ? (size_t)in->limit
                                                                      : RENDEZVOUS_ANSWER_MAX;
    size_t bytes = 0;
    const struct registration *r = s->oldest;

    for (; r != NULL && out->count < limit && bytes < RENDEZVOUS_ANSWER_BYTES / 2; r = r->younger) {
        if (r->number <= after || (in->has_ns && !span_eq(in->ns, ns_of(r))))
            continue;
        out->registrations[out->count++] =
            (struct rendezvous_registration){ns_of(r), record_of(r), true, seconds_left(env, r)};
        bytes += (size_t)r->ns_len + r->record_len;
        after = r->number;
    }
    return r == NULL ? s->last : after;
}

static enum rendezvous_status take_discover(struct rendezvous_server *s, const struct env *env,
                                            const struct rendezvous_message *in,
                                            uint8_t cookie[RENDEZVOUS_COOKIE_BYTES],
                                            struct rendezvous_message *out)
{
    uint64_t after;

    if (in->has_ns && in->ns.len > RENDEZVOUS_NAMESPACE_MAX)
        return RENDEZVOUS_INVALID_NAMESPACE;
    if (!cookie_read(s, in->cookie, &after))
        return RENDEZVOUS_INVALID_COOKIE;
    drop_expired(s, env);
    cookie_make(s, find(s, env, in, after, out), cookie);
    out->cookie = span_of(cookie, RENDEZVOUS_COOKIE_BYTES);
    return RENDEZVOUS_OK;
}

static enum err answer(struct rendezvous_server *s, const struct env *env,
                       const struct peer_id *from, struct rendezvous_message *in,
                       struct rendezvous_message *out, struct buf *to)
{
    uint8_t cookie[RENDEZVOUS_COOKIE_BYTES];

    switch (in->type) {
    case RENDEZVOUS_REGISTER:
        s->counters.registers++;
        out->type = RENDEZVOUS_REGISTER_RESPONSE;
        out->status = take_register(s, env, from, &in->registration);
        out->registration.has_ttl = out->status == RENDEZVOUS_OK;
        out->registration.ttl_s = in->registration.ttl_s;
        break;
    case RENDEZVOUS_UNREGISTER:
        take_unregister(s, from, in->registration.ns);
        return OK;
    case RENDEZVOUS_DISCOVER:
        s->counters.discovers++;
        out->type = RENDEZVOUS_DISCOVER_RESPONSE;
        out->status = take_discover(s, env, in, cookie, out);
        break;
    case RENDEZVOUS_REGISTER_RESPONSE:
    case RENDEZVOUS_DISCOVER_RESPONSE:
        return ERR_FORMAT;
    }
    s->counters.refused += out->status != RENDEZVOUS_OK;
    return rendezvous_encode(out, to);
}

enum err rendezvous_server_request(struct rendezvous_server *s, const struct env *env,
                                   const struct peer_id *from, struct span request, struct buf *out)
{
    struct rendezvous_message *m = calloc(2, sizeof *m);
    enum err err = m == NULL ? ERR_MEMORY : rendezvous_decode(request, &m[0]);

    s->counters.malformed += err == ERR_FORMAT;
    if (err == OK)
        err = answer(s, env, from, &m[0], &m[1], out);
    free(m);
    return err;
}

const struct rendezvous_counters *rendezvous_server_counters(const struct rendezvous_server *s)
{
    return &s->counters;
}

/* ---- life ---- */

enum err rendezvous_server_new(struct rendezvous_server **out, const struct env *env,
                               const struct envelope_kind *kind)
{
    struct rendezvous_server *s = calloc(1, sizeof *s);
    uint8_t seed[16];

    if (s == NULL)
        return ERR_MEMORY;
    rng_fill(env->rng, seed, sizeof seed);
    rng_fill(env->rng, s->key, sizeof s->key);
    s->kind = kind;
    map_init(&s->places, seed, RENDEZVOUS_MAX);
    map_init(&s->guests, seed, RENDEZVOUS_MAX);
    *out = s;
    return OK;
}

void rendezvous_server_free(struct rendezvous_server *s)
{
    if (s == NULL)
        return;
    while (s->oldest != NULL)
        drop(s, s->oldest);
    map_clear(&s->places);
    map_clear(&s->guests);
    free(s);
}
