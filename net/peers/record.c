/* An entry as bytes, to be remembered over a restart: a protobuf of our own. */
#include "net/peers/inside.h"

#include "net/wire/protobuf.h"

enum {
    RECORD_ADDR = 1, /* repeated: binary multiaddr */
    RECORD_CAPABILITIES = 2,
    RECORD_SHARDS = 3,   /* packed */
    RECORD_WORKED_S = 4, /* unix time */
};

static void put_shards(struct writer *w, const struct peers_shards *shards)
{
    uint64_t list[PEERS_SHARDS_MAX];
    size_t n = 0;

    for (uint16_t s = 0; s < PEERS_SHARDS_MAX; s++)
        if (peers_shards_has(shards, s))
            list[n++] = s;
    pb_put_packed(w, RECORD_SHARDS, list, n);
}

enum err peers_record(const struct peers *p, const struct peer_id *id, struct buf *out)
{
    const struct entry *e = book_find(p, id);
    struct writer w = writer_to(out);
    struct multiaddr m;

    if (e == NULL || e->worked_s == 0 || e->addrs_count == 0 || e->foreign)
        return ERR_NOT_FOUND;
    for (size_t cursor = 0; book_addr(e, &cursor, &m);)
        pb_put_bytes(&w, RECORD_ADDR, multiaddr_span(&m));
    if (e->capabilities_known)
        pb_put_u64(&w, RECORD_CAPABILITIES, e->capabilities);
    if (e->shards_known)
        put_shards(&w, &e->shards);
    pb_put_u64(&w, RECORD_WORKED_S, (uint64_t)e->worked_s);
    return writer_status(&w);
}

struct record {
    struct multiaddr addrs[PEERS_ADDRS_MAX];
    size_t count;
    bool capabilities_known, shards_known;
    unsigned capabilities;
    struct peers_shards shards;
    uint64_t worked_s;
};

static void get_shards(struct pb *pb, const struct pb_field *f, struct record *r)
{
    uint64_t v;

    r->shards_known = true;
    for (struct pb_list l = pb_list(pb, f); pb_list_next(pb, &l, &v);)
        if (v < PEERS_SHARDS_MAX)
            peers_shards_add(&r->shards, (uint16_t)v);
        else
            pb->failed = true;
}

static enum err decode(struct span in, struct record *r)
{
    struct pb pb = pb_of(in);

    for (struct pb_field f; pb_next(&pb, &f);)
        switch (f.number) {
        case RECORD_ADDR:
            if (r->count == PEERS_ADDRS_MAX ||
                multiaddr_from_bytes(pb_bytes(&pb, &f), &r->addrs[r->count]) != OK)
                return ERR_FORMAT;
            r->count++;
            break;
        case RECORD_CAPABILITIES:
            r->capabilities = pb_u32(&pb, &f);
            r->capabilities_known = true;
            break;
        case RECORD_SHARDS:
            get_shards(&pb, &f, r);
            break;
        case RECORD_WORKED_S:
            r->worked_s = pb_u64(&pb, &f);
            break;
        }
    TRY(pb_status(&pb));
    return r->count > 0 && r->worked_s > 0 && r->worked_s < INT64_MAX ? OK : ERR_FORMAT;
}

enum err peers_restore(struct peers *p, const struct env *env, struct span id, struct span record)
{
    struct record r = {.count = 0};
    struct peer_id peer;
    struct entry *e;

    if (record.len > PEERS_RECORD_BYTES_MAX || peer_id_from_bytes(id, &peer) != OK)
        return ERR_FORMAT;
    TRY(decode(record, &r));
    struct peers_candidate c = {.id = &peer,
                                .addrs = r.addrs,
                                .addrs_count = r.count,
                                .source = PEERS_STORED,
                                .shards = r.shards_known ? &r.shards : NULL,
                                .capabilities_known = r.capabilities_known,
                                .capabilities = r.capabilities};
    TRY(peers_candidate(p, env, &c));
    e = book_find(p, &peer);
    if (e != NULL && e->worked_s == 0 && !e->connected) {
        e->worked_s = (int64_t)r.worked_s;
        book_shelve(p, env, e);
    }
    return OK;
}
