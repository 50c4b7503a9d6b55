/* The messages of rendezvous. */
#include "net/reach/rendezvous.h"

#include "net/wire/protobuf.h"

#include <stdio.h>

enum { /* Message and its parts, in the words of the spec's protobuf */
    MESSAGE_TYPE = 1,
    MESSAGE_REGISTER = 2,
    MESSAGE_REGISTER_RESPONSE = 3,
    MESSAGE_UNREGISTER = 4,
    MESSAGE_DISCOVER = 5,
    MESSAGE_DISCOVER_RESPONSE = 6,
    REGISTER_NS = 1,
    REGISTER_RECORD = 2,
    REGISTER_TTL = 3,
    RESPONSE_STATUS = 1,
    RESPONSE_TTL = 3,
    DISCOVER_NS = 1,
    DISCOVER_LIMIT = 2,
    DISCOVER_COOKIE = 3,
    FOUND_REGISTRATIONS = 1,
    FOUND_COOKIE = 2,
    FOUND_STATUS = 3,
};

/* ---- writing ---- */

static void put_registration(struct writer *w, uint32_t number,
                             const struct rendezvous_registration *r)
{
    size_t begun = pb_begin(w, number);

    pb_put_bytes(w, REGISTER_NS, r->ns);
    pb_put_bytes(w, REGISTER_RECORD, r->record);
    if (r->has_ttl)
        pb_put_u64(w, REGISTER_TTL, r->ttl_s);
    pb_end(w, begun);
}

static void put_response(struct writer *w, const struct rendezvous_message *m)
{
    size_t begun = pb_begin(w, MESSAGE_REGISTER_RESPONSE);

    pb_put_u64(w, RESPONSE_STATUS, m->status);
    if (m->registration.has_ttl)
        pb_put_u64(w, RESPONSE_TTL, m->registration.ttl_s);
    pb_end(w, begun);
}

static void put_discover(struct writer *w, const struct rendezvous_message *m)
{
    size_t begun = pb_begin(w, MESSAGE_DISCOVER);

    if (m->has_ns)
        pb_put_bytes(w, DISCOVER_NS, m->ns);
    if (m->has_limit)
        pb_put_u64(w, DISCOVER_LIMIT, m->limit);
    if (m->cookie.len > 0)
        pb_put_bytes(w, DISCOVER_COOKIE, m->cookie);
    pb_end(w, begun);
}

static void put_found(struct writer *w, const struct rendezvous_message *m)
{
    size_t begun = pb_begin(w, MESSAGE_DISCOVER_RESPONSE);

    for (size_t i = 0; i < m->count; i++)
        put_registration(w, FOUND_REGISTRATIONS, &m->registrations[i]);
    if (m->cookie.len > 0)
        pb_put_bytes(w, FOUND_COOKIE, m->cookie);
    pb_put_u64(w, FOUND_STATUS, m->status);
    pb_end(w, begun);
}

enum err rendezvous_encode(const struct rendezvous_message *m, struct buf *out)
{
    struct writer w = writer_to(out);
    size_t begun;

    pb_put_u64(&w, MESSAGE_TYPE, m->type);
    switch (m->type) {
    case RENDEZVOUS_REGISTER:
        put_registration(&w, MESSAGE_REGISTER, &m->registration);
        break;
    case RENDEZVOUS_REGISTER_RESPONSE:
        put_response(&w, m);
        break;
    case RENDEZVOUS_UNREGISTER:
        begun = pb_begin(&w, MESSAGE_UNREGISTER);
        pb_put_bytes(&w, REGISTER_NS, m->registration.ns);
        pb_end(&w, begun);
        break;
    case RENDEZVOUS_DISCOVER:
        put_discover(&w, m);
        break;
    case RENDEZVOUS_DISCOVER_RESPONSE:
        put_found(&w, m);
        break;
    }
    return writer_status(&w);
}

/* ---- reading ---- */

static struct rendezvous_registration read_registration(struct pb *p, const struct pb_field *f)
{
    struct pb q = pb_of(pb_bytes(p, f));
    struct rendezvous_registration r = {.has_ttl = false};

    for (struct pb_field g; pb_next(&q, &g);)
        switch (g.number) {
        case REGISTER_NS:
            r.ns = pb_bytes(&q, &g);
            break;
        case REGISTER_RECORD:
            r.record = pb_bytes(&q, &g);
            break;
        case REGISTER_TTL:
            r.ttl_s = pb_u64(&q, &g);
            r.has_ttl = true;
            break;
        }
    if (pb_status(&q) != OK)
        p->failed = true;
    return r;
}

static void read_response(struct pb *p, const struct pb_field *f, struct rendezvous_message *m)
{
    struct pb q = pb_of(pb_bytes(p, f));

    for (struct pb_field g; pb_next(&q, &g);)
        if (g.number == RESPONSE_STATUS) {
            m->status = pb_u32(&q, &g);
        } else if (g.number == RESPONSE_TTL) {
            m->registration.ttl_s = pb_u64(&q, &g);
            m->registration.has_ttl = true;
        }
    if (pb_status(&q) != OK)
        p->failed = true;
}

static void read_discover(struct pb *p, const struct pb_field *f, struct rendezvous_message *m)
{
    struct pb q = pb_of(pb_bytes(p, f));

    for (struct pb_field g; pb_next(&q, &g);)
        switch (g.number) {
        case DISCOVER_NS:
            m->ns = pb_bytes(&q, &g);
            m->has_ns = true;
            break;
        case DISCOVER_LIMIT:
            m->limit = pb_u64(&q, &g);
            m->has_limit = true;
            break;
        case DISCOVER_COOKIE:
            m->cookie = pb_bytes(&q, &g);
            break;
        }
    if (pb_status(&q) != OK)
        p->failed = true;
}

static void read_found(struct pb *p, const struct pb_field *f, struct rendezvous_message *m)
{
    struct pb q = pb_of(pb_bytes(p, f));

    for (struct pb_field g; pb_next(&q, &g);)
        switch (g.number) {
        case FOUND_REGISTRATIONS: {
            struct rendezvous_registration r = read_registration(&q, &g);
            if (m->count < RENDEZVOUS_ANSWER_MAX)
                m->registrations[m->count++] = r;
            break;
        }
        case FOUND_COOKIE:
            m->cookie = pb_bytes(&q, &g);
            break;
        case FOUND_STATUS:
            m->status = pb_u32(&q, &g);
            break;
        }
    if (pb_status(&q) != OK)
        p->failed = true;
}

/* Parts that the type has not are skipped, so that no field is set twice. */
static void read_part(struct pb *p, const struct pb_field *f, struct rendezvous_message *m)
{
    switch (f->number) {
    case MESSAGE_REGISTER:
    case MESSAGE_UNREGISTER:
        m->registration = read_registration(p, f);
        break;
    case MESSAGE_REGISTER_RESPONSE:
        read_response(p, f, m);
        break;
    case MESSAGE_DISCOVER:
        read_discover(p, f, m);
        break;
    case MESSAGE_DISCOVER_RESPONSE:
        read_found(p, f, m);
        break;
    }
}

enum err rendezvous_decode(struct span in, struct rendezvous_message *out)
{
    static const uint32_t part_of[] = {MESSAGE_REGISTER, MESSAGE_REGISTER_RESPONSE,
                                       MESSAGE_UNREGISTER, MESSAGE_DISCOVER,
                                       MESSAGE_DISCOVER_RESPONSE};
    struct pb p = pb_of(in);
    uint32_t type = UINT32_MAX;
    bool whole = false;

    *out = (struct rendezvous_message){.type = RENDEZVOUS_REGISTER};
    for (struct pb_field f; pb_next(&p, &f);)
        if (f.number == MESSAGE_TYPE)
            type = pb_u32(&p, &f);
    TRY(pb_status(&p));
    if (type >= sizeof part_of / sizeof part_of[0])
        return ERR_FORMAT;
    out->type = (enum rendezvous_type)type;
    p = pb_of(in);
    for (struct pb_field f; pb_next(&p, &f);)
        if (f.number == part_of[type] && !whole) {
            read_part(&p, &f, out);
            whole = true;
        }
    TRY(pb_status(&p));
    return whole ? OK : ERR_FORMAT;
}

size_t rendezvous_namespace(uint16_t cluster, uint16_t shard, char out[RENDEZVOUS_NAMESPACE_TEXT])
{
    return (size_t)snprintf(out, RENDEZVOUS_NAMESPACE_TEXT, "rs/%u/%u", cluster, shard);
}
