/* The objects of ticket.h as bytes: one writer each, with and without signature, and one reader. */
#include "node/chat/commits/ticket.h"

#define SIGNED_BYTES_MAX (BEACON_BYTES_MAX + 1024u)

/* ---- what all have: head and tail ---- */

static struct pack_writer begin(struct buf *out, enum ticket_type type, size_t fields, bool sealed)
{
    struct pack_writer w = pack_writer_to(out);

    pack_write_array(&w, 2 + fields + (sealed ? 2 : 1));
    pack_write_uint(&w, type);
    pack_write_uint(&w, 1);
    return w;
}

static enum err finish(struct pack_writer *w, const uint8_t *signature,
                       const struct pack_extensions *x)
{
    if (signature != NULL)
        pack_write_bin(w, span_of(signature, 64));
    pack_write_extensions(w, x);
    return pack_writer_status(w);
}

static void write_eids(struct pack_writer *w, const struct eid *eids, size_t count)
{
    pack_write_array(w, count);
    for (size_t i = 0; i < count; i++)
        pack_write_bin(w, SPAN_ARRAY(eids[i].bytes));
}

static void write_list(struct pack_writer *w, const struct span *list, size_t count)
{
    pack_write_array(w, count);
    for (size_t i = 0; i < count; i++)
        pack_write_bin(w, list[i]);
}

static enum err open_object(struct span in, size_t bytes_max, enum ticket_type type, size_t fields,
                            struct pack_reader *r)
{
    if (in.len > bytes_max)
        return ERR_LIMIT;
    TRY(pack_open(in, r));
    size_t parts = pack_read_array(r, 2, PACK_ITEMS_MAX);
    uint64_t got = pack_read_uint(r, UINT64_MAX), version = pack_read_uint(r, UINT64_MAX);
    if (r->err == OK && got == type && version != 1)
        return ERR_UNSUPPORTED;
    return r->err == OK && got == type && parts == 2 + fields + 2 ? OK : ERR_FORMAT;
}

static enum err close_object(struct pack_reader *r, uint8_t signature[64],
                             struct pack_extensions *x)
{
    pack_read_fixed(r, signature, 64);
    pack_read_extensions(r, x);
    TRY(pack_end(r));
    return pack_extensions_known(x, NULL, 0);
}

static void read_eid(struct pack_reader *r, struct eid *out)
{
    pack_read_fixed(r, out->bytes, EID_BYTES);
}

static size_t read_eids(struct pack_reader *r, struct eid *out, size_t max)
{
    size_t count = pack_read_array(r, 1, max);

    for (size_t i = 0; i < count; i++)
        read_eid(r, &out[i]);
    return count;
}

static size_t read_list(struct pack_reader *r, struct span *out, size_t max, size_t bytes_max)
{
    size_t count = pack_read_array(r, 0, max);

    for (size_t i = 0; i < count; i++)
        out[i] = pack_read_bin(r, 1, bytes_max);
    return count;
}

/* ---- ticket ---- */

static enum err write_ticket(const void *of, bool sealed, struct buf *out)
{
    const struct ticket *t = of;
    struct pack_writer w = begin(out, TICKET_TYPE_TICKET, 8, sealed);

    pack_write_bin(&w, SPAN_ARRAY(t->group));
    pack_write_bin(&w, SPAN_ARRAY(t->parent.bytes));
    pack_write_bin(&w, SPAN_ARRAY(t->eid.bytes));
    pack_write_uint(&w, t->epoch);
    pack_write_uint(&w, t->cls);
    pack_write_uint(&w, t->role);
    pack_write_uint(&w, t->leaf);
    pack_write_bin(&w, SPAN_ARRAY(t->key));
    return finish(&w, sealed ? t->signature : NULL, &t->extensions);
}

enum err ticket_decode(struct span in, struct ticket *out)
{
    struct pack_reader r;

    TRY(open_object(in, TICKET_BYTES_MAX, TICKET_TYPE_TICKET, 8, &r));
    *out = (struct ticket){0};
    pack_read_fixed(&r, out->group, GROUP_ID_BYTES);
    read_eid(&r, &out->parent);
    read_eid(&r, &out->eid);
    out->epoch = pack_read_uint(&r, UINT64_MAX);
    out->cls = (enum commit_class)pack_read_uint(&r, COMMIT_CLASS_MAX);
    out->role = (uint32_t)pack_read_uint(&r, COMMIT_ROLE_MAX);
    out->leaf = (uint32_t)pack_read_uint(&r, UINT32_MAX);
    pack_read_fixed(&r, out->key, sizeof out->key);
    TRY(close_object(&r, out->signature, &out->extensions));
    return out->cls != 0 && !eid_eq(&out->parent, &out->eid) ? OK : ERR_FORMAT;
}

/* ---- acks ---- */

static enum err write_acks(const void *of, bool sealed, struct buf *out)
{
    const struct acks *a = of;
    struct pack_writer w = begin(out, TICKET_TYPE_ACKS, 3, sealed);

    pack_write_bin(&w, SPAN_ARRAY(a->group));
    pack_write_bin(&w, SPAN_ARRAY(a->key));
    write_eids(&w, a->eids, a->count);
    return finish(&w, sealed ? a->signature : NULL, &a->extensions);
}

enum err acks_decode(struct span in, struct acks *out)
{
    struct pack_reader r;

    TRY(open_object(in, ACKS_BYTES_MAX, TICKET_TYPE_ACKS, 3, &r));
    *out = (struct acks){0};
    pack_read_fixed(&r, out->group, GROUP_ID_BYTES);
    pack_read_fixed(&r, out->key, sizeof out->key);
    out->count = read_eids(&r, out->eids, ACKS_EIDS_MAX);
    return close_object(&r, out->signature, &out->extensions);
}

/* ---- withdrawal ---- */

static enum err write_withdrawal(const void *of, bool sealed, struct buf *out)
{
    const struct withdrawal *d = of;
    struct pack_writer w = begin(out, TICKET_TYPE_WITHDRAWAL, 4, sealed);

    pack_write_bin(&w, SPAN_ARRAY(d->group));
    pack_write_bin(&w, SPAN_ARRAY(d->parent.bytes));
    pack_write_bin(&w, SPAN_ARRAY(d->eid.bytes));
    pack_write_bin(&w, SPAN_ARRAY(d->key));
    return finish(&w, sealed ? d->signature : NULL, &d->extensions);
}

enum err withdrawal_decode(struct span in, struct withdrawal *out)
{
    struct pack_reader r;

    TRY(open_object(in, TICKET_BYTES_MAX, TICKET_TYPE_WITHDRAWAL, 4, &r));
    *out = (struct withdrawal){0};
    pack_read_fixed(&r, out->group, GROUP_ID_BYTES);
    read_eid(&r, &out->parent);
    read_eid(&r, &out->eid);
    pack_read_fixed(&r, out->key, sizeof out->key);
    return close_object(&r, out->signature, &out->extensions);
}

/* ---- beacon ---- */

static enum err write_beacon(const void *of, bool sealed, struct buf *out)
{
    const struct beacon *b = of;
    struct pack_writer w = begin(out, TICKET_TYPE_BEACON, 7, sealed);

    pack_write_bin(&w, SPAN_ARRAY(b->group));
    pack_write_bin(&w, SPAN_ARRAY(b->certified.bytes));
    pack_write_bin(&w, SPAN_ARRAY(b->head.bytes));
    pack_write_bin(&w, SPAN_ARRAY(b->key));
    write_list(&w, b->tickets, b->tickets_count);
    write_list(&w, b->acks, b->acks_count);
    write_list(&w, b->withdrawals, b->withdrawals_count);
    return finish(&w, sealed ? b->signature : NULL, &b->extensions);
}

enum err beacon_decode(struct span in, struct beacon *out)
{
    struct pack_reader r;

    TRY(open_object(in, BEACON_BYTES_MAX, TICKET_TYPE_BEACON, 7, &r));
    *out = (struct beacon){0};
    pack_read_fixed(&r, out->group, GROUP_ID_BYTES);
    read_eid(&r, &out->certified);
    read_eid(&r, &out->head);
    pack_read_fixed(&r, out->key, sizeof out->key);
    out->tickets_count = read_list(&r, out->tickets, BEACON_TICKETS_MAX, TICKET_BYTES_MAX);
    out->acks_count = read_list(&r, out->acks, BEACON_ACKS_MAX, ACKS_BYTES_MAX);
    out->withdrawals_count =
        read_list(&r, out->withdrawals, BEACON_WITHDRAWALS_MAX, TICKET_BYTES_MAX);
    return close_object(&r, out->signature, &out->extensions);
}

/* ---- rejoin ---- */

static enum err write_rejoin(const void *of, bool sealed, struct buf *out)
{
    const struct rejoin *j = of;
    struct pack_writer w = begin(out, TICKET_TYPE_REJOIN, 4, sealed);

    pack_write_bin(&w, SPAN_ARRAY(j->group));
    write_eids(&w, j->eids, j->count);
    pack_write_bin(&w, j->key_package);
    pack_write_bin(&w, SPAN_ARRAY(j->key));
    return finish(&w, sealed ? j->signature : NULL, &j->extensions);
}

enum err rejoin_decode(struct span in, struct rejoin *out)
{
    struct pack_reader r;

    TRY(open_object(in, REJOIN_BYTES_MAX, TICKET_TYPE_REJOIN, 4, &r));
    *out = (struct rejoin){0};
    pack_read_fixed(&r, out->group, GROUP_ID_BYTES);
    out->count = read_eids(&r, out->eids, REJOIN_EIDS_MAX);
    out->key_package = pack_read_bin(&r, 1, REJOIN_PACKAGE_MAX);
    pack_read_fixed(&r, out->key, sizeof out->key);
    return close_object(&r, out->signature, &out->extensions);
}

/* ---- signatures: the object without its own ---- */

typedef enum err writer_of(const void *of, bool sealed, struct buf *out);

static enum err sign_object(writer_of *write, const void *of, enum label label,
                            const struct keyring_key *key, uint8_t signature[64])
{
    struct buf body = BUF_INIT(SIGNED_BYTES_MAX);

    enum err err = write(of, false, &body);
    if (err == OK)
        err = keyring_sign_label(key, label, buf_span(&body), signature);
    buf_clear(&body);
    return err;
}

static enum err verify_object(writer_of *write, const void *of, enum label label,
                              const uint8_t key[32], const uint8_t signature[64])
{
    struct buf body = BUF_INIT(SIGNED_BYTES_MAX);

    enum err err = write(of, false, &body);
    if (err == OK)
        err = label_verify(label, key, buf_span(&body), signature);
    buf_clear(&body);
    return err;
}

static enum err take_public(const struct keyring_key *key, uint8_t out[32])
{
    if (keyring_public(key).len != 32)
        return ERR_UNSUPPORTED;
    memcpy(out, keyring_public(key).ptr, 32);
    return OK;
}

#define OBJECT(name, label)                                                                        \
    enum err name##_encode(const struct name *o, struct buf *out)                                  \
    {                                                                                              \
        return write_##name(o, true, out);                                                         \
    }                                                                                              \
    enum err name##_sign(struct name *o, const struct keyring_key *key)                            \
    {                                                                                              \
        TRY(take_public(key, o->key));                                                             \
        return sign_object(write_##name, o, label, key, o->signature);                             \
    }                                                                                              \
    enum err name##_verify(const struct name *o)                                                   \
    {                                                                                              \
        return verify_object(write_##name, o, label, o->key, o->signature);                        \
    }

OBJECT(ticket, LABEL_GROUP_TICKET)
OBJECT(acks, LABEL_GROUP_ACK)
OBJECT(withdrawal, LABEL_GROUP_WITHDRAW)
OBJECT(beacon, LABEL_GROUP_BEACON)
OBJECT(rejoin, LABEL_GROUP_REJOIN)

/* ---- what two tickets say ---- */

void ticket_rank(const struct ticket *t, uint8_t rank[32])
{
    uint8_t numbers[12];
    struct span parts[] = {SPAN_ARRAY(t->group), SPAN_ARRAY(numbers)};

    for (unsigned i = 0; i < 8; i++)
        numbers[i] = (uint8_t)(t->epoch >> (8 * (7 - i)));
    for (unsigned i = 0; i < 4; i++)
        numbers[8 + i] = (uint8_t)(t->leaf >> (8 * (3 - i)));
    label_hash(LABEL_GROUP_RANK, parts, 2, rank);
}

bool ticket_is_double(const struct ticket *a, const struct ticket *b)
{
    return memcmp(a->group, b->group, GROUP_ID_BYTES) == 0 && eid_eq(&a->parent, &b->parent) &&
           a->leaf == b->leaf && memcmp(a->key, b->key, sizeof a->key) == 0 &&
           !eid_eq(&a->eid, &b->eid);
}
