/* One conversation: what the person says, who is in it, and what is told. */
#include "node/chat/delivery/delivery_inside.h"

#include "crypto/base/wipe.h"

#include <stdlib.h>

#define EVENTS_MAX 4096u
#define BELOW_MAX  64u

static int64_t wall_ms(const struct env *env)
{
    return env->wall.ns / NS_PER_MS;
}

/* ---- life ---- */

static enum err parts_new(struct delivery *d, const struct env *env)
{
    uint8_t seed[16];

    rng_fill(env->rng, seed, sizeof seed);
    TRY(timeline_new(&d->line, seed));
    return outbox_new(&d->box, d->config.self.account);
}

enum err delivery_new(struct delivery **out, const struct env *env,
                      const struct delivery_config *config)
{
    struct delivery *d = calloc(1, sizeof *d);

    *out = NULL;
    if (d == NULL)
        return ERR_MEMORY;
    assert(config->conversation.len > 0 && config->conversation.len <= CONVERSATION_ID_MAX);
    d->config = *config;
    memcpy(d->conversation, config->conversation.ptr, config->conversation.len);
    d->config.conversation = span_of(d->conversation, config->conversation.len);
    d->ack_due = d->receipt_due = MONO_NEVER;
    d->born_ms = wall_ms(env);
    d->rest_changed = true;
    rng_fill(env->rng, &d->next_token, sizeof d->next_token);
    d->next_token = d->next_token >> 1 | 1;
    fifo_init(&d->events, sizeof(struct delivery_event), EVENTS_MAX);
    fifo_init(&d->unsaved, sizeof(struct entry_place), EVENTS_MAX);
    fifo_init(&d->below, sizeof(struct delivery_event), BELOW_MAX);
    buf_init(&d->sealing.parcel, PARCEL_BYTES_MAX);
    buf_init(&d->polled, PARCEL_BYTES_MAX);
    enum err err = parts_new(d, env);
    if (err != OK) {
        delivery_free(d);
        return err;
    }
    *out = d;
    return OK;
}

static void events_clear(struct fifo *f)
{
    struct delivery_event e;

    while (fifo_pop(f, &e))
        buf_clear(&e.bytes);
    fifo_clear(f);
}

void delivery_free(struct delivery *d)
{
    if (d == NULL)
        return;
    timeline_free(d->line);
    outbox_free(d->box);
    free(d->members);
    for (size_t i = 0; i < d->passing_count; i++)
        buf_clear(&d->passing[i]);
    for (size_t i = 0; i < d->sealed_count; i++)
        buf_clear(&d->sealed[i].message);
    buf_clear(&d->sealing.parcel);
    buf_clear(&d->polled);
    events_clear(&d->events);
    events_clear(&d->below);
    fifo_clear(&d->unsaved);
    free(d);
}

const struct timeline *delivery_timeline(const struct delivery *d)
{
    return d->line;
}

const struct outbox *delivery_outbox(const struct delivery *d)
{
    return d->box;
}

const struct delivery_counters *delivery_counters(const struct delivery *d)
{
    return &d->counters;
}

/* ---- who is in it ---- */

void delivery_set_receipts(struct delivery *d, bool receipts)
{
    d->config.receipts = receipts;
    if (!receipts)
        d->receipt_due = MONO_NEVER;
}

void delivery_set_silent(struct delivery *d, bool silent)
{
    d->config.silent = silent;
}

enum err delivery_members(struct delivery *d, const struct delivery_member *list, size_t count)
{
    if (count > DELIVERY_MEMBERS_MAX)
        return ERR_LIMIT;
    struct delivery_member *members = calloc(count + 1, sizeof *members);
    struct entry_author *others = calloc(count + 1, sizeof *others);
    size_t others_count = 0, accounts = 0;
    enum err err = members == NULL || others == NULL ? ERR_MEMORY : OK;
    for (size_t i = 0; err == OK && i < count; i++) {
        members[i] = list[i];
        accounts += memcmp(list[i].who.account, d->config.self.account, 32) != 0;
        if (!entry_author_eq(&list[i].who, &d->config.self))
            others[others_count++] = list[i].who;
    }
    if (err == OK)
        err = outbox_members(d->box, others, others_count);
    free(others);
    if (err != OK) {
        free(members);
        return err;
    }
    free(d->members);
    d->members = members;
    d->members_count = count;
    d->accounts_other = accounts;
    d->peers_changed = true;
    return OK;
}

void delivery_ready(struct delivery *d, const struct env *env, bool ready)
{
    d->ready = ready;
    delivery_pump(d, env);
}

void delivery_removed(struct delivery *d)
{
    size_t cursor = 0;
    struct entry_place place;
    struct span bytes;
    const struct env later = {.now = MONO_NEVER}; /* due or not */

    d->removed = true;
    while (outbox_due(d->box, &later, &cursor, &place, &bytes))
        outbox_failed(d->box, &place.id, OUTBOX_REMOVED);
}

void delivery_joined(struct delivery *d, bool silent)
{
    d->removed = d->ready = false;
    d->answers_count = 0; /* they were for those of before */
    d->config.silent = silent;
}

/* ---- what the person does ---- */

static enum err make(struct delivery *d, const struct env *env, struct entry *e,
                     struct entry_place *place, struct buf *bytes)
{
    timeline_next(d->line, env, e);
    TRY(entry_sign(e, delivery_conversation(d), &d->config.self, d->config.key));
    TRY(entry_id_of(e, delivery_conversation(d), &d->config.self, &place->id));
    place->lamport = e->lamport;
    return entry_encode(e, bytes);
}

static enum err take_own(struct delivery *d, const struct env *env, const struct entry *e,
                         const struct entry_place *place, struct span bytes)
{
    struct timeline_in in = {.entry = e,
                             .id = place->id,
                             .author = d->config.self,
                             .own = true,
                             .epoch = d->epoch,
                             .bytes = bytes};
    enum timeline_verdict verdict;

    TRY(outbox_add(d->box, env, place, bytes));
    enum err err = timeline_add(d->line, env, &in, &verdict);
    if (err != OK)
        outbox_forget(d->box, &place->id);
    return err;
}

enum err delivery_say(struct delivery *d, const struct env *env, struct span content,
                      struct entry_id *id)
{
    struct entry e = {.content = content};
    struct content c;
    struct entry_place place;
    struct buf bytes = BUF_INIT(ENTRY_BYTES_MAX);

    if (content.len == 0 || content_decode(content, &c) != OK || content_passes(&c))
        return ERR_ARGUMENT;
    enum err err = make(d, env, &e, &place, &bytes);
    if (err == OK)
        err = take_own(d, env, &e, &place, buf_span(&bytes));
    buf_clear(&bytes);
    TRY(err);
    *id = place.id;
    delivery_pump(d, env);
    return OK;
}

enum err delivery_pass(struct delivery *d, const struct env *env, struct span content)
{
    struct content c;

    if (content_decode(content, &c) != OK || !content_passes(&c))
        return ERR_ARGUMENT;
    if (d->passing_count == DELIVERY_PASSING_MAX)
        return ERR_FULL;
    struct buf *b = &d->passing[d->passing_count];
    buf_init(b, ENTRY_CONTENT_MAX);
    TRY(buf_append(b, content));
    d->passing_count++;
    delivery_pump(d, env);
    return OK;
}

/* What travels alone waits the longer, the more there are who will say the same. */
static int64_t alone_ms(const struct delivery *d, const struct env *env)
{
    uint64_t least = d->members_count < 2 ? 1 : (d->members_count - 1) * DELIVERY_ACK_S;

    if (least > DELIVERY_ACK_MAX_S / DELIVERY_ACK_SPREAD)
        least = DELIVERY_ACK_MAX_S / DELIVERY_ACK_SPREAD;
    uint64_t spread_ms = least * 1000 * (DELIVERY_ACK_SPREAD - 1);
    return (int64_t)(least * 1000 + rng_below(env->rng, spread_ms));
}

void delivery_seen(struct delivery *d, const struct env *env, const struct entry_place *place)
{
    uint64_t spread = (DELIVERY_READ_MAX_S - DELIVERY_READ_MIN_S) * 1000;

    if (entry_place_cmp(place, &d->seen) <= 0)
        return;
    d->seen = *place;
    d->rest_changed = true;
    if (d->config.receipts && d->receipt_due.ns == MONO_NEVER.ns) {
        int64_t wait_ms = (int64_t)(DELIVERY_READ_MIN_S * 1000 + rng_below(env->rng, spread));
        int64_t least_ms = alone_ms(d, env);
        d->receipt_due = mono_add(env->now, (wait_ms > least_ms ? wait_ms : least_ms) * NS_PER_MS);
    }
    delivery_pump(d, env);
}

void delivery_found(struct delivery *d, const struct entry_id *id)
{
    timeline_outside(d->line, id);
}

/* ---- telling ---- */

void delivery_emit(struct delivery *d, const struct delivery_out *out, struct span bytes)
{
    struct delivery_event e = {.out = *out};

    buf_init(&e.bytes, PARCEL_BYTES_MAX);
    if (buf_append(&e.bytes, bytes) != OK || fifo_push(&d->events, &e) != OK)
        buf_clear(&e.bytes);
}

void delivery_owe_ack(struct delivery *d, const struct env *env)
{
    if (d->ack_due.ns != MONO_NEVER.ns)
        return;
    d->ack_due = mono_add(env->now, alone_ms(d, env) * NS_PER_MS);
    d->rest_changed = true;
}

/* What the author of an entry had before it, we know that it has. */
static void learn(struct delivery *d, const struct env *env, const struct timeline_entry *e)
{
    uint64_t from = outbox_pending(d->box, e->author.installation);

    if (from == UINT64_MAX)
        return;
    timeline_mark(d->line, &e->place.id, 1, from);
    outbox_acked(d->box, env, d->line, e->author.installation);
}

static void show(struct delivery *d, const struct env *env)
{
    struct timeline_out out;
    struct timeline_entry e;

    while (fifo_count(&d->unsaved) < EVENTS_MAX && timeline_poll(d->line, &out)) {
        if (fifo_push(&d->unsaved, &out.place) != OK)
            return;
        d->counters.entries++;
        delivery_emit(
            d, &(struct delivery_out){.kind = DELIVERY_ENTRY, .place = out.place, .late = out.late},
            SPAN_EMPTY);
        if (!timeline_get(d->line, &out.place.id, &e))
            continue;
        learn(d, env, &e);
        if (memcmp(e.author.account, d->config.self.account, 32) != 0 || d->accounts_other == 0)
            delivery_owe_ack(d, env);
    }
}

static void warn_of_clock(struct delivery *d, const struct env *env)
{
    size_t accounts;

    (void)timeline_held(d->line, &accounts);
    if (accounts < 2 || env->now.ns < d->clock_due.ns)
        return;
    d->clock_due = mono_add(env->now, 3600 * NS_PER_S);
    delivery_emit(d, &(struct delivery_out){.kind = DELIVERY_CLOCK}, SPAN_EMPTY);
}

void delivery_pump(struct delivery *d, const struct env *env)
{
    show(d, env);
    delivery_repair(d, env);
    delivery_send(d, env);
}

void delivery_tick(struct delivery *d, const struct env *env)
{
    timeline_tick(d->line, env);
    outbox_tick(d->box, env);
    warn_of_clock(d, env);
    delivery_pump(d, env);
}

struct mono delivery_deadline(const struct delivery *d, const struct env *env)
{
    struct mono next = timeline_deadline(d->line, env);

    struct mono box = outbox_deadline(d->box, delivery_may_send(d));
    next = mono_min(next, box.ns < d->blocked.ns ? d->blocked : box);
    next = mono_min(next, delivery_repair_deadline(d));
    return mono_min(next, delivery_send_deadline(d));
}

/* A message that is given up or out by now is not handed out. */
static bool is_current(struct delivery *d, struct delivery_event *e)
{
    if (e->out.kind == DELIVERY_SEAL) {
        e->out.bytes = buf_span(&d->sealing.parcel);
        return d->sealing.token == e->out.token;
    }
    if (e->out.kind != DELIVERY_PUBLISH)
        return true;
    for (size_t i = 0; i < d->sealed_count; i++) {
        if (d->sealed[i].token != e->out.token)
            continue;
        e->out.bytes = buf_span(&d->sealed[i].message);
        return d->sealed[i].message.len > 0;
    }
    return false;
}

bool delivery_poll(struct delivery *d, const struct env *env, struct delivery_out *out)
{
    struct delivery_event e;

    (void)env;
    while (fifo_pop(&d->events, &e)) {
        buf_move(&d->polled, &e.bytes);
        e.out.bytes = buf_span(&d->polled);
        if (!is_current(d, &e))
            continue;
        *out = e.out;
        return true;
    }
    *out = (struct delivery_out){.kind = DELIVERY_CHANGE};
    return outbox_poll(d->box, &out->change);
}
