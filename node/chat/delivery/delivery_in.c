/* What comes in: entries, whoever hands them on, and signs of what others have. */
#include "node/chat/delivery/delivery_inside.h"

struct source { /* of an entry */
    const struct entry_author *author;
    uint64_t epoch;
    bool direct; /* its author sent it */
};

/* The timeline cannot tell whether it is new: the store can. */
static enum err keep_below(struct delivery *d, const struct env *env, const struct timeline_in *in)
{
    struct delivery_event e = {.out.place = {in->entry->lamport, in->id}};

    buf_init(&e.bytes, ENTRY_BYTES_MAX + 256);
    enum err err = timeline_record_of(in, env->wall.ns / NS_PER_MS, &e.bytes);
    if (err == OK)
        err = fifo_push(&d->below, &e);
    if (err != OK)
        buf_clear(&e.bytes);
    return err;
}

static enum err take_new(struct delivery *d, const struct env *env, const struct source *from,
                         const struct timeline_in *in)
{
    enum timeline_verdict verdict;

    TRY(entry_verify(in->entry, delivery_conversation(d), &in->author));
    TRY(timeline_add(d->line, env, in, &verdict));
    if (verdict == TIMELINE_OLD) {
        TRY(keep_below(d, env, in));
        if (from->direct)
            delivery_owe_ack(d, env);
    }
    d->counters.repaired += !from->direct;
    return OK;
}

static enum err take(struct delivery *d, const struct env *env, const struct source *from,
                     struct span bytes)
{
    struct timeline_in in = {.author = *from->author, .epoch = from->epoch, .bytes = bytes};
    struct timeline_entry there;
    struct entry e;

    TRY(entry_decode(bytes, &e));
    in.entry = &e;
    TRY(entry_id_of(&e, delivery_conversation(d), from->author, &in.id));
    delivery_repair_seen(d, &in.id);
    if (!timeline_get(d->line, &in.id, &there))
        return take_new(d, env, from, &in);
    d->counters.duplicates++;
    if (from->direct && !entry_author_eq(from->author, &d->config.self))
        delivery_owe_ack(d, env); /* it did not hear that we have it */
    return OK;
}

/* The first failure is told, the rest is taken. */
static void note(struct delivery *d, enum err *first, enum err err)
{
    d->counters.refused += err != OK;
    if (*first == OK)
        *first = err;
}

static void hints(struct delivery *d, const struct env *env, const struct parcel_ids *ids)
{
    int64_t now_ms = env->wall.ns / NS_PER_MS;

    for (size_t i = 0; i < ids->count; i++)
        timeline_hint(d->line, env, &ids->list[i], now_ms < 0 ? 0 : (uint64_t)now_ms);
}

static void acknowledged(struct delivery *d, const struct env *env, const struct entry_author *who,
                         const struct parcel *p)
{
    uint64_t from = outbox_pending(d->box, who->installation);

    hints(d, env, &p->heads);
    hints(d, env, &p->beyond);
    if (from == UINT64_MAX)
        return;
    timeline_mark(d->line, p->heads.list, p->heads.count, from);
    timeline_mark_also(d->line, p->beyond.list, p->beyond.count);
    outbox_acked(d->box, env, d->line, who->installation);
}

static enum err passed(struct delivery *d, const struct entry_author *who, struct span bytes)
{
    struct content c;

    TRY(content_decode(bytes, &c));
    if (c.known && !content_passes(&c))
        return ERR_PROTOCOL; /* what is to stay comes as an entry */
    if (c.known && c.tag == CONTENT_RECEIPT)
        outbox_read(d->box, who->installation, &(struct entry_place){c.lamport, c.target});
    delivery_emit(d, &(struct delivery_out){.kind = DELIVERY_PASSING, .who = *who}, bytes);
    return OK;
}

enum err delivery_receive(struct delivery *d, const struct env *env, const struct entry_author *who,
                          uint64_t epoch, struct span parcel)
{
    struct parcel p;
    enum err first = OK;

    TRY(parcel_decode(parcel, &p));
    for (size_t i = 0; i < p.entries_count; i++)
        note(d, &first, take(d, env, &(struct source){who, epoch, true}, p.entries[i]));
    for (size_t i = 0; i < p.carried_count; i++) {
        const struct parcel_carried *c = &p.carried[i];
        struct source from = {&c->author, epoch, entry_author_eq(&c->author, who)};
        bool known = d->config.authors(d->config.authors_state, &c->author);
        note(d, &first, known ? take(d, env, &from, c->entry) : ERR_AUTH);
    }
    delivery_pump(d, env); /* an acknowledgement may name what came with it */
    if (!entry_author_eq(who, &d->config.self))
        acknowledged(d, env, who, &p);
    for (size_t i = 0; i < p.passing_count; i++)
        note(d, &first, passed(d, who, p.passing[i]));
    delivery_repair_asked(d, env, who, &p.wanted);
    delivery_repair_withheld(d, env, &p.withheld);
    delivery_pump(d, env);
    return first;
}

enum err delivery_history(struct delivery *d, const struct env *env,
                          const struct entry_author *author, struct span entry)
{
    struct source from = {author, 0, false};

    if (!d->config.authors(d->config.authors_state, author))
        return ERR_AUTH;
    TRY(take(d, env, &from, entry));
    delivery_pump(d, env);
    return OK;
}
