/* What is stored about coming back, and what is due. */
#include "node/chat/rejoining.h"

#include "crypto/base/wipe.h"

#include <stdlib.h>

#define ROW_BYTES_MAX (REJOIN_PACKAGE_MAX + 1024u + CULPRITS_MAX * 2u * (TICKET_BYTES_MAX + 64u))

enum err rejoining_of(struct chat *c, struct talk *t, struct rejoining **out)
{
    struct rejoining *r = t->rejoining;

    *out = r;
    if (r != NULL)
        return OK;
    r = calloc(1, sizeof *r);
    if (r == NULL)
        return ERR_MEMORY;
    buf_init(&r->package, REJOIN_PACKAGE_MAX);
    r->guests_at = r->culprits_at = MONO_NEVER;
    r->checks = REJOIN_CHECKS_MAX;
    if (guests_new(&r->guests, c->self.installation) != OK) {
        free(r);
        return ERR_MEMORY;
    }
    *out = t->rejoining = r;
    return OK;
}

void rejoining_free(struct rejoining *r)
{
    if (r == NULL)
        return;
    guests_free(r->guests);
    buf_clear(&r->package);
    for (size_t i = 0; i < REJOIN_COLLECTS_MAX; i++)
        answer_parts_clear(&r->parts[i]);
    while (r->let_in_count > 0)
        let_in_free(r->let_in[--r->let_in_count]);
    for (size_t i = 0; i < r->culprits_count; i++)
        for (size_t k = 0; k < 2; k++)
            buf_clear(&r->culprits[i].tickets[k]);
    wipe(r, sizeof *r);
    free(r);
}

/* ---- the record: [1, package, init key, leaf key, made, in, since, [[key, ticket, ticket]...]] */

static struct row_key row_of(const struct talk *t)
{
    return row_key_of(SPAN_LIT("rejoin"), SPAN_ARRAY(t->id.bytes), SPAN_EMPTY);
}

static enum err write(const struct rejoining *r, struct buf *out)
{
    struct pack_writer w = pack_writer_to(out);
    pack_write_array(&w, 8);
    pack_write_uint(&w, 1);
    pack_write_bin(&w, buf_span(&r->package));
    pack_write_bin(&w, SPAN_ARRAY(r->keys.init));
    pack_write_bin(&w, SPAN_ARRAY(r->keys.leaf));
    pack_write_int(&w, r->package_ns);
    pack_write_bin(&w, SPAN_ARRAY(r->in.bytes));
    pack_write_int(&w, r->in_ns);
    pack_write_array(&w, r->culprits_count);
    for (size_t i = 0; i < r->culprits_count; i++) {
        pack_write_array(&w, 3);
        pack_write_bin(&w, SPAN_ARRAY(r->culprits[i].key));
        pack_write_bin(&w, buf_span(&r->culprits[i].tickets[0]));
        pack_write_bin(&w, buf_span(&r->culprits[i].tickets[1]));
    }
    return pack_writer_status(&w);
}

static enum err read_culprits(struct pack_reader *k, struct rejoining *r)
{
    size_t count = pack_read_array(k, 0, CULPRITS_MAX);
    for (size_t i = 0; i < count; i++) {
        struct culprit *who = &r->culprits[i];
        (void)pack_read_array(k, 3, 3);
        pack_read_fixed(k, who->key, sizeof who->key);
        r->culprits_count++;
        for (size_t n = 0; n < 2; n++) {
            struct span ticket = pack_read_bin(k, 1, TICKET_BYTES_MAX);
            buf_init(&who->tickets[n], TICKET_BYTES_MAX);
            TRY(k->err);
            TRY(buf_append(&who->tickets[n], ticket));
        }
    }
    return OK;
}

static enum err read(struct span in, struct rejoining *r)
{
    struct pack_reader k;
    TRY(pack_open(in, &k));
    (void)pack_read_array(&k, 8, 8);
    (void)pack_read_uint(&k, 1);
    struct span package = pack_read_bin(&k, 0, REJOIN_PACKAGE_MAX);
    pack_read_fixed(&k, r->keys.init, sizeof r->keys.init);
    pack_read_fixed(&k, r->keys.leaf, sizeof r->keys.leaf);
    r->package_ns = pack_read_int(&k);
    pack_read_fixed(&k, r->in.bytes, sizeof r->in.bytes);
    r->in_ns = pack_read_int(&k);
    TRY(read_culprits(&k, r));
    TRY(pack_end(&k));
    return buf_append(&r->package, package);
}

void rejoining_save(struct chat *c, struct talk *t)
{
    struct rejoining *r = t->rejoining;
    struct buf value = BUF_INIT(ROW_BYTES_MAX);
    struct row_key key = row_of(t);
    bool nothing = r->package.len == 0 && r->culprits_count == 0;

    if (!nothing && write(r, &value) != OK && c->failed == OK)
        c->failed = ERR_MEMORY;
    step_put(c, VAULT_T_SECRETS, row_span(&key), nothing ? NULL : &value);
    buf_clear(&value);
}

enum err rejoining_load(struct chat *c, const struct env *env, struct talk *t)
{
    struct buf value = BUF_INIT(ROW_BYTES_MAX);
    struct row_key key = row_of(t);
    struct rejoining *r;

    enum err err = vault_get(c->vault, VAULT_T_SECRETS, row_span(&key), &value);
    if (err == OK)
        err = rejoining_of(c, t, &r);
    if (err == OK)
        err = read(buf_span(&value), r) == OK ? OK : ERR_CORRUPT;
    if (err == OK && r->culprits_count > 0)
        r->culprits_at = mono_add(env->now, (int64_t)rng_below(env->rng, TALK_OWES_S) * NS_PER_S);
    buf_clear(&value);
    return err == OK || err == ERR_NOT_FOUND ? let_in_load(c, t) : err;
}

/* ---- what is due ---- */

/* For the person: can we take part? While we cannot, what is said waits. */
static void tell_state(struct chat *c, const struct env *env, struct talk *t)
{
    const struct dag *d = branches_dag(t->branches);
    bool out = t->state == CHAT_JOINED && dag_wants_in(d);
    bool in = t->state == CHAT_REJOINING && !dag_is_doubted(d) && !dag_is_beaten(d);

    if (!out && !in)
        return;
    t->state = out ? CHAT_REJOINING : CHAT_JOINED;
    t->changed = t->active = true;
    delivery_ready(t->delivery, env, in && c->online && c->catchup.state == SWEEP_IDLE);
    journal_add(c, env,
                &(struct happened){.kind = CHAT_EVENT_CONVERSATION, .conversation = t->id.bytes});
    if (in && t->rejoining != NULL && !eid_is_none(&t->rejoining->in))
        journal_add(c, env,
                    &(struct happened){.kind = CHAT_EVENT_REJOINED,
                                       .account = c->self.account,
                                       .installation = c->self.installation,
                                       .conversation = t->id.bytes});
}

void rejoin_pump(struct chat *c, const struct env *env, struct talk *t)
{
    if (t->state == CHAT_JOINED || t->state == CHAT_REJOINING)
        tell_state(c, env, t);
}

void rejoin_tick(struct chat *c, const struct env *env, struct talk *t)
{
    if (t->rejoining == NULL || t->state == CHAT_LEFT || rejoin_deadline(t, env).ns > env->now.ns)
        return;
    step_open(c);
    t->active = true;
    rejoin_ask_tick(c, env, t);
    if (!c->online)
        return;
    rejoin_answer_tick(c, env, t);
    culprits_tick(c, env, t);
}

static struct mono wall_at(const struct env *env, int64_t wall_ns)
{
    return mono_add(env->now, wall_ns > env->wall.ns ? wall_ns - env->wall.ns : 0);
}

struct mono rejoin_deadline(const struct talk *t, const struct env *env)
{
    const struct rejoining *r = t->rejoining;
    struct mono at = MONO_NEVER;

    if (r == NULL || t->state == CHAT_LEFT)
        return at;
    if (r->package.len > 0 && !eid_is_none(&r->in))
        at = mono_min(at, wall_at(env, r->in_ns + REJOIN_KEPT_S * NS_PER_S));
    else if (r->package.len > 0)
        at = mono_min(at, wall_at(env, r->package_ns + REJOIN_PACKAGE_S * NS_PER_S));
    for (size_t i = 0; i < REJOIN_COLLECTS_MAX; i++)
        if (r->parts[i].count > 0)
            at = mono_min(at, mono_add(r->parts_at[i], REJOIN_COLLECT_S * NS_PER_S));
    return mono_min(at, mono_min(rejoin_answer_deadline(r), r->culprits_at));
}

/* The files may be a copy of what we were: nothing that they hold is sent or committed from, until
 * others have let us in with fresh keys. Who is alone asks nobody, and nobody can tell. */
void rejoin_doubt_all(struct chat *c, const struct env *env)
{
    size_t cursor = 0;

    for (struct talk *t; (t = map_next(&c->talks, &cursor, NULL)) != NULL;) {
        if (t->branches == NULL || t->state == CHAT_LEFT)
            continue;
        struct eid head = branches_head(t->branches);
        if (mls_tree_members(mls_group_tree(branches_group(t->branches, &head))) < 2)
            continue;
        step_open(c);
        t->active = true;
        branches_doubt(t->branches, env);
    }
}
