/* What goes out: parcels are gathered from what is due, sealed by the caller, published until that
 * succeeds. */
#include "node/chat/delivery/delivery_inside.h"

#define SEALED_WAITING_MAX (DELIVERY_SEALED_MAX / 2u) /* not published yet */

/* ---- gathering ---- */

static bool is_due(struct mono due, const struct env *env)
{
    return env->now.ns >= due.ns;
}

static void put_entries(struct delivery *d, const struct env *env, struct parcel *p, size_t *bytes)
{
    size_t cursor = 0;
    struct entry_place place;
    struct span entry;

    while (p->entries_count < PARCEL_ENTRIES_MAX &&
           outbox_due(d->box, env, &cursor, &place, &entry)) {
        if (*bytes > 0 && *bytes + entry.len > PARCEL_FILL_BYTES)
            break;
        *bytes += entry.len;
        p->entries[p->entries_count++] = entry;
        d->sealing.entries.list[d->sealing.entries.count++] = place.id;
    }
}

/* Entries of ours tell by their parents what we have; so heads that are ours are not said again. */
static void put_ack(struct delivery *d, struct parcel *p)
{
    struct entry_id heads[TIMELINE_HEADS_MAX];
    size_t count = timeline_heads(d->line, heads);
    struct timeline_entry e;

    for (size_t i = 0; i < count; i++)
        if (p->entries_count == 0 || !timeline_get(d->line, &heads[i], &e) ||
            !entry_author_eq(&e.author, &d->config.self))
            p->heads.list[p->heads.count++] = heads[i];
    p->beyond.count = timeline_beyond(d->line, p->beyond.list);
    d->sealing.ack = true;
    d->ack_due = MONO_NEVER;
    d->rest_changed = true;
}

static enum err put_receipt(struct delivery *d, struct parcel *p, struct buf *receipt)
{
    struct content c = {.tag = CONTENT_RECEIPT, .target = d->seen.id, .lamport = d->seen.lamport};

    TRY(content_encode(&c, receipt));
    p->passing[p->passing_count++] = buf_span(receipt);
    d->sealing.receipt = true;
    d->receipt_due = MONO_NEVER;
    return OK;
}

static bool is_urgent(const struct delivery *d, const struct env *env)
{
    size_t cursor = 0;
    struct entry_place place;
    struct span bytes;

    return outbox_due(d->box, env, &cursor, &place, &bytes) || d->passing_count > 0 ||
           is_due(d->ack_due, env) || is_due(d->receipt_due, env) || delivery_repair_asks(d, env) ||
           delivery_repair_answers(d, env);
}

static enum err gather(struct delivery *d, const struct env *env, struct parcel *p,
                       struct buf *receipt)
{
    size_t bytes = 0;

    put_entries(d, env, p, &bytes);
    entry_ids_sort(d->sealing.entries.list, d->sealing.entries.count);
    delivery_repair_answer(d, env, p, &bytes);
    delivery_repair_ask(d, env, &p->wanted);
    if (d->ack_due.ns != MONO_NEVER.ns)
        put_ack(d, p);
    if (d->receipt_due.ns != MONO_NEVER.ns)
        TRY(put_receipt(d, p, receipt));
    for (size_t i = 0; i < d->passing_count; i++)
        p->passing[p->passing_count++] = buf_span(&d->passing[i]);
    d->sealing.ephemeral = p->entries_count == 0 && p->carried_count == 0 && !d->sealing.ack &&
                           !d->sealing.receipt && p->wanted.count == 0 && p->withheld.count == 0;
    d->counters.acks_alone += p->heads.count > 0 && p->entries_count == 0 &&
                              p->carried_count == 0 && p->passing_count == 0;
    return OK;
}

static void passing_clear(struct delivery *d)
{
    for (size_t i = 0; i < d->passing_count; i++)
        buf_clear(&d->passing[i]);
    d->passing_count = 0;
}

/* What was taken for a parcel that does not become a message goes back. */
static void undo(struct delivery *d, struct mono when)
{
    const struct delivery_sealing *s = &d->sealing;

    for (size_t i = 0; i < s->entries.count; i++)
        outbox_again(d->box, &s->entries.list[i], when);
    if (s->ack)
        d->ack_due = mono_min(d->ack_due, when);
    if (s->receipt)
        d->receipt_due = mono_min(d->receipt_due, when);
}

static void sealing_clear(struct delivery *d)
{
    d->sealing.token = 0;
    d->sealing.entries.count = 0;
    d->sealing.ack = d->sealing.receipt = d->sealing.ephemeral = false;
    buf_clear(&d->sealing.parcel);
}

static void hand_out(struct delivery *d, const struct env *env)
{
    struct delivery_sealing *s = &d->sealing;

    for (size_t i = 0; i < s->entries.count; i++)
        d->counters.resent += outbox_taken(d->box, env, &s->entries.list[i]);
    s->token = d->next_token++;
    delivery_emit(
        d,
        &(struct delivery_out){.kind = DELIVERY_SEAL, .token = s->token, .ephemeral = s->ephemeral},
        SPAN_EMPTY);
}

/* ---- messages on their way ---- */

static void publish(struct delivery *d, struct delivery_sealed *m)
{
    m->handed_out = true;
    delivery_emit(d, &(struct delivery_out){.kind = DELIVERY_PUBLISH, .token = m->token},
                  SPAN_EMPTY);
}

static void publish_due(struct delivery *d, const struct env *env)
{
    for (size_t i = 0; i < d->sealed_count; i++) {
        struct delivery_sealed *m = &d->sealed[i];
        if (m->message.len > 0 && !m->handed_out && is_due(m->due, env))
            publish(d, m);
    }
}

static void remove_sealed(struct delivery *d, size_t i)
{
    buf_clear(&d->sealed[i].message);
    d->sealed_count--;
    memmove(&d->sealed[i], &d->sealed[i + 1], (d->sealed_count - i) * sizeof *d->sealed);
    d->rest_changed = true;
}

static size_t waiting(const struct delivery *d)
{
    size_t count = 0;

    for (size_t i = 0; i < d->sealed_count; i++)
        count += d->sealed[i].message.len > 0;
    return count;
}

bool delivery_may_send(const struct delivery *d)
{
    return d->ready && d->has_epoch && !d->removed && !d->config.silent && d->sealing.token == 0 &&
           waiting(d) < SEALED_WAITING_MAX;
}

void delivery_send(struct delivery *d, const struct env *env)
{
    struct parcel p = {0};
    struct buf receipt = BUF_INIT(256);

    if (d->ready)
        publish_due(d, env);
    if (!delivery_may_send(d) || !is_due(d->blocked, env) || !is_urgent(d, env))
        return;
    enum err err = gather(d, env, &p, &receipt);
    if (err == OK && !parcel_is_empty(&p)) {
        buf_init(&d->sealing.parcel, PARCEL_BYTES_MAX);
        err = parcel_encode(&p, &d->sealing.parcel);
    }
    buf_clear(&receipt);
    passing_clear(d);
    if (err == OK && !parcel_is_empty(&p)) {
        hand_out(d, env);
        return;
    }
    d->blocked = mono_add(env->now, DELIVERY_RETRY_MIN_S * NS_PER_S); /* no memory */
    undo(d, d->blocked);
    sealing_clear(d);
}

struct mono delivery_send_deadline(const struct delivery *d)
{
    struct mono next = MONO_NEVER;

    for (size_t i = 0; i < d->sealed_count && d->ready; i++)
        if (d->sealed[i].message.len > 0 && !d->sealed[i].handed_out)
            next = mono_min(next, d->sealed[i].due);
    if (!delivery_may_send(d))
        return next;
    struct mono own = mono_min(d->ack_due, d->receipt_due);
    if (d->passing_count > 0)
        own = d->blocked;
    return mono_min(next, own.ns < d->blocked.ns ? d->blocked : own);
}

/* ---- what the caller answers ---- */

/* Room for one more: the oldest that went out is forgotten. */
static void make_room(struct delivery *d)
{
    for (size_t i = 0; i < d->sealed_count && d->sealed_count == DELIVERY_SEALED_MAX; i++)
        if (d->sealed[i].message.len == 0)
            remove_sealed(d, i);
}

enum err delivery_sealed(struct delivery *d, const struct env *env, uint64_t token,
                         const uint8_t eid[DELIVERY_EID_BYTES], struct span message)
{
    struct delivery_sealed m = {.token = token, .ack = d->sealing.ack, .due = env->now};

    if (token == 0 || token != d->sealing.token)
        return ERR_NOT_FOUND;
    make_room(d);
    buf_init(&m.message, MESSAGE_BYTES_MAX);
    TRY(buf_append(&m.message, message));
    memcpy(m.eid, eid, sizeof m.eid);
    m.entries = d->sealing.entries;
    d->sealed[d->sealed_count++] = m;
    d->rest_changed = true;
    sealing_clear(d);
    delivery_pump(d, env);
    return OK;
}

void delivery_unsealed(struct delivery *d, const struct env *env, uint64_t token, int64_t wait_ms)
{
    if (token == 0 || token != d->sealing.token)
        return;
    d->blocked = mono_add(env->now, wait_ms * NS_PER_MS);
    undo(d, d->blocked);
    sealing_clear(d);
}

static size_t sealed_of(const struct delivery *d, uint64_t token)
{
    size_t i = 0;

    while (i < d->sealed_count && d->sealed[i].token != token)
        i++;
    return i;
}

/* It will not be published: what it held is sealed again. */
static void give_up(struct delivery *d, const struct env *env, size_t i)
{
    const struct delivery_sealed *m = &d->sealed[i];

    for (size_t k = 0; k < m->entries.count; k++)
        outbox_again(d->box, &m->entries.list[k], env->now);
    if (m->ack)
        d->ack_due = env->now;
    remove_sealed(d, i);
}

void delivery_published(struct delivery *d, const struct env *env, uint64_t token, enum err result)
{
    size_t i = sealed_of(d, token);

    if (i == d->sealed_count || d->sealed[i].message.len == 0)
        return;
    struct delivery_sealed *m = &d->sealed[i];
    m->handed_out = false;
    if (result == OK) {
        for (size_t k = 0; k < m->entries.count; k++)
            outbox_sent(d->box, &m->entries.list[k]);
        buf_clear(&m->message);
        d->rest_changed = true;
    } else if (memcmp(m->eid, d->eid, sizeof m->eid) != 0) {
        give_up(d, env, i);
    } else {
        int64_t wait_s = (int64_t)DELIVERY_RETRY_MIN_S << (m->tries < 6 ? m->tries : 6);
        m->due = mono_add(
            env->now,
            (wait_s < (int64_t)DELIVERY_RETRY_MAX_S ? wait_s : (int64_t)DELIVERY_RETRY_MAX_S) *
                NS_PER_S);
        m->tries++;
    }
    delivery_pump(d, env);
}

void delivery_stored(struct delivery *d, const struct env *env, uint64_t token)
{
    size_t i = sealed_of(d, token);

    for (size_t k = 0; i < d->sealed_count && k < d->sealed[i].entries.count; k++)
        outbox_stored(d->box, env, &d->sealed[i].entries.list[k]);
    if (i < d->sealed_count && d->sealed[i].message.len == 0)
        remove_sealed(d, i);
}

void delivery_epoch(struct delivery *d, const struct env *env,
                    const uint8_t eid[DELIVERY_EID_BYTES], uint64_t number)
{
    memcpy(d->eid, eid, sizeof d->eid);
    d->epoch = number;
    d->has_epoch = true;
    for (size_t i = d->sealed_count; i > 0; i--) {
        const struct delivery_sealed *m = &d->sealed[i - 1];
        if (m->message.len > 0 && !m->handed_out && memcmp(m->eid, eid, sizeof m->eid) != 0)
            give_up(d, env, i - 1);
    }
    delivery_pump(d, env);
}
