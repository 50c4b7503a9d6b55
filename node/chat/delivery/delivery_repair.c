/* What is missing: our own store, then stores of the network, then members; and answers to others
 * who miss something (SDS-R, with SHA-256 for its hash). */
#include "node/chat/delivery/delivery_inside.h"

#define STEP_LOOK  0u
#define STEP_FETCH 1u
#define STEP_ASK   2u
#define DAY_S      86400

/* The same for everybody who computes it: who asks or answers when. */
static uint64_t draw(const struct entry_author *who, const struct entry_id *id)
{
    const struct span parts[] = {SPAN_ARRAY(who->installation), SPAN_ARRAY(id->bytes)};
    uint8_t hash[SHA256_BYTES];
    uint64_t n = 0;

    label_hash(LABEL_ENTRY_BACKOFF, parts, 2, hash);
    for (size_t i = 0; i < 8; i++)
        n = n << 8 | hash[i];
    return n;
}

/* ---- asking ---- */

static struct mono ask_at(const struct delivery *d, const struct env *env,
                          const struct timeline_gap *gap)
{
    uint64_t spread_ms = (REPAIR_MAX_S - REPAIR_MIN_S) * 1000;
    uint64_t wait_ms = REPAIR_MIN_S * 1000 + draw(&d->config.self, &gap->id) % spread_ms;
    unsigned doubled = gap->step > STEP_ASK ? gap->step - STEP_ASK : 0;

    wait_ms <<= doubled < REPAIR_STEPS_MAX ? doubled : REPAIR_STEPS_MAX;
    if (wait_ms > DAY_S * 1000)
        wait_ms = DAY_S * 1000;
    return mono_add(env->now, (int64_t)wait_ms * NS_PER_MS);
}

/* Times of several gaps become one query. */
static void widen(struct delivery_out *fetch, const struct env *env, const struct timeline_gap *gap)
{
    int64_t lamport = (int64_t)gap->lamport, now = env->wall.ns / NS_PER_MS;
    int64_t back = REPAIR_BACK_S * 1000 * (gap->step > STEP_FETCH ? 24 : 1);
    int64_t from = lamport > back ? lamport - back : 0, to = lamport + 60000;

    if (to > now)
        to = now;
    if (fetch->kind != DELIVERY_FETCH || from < fetch->from_ms)
        fetch->from_ms = from;
    if (fetch->kind != DELIVERY_FETCH || to > fetch->to_ms)
        fetch->to_ms = to;
    fetch->kind = DELIVERY_FETCH;
}

/* Is it lost? */
static bool give_up(struct delivery *d, const struct env *env, const struct timeline_gap *gap)
{
    struct delivery_out out = {.kind = DELIVERY_LOST, .place = {gap->lamport, gap->id}};

    if (env->now.ns - gap->since.ns < (int64_t)REPAIR_LOST_S * NS_PER_S)
        return false;
    timeline_outside(d->line, &out.place.id);
    delivery_emit(d, &out, SPAN_EMPTY);
    return true;
}

static void step(struct delivery *d, const struct env *env, struct timeline_gap *gap,
                 struct delivery_out *fetch)
{
    if (env->now.ns < gap->due.ns || give_up(d, env, gap))
        return;
    if (gap->step == STEP_LOOK) {
        struct delivery_out out = {.kind = DELIVERY_LOOK, .place = {gap->lamport, gap->id}};
        delivery_emit(d, &out, SPAN_EMPTY);
        gap->due = mono_add(env->now, REPAIR_PATIENCE_S * NS_PER_S);
        gap->step = STEP_FETCH;
    } else if (gap->step == STEP_FETCH) {
        widen(fetch, env, gap);
        gap->due = ask_at(d, env, gap);
        gap->step = STEP_ASK;
    }
}

void delivery_repair(struct delivery *d, const struct env *env)
{
    struct delivery_out fetch = {.kind = DELIVERY_ENTRY};
    size_t cursor = 0;

    for (struct timeline_gap *gap; (gap = timeline_gap(d->line, &cursor)) != NULL;)
        step(d, env, gap, &fetch);
    if (fetch.kind == DELIVERY_FETCH)
        delivery_emit(d, &fetch, SPAN_EMPTY);
}

bool delivery_repair_asks(const struct delivery *d, const struct env *env)
{
    size_t cursor = 0;

    for (struct timeline_gap *gap; (gap = timeline_gap(d->line, &cursor)) != NULL;)
        if (gap->step >= STEP_ASK && env->now.ns >= gap->due.ns)
            return true;
    return false;
}

/* Every second time the stores are asked again as well, from further back. */
void delivery_repair_ask(struct delivery *d, const struct env *env, struct parcel_ids *out)
{
    struct delivery_out fetch = {.kind = DELIVERY_ENTRY};
    size_t cursor = 0;

    for (struct timeline_gap *gap; (gap = timeline_gap(d->line, &cursor)) != NULL;) {
        if (gap->step < STEP_ASK || env->now.ns < gap->due.ns || out->count == PARCEL_IDS_MAX)
            continue;
        out->list[out->count++] = gap->id;
        gap->step++;
        gap->due = ask_at(d, env, gap);
        d->counters.asked++;
        if (gap->step % 2 == 0)
            widen(&fetch, env, gap);
    }
    entry_ids_sort(out->list, out->count);
    if (fetch.kind == DELIVERY_FETCH)
        delivery_emit(d, &fetch, SPAN_EMPTY);
}

/* ---- being asked ---- */

static const struct delivery_member *member_of(const struct delivery *d,
                                               const struct entry_author *who)
{
    for (size_t i = 0; i < d->members_count; i++)
        if (entry_author_eq(&d->members[i].who, who))
            return &d->members[i];
    return NULL;
}

/* The author at once; the others after a time of their own, in large conversations only those that
 * fall into the author's group. */
static bool answers_at(const struct delivery *d, const struct env *env,
                       const struct timeline_entry *e, struct mono *due)
{
    uint64_t groups = d->members_count / REPAIR_GROUP + 1;
    uint64_t mine = draw(&d->config.self, &e->place.id);
    uint64_t spread_ms = 2000 * (uint64_t)(d->members_count + 1);

    *due = env->now;
    if (entry_author_eq(&e->author, &d->config.self))
        return true;
    if (mine % groups != draw(&e->author, &e->place.id) % groups)
        return false;
    if (spread_ms > REPAIR_MAX_S * 1000)
        spread_ms = REPAIR_MAX_S * 1000;
    *due = mono_add(env->now, (int64_t)(mine / groups % spread_ms) * NS_PER_MS);
    return true;
}

static bool may_queue(struct delivery *d, const struct env *env, const struct entry_id *id)
{
    if (env->now.ns >= d->answers_minute.ns) {
        d->answers_minute = mono_add(env->now, 60 * NS_PER_S);
        d->answers_left = DELIVERY_ANSWERS_MAX;
    }
    for (size_t i = 0; i < d->answers_count; i++)
        if (entry_id_eq(&d->answers[i].id, id))
            return false;
    return d->answers_left > 0 && d->answers_count < DELIVERY_ANSWERS_MAX;
}

/* We miss it as well: who has it answers everybody. */
static void wait_with(struct delivery *d, const struct env *env, const struct entry_id *id)
{
    size_t cursor = 0;

    for (struct timeline_gap *gap; (gap = timeline_gap(d->line, &cursor)) != NULL;)
        if (entry_id_eq(&gap->id, id) && gap->step >= STEP_ASK)
            gap->due.ns = gap->due.ns > mono_add(env->now, REPAIR_MAX_S * NS_PER_S).ns
                              ? gap->due.ns
                              : mono_add(env->now, REPAIR_MAX_S * NS_PER_S).ns;
}

void delivery_repair_asked(struct delivery *d, const struct env *env,
                           const struct entry_author *who, const struct parcel_ids *ids)
{
    const struct delivery_member *asker = member_of(d, who);

    if (asker == NULL || entry_author_eq(who, &d->config.self))
        return;
    for (size_t i = 0; i < ids->count; i++) {
        struct delivery_answer a = {.id = ids->list[i]};
        struct timeline_entry e;
        if (!timeline_get(d->line, &a.id, &e)) {
            wait_with(d, env, &a.id);
            continue;
        }
        a.withheld = e.epoch < asker->since;
        if (!answers_at(d, env, &e, &a.due) || !may_queue(d, env, &a.id))
            continue;
        d->answers[d->answers_count++] = a;
        d->answers_left--;
    }
}

static void drop_answer(struct delivery *d, size_t i)
{
    d->answers_count--;
    memmove(&d->answers[i], &d->answers[i + 1], (d->answers_count - i) * sizeof *d->answers);
}

void delivery_repair_seen(struct delivery *d, const struct entry_id *id)
{
    for (size_t i = d->answers_count; i > 0; i--)
        if (entry_id_eq(&d->answers[i - 1].id, id))
            drop_answer(d, i - 1);
}

/* Only for a while after we came: later nobody can make us overlook an entry. */
void delivery_repair_withheld(struct delivery *d, const struct env *env,
                              const struct parcel_ids *ids)
{
    if (env->wall.ns / NS_PER_MS - d->born_ms > (int64_t)REPAIR_LOST_S * 1000)
        return;
    for (size_t i = 0; i < ids->count; i++) {
        delivery_repair_seen(d, &ids->list[i]);
        timeline_outside(d->line, &ids->list[i]);
    }
}

bool delivery_repair_answers(const struct delivery *d, const struct env *env)
{
    for (size_t i = 0; i < d->answers_count; i++)
        if (env->now.ns >= d->answers[i].due.ns)
            return true;
    return false;
}

static bool put_answer(struct delivery *d, const struct delivery_answer *a, struct parcel *p,
                       size_t *bytes)
{
    struct timeline_entry e;

    if (!timeline_get(d->line, &a->id, &e))
        return true; /* it left memory: another answers, or the asker asks again */
    if (a->withheld) {
        if (p->withheld.count == PARCEL_IDS_MAX)
            return false;
        p->withheld.list[p->withheld.count++] = a->id;
        return true;
    }
    if (p->carried_count == PARCEL_ENTRIES_MAX ||
        (*bytes > 0 && *bytes + e.bytes.len > PARCEL_FILL_BYTES))
        return false;
    p->carried[p->carried_count++] = (struct parcel_carried){e.author, e.bytes};
    *bytes += e.bytes.len;
    d->counters.answered++;
    return true;
}

void delivery_repair_answer(struct delivery *d, const struct env *env, struct parcel *p,
                            size_t *bytes)
{
    for (size_t i = 0; i < d->answers_count;) {
        if (env->now.ns >= d->answers[i].due.ns && put_answer(d, &d->answers[i], p, bytes))
            drop_answer(d, i);
        else
            i++;
    }
    entry_ids_sort(p->withheld.list, p->withheld.count);
}

struct mono delivery_repair_deadline(const struct delivery *d)
{
    struct mono next = MONO_NEVER;
    size_t cursor = 0;

    for (struct timeline_gap *gap; (gap = timeline_gap(d->line, &cursor)) != NULL;)
        if (gap->step < STEP_ASK || (d->ready && d->has_epoch && !d->config.silent))
            next = mono_min(next, gap->due);
    for (size_t i = 0; i < d->answers_count && d->ready && d->has_epoch; i++)
        next = mono_min(next, d->answers[i].due);
    return next;
}
