/* The step: what one call changes is written as one transaction, and only then does anything leave.
 */
#include "node/chat/inside.h"

#include "crypto/base/wipe.h"

#include <stdlib.h>

#define LEAVING SPAN_LIT("leaving/") /* rows of VAULT_T_SECRETS: ticket -> topic, day, envelope */

struct row_key row_key_of(struct span a, struct span b, struct span c)
{
    struct row_key k = {.len = a.len + b.len + c.len};
    assert(k.len <= sizeof k.bytes);
    if (a.len > 0)
        memcpy(k.bytes, a.ptr, a.len);
    if (b.len > 0)
        memcpy(k.bytes + a.len, b.ptr, b.len);
    if (c.len > 0)
        memcpy(k.bytes + a.len + b.len, c.ptr, c.len);
    return k;
}

void step_open(struct chat *c)
{
    if (!vault_in_step(c->vault))
        vault_begin(c->vault);
}

void step_put(struct chat *c, enum vault_table t, struct span key, const struct buf *value)
{
    step_open(c);
    enum err err = value != NULL ? vault_put(c->vault, t, key, buf_span(value))
                                 : vault_delete(c->vault, t, key);
    if (err != OK && (value != NULL || err != ERR_NOT_FOUND) && c->failed == OK)
        c->failed = err;
}

static void let_go(struct chat *c)
{
    struct pending *p;
    while (fifo_pop(&c->held, &p))
        if (fifo_push(&c->ready, &p) != OK)
            pending_free(p); /* as large as held: cannot be full */
}

enum err step_close(struct chat *c, const struct env *env)
{
    if (!vault_in_step(c->vault))
        return OK;
    talks_pump(c, env);
    files_pump(c, env);
    welcomes_pump(c, env);
    enum err err = people_save(c);
    if (err == OK)
        err = talks_save(c, env);
    if (err == OK)
        err = c->failed;
    if (err == OK)
        err = vault_commit(c->vault, env);
    if (err != c->stuck && err != OK)
        log_unusual(env, "chat", "not written err=%s", err_name(err));
    c->stuck = err;
    if (err == OK) {
        journal_show(c);
        let_go(c);
    }
    return err;
}

/* ---- what leaves ---- */

void pending_free(struct pending *p)
{
    if (p == NULL)
        return;
    buf_clear(&p->bytes);
    free(p);
}

/* ---- what must leave also after a kill ---- */

/* Entries stand in the outbox of their conversation, segments in their files; commits and what goes
 * with them, bundles and what lets a device in are nowhere else: others cannot follow, find us or
 * come in if they do not leave. */
static struct row_key leaving_key(uint64_t ticket)
{
    uint8_t be[8];
    for (unsigned i = 0; i < 8; i++)
        be[i] = (uint8_t)(ticket >> (56 - 8 * i));
    return row_key_of(LEAVING, SPAN_ARRAY(be), SPAN_EMPTY);
}

static enum err leaving_keep(struct chat *c, struct pending *p)
{
    struct buf value = BUF_INIT(ENVELOPE_BYTES_MAX + ENVELOPE_TOPIC_BYTES + 4);
    struct row_key key = leaving_key(p->out.ticket);
    const uint8_t day[4] = {(uint8_t)(p->day >> 24), (uint8_t)(p->day >> 16),
                            (uint8_t)(p->day >> 8), (uint8_t)p->day};
    enum err err = buf_append(&value, span_of((const uint8_t *)p->topic, sizeof p->topic));
    if (err == OK)
        err = buf_append(&value, SPAN_ARRAY(day));
    if (err == OK)
        err = buf_append(&value, buf_span(&p->bytes));
    if (err == OK) {
        step_put(c, VAULT_T_SECRETS, row_span(&key), &value);
        p->kept = p->out.ticket;
    }
    buf_clear(&value);
    return err;
}

static void leaving_drop(struct chat *c, const struct pending *p)
{
    struct row_key key = leaving_key(p->kept);
    if (p->kept != 0)
        step_put(c, VAULT_T_SECRETS, row_span(&key), NULL);
}

static enum err leaving_again(struct chat *c, const struct vault_key *key, struct span value)
{
    struct pending *p;
    if (key->len != LEAVING.len + 8 || value.len <= sizeof p->topic + 4)
        return ERR_CORRUPT;
    p = calloc(1, sizeof *p);
    if (p == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < 8; i++)
        p->kept = p->kept << 8 | key->bytes[LEAVING.len + i];
    c->ticket = p->kept > c->ticket ? p->kept : c->ticket;
    buf_init(&p->bytes, ENVELOPE_BYTES_MAX);
    memcpy(p->topic, value.ptr, sizeof p->topic);
    for (size_t i = 0; i < 4; i++)
        p->day = p->day << 8 | value.ptr[sizeof p->topic + i];
    p->out = (struct chat_out){.kind = CHAT_OUT_PUBLISH, .ticket = p->kept};
    enum err err = buf_append(&p->bytes, span_after(value, sizeof p->topic + 4));
    if (err == OK)
        err = fifo_push(&c->ready, &p);
    if (err != OK)
        pending_free(p);
    return err;
}

enum err leaving_load(struct chat *c)
{
    struct vault_key key = {0};
    struct buf value = BUF_INIT(ENVELOPE_BYTES_MAX + 1024);
    enum err err;
    while ((err = vault_next(c->vault, VAULT_T_SECRETS, LEAVING, &key, &value)) == OK) {
        err = leaving_again(c, &key, buf_span(&value));
        if (err != OK)
            break;
    }
    buf_clear(&value);
    return err == ERR_NOT_FOUND || err == ERR_FULL ? OK : err;
}

static enum err publish(struct chat *c, const char *topic, struct buf *payload,
                        const struct talk *talk, uint64_t token, uint32_t day)
{
    struct pending *p = calloc(1, sizeof *p);
    if (p == NULL)
        return ERR_MEMORY;
    buf_init(&p->bytes, ENVELOPE_BYTES_MAX);
    buf_move(&p->bytes, payload);
    memcpy(p->topic, topic, sizeof p->topic);
    p->token = token;
    p->day = day;
    if (talk != NULL) {
        p->conversation = talk->id;
        p->of_talk = true;
    }
    p->out = (struct chat_out){.kind = CHAT_OUT_PUBLISH, .ticket = ++c->ticket};
    enum err err = token == 0 ? leaving_keep(c, p) : OK;
    if (err == OK)
        err = fifo_push(&c->held, &p);
    if (err != OK) {
        leaving_drop(c, p); /* nobody would take the row away */
        buf_move(payload, &p->bytes);
        pending_free(p);
    }
    return err;
}

enum err chat_publish(struct chat *c, const struct env *env, const char *topic, struct buf *payload,
                      const struct talk *talk, uint64_t token)
{
    (void)env;
    return publish(c, topic, payload, talk, token, 0);
}

enum err chat_publish_bundle(struct chat *c, const char *topic, struct buf *payload, uint32_t day)
{
    return publish(c, topic, payload, NULL, 0, day);
}

/* A bundle is for the holders of a card on one day: whose day went by while we were away is laid
 * out anew, with the keys, the stamp and the prekey of today. */
static bool outdated(struct chat *c, const struct env *env, struct pending *p)
{
    if (p->day == 0 || env->wall.ns / NS_PER_S / INTRO_DAY_S <= (int64_t)p->day)
        return false;
    step_open(c);
    laying_outdated(c, env, p->topic);
    leaving_drop(c, p);
    pending_free(p);
    return true;
}

static bool next_publish(struct chat *c, const struct env *env, struct chat_out *out)
{
    struct pending *p;
    do {
        if (fifo_count(&c->under_way) >= CHAT_PUBLISHING_MAX || !fifo_pop(&c->ready, &p))
            return false;
    } while (outdated(c, env, p));
    /* of now: what waited for days would be refused as old, or be looked for where it is not */
    p->out.timestamp_ns = env->wall.ns - env->wall.ns % NS_PER_S;
    p->out.topic = span_str(p->topic);
    p->out.payload = buf_span(&p->bytes);
    if (fifo_push(&c->under_way, &p) != OK) {
        pending_free(p);
        return false;
    }
    *out = p->out;
    return true;
}

bool chat_poll(struct chat *c, const struct env *env, struct chat_out *out)
{
    if (step_close(c, env) == OK &&
        (network_ask(c, env, out) || (c->online && next_publish(c, env, out))))
        return true;
    chat_plan_deadline(c, env);
    return false;
}

void chat_published(struct chat *c, const struct env *env, uint64_t ticket, enum err err)
{
    struct pending *p = NULL;
    for (size_t n = fifo_count(&c->under_way); n > 0; n--) {
        struct pending *at;
        if (!fifo_pop(&c->under_way, &at))
            break;
        if (at->out.ticket == ticket)
            p = at;
        else if (fifo_push(&c->under_way, &at) != OK)
            pending_free(at);
    }
    if (p == NULL)
        return;
    step_open(c);
    struct talk *t = p->of_talk ? talks_find(c, p->conversation.bytes) : NULL;
    if (t != NULL && p->token != 0) {
        talks_published(c, env, t, p->token, err);
    } else if (p->token != 0) {
        files_published(c, env, p->token, err);
        welcomes_published(c, env, p->token, err);
    } else if (err != OK && p->tries++ < CHAT_PUBLISH_TRIES_MAX) {
        p->out.ticket = ++c->ticket;
        if (fifo_push(&c->ready, &p) == OK)
            return;
    }
    leaving_drop(c, p);
    pending_free(p);
}
