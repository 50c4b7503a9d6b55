/* Entries on their way: when they are due, and what becomes of them. */
#include "node/chat/delivery/outbox_inside.h"

#include <stdlib.h>

#define OUT_MAX  8192u
#define S        NS_PER_S
#define DAY_S    86400
#define SWEEP_NS (60 * S)

/* from one sending to the next; the last for ever */
static const int64_t plan_ns[] = {60 * S, 300 * S, 1800 * S, 7200 * S, 21600 * S, DAY_S *S};

#define PLAN_COUNT  (sizeof plan_ns / sizeof *plan_ns)
#define PLAN_STORED 4u /* what a store holds is not repeated before this place of the plan */

static int64_t wall_ms(const struct env *env)
{
    return env->wall.ns / NS_PER_MS;
}

enum err outbox_new(struct outbox **out, const uint8_t account[32])
{
    struct outbox *o = calloc(1, sizeof *o);

    *out = o;
    if (o == NULL)
        return ERR_MEMORY;
    memcpy(o->account, account, sizeof o->account);
    fifo_init(&o->out, sizeof(struct outbox_out), OUT_MAX);
    o->next_sweep = MONO_NEVER;
    return OK;
}

static void item_free(struct outbox_item *it)
{
    buf_clear(&it->bytes);
    free(it);
}

void outbox_free(struct outbox *o)
{
    if (o == NULL)
        return;
    for (size_t i = 0; i < o->count; i++)
        item_free(o->items[i]);
    free(o->items);
    free(o->peers);
    fifo_clear(&o->out);
    free(o);
}

struct outbox_item *outbox_item_of(const struct outbox *o, const struct entry_id *id)
{
    for (size_t i = o->count; i > 0; i--)
        if (entry_id_eq(&o->items[i - 1]->place.id, id) && !o->items[i - 1]->gone)
            return o->items[i - 1];
    return NULL;
}

/* ---- telling ---- */

static enum outbox_state state_of(const struct outbox *o, const struct outbox_item *it)
{
    if (it->failed != OUTBOX_NO_REASON)
        return OUTBOX_FAILED;
    if (outbox_accounts(o, it, &it->read) > 0)
        return OUTBOX_READ;
    if (outbox_accounts(o, it, &it->acked) > 0)
        return OUTBOX_DELIVERED;
    return it->stored ? OUTBOX_STORED : it->sent ? OUTBOX_SENT : OUTBOX_QUEUED;
}

static void tell(struct outbox *o, struct outbox_item *it, enum outbox_state state,
                 const struct entry_author *who)
{
    struct outbox_out out = {.id = it->place.id,
                             .state = state,
                             .reason = it->failed,
                             .accounts = outbox_accounts(o, it, &it->acked),
                             .accounts_all = outbox_accounts(o, it, NULL)};

    if (who != NULL)
        out.who = *who;
    it->changed = true;
    if (fifo_push(&o->out, &out) != OK) { /* nobody polls: the newest states matter */
        struct outbox_out oldest;
        if (fifo_pop(&o->out, &oldest))
            (void)!fifo_push(&o->out, &out);
    }
}

bool outbox_poll(struct outbox *o, struct outbox_out *out)
{
    return fifo_pop(&o->out, out);
}

size_t outbox_count(const struct outbox *o)
{
    size_t count = 0;

    for (size_t i = 0; i < o->count; i++)
        count += o->items[i]->done_ms == 0 && !o->items[i]->gone;
    return count;
}

bool outbox_status(const struct outbox *o, const struct entry_id *id, struct outbox_status *out)
{
    const struct outbox_item *it = outbox_item_of(o, id);

    if (it == NULL)
        return false;
    *out = (struct outbox_status){.state = state_of(o, it),
                                  .accounts_all = outbox_accounts(o, it, NULL),
                                  .accounts = outbox_accounts(o, it, &it->acked),
                                  .accounts_read = outbox_accounts(o, it, &it->read)};
    for (size_t i = 0; i < o->peers_used; i++) {
        out->installations_all += outbox_bit(&it->expected, i);
        out->installations += outbox_bit(&it->expected, i) && outbox_bit(&it->acked, i);
    }
    return true;
}

size_t outbox_holders(const struct outbox *o, const struct entry_id *id, struct entry_author *out,
                      size_t max)
{
    const struct outbox_item *it = outbox_item_of(o, id);
    size_t count = 0;

    for (size_t i = 0; it != NULL && i < o->peers_used && count < max; i++)
        if (outbox_bit(&it->expected, i) && outbox_bit(&it->acked, i))
            out[count++] = o->peers[i].who;
    return count;
}

/* ---- coming and going ---- */

/* Without those whose record is still to be erased. */
static size_t living(const struct outbox *o)
{
    size_t count = 0;

    for (size_t i = 0; i < o->count; i++)
        count += !o->items[i]->gone;
    return count;
}

enum err outbox_item_new(struct outbox *o, const struct entry_place *place, struct span bytes,
                         struct outbox_item **out)
{
    size_t at = o->count;

    if (living(o) >= OUTBOX_ENTRIES_MAX)
        return ERR_FULL;
    if (o->count == o->cap) {
        size_t cap = o->cap == 0 ? 16 : 2 * o->cap;
        struct outbox_item **items = realloc(o->items, cap * sizeof(struct outbox_item *));
        if (items == NULL)
            return ERR_MEMORY;
        o->items = items;
        o->cap = cap;
    }
    struct outbox_item *it = calloc(1, sizeof *it);
    if (it == NULL)
        return ERR_MEMORY;
    it->place = *place;
    buf_init(&it->bytes, ENTRY_BYTES_MAX);
    enum err err = buf_append(&it->bytes, bytes);
    if (err != OK) {
        item_free(it);
        return err;
    }
    while (at > 0 && entry_place_cmp(&o->items[at - 1]->place, place) > 0)
        at--;
    memmove(o->items + at + 1, o->items + at, (o->count - at) * sizeof *o->items);
    o->items[at] = it;
    o->count++;
    *out = it;
    return OK;
}

/* A place for one more: the oldest that every account has goes first. */
static void make_room(struct outbox *o)
{
    for (size_t i = 0; i < o->count && living(o) >= OUTBOX_ENTRIES_MAX; i++)
        if (o->items[i]->done_ms != 0)
            o->items[i]->gone = o->items[i]->changed = true;
}

enum err outbox_add(struct outbox *o, const struct env *env, const struct entry_place *place,
                    struct span bytes)
{
    struct outbox_item *it;

    make_room(o);
    TRY(outbox_item_new(o, place, bytes, &it));
    it->created_ms = wall_ms(env);
    it->due = env->now;
    it->changed = true;
    for (size_t i = 0; i < o->peers_used; i++)
        if (o->peers[i].used)
            outbox_set(&it->expected, i);
    o->next_sweep = mono_min(o->next_sweep, mono_add(env->now, SWEEP_NS));
    return OK;
}

bool outbox_changed(struct outbox *o, struct entry_place *place, bool *gone)
{
    for (size_t i = 0; i < o->count; i++) {
        struct outbox_item *it = o->items[i];
        if (!it->changed)
            continue;
        it->changed = false;
        *place = it->place;
        *gone = it->gone;
        if (it->gone) {
            item_free(it);
            o->count--;
            memmove(o->items + i, o->items + i + 1, (o->count - i) * sizeof *o->items);
        }
        return true;
    }
    return false;
}

/* ---- sending ---- */

bool outbox_due(const struct outbox *o, const struct env *env, size_t *cursor,
                struct entry_place *place, struct span *bytes)
{
    while (*cursor < o->count) {
        const struct outbox_item *it = o->items[(*cursor)++];
        if (it->due.ns > env->now.ns || it->gone)
            continue;
        *place = it->place;
        *bytes = buf_span(&it->bytes);
        return true;
    }
    return false;
}

bool outbox_taken(struct outbox *o, const struct env *env, const struct entry_id *id)
{
    struct outbox_item *it = outbox_item_of(o, id);

    if (it == NULL || it->due.ns == MONO_NEVER.ns)
        return false;
    unsigned step = it->tries < PLAN_COUNT ? it->tries : PLAN_COUNT - 1;
    it->due = mono_add(env->now, plan_ns[step]);
    it->changed = true;
    return it->tries++ > 0;
}

void outbox_again(struct outbox *o, const struct entry_id *id, struct mono when)
{
    struct outbox_item *it = outbox_item_of(o, id);

    if (it == NULL || it->due.ns == MONO_NEVER.ns)
        return;
    it->due = when;
    it->tries -= it->tries > 0;
}

void outbox_sent(struct outbox *o, const struct entry_id *id)
{
    struct outbox_item *it = outbox_item_of(o, id);

    if (it == NULL || it->sent)
        return;
    it->sent = true;
    if (state_of(o, it) == OUTBOX_SENT)
        tell(o, it, OUTBOX_SENT, NULL);
}

void outbox_stored(struct outbox *o, const struct env *env, const struct entry_id *id)
{
    struct outbox_item *it = outbox_item_of(o, id);

    if (it == NULL || it->stored)
        return;
    it->sent = it->stored = true;
    if (it->due.ns != MONO_NEVER.ns && it->tries < PLAN_STORED) {
        it->due = mono_add(env->now, plan_ns[PLAN_STORED]);
        it->tries = PLAN_STORED;
    }
    it->changed = true;
    if (state_of(o, it) == OUTBOX_STORED)
        tell(o, it, OUTBOX_STORED, NULL);
}

static void fail(struct outbox *o, struct outbox_item *it, enum outbox_reason reason)
{
    it->failed = reason;
    it->due = MONO_NEVER;
    tell(o, it, OUTBOX_FAILED, NULL);
    it->gone = it->changed = true;
}

void outbox_failed(struct outbox *o, const struct entry_id *id, enum outbox_reason reason)
{
    struct outbox_item *it = outbox_item_of(o, id);

    if (it != NULL && it->done_ms == 0)
        fail(o, it, reason);
}

void outbox_forget(struct outbox *o, const struct entry_id *id)
{
    struct outbox_item *it = outbox_item_of(o, id);

    if (it != NULL)
        it->gone = it->changed = true;
}

void outbox_touch(struct outbox *o, const struct entry_id *id)
{
    struct outbox_item *it = outbox_item_of(o, id);

    if (it != NULL)
        it->changed = true;
}

/* ---- being acknowledged ---- */

static size_t peer_of(const struct outbox *o, const uint8_t installation[32])
{
    for (size_t i = 0; i < o->peers_used; i++)
        if (o->peers[i].used && memcmp(o->peers[i].who.installation, installation, 32) == 0)
            return i;
    return OUTBOX_PEERS_MAX;
}

uint64_t outbox_pending(const struct outbox *o, const uint8_t installation[32])
{
    size_t peer = peer_of(o, installation);

    for (size_t i = 0; i < o->count && peer < OUTBOX_PEERS_MAX; i++) {
        const struct outbox_item *it = o->items[i];
        if (!it->gone && outbox_bit(&it->expected, peer) && !outbox_bit(&it->acked, peer))
            return it->place.lamport;
    }
    return UINT64_MAX;
}

void outbox_review(struct outbox *o, const struct env *env, struct outbox_item *it)
{
    bool sent_at_all = it->sent || it->tries > 0;

    if (it->done_ms != 0 || !sent_at_all ||
        outbox_accounts(o, it, &it->acked) < outbox_accounts(o, it, NULL))
        return;
    it->done_ms = wall_ms(env);
    it->due = MONO_NEVER;
    it->changed = true;
}

void outbox_acked(struct outbox *o, const struct env *env, const struct timeline *t,
                  const uint8_t installation[32])
{
    size_t peer = peer_of(o, installation);

    for (size_t i = 0; i < o->count && peer < OUTBOX_PEERS_MAX; i++) {
        struct outbox_item *it = o->items[i];
        if (it->gone || !outbox_bit(&it->expected, peer) || outbox_bit(&it->acked, peer) ||
            !timeline_marked(t, &it->place.id))
            continue;
        outbox_set(&it->acked, peer);
        tell(o, it, OUTBOX_DELIVERED, &o->peers[peer].who);
        outbox_review(o, env, it);
    }
}

void outbox_read(struct outbox *o, const uint8_t installation[32], const struct entry_place *place)
{
    size_t peer = peer_of(o, installation);

    for (size_t i = 0; i < o->count && peer < OUTBOX_PEERS_MAX; i++) {
        struct outbox_item *it = o->items[i];
        if (it->gone || !outbox_bit(&it->acked, peer) || outbox_bit(&it->read, peer) ||
            entry_place_cmp(&it->place, place) > 0)
            continue;
        outbox_set(&it->read, peer);
        tell(o, it, OUTBOX_READ, &o->peers[peer].who);
    }
}

/* ---- time ---- */

static bool is_over(const struct outbox *o, const struct outbox_item *it, int64_t now_ms)
{
    if (it->done_ms == 0)
        return false;
    bool all = true;
    for (size_t i = 0; i < o->peers_used; i++)
        all = all && (!outbox_bit(&it->expected, i) || outbox_bit(&it->read, i));
    return all || now_ms - it->done_ms >= (int64_t)OUTBOX_WATCH_DAYS * DAY_S * 1000;
}

void outbox_tick(struct outbox *o, const struct env *env)
{
    int64_t now_ms = wall_ms(env);

    if (env->now.ns < o->next_sweep.ns)
        return;
    o->next_sweep = o->count == 0 ? MONO_NEVER : mono_add(env->now, SWEEP_NS);
    for (size_t i = 0; i < o->count; i++) {
        struct outbox_item *it = o->items[i];
        if (it->gone)
            continue;
        outbox_review(o, env, it); /* who was waited for may have left */
        if (it->done_ms == 0 && now_ms - it->created_ms >= (int64_t)OUTBOX_DAYS_MAX * DAY_S * 1000)
            fail(o, it, OUTBOX_EXPIRED);
        else if (is_over(o, it, now_ms))
            it->gone = it->changed = true;
    }
}

struct mono outbox_deadline(const struct outbox *o, bool sending)
{
    struct mono next = o->next_sweep;

    for (size_t i = 0; sending && i < o->count; i++)
        if (!o->items[i]->gone)
            next = mono_min(next, o->items[i]->due);
    return next;
}
