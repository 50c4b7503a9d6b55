/* The conversation of our own devices, and the decisions that are said in it. */
#include "node/chat/self.h"

#include <stdlib.h>

/* A row: kind and subject -> [1, lamport, id, ours, noted ms, value]. A mark that it is to be said:
 * MARK, kind and subject -> one byte. */
#define MARK      0xffu
#define ROW_BYTES (DECISION_VALUE_MAX + 128u)

struct row {
    struct decision is; /* value: of `bytes` */
    bool ours;          /* decided on this device */
    int64_t noted_ms;   /* wall time at which it was written here */
    struct buf bytes;
};

/* ---- rows ---- */

static struct row_key key_of(uint64_t kind, struct span subject)
{
    uint8_t be[4] = {(uint8_t)(kind >> 24), (uint8_t)(kind >> 16), (uint8_t)(kind >> 8),
                     (uint8_t)kind};
    return row_key_of(SPAN_ARRAY(be), subject, SPAN_EMPTY);
}

static struct row_key mark_of(struct span key)
{
    static const uint8_t mark[1] = {MARK};
    return row_key_of(SPAN_ARRAY(mark), key, SPAN_EMPTY);
}

/* The decision of a row; its key says about what. */
static enum err read_row(struct span key, struct row *row)
{
    struct pack_reader r;
    if (key.len < 4)
        return ERR_CORRUPT;
    row->is.kind = (uint64_t)key.ptr[0] << 24 | (uint64_t)key.ptr[1] << 16 |
                   (uint64_t)key.ptr[2] << 8 | key.ptr[3];
    row->is.subject = span_after(key, 4);
    TRY(pack_open(buf_span(&row->bytes), &r) == OK ? OK : ERR_CORRUPT);
    (void)pack_read_array(&r, 6, 6);
    (void)pack_read_uint(&r, 1);
    row->is.place.lamport = pack_read_uint(&r, INT64_MAX);
    pack_read_fixed(&r, row->is.place.id.bytes, ENTRY_ID_BYTES);
    row->ours = pack_read_uint(&r, 1) == 1;
    row->noted_ms = pack_read_int(&r);
    row->is.value = pack_read_bin(&r, 1, DECISION_VALUE_MAX);
    return pack_end(&r) == OK ? OK : ERR_CORRUPT;
}

static enum err get_row(struct chat *c, const struct row_key *key, struct row *row)
{
    *row = (struct row){.bytes = BUF_INIT(ROW_BYTES)};
    enum err err = vault_get(c->vault, VAULT_T_DECISIONS, row_span(key), &row->bytes);
    if (err == OK)
        err = read_row(row_span(key), row);
    if (err != OK)
        buf_clear(&row->bytes);
    return err;
}

static void put_row(struct chat *c, const struct env *env, const struct decision *d, bool ours)
{
    struct buf value = BUF_INIT(ROW_BYTES);
    struct row_key key = key_of(d->kind, d->subject);
    struct pack_writer w = pack_writer_to(&value);
    pack_write_array(&w, 6);
    pack_write_uint(&w, 1);
    pack_write_uint(&w, d->place.lamport);
    pack_write_bin(&w, SPAN_ARRAY(d->place.id.bytes));
    pack_write_uint(&w, ours);
    pack_write_int(&w, env->wall.ns / NS_PER_MS);
    pack_write_bin(&w, d->value);
    if (pack_writer_status(&w) == OK)
        step_put(c, VAULT_T_DECISIONS, row_span(&key), &value);
    else if (c->failed == OK)
        c->failed = ERR_MEMORY;
    buf_clear(&value);
}

static void mark(struct chat *c, struct span key)
{
    static const uint8_t yes[1] = {1};
    struct buf value = BUF_INIT(1);
    struct row_key at = mark_of(key);
    if (buf_append(&value, SPAN_ARRAY(yes)) == OK)
        step_put(c, VAULT_T_DECISIONS, row_span(&at), &value);
    buf_clear(&value);
}

/* ---- the conversation ---- */

/* Should two keepers have founded one each, all devices come into both and speak in the same. */
struct talk *self_talk(const struct chat *c)
{
    struct talk *best = NULL;
    size_t cursor = 0;
    for (struct talk *t; (t = map_next(&c->talks, &cursor, NULL)) != NULL;)
        if (t->type == CHAT_SELF && t->state == CHAT_JOINED && t->delivery != NULL &&
            (best == NULL || memcmp(t->id.bytes, best->id.bytes, sizeof t->id.bytes) < 0))
            best = t;
    return best;
}

bool self_is(const struct chat *c, const uint8_t conversation[32])
{
    const struct talk *t = talks_find(c, conversation);
    return t != NULL && t->type == CHAT_SELF;
}

enum err self_found(struct chat *c, const struct env *env)
{
    struct profile_data data = {.type = PROFILE_SELF, .roles_count = 1};
    struct talk *t;
    if (self_talk(c) != NULL)
        return OK;
    memcpy(data.roles[0].account, c->self.account, sizeof data.roles[0].account);
    return talk_found(c, env, &data, &t);
}

enum err self_load(struct chat *c, const struct env *env)
{
    struct vault_key key = {0};
    static const uint8_t marks[1] = {MARK};
    enum err err = vault_next(c->vault, VAULT_T_DECISIONS, SPAN_ARRAY(marks), &key, NULL);
    c->self_say_at = err == OK ? env->now : MONO_NEVER;
    return err == ERR_NOT_FOUND ? OK : err;
}

/* ---- deciding ---- */

/* It comes behind what it replaces, whatever our clock says. */
static struct entry_place place_of(struct chat *c, const struct env *env, uint64_t kind,
                                   struct span subject)
{
    struct row_key key = key_of(kind, subject);
    struct entry_place place = {.lamport =
                                    env->wall.ns > 0 ? (uint64_t)(env->wall.ns / NS_PER_MS) : 0};
    struct row row;
    if (get_row(c, &key, &row) == OK) {
        if (row.is.place.lamport >= place.lamport && row.is.place.lamport < INT64_MAX)
            place.lamport = row.is.place.lamport + 1;
        buf_clear(&row.bytes);
    }
    rng_fill(env->rng, place.id.bytes, sizeof place.id.bytes);
    return place;
}

/* How long it may wait for others to be said with: what was read, a while. */
static int64_t wait_of(const struct env *env, enum decision_kind kind)
{
    return kind != DECISION_SEEN
               ? 0
               : (SELF_SEEN_S + (int64_t)rng_below(env->rng, SELF_SEEN_S)) * NS_PER_S;
}

static void note(struct chat *c, const struct env *env, const struct decision *d)
{
    struct row_key key = key_of(d->kind, d->subject);
    put_row(c, env, d, true);
    if (self_talk(c) == NULL && c->root != NULL)
        return; /* the only device; who is let in is told everything */
    mark(c, row_span(&key));
    c->self_say_at =
        mono_min(c->self_say_at, mono_add(env->now, wait_of(env, (enum decision_kind)d->kind)));
}

void self_decide(struct chat *c, const struct env *env, enum decision_kind kind,
                 struct span subject, struct span value)
{
    struct decision d = {.kind = kind, .subject = subject, .value = value};
    const struct talk *t = kind == DECISION_SEEN ? talks_find(c, subject.ptr) : NULL;
    d.place = t != NULL ? t->seen : place_of(c, env, kind, subject);
    note(c, env, &d);
}

void self_decided(struct chat *c, const struct env *env, enum decision_kind kind,
                  struct span subject)
{
    struct buf value = BUF_INIT(DECISION_VALUE_MAX);
    struct pack_writer w = pack_writer_to(&value);
    enum err err = self_value(c, kind, subject, &w);
    if (err == OK)
        err = pack_writer_status(&w);
    if (err == OK)
        self_decide(c, env, kind, subject, buf_span(&value));
    else if (err != ERR_NOT_FOUND && c->failed == OK)
        c->failed = err;
    buf_clear(&value);
}

enum err self_holds(struct chat *c, enum decision_kind kind, struct span subject, struct buf *value)
{
    struct row_key key = key_of(kind, subject);
    struct row row;
    TRY(get_row(c, &key, &row));
    enum err err = buf_append(value, row.is.value);
    buf_clear(&row.bytes);
    return err;
}

enum err self_next(struct chat *c, enum decision_kind kind, struct vault_key *key,
                   struct decision *out, struct buf *value)
{
    struct row_key prefix = key_of(kind, SPAN_EMPTY);
    struct row row = {.bytes = BUF_INIT(ROW_BYTES)};
    TRY(vault_next(c->vault, VAULT_T_DECISIONS, row_span(&prefix), key, &row.bytes));
    enum err err = read_row(span_of(key->bytes, key->len), &row);
    *out = row.is;
    buf_reset(value);
    if (err == OK)
        err = buf_append(value, row.is.value);
    out->value = buf_span(value);
    buf_clear(&row.bytes);
    return err;
}

/* ---- hearing ---- */

static enum err take(struct chat *c, const struct env *env, const struct decision *d)
{
    struct row_key key = key_of(d->kind, d->subject);
    struct row row;

    if (d->kind >= (uint64_t)MARK << 24 || !self_well_formed(d))
        return ERR_FORMAT;
    enum err err = get_row(c, &key, &row);
    bool news = err == ERR_NOT_FOUND || (err == OK && decision_replaces(d, &row.is));
    if (err == OK)
        buf_clear(&row.bytes);
    else if (err != ERR_NOT_FOUND)
        return err;
    if (!news)
        return OK;
    step_open(c);
    put_row(c, env, d, false);
    return self_apply(c, env, d);
}

enum err self_take(struct chat *c, const struct env *env, struct span in)
{
    size_t count = 0;
    struct decision *list = calloc(DECISIONS_MAX, sizeof *list);
    enum err read = list == NULL ? ERR_MEMORY : decisions_decode(in, list, &count);
    for (size_t i = 0; i < count; i++) {
        enum err err = take(c, env, &list[i]);
        if (err != OK)
            log_unusual(env, "chat", "decision of another device not followed kind=%u err=%s",
                        (unsigned)list[i].kind, err_name(err));
    }
    free(list);
    return read;
}

void self_heard(struct chat *c, const struct env *env, struct talk *t,
                const struct entry_author *who, const struct content *k)
{
    bool ours = entry_author_eq(who, &c->self);
    t->changed = true;
    if (ours || !k->known || k->domain != CONTENT_DOMAIN || k->tag != CONTENT_DECISIONS)
        return;
    enum err err = self_take(c, env, k->bytes);
    if (err == ERR_UNSUPPORTED)
        journal_add(c, env, &(struct happened){.kind = CHAT_EVENT_UNSUPPORTED});
    else if (err != OK)
        log_unusual(env, "chat", "entry of self/1 not followed err=%s", err_name(err));
}

/* ---- saying ---- */

struct saying {
    struct decision list[DECISIONS_MAX];
    size_t at[DECISIONS_MAX]; /* of the value in `values` */
    struct row_key keys[DECISIONS_MAX];
    size_t count;
    struct buf values;
};

static enum err add(struct saying *s, const struct row_key *key, const struct row *row)
{
    size_t i = s->count;
    s->keys[i] = *key;
    s->list[i] = row->is;
    s->list[i].subject = span_after(row_span(&s->keys[i]), 4);
    s->at[i] = s->values.len;
    TRY(buf_append(&s->values, row->is.value));
    s->count++;
    return OK;
}

static enum err object_of(struct saying *s, struct buf *out)
{
    for (size_t i = 0; i < s->count; i++)
        s->list[i].value.ptr = s->values.ptr + s->at[i];
    return decisions_encode(s->list, s->count, out);
}

/* As many as there are marks, and room for. */
static enum err gather(struct chat *c, struct saying *s)
{
    static const uint8_t marks[1] = {MARK};
    struct vault_key at = {0};
    enum err err = OK;
    while (s->count < DECISIONS_MAX && s->values.len < SELF_SAID_BYTES &&
           (err = vault_next(c->vault, VAULT_T_DECISIONS, SPAN_ARRAY(marks), &at, NULL)) == OK) {
        struct row_key key = row_key_of(span_of(at.bytes + 1, at.len - 1u), SPAN_EMPTY, SPAN_EMPTY);
        struct row row;
        TRY(get_row(c, &key, &row));
        err = add(s, &key, &row);
        buf_clear(&row.bytes);
        TRY(err);
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err say(struct chat *c, const struct env *env, struct talk *t, struct saying *s)
{
    struct buf object = BUF_INIT(CONTENT_TEXT_MAX);
    struct content content = {.tag = CONTENT_DECISIONS};
    enum err err = object_of(s, &object);
    content.bytes = buf_span(&object);
    if (err == OK)
        err = talk_say(c, env, t, &content, NULL);
    for (size_t i = 0; err == OK && i < s->count; i++) {
        struct row_key m = mark_of(row_span(&s->keys[i]));
        step_put(c, VAULT_T_DECISIONS, row_span(&m), NULL);
    }
    buf_clear(&object);
    return err;
}

/* True: there is more to say. */
static enum err say_some(struct chat *c, const struct env *env, struct talk *t, bool *more)
{
    struct saying *s = calloc(1, sizeof *s);
    *more = false;
    if (s == NULL)
        return ERR_MEMORY;
    buf_init(&s->values, CONTENT_TEXT_MAX);
    enum err err = gather(c, s);
    if (err == OK && s->count > 0) {
        err = say(c, env, t, s);
        *more = err == OK;
    }
    buf_clear(&s->values);
    free(s);
    return err;
}

void self_tick(struct chat *c, const struct env *env)
{
    bool more = true;
    if (env->now.ns < c->self_say_at.ns)
        return;
    struct talk *t = self_talk(c);
    c->self_say_at = MONO_NEVER; /* without it: when we have come into it */
    if (t == NULL)
        return;
    step_open(c);
    while (more) {
        enum err err = say_some(c, env, t, &more);
        if (err == OK)
            continue;
        log_unusual(env, "chat", "decisions not said err=%s", err_name(err));
        c->self_say_at = mono_add(env->now, SELF_RETRY_S * NS_PER_S);
        return;
    }
}

struct mono self_deadline(const struct chat *c)
{
    return self_talk(c) == NULL ? MONO_NEVER : c->self_say_at;
}

/* ---- a device comes ---- */

/* When it came into our log, by the log; 0: not known. */
static int64_t added_ms(const struct chat *c, const uint8_t key[32])
{
    struct identity_event e;
    const struct identity *now = identity_log_now(c->me->log);
    for (uint64_t seq = now->seq + 1; seq-- > 0;)
        if (identity_event_decode(identity_log_event(c->me->log, seq), &e) == OK &&
            e.type == IDENTITY_INSTALL_ADD && memcmp(e.installation, key, 32) == 0)
            return (int64_t)e.time_s * 1000;
    return 0;
}

/* What it may not know: of the keeper everything, of us what we decided since it was let in. */
static void tell_again(struct chat *c, const struct env *env, int64_t since_ms)
{
    struct vault_key at = {0};
    struct row row = {.bytes = BUF_INIT(ROW_BYTES)};
    while (vault_next(c->vault, VAULT_T_DECISIONS, SPAN_EMPTY, &at, &row.bytes) == OK &&
           at.bytes[0] != MARK) {
        struct span key = span_of(at.bytes, at.len);
        if (read_row(key, &row) == OK &&
            (c->root != NULL || (row.ours && row.noted_ms >= since_ms)))
            mark(c, key);
    }
    buf_clear(&row.bytes);
    c->self_say_at = env->now;
}

void self_roster(struct chat *c, const struct env *env, const struct talk *t,
                 const struct delivery_member *list, size_t count)
{
    if (t->roster == NULL) { /* we have come, or are opening */
        c->self_say_at = mono_min(c->self_say_at, env->now);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        size_t k = 0;
        while (k < t->roster_count && !entry_author_eq(&t->roster[k], &list[i].who))
            k++;
        if (k == t->roster_count)
            tell_again(c, env, added_ms(c, list[i].who.installation) - SELF_CLOCKS_MS);
    }
}

enum err self_snapshot(struct chat *c, size_t max, struct buf *out)
{
    struct vault_key at = {.len = 1,
                           .bytes = {MARK}}; /* settings and conversations before people */
    struct row row = {.bytes = BUF_INIT(ROW_BYTES)};
    struct saying *s = calloc(1, sizeof *s);
    enum err err = s == NULL ? ERR_MEMORY : OK;
    if (s != NULL)
        buf_init(&s->values, CONTENT_TEXT_MAX);
    while (err == OK && s->count < DECISIONS_MAX && s->values.len + s->count * 64 < max &&
           vault_prev(c->vault, VAULT_T_DECISIONS, SPAN_EMPTY, &at, &row.bytes) == OK) {
        struct row_key key = row_key_of(span_of(at.bytes, at.len), SPAN_EMPTY, SPAN_EMPTY);
        err = read_row(row_span(&key), &row);
        if (err == OK)
            err = add(s, &key, &row);
    }
    if (err == OK)
        err = object_of(s, out);
    buf_clear(&row.bytes);
    if (s != NULL)
        buf_clear(&s->values);
    free(s);
    return err;
}

/* ---- a conversation comes ---- */

static void apply_again(struct chat *c, const struct env *env, enum decision_kind kind,
                        const struct talk *t)
{
    struct row_key key = key_of(kind, SPAN_ARRAY(t->id.bytes));
    struct row row;
    if (get_row(c, &key, &row) != OK)
        return;
    enum err err = self_apply(c, env, &row.is);
    if (err != OK)
        log_unusual(env, "chat", "an earlier decision not followed err=%s", err_name(err));
    buf_clear(&row.bytes);
}

void self_talk_born(struct chat *c, const struct env *env, struct talk *t)
{
    if (t->type == CHAT_SELF)
        return;
    apply_again(c, env, DECISION_MUTED, t);
    apply_again(c, env, DECISION_SEEN, t);
}

bool self_accepted(struct chat *c, const struct talk *t)
{
    struct buf value = BUF_INIT(DECISION_VALUE_MAX);
    static const uint8_t yes[1] = {1}; /* packed 1 */
    bool accepted = self_holds(c, DECISION_TAKES_PART, SPAN_ARRAY(t->id.bytes), &value) == OK &&
                    span_eq(buf_span(&value), SPAN_ARRAY(yes));
    buf_clear(&value);
    return accepted;
}
