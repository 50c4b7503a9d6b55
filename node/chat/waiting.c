/* Invites of ours, until those who were invited have spoken: each is sealed once, kept, sent again
 * every day, and dropped with the prekeys that it is sealed to. */
#include "node/chat/welcomes.h"

#include <stdlib.h>

/* ---- rows ---- */

/* An invite that waits: [1, conversation, account, [installation, ...], eid or empty, card secret
 * or empty, day, bits, body, made ns, next ns, blob or empty] */
static void save_row(struct chat *c, struct waiting *r)
{
    struct buf value = BUF_INIT(ENVELOPE_BYTES_MAX + 1024);
    struct pack_writer w = pack_writer_to(&value);
    struct row_key key = row_key_of(SPAN_LIT("invite"), SPAN_ARRAY(r->id), SPAN_EMPTY);
    pack_write_array(&w, 12);
    pack_write_uint(&w, 1);
    pack_write_bin(&w, SPAN_ARRAY(r->conversation));
    pack_write_bin(&w, SPAN_ARRAY(r->card.account));
    pack_write_array(&w, r->invited_count);
    for (size_t i = 0; i < r->invited_count; i++)
        pack_write_bin(&w, SPAN_ARRAY(r->invited[i]));
    pack_write_bin(&w, r->held ? SPAN_ARRAY(r->eid.bytes) : SPAN_EMPTY);
    pack_write_bin(&w, r->card.private_link ? SPAN_ARRAY(r->card.secret) : SPAN_EMPTY);
    pack_write_uint(&w, r->day);
    pack_write_uint(&w, r->bits);
    pack_write_bin(&w, buf_span(&r->body));
    pack_write_int(&w, r->made_ns);
    pack_write_int(&w, r->next_ns);
    pack_write_bin(&w, r->refers ? SPAN_ARRAY(r->blob) : SPAN_EMPTY);
    if (pack_writer_status(&w) == OK)
        step_put(c, VAULT_T_SECRETS, row_span(&key), &value);
    else if (c->failed == OK)
        c->failed = ERR_MEMORY;
    buf_clear(&value);
}

void invite_row_free(struct waiting *r)
{
    buf_clear(&r->body);
    free(r);
}

static bool referred(const struct chat *c, const uint8_t blob[16])
{
    for (size_t i = 0; i < c->waiting_count; i++)
        if (c->waiting[i]->refers && memcmp(c->waiting[i]->blob, blob, 16) == 0)
            return true;
    return false;
}

static void drop_row(struct chat *c, size_t i)
{
    struct waiting *r = c->waiting[i], gone = *r;
    struct row_key key = row_key_of(SPAN_LIT("invite"), SPAN_ARRAY(r->id), SPAN_EMPTY);
    step_put(c, VAULT_T_SECRETS, row_span(&key), NULL);
    invite_row_free(r);
    c->waiting_count--;
    memmove(&c->waiting[i], &c->waiting[i + 1], (c->waiting_count - i) * sizeof c->waiting[0]);
    if (gone.refers && !referred(c, gone.blob))
        welcomes_drop(c, gone.blob);
}

static enum err read_row(struct span in, struct waiting *r)
{
    struct pack_reader k;
    TRY(pack_open(in, &k));
    (void)pack_read_array(&k, 12, 12);
    (void)pack_read_uint(&k, 1);
    pack_read_fixed(&k, r->conversation, sizeof r->conversation);
    pack_read_fixed(&k, r->card.account, sizeof r->card.account);
    r->invited_count = pack_read_array(&k, 1, BUNDLE_PARTS_MAX);
    for (size_t i = 0; i < r->invited_count; i++)
        pack_read_fixed(&k, r->invited[i], sizeof r->invited[i]);
    struct span eid = pack_read_bin(&k, 0, EID_BYTES);
    struct span secret = pack_read_bin(&k, 0, CARD_SECRET_BYTES);
    r->day = (uint32_t)pack_read_uint(&k, UINT32_MAX);
    r->bits = (unsigned)pack_read_uint(&k, STAMP_BITS_MAX);
    struct span body = pack_read_bin(&k, 1, ENVELOPE_BYTES_MAX);
    r->made_ns = pack_read_int(&k);
    r->next_ns = pack_read_int(&k);
    struct span blob = pack_read_bin(&k, 0, sizeof r->blob);
    TRY(pack_end(&k));
    r->held = eid.len == EID_BYTES;
    if (r->held)
        memcpy(r->eid.bytes, eid.ptr, EID_BYTES);
    r->card.private_link = secret.len == CARD_SECRET_BYTES;
    if (r->card.private_link)
        memcpy(r->card.secret, secret.ptr, secret.len);
    r->refers = blob.len == sizeof r->blob;
    if (r->refers)
        memcpy(r->blob, blob.ptr, blob.len);
    return buf_append(&r->body, body);
}

enum err invite_row_add(struct chat *c, const struct env *env, struct waiting *r)
{
    if (c->waiting_count == CHAT_INVITES_MAX) {
        invite_row_free(r);
        return ERR_FULL;
    }
    rng_fill(env->rng, r->id, sizeof r->id);
    r->made_ns = r->next_ns = env->wall.ns;
    c->waiting[c->waiting_count++] = r;
    save_row(c, r);
    return OK;
}

bool inviting_room(const struct chat *c, size_t newcomers)
{
    return c->waiting_count + newcomers <= CHAT_INVITES_MAX && welcomes_room(c);
}

void inviting_laid(struct chat *c, const struct env *env, const uint8_t blob[16])
{
    for (size_t i = 0; i < c->waiting_count; i++) {
        struct waiting *r = c->waiting[i];
        if (r->refers && memcmp(r->blob, blob, sizeof r->blob) == 0 &&
            r->next_ns < env->wall.ns + (INVITE_HELD_S + 1) * NS_PER_S)
            r->next_ns = env->wall.ns;
    }
}

static bool strike_out(struct waiting *r, const uint8_t installation[32])
{
    for (size_t i = 0; i < r->invited_count; i++)
        if (memcmp(r->invited[i], installation, sizeof r->invited[i]) == 0) {
            memmove(r->invited[i], r->invited[--r->invited_count], sizeof r->invited[i]);
            return true;
        }
    return false;
}

/* An installation that was invited has spoken: others of its account may still wait. */
void inviting_heard(struct chat *c, const struct talk *t, const struct entry_author *who)
{
    for (size_t i = c->waiting_count; i-- > 0;) {
        struct waiting *r = c->waiting[i];
        if (memcmp(r->conversation, t->id.bytes, sizeof r->conversation) != 0 ||
            memcmp(r->card.account, who->account, sizeof r->card.account) != 0 ||
            !strike_out(r, who->installation))
            continue;
        if (r->invited_count == 0)
            drop_row(c, i);
        else
            save_row(c, r);
    }
}

/* May it go now? A commit that others could still overtake is waited for, but not for ever: in a
 * quiet group acks take hours. Should it lose after T, whoever was invited by it is invited again.
 * One that is off the way may be on it again, when both of two siblings are withdrawn for instance;
 * only after 2 T is it lost. */
static bool released(struct chat *c, const struct env *env, struct waiting *r, bool *lost)
{
    const struct talk *t = talks_find(c, r->conversation);
    int64_t age = env->wall.ns - r->made_ns;
    *lost = t == NULL || t->branches == NULL;
    if (!r->held || *lost)
        return true;
    const struct dag *dag = branches_dag(t->branches);
    bool on_way = dag_on_path(dag, &r->eid);
    *lost = dag_state(dag, &r->eid) == DAG_UNKNOWN || (!on_way && age > 2 * DAG_REWIND_NS);
    return on_way && (dag_is_certified(dag, &r->eid) || age > DAG_REWIND_NS);
}

static enum err stamp(struct chat *c, const struct waiting *r)
{
    struct stamping s = {.card = r->card, .day = r->day, .bits = r->bits};
    struct buf body = BUF_INIT(ENVELOPE_BYTES_MAX);
    memcpy(s.invite, r->id, sizeof s.invite);
    enum err err = buf_append(&body, buf_span(&r->body));
    if (err == OK)
        err = stamping_add(c, &s, &body);
    buf_clear(&body);
    return err;
}

void inviting_tick(struct chat *c, const struct env *env)
{
    if (!c->online)
        return;
    for (size_t i = c->waiting_count; i-- > 0;) {
        struct waiting *r = c->waiting[i];
        bool lost;
        if (r->stamping || r->next_ns > env->wall.ns)
            continue;
        step_open(c);
        bool go = released(c, env, r, &lost);
        if (lost || r->made_ns + (int64_t)PREKEY_LIFE_S * NS_PER_S < env->wall.ns) {
            drop_row(c, i);
            continue;
        }
        go = go && (!r->refers || welcomes_laid(c, env, r->blob));
        r->held = r->held && !go;
        r->stamping = go && stamp(c, r) == OK;
        if (!r->stamping)
            r->next_ns = env->wall.ns + INVITE_HELD_S * NS_PER_S;
        save_row(c, r);
    }
}

void inviting_left(struct chat *c, const struct env *env, const uint8_t id[16], enum err err)
{
    for (size_t i = 0; i < c->waiting_count; i++) {
        struct waiting *r = c->waiting[i];
        if (memcmp(r->id, id, sizeof r->id) != 0)
            continue;
        r->stamping = false;
        r->next_ns = env->wall.ns + (err == OK ? INVITE_AGAIN_S : INVITE_HELD_S) * NS_PER_S;
        save_row(c, r);
    }
}

struct mono inviting_deadline(const struct chat *c, const struct env *env)
{
    struct mono at = MONO_NEVER;
    for (size_t i = 0; c->online && i < c->waiting_count; i++) {
        int64_t wait = c->waiting[i]->next_ns - env->wall.ns;
        if (!c->waiting[i]->stamping)
            at = mono_min(at, mono_add(env->now, wait > 0 ? wait : 0));
    }
    return at;
}

void inviting_block(struct chat *c, const uint8_t account[32], bool blocked)
{
    for (size_t i = c->waiting_count; blocked && i-- > 0;)
        if (memcmp(c->waiting[i]->card.account, account, 32) == 0)
            drop_row(c, i);
}

/* ---- life ---- */

enum err inviting_begin(struct chat *c, const struct env *env)
{
    struct vault_key key = {0};
    struct buf value = BUF_INIT(ENVELOPE_BYTES_MAX + 1024);
    enum err err = inviting_load(c);
    if (err == OK)
        err = prekeys_load(c);

    while (err == OK && c->waiting_count < CHAT_INVITES_MAX &&
           vault_next(c->vault, VAULT_T_SECRETS, SPAN_LIT("invite"), &key, &value) == OK) {
        struct waiting *r = calloc(1, sizeof *r);
        if (r == NULL)
            err = ERR_MEMORY;
        else
            buf_init(&r->body, ENVELOPE_BYTES_MAX);
        if (err == OK && (key.len != 6 + sizeof r->id || read_row(buf_span(&value), r) != OK))
            err = ERR_CORRUPT;
        if (err == OK) {
            memcpy(r->id, key.bytes + 6, sizeof r->id);
            c->waiting[c->waiting_count++] = r;
        } else if (r != NULL) {
            invite_row_free(r);
        }
    }
    buf_clear(&value);
    cards_load(c);
    if (err == OK)
        err = welcomes_load(c);
    if (err == OK)
        err = laying_load(c);
    laying_plan(c, env);
    return err;
}

void inviting_clear(struct chat *c)
{
    while (c->waiting_count > 0)
        invite_row_free(c->waiting[--c->waiting_count]);
    welcomes_clear_out(c);
    welcomes_clear_in(c);
    inbox_free(c->inbox);
    prekeys_clear(c);
    stampings_clear(c);
}
