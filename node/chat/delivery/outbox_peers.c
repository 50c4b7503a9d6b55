/* Whom an outbox waits for, and its records. */
#include "node/chat/delivery/outbox_inside.h"

#include <stdlib.h>

#define TYPE_ITEM  1u
#define TYPE_PEERS 2u

static const struct pack_extensions none;

/* ---- members ---- */

void outbox_number(struct outbox *o)
{
    for (size_t i = 0; i < o->peers_used; i++) {
        struct outbox_peer *p = &o->peers[i];
        p->own = memcmp(p->who.account, o->account, 32) == 0;
        p->account = i;
        for (size_t j = 0; j < i && !p->own && p->account == i; j++)
            if (o->peers[j].used && memcmp(o->peers[j].who.account, p->who.account, 32) == 0)
                p->account = j;
    }
}

size_t outbox_accounts(const struct outbox *o, const struct outbox_item *it,
                       const struct outbox_bits *bits)
{
    struct outbox_bits seen = {{0}};
    size_t others = 0, count = 0;

    for (size_t i = 0; i < o->peers_used; i++)
        others += outbox_bit(&it->expected, i) && !o->peers[i].own;
    for (size_t i = 0; i < o->peers_used; i++) {
        const struct outbox_peer *p = &o->peers[i];
        if (!outbox_bit(&it->expected, i) || (others > 0 && p->own) ||
            (bits != NULL && !outbox_bit(bits, i)) || outbox_bit(&seen, p->account))
            continue;
        outbox_set(&seen, p->account);
        count++;
    }
    return count;
}

/* ---- who comes and goes ---- */

static bool is_listed(const struct entry_author *list, size_t count, const struct entry_author *who)
{
    for (size_t i = 0; i < count; i++)
        if (entry_author_eq(&list[i], who))
            return true;
    return false;
}

static void leave(struct outbox *o, size_t peer)
{
    o->peers[peer].used = false;
    for (size_t i = 0; i < o->count; i++) {
        struct outbox_item *it = o->items[i];
        it->changed = it->changed || outbox_bit(&it->expected, peer);
        outbox_unset(&it->expected, peer);
        outbox_unset(&it->acked, peer);
        outbox_unset(&it->read, peer);
    }
}

/* Room for so many; new slots are empty. */
static enum err peers_room(struct outbox *o, size_t wanted)
{
    if (wanted > OUTBOX_PEERS_MAX)
        wanted = OUTBOX_PEERS_MAX;
    if (wanted <= o->peers_cap)
        return OK;
    struct outbox_peer *peers = realloc(o->peers, wanted * sizeof *peers);
    if (peers == NULL)
        return ERR_MEMORY;
    memset(peers + o->peers_cap, 0, (wanted - o->peers_cap) * sizeof *peers);
    o->peers = peers;
    o->peers_cap = wanted;
    return OK;
}

static void arrive(struct outbox *o, const struct entry_author *who)
{
    size_t at = 0;

    for (size_t i = 0; i < o->peers_used; i++)
        if (o->peers[i].used && entry_author_eq(&o->peers[i].who, who))
            return;
    while (at < o->peers_used && o->peers[at].used)
        at++;
    if (at >= o->peers_cap)
        return;
    o->peers[at] = (struct outbox_peer){.who = *who, .used = true};
    o->peers_used += at == o->peers_used;
}

/* What was waited for of an installation that goes is waited for of its account's others: an
 * account that changed its only device still has not read it. */
static void pass_on(struct outbox *o, size_t from)
{
    const uint8_t *account = o->peers[from].who.account;
    for (size_t i = 0; i < o->count; i++) {
        struct outbox_item *it = o->items[i];
        if (!outbox_bit(&it->expected, from) || outbox_bit(&it->acked, from))
            continue;
        for (size_t k = 0; k < o->peers_used; k++)
            if (k != from && o->peers[k].used && memcmp(o->peers[k].who.account, account, 32) == 0)
                outbox_set(&it->expected, k);
        it->changed = true;
    }
}

enum err outbox_members(struct outbox *o, const struct entry_author *list, size_t count)
{
    TRY(peers_room(o, o->peers_used + count));
    for (size_t i = 0; i < count; i++)
        arrive(o, &list[i]);
    for (size_t i = 0; i < o->peers_used; i++)
        if (o->peers[i].used && !is_listed(list, count, &o->peers[i].who)) {
            pass_on(o, i);
            leave(o, i);
        }
    outbox_number(o);
    return OK;
}

/* ---- records ---- */

enum err outbox_save_peers(const struct outbox *o, struct buf *out)
{
    struct pack_writer w = pack_writer_to(out);

    pack_write_array(&w, 4);
    pack_write_uint(&w, TYPE_PEERS);
    pack_write_uint(&w, 1);
    pack_write_array(&w, o->peers_used);
    for (size_t i = 0; i < o->peers_used; i++) { /* an empty place keeps its number */
        const struct outbox_peer *p = &o->peers[i];
        pack_write_bin(&w, p->used ? span_of(&p->who, sizeof p->who) : SPAN_EMPTY);
    }
    pack_write_extensions(&w, &none);
    return pack_writer_status(&w);
}

enum err outbox_load_peers(struct outbox *o, struct span record)
{
    struct pack_reader r;
    struct pack_extensions x;

    if (pack_open(record, &r) != OK)
        return ERR_CORRUPT;
    (void)pack_read_array(&r, 4, 4);
    uint64_t type = pack_read_uint(&r, UINT64_MAX), version = pack_read_uint(&r, UINT64_MAX);
    size_t count = pack_read_array(&r, 0, OUTBOX_PEERS_MAX);
    TRY(peers_room(o, count));
    for (size_t i = 0; i < count; i++) {
        struct span who = pack_read_bin(&r, 0, sizeof(struct entry_author));
        o->peers[i].used = who.len == sizeof(struct entry_author);
        if (o->peers[i].used)
            memcpy(&o->peers[i].who, who.ptr, who.len);
    }
    pack_read_extensions(&r, &x);
    if (pack_end(&r) != OK || type != TYPE_PEERS || version != 1)
        return ERR_CORRUPT;
    o->peers_used = count;
    outbox_number(o);
    return OK;
}

static struct span trimmed(const struct outbox_bits *b)
{
    size_t len = OUTBOX_BITS;

    while (len > 0 && b->bytes[len - 1] == 0)
        len--;
    return span_of(b->bytes, len);
}

/* Times are kept as wall time: after a start an entry is due when it was, if that is within a day.
 */
enum err outbox_save(const struct outbox *o, const struct env *env, const struct entry_id *id,
                     struct buf *out)
{
    const struct outbox_item *it = outbox_item_of(o, id);
    struct pack_writer w = pack_writer_to(out);
    int64_t wait = it == NULL || it->due.ns == MONO_NEVER.ns ? 0 : it->due.ns - env->now.ns;

    if (it == NULL)
        return ERR_NOT_FOUND;
    pack_write_array(&w, 13);
    pack_write_uint(&w, TYPE_ITEM);
    pack_write_uint(&w, 1);
    pack_write_bin(&w, buf_span(&it->bytes));
    pack_write_int(&w, it->created_ms);
    pack_write_int(&w, it->done_ms);
    pack_write_int(&w, env->wall.ns / NS_PER_MS + wait / NS_PER_MS);
    pack_write_uint(&w, it->tries);
    pack_write_uint(&w, it->sent);
    pack_write_uint(&w, it->stored);
    pack_write_bin(&w, trimmed(&it->expected));
    pack_write_bin(&w, trimmed(&it->acked));
    pack_write_bin(&w, trimmed(&it->read));
    pack_write_extensions(&w, &none);
    return pack_writer_status(&w);
}

static void read_bits(struct pack_reader *r, struct outbox_bits *out)
{
    struct span s = pack_read_bin(r, 0, OUTBOX_BITS);

    if (r->err == OK && s.len > 0)
        memcpy(out->bytes, s.ptr, s.len);
}

static enum err read_item(struct pack_reader *r, const struct env *env, struct outbox_item *it)
{
    struct pack_extensions x;

    it->created_ms = pack_read_int(r);
    it->done_ms = pack_read_int(r);
    int64_t due_ms = pack_read_int(r), wait_ms = due_ms - env->wall.ns / NS_PER_MS;
    int64_t day_ms = 86400000;
    it->tries = (unsigned)pack_read_uint(r, UINT32_MAX);
    it->sent = pack_read_uint(r, 1) == 1;
    it->stored = pack_read_uint(r, 1) == 1;
    read_bits(r, &it->expected);
    read_bits(r, &it->acked);
    read_bits(r, &it->read);
    pack_read_extensions(r, &x);
    wait_ms = wait_ms < 0 ? 0 : wait_ms > day_ms ? day_ms : wait_ms; /* a clock may have jumped */
    it->due = it->done_ms != 0 ? MONO_NEVER : mono_add(env->now, wait_ms * NS_PER_MS);
    return pack_end(r);
}

enum err outbox_load(struct outbox *o, struct span conversation, const struct entry_author *self,
                     const struct env *env, struct span record)
{
    struct pack_reader r;
    struct entry e;
    struct entry_place place;
    struct outbox_item *it;

    if (pack_open(record, &r) != OK)
        return ERR_CORRUPT;
    (void)pack_read_array(&r, 13, 13);
    uint64_t type = pack_read_uint(&r, UINT64_MAX), version = pack_read_uint(&r, UINT64_MAX);
    struct span bytes = pack_read_bin(&r, 1, ENTRY_BYTES_MAX);
    if (r.err != OK || type != TYPE_ITEM || version != 1 || entry_decode(bytes, &e) != OK)
        return ERR_CORRUPT;
    place.lamport = e.lamport;
    TRY(entry_id_of(&e, conversation, self, &place.id));
    TRY(outbox_item_new(o, &place, bytes, &it));
    if (read_item(&r, env, it) != OK) {
        it->gone = it->changed = true;
        return ERR_CORRUPT;
    }
    o->next_sweep = env->now;
    return OK;
}
