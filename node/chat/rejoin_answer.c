/* Others ask to be let in: taken down, let in by one commit, answered when it holds. */
#include "node/chat/rejoining.h"

#include <stdlib.h>

/* ---- requests ---- */

/* Signatures and key packages are looked at so many times a minute, whoever sends them. */
static bool may_check(struct rejoining *r, const struct env *env)
{
    if (env->now.ns >= r->checks_at.ns) {
        r->checks = REJOIN_CHECKS_MAX;
        r->checks_at = mono_add(env->now, 60 * NS_PER_S);
    }
    if (r->checks == 0)
        return false;
    r->checks--;
    return true;
}

/* Where that installation sits. */
static bool leaf_of(const struct mls_group *g, const uint8_t key[32], uint32_t *leaf,
                    struct profile_credential *who)
{
    const struct mls_tree *tree = mls_group_tree(g);

    for (uint32_t from = 0; mls_tree_next_member(tree, from, leaf); from = *leaf + 1)
        if (policy_member(tree, *leaf, who) == OK && memcmp(who->key, key, 32) == 0)
            return true;
    return false;
}

static const struct mls_group *head_group(const struct talk *t)
{
    struct eid head = branches_head(t->branches);
    return branches_group(t->branches, &head);
}

/* Is it a member that may be one, and is the key package its own? */
static enum err check(struct chat *c, const struct env *env, const struct talk *t,
                      const struct rejoin *q)
{
    uint16_t suite = profile_rules((uint64_t)t->type)->suite;
    struct profile_credential leaf, fresh;
    uint32_t at;

    TRY(rejoin_verify(q));
    if (!leaf_of(head_group(t), q->key, &at, &leaf) || culprit_is(t, q->key))
        return ERR_REFUSED;
    TRY(profile_package_read(q->key_package, suite, (uint64_t)(env->wall.ns / NS_PER_S), &fresh));
    if (memcmp(fresh.key, q->key, 32) != 0 || memcmp(fresh.account, leaf.account, 32) != 0)
        return ERR_AUTH;
    struct person *p = people_find(c, leaf.account);
    if (p == NULL || p->log == NULL)
        return ERR_REFUSED;
    const struct identity *now = identity_log_now(p->log);
    if (!identity_has(now, q->key, NULL))
        return ERR_REFUSED;
    if (fresh.seq <= now->seq)
        return OK;
    finding_start(c, env, p); /* it speaks of a log that we have not seen; it will ask again */
    return ERR_REFUSED;
}

enum err rejoin_requested(struct chat *c, const struct env *env, struct talk *t,
                          const struct eid *under, bool door, struct span bytes)
{
    const struct dag *d = branches_dag(t->branches);
    struct rejoining *r;
    struct rejoin q;

    TRY(rejoin_decode(bytes, &q));
    if (memcmp(q.group, t->id.bytes, sizeof q.group) != 0)
        return ERR_PROTOCOL;
    if (t->state != CHAT_JOINED || memcmp(q.key, c->self.installation, sizeof q.key) == 0)
        return OK;
    if (q.count > 1 && c->catchup.state != SWEEP_IDLE)
        return OK; /* lost once, when we were away; it says so again if it still is */
    TRY(rejoining_of(c, t, &r));
    if (!may_check(r, env))
        return ERR_LIMIT;
    TRY(check(c, env, t, &q));
    TRY(guests_ask(r->guests, env, d, &q, under, door, bytes));
    r->guests_at = mono_min(r->guests_at, guests_deadline(r->guests));
    return OK;
}

/* ---- letting in ---- */

/* {Remove, Add} of one guest; ERR_FULL: no room beside what is there. */
static enum err plan_guest(struct chat *c, const struct talk *t, const struct guest *guest,
                           struct plan *p)
{
    const struct mls_group *g = head_group(t);
    struct profile_credential who;
    uint32_t leaf;

    if (!leaf_of(g, guest->key, &leaf, &who))
        return ERR_NOT_FOUND; /* removed meanwhile */
    const struct person *person = people_find(c, who.account);
    if (person == NULL || person->log == NULL || p->guests_count == EVIDENCE_REJOINS_MAX)
        return person == NULL || person->log == NULL ? ERR_NOT_FOUND : ERR_FULL;
    size_t bytes = p->proposals.len + p->evidence.logs.len + p->evidence.rejoins.len +
                   guest->key_package.len + guest->request.len + IDENTITY_SENT_BYTES_MAX;
    if (p->guests_count > 0 && bytes > plan_room(g))
        return ERR_FULL;
    TRY(evidence_bring(&p->evidence, person->log));
    TRY(evidence_bring_rejoin(&p->evidence, guest->request));
    TRY(plan_remove(p, leaf));
    TRY(mls_make_add(guest->key_package, &p->proposals));
    p->guests[p->guests_count++] = *guest;
    return OK;
}

static enum err commit_guests(struct chat *c, const struct env *env, struct talk *t,
                              const struct guest *guests, size_t count)
{
    struct eid head = branches_head(t->branches);
    struct plan *p = malloc(sizeof *p);
    enum err err = OK;

    if (p == NULL)
        return ERR_MEMORY;
    plan_init(p);
    for (size_t i = 0; err == OK && i < count; i++) {
        err = plan_guest(c, t, &guests[i], p);
        if (err == ERR_FULL)
            break;
        if (err == ERR_NOT_FOUND) {
            guests_refuse(t->rejoining->guests, guests[i].key);
            err = OK;
        }
    }
    if ((err == OK || err == ERR_FULL) && p->guests_count > 0)
        err = talk_commit(c, env, t, p, &head);
    plan_clear(p);
    free(p);
    return err;
}

/* One whose key package makes no commit must not keep the others out. */
static void let_in_each(struct chat *c, const struct env *env, struct talk *t,
                        const struct guest *guests, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        enum err err = commit_guests(c, env, t, &guests[i], 1);
        if (err == OK || err_actor(err) == ERR_ACTOR_LOCAL)
            return;
        guests_refuse(t->rejoining->guests, guests[i].key);
    }
}

static void let_in_due(struct chat *c, const struct env *env, struct talk *t)
{
    struct rejoining *r = t->rejoining;
    struct guest guests[EVIDENCE_REJOINS_MAX];

    size_t count = t->state != CHAT_JOINED ? 0
                                           : guests_due(r->guests, env, branches_dag(t->branches),
                                                        guests, EVIDENCE_REJOINS_MAX);
    if (count > EVIDENCE_REJOINS_MAX)
        count = EVIDENCE_REJOINS_MAX;
    if (count > 0 && commit_guests(c, env, t, guests, count) != OK)
        let_in_each(c, env, t, guests, count);
    struct mono next = guests_deadline(r->guests);
    if (next.ns <= env->now.ns) /* it waits for something else: for the head, or its branch */
        next = mono_add(env->now, REJOIN_LOOK_S * NS_PER_S);
    r->guests_at = next;
}

/* ---- who was let in waits for the Welcome:
 *      [2, made, ticket, blob, [[key, at, under, door, package]]] */

void let_in_free(struct let_in *l)
{
    if (l == NULL)
        return;
    buf_clear(&l->ticket);
    buf_clear(&l->welcome);
    for (size_t i = 0; i < l->count; i++)
        buf_clear(&l->guests[i].package);
    free(l);
}

static struct let_in *let_in_new(void)
{
    struct let_in *l = calloc(1, sizeof *l);

    if (l == NULL)
        return NULL;
    buf_init(&l->ticket, TICKET_BYTES_MAX);
    buf_init(&l->welcome, ANSWER_BYTES_MAX);
    for (size_t i = 0; i < EVIDENCE_REJOINS_MAX; i++)
        buf_init(&l->guests[i].package, REJOIN_PACKAGE_MAX);
    return l;
}

static struct row_key row_of(const struct talk *t, const struct eid *eid)
{
    return row_key_of(SPAN_LIT("let-in"), SPAN_ARRAY(t->id.bytes), SPAN_ARRAY(eid->bytes));
}

static void save(struct chat *c, const struct talk *t, const struct let_in *l)
{
    struct buf value = BUF_INIT(2 * ANSWER_BYTES_MAX);
    struct pack_writer w = pack_writer_to(&value);
    struct row_key key = row_of(t, &l->eid);

    pack_write_array(&w, 5);
    pack_write_uint(&w, 2);
    pack_write_int(&w, l->made_ns);
    pack_write_bin(&w, buf_span(&l->ticket));
    pack_write_bin(&w, buf_span(&l->welcome));
    pack_write_array(&w, l->count);
    for (size_t i = 0; i < l->count; i++) {
        pack_write_array(&w, 5);
        pack_write_bin(&w, SPAN_ARRAY(l->guests[i].key));
        pack_write_bin(&w, SPAN_ARRAY(l->guests[i].at.bytes));
        pack_write_bin(&w, SPAN_ARRAY(l->guests[i].under.bytes));
        pack_write_uint(&w, l->guests[i].door);
        pack_write_bin(&w, buf_span(&l->guests[i].package));
    }
    if (pack_writer_status(&w) == OK)
        step_put(c, VAULT_T_SECRETS, row_span(&key), &value);
    else if (c->failed == OK)
        c->failed = ERR_MEMORY;
    buf_clear(&value);
}

static enum err read(struct span in, struct let_in *l)
{
    struct pack_reader k;

    TRY(pack_open(in, &k));
    (void)pack_read_array(&k, 5, 5);
    (void)pack_read_uint(&k, 2);
    l->made_ns = pack_read_int(&k);
    struct span ticket = pack_read_bin(&k, 1, TICKET_BYTES_MAX);
    struct span welcome = pack_read_bin(&k, 1, ANSWER_BYTES_MAX);
    size_t count = pack_read_array(&k, 1, EVIDENCE_REJOINS_MAX);
    for (size_t i = 0; i < count; i++) {
        (void)pack_read_array(&k, 5, 5);
        pack_read_fixed(&k, l->guests[i].key, 32);
        pack_read_fixed(&k, l->guests[i].at.bytes, EID_BYTES);
        pack_read_fixed(&k, l->guests[i].under.bytes, EID_BYTES);
        l->guests[i].door = pack_read_uint(&k, 1) == 1;
        struct span package = pack_read_bin(&k, 1, REJOIN_PACKAGE_MAX);
        TRY(k.err);
        TRY(buf_append(&l->guests[i].package, package));
        l->count++;
    }
    TRY(pack_end(&k));
    TRY(buf_append(&l->ticket, ticket));
    return buf_append(&l->welcome, welcome);
}

enum err let_in_load(struct chat *c, struct talk *t)
{
    struct row_key prefix = row_key_of(SPAN_LIT("let-in"), SPAN_ARRAY(t->id.bytes), SPAN_EMPTY);
    struct buf value = BUF_INIT(2 * ANSWER_BYTES_MAX);
    struct vault_key key = {0};
    struct rejoining *r;
    enum err err;

    while ((err = vault_next(c->vault, VAULT_T_SECRETS, row_span(&prefix), &key, &value)) == OK) {
        struct let_in *l = let_in_new();
        err = l == NULL ? ERR_MEMORY : rejoining_of(c, t, &r);
        if (err == OK && (key.len != prefix.len + EID_BYTES ||
                          r->let_in_count == REJOIN_LET_IN_MAX || read(buf_span(&value), l) != OK))
            err = ERR_CORRUPT;
        if (err != OK) {
            let_in_free(l);
            break;
        }
        memcpy(l->eid.bytes, key.bytes + prefix.len, EID_BYTES);
        r->let_in[r->let_in_count++] = l;
    }
    buf_clear(&value);
    return err == ERR_NOT_FOUND ? OK : err;
}

static void drop(struct chat *c, struct talk *t, size_t i)
{
    struct rejoining *r = t->rejoining;
    struct row_key key = row_of(t, &r->let_in[i]->eid);

    step_put(c, VAULT_T_SECRETS, row_span(&key), NULL);
    let_in_free(r->let_in[i]);
    r->let_in_count--;
    memmove(&r->let_in[i], &r->let_in[i + 1], (r->let_in_count - i) * sizeof *r->let_in);
}

static const struct identity_log *log_of(void *ctx, const uint8_t *account)
{
    const struct person *p = people_find(ctx, account);
    return p == NULL ? NULL : p->log;
}

static enum err note(struct let_in *l, struct chat *c, const struct env *env, struct talk *t,
                     const struct branches_made *m, const struct plan *plan)
{
    l->eid = m->eid;
    l->made_ns = env->wall.ns;
    TRY(buf_append(&l->ticket, buf_span(&m->ticket)));
    for (size_t i = 0; i < plan->guests_count; i++) {
        const struct guest *g = &plan->guests[i];
        memcpy(l->guests[i].key, g->key, 32);
        l->guests[i].at = g->at;
        l->guests[i].under = g->under;
        l->guests[i].door = g->door;
        l->count++;
        TRY(buf_append(&l->guests[i].package, g->key_package));
    }
    return profile_welcome_write(branches_group(t->branches, &m->eid), buf_span(&m->mls.welcome),
                                 &t->address, log_of, c, &l->welcome);
}

static void tell_rejoined(struct chat *c, const struct env *env, const struct talk *t,
                          const struct eid *in, const uint8_t key[32])
{
    struct profile_credential who;
    uint32_t leaf;

    if (leaf_of(branches_group(t->branches, in), key, &leaf, &who))
        journal_add(c, env,
                    &(struct happened){.kind = CHAT_EVENT_REJOINED,
                                       .account = who.account,
                                       .installation = who.key,
                                       .conversation = t->id.bytes});
}

enum err rejoin_made(struct chat *c, const struct env *env, struct talk *t,
                     const struct branches_made *m, const struct plan *plan)
{
    struct rejoining *r = t->rejoining;
    struct let_in *l;

    for (size_t i = 0; i < plan->guests_count; i++)
        tell_rejoined(c, env, t, &m->eid, plan->guests[i].key);
    if (r->let_in_count == REJOIN_LET_IN_MAX)
        drop(c, t, 0); /* its guests ask again */
    l = let_in_new();
    enum err err = l == NULL ? ERR_MEMORY : note(l, c, env, t, m, plan);
    if (err != OK) {
        let_in_free(l);
        return err;
    }
    save(c, t, l);
    r->let_in[r->let_in_count++] = l;
    for (size_t i = 0; i < l->count; i++)
        guests_let_in(r->guests, env, branches_dag(t->branches), l->guests[i].key,
                      buf_span(&l->guests[i].package), &m->eid);
    return OK;
}

/* ---- the answer ---- */

static enum err send_parts(struct chat *c, const struct env *env, struct talk *t,
                           const struct eid *under, bool door, struct answer_part *p,
                           struct span sealed)
{
    enum err err = OK;

    p->count = (uint32_t)((sealed.len + ANSWER_PART_BYTES - 1) / ANSWER_PART_BYTES);
    for (p->number = 0; err == OK && p->number < p->count; p->number++) {
        struct buf part = BUF_INIT(ENVELOPE_BYTES_MAX);
        struct frames f = {.count = 0};
        size_t len = sealed.len < ANSWER_PART_BYTES ? sealed.len : ANSWER_PART_BYTES;
        p->bytes = span_of(sealed.ptr, len);
        sealed = span_after(sealed, len);
        err = answer_part_encode(p, &part);
        if (err == OK)
            err = frames_add(&f, FRAME_ANSWER, buf_span(&part));
        if (err == OK)
            err =
                door ? doors_publish(c, env, t, under, &f) : talk_publish(c, env, t, under, &f, 0);
        buf_clear(&part);
    }
    return err;
}

/* The way from `at` on, beacon behind beacon in `way`. */
static enum err tell_way(struct chat *c, const struct env *env, struct talk *t, struct eid at,
                         struct buf *way, struct answer *a, size_t *ends)
{
    struct talk_world w;
    enum err err = talk_world_init(&w, c, env);

    if (err != OK)
        return err;
    while (a->beacons_count < ANSWER_BEACONS_MAX &&
           (err = branches_way(t->branches, &w.branches, &at, way)) == OK)
        ends[a->beacons_count++] = way->len;
    talk_world_clear(&w);
    for (size_t i = 0, from = 0; i < a->beacons_count; from = ends[i++])
        a->beacons[i] = span_of(way->ptr + from, ends[i] - from);
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err answer(struct chat *c, const struct env *env, struct talk *t, struct let_in *l,
                       size_t i)
{
    const struct answer_to to = {mls_suite(profile_rules((uint64_t)t->type)->suite), t->id.bytes,
                                 buf_span(&l->guests[i].package)};
    struct answer a = {.ticket = buf_span(&l->ticket), .welcome = buf_span(&l->welcome)};
    struct buf way = BUF_INIT(ANSWER_BEACONS_MAX * BEACON_BYTES_MAX);
    struct buf sealed = BUF_INIT(ANSWER_BYTES_MAX);
    struct answer_part p = {.number = 0};
    size_t ends[ANSWER_BEACONS_MAX];

    enum err err = tell_way(c, env, t, l->guests[i].at, &way, &a, ends);
    if (err == OK)
        err = answer_seal(&a, &to, env->rng, &sealed);
    memcpy(p.group, t->id.bytes, sizeof p.group);
    answer_guest(to.key_package, p.guest);
    rng_fill(env->rng, p.answer, sizeof p.answer);
    if (err == OK)
        err = send_parts(c, env, t, &l->guests[i].under, l->guests[i].door, &p, buf_span(&sealed));
    buf_clear(&way);
    buf_clear(&sealed);
    return err;
}

/* A commit that others could still overtake is waited for, but not for long: the guests' acks may
 * be the ones that are missing. If it loses, who asked is let in anew. */
static void answer_due(struct chat *c, const struct env *env, struct talk *t)
{
    struct rejoining *r = t->rejoining;
    const struct dag *d = branches_dag(t->branches);

    for (size_t n = r->let_in_count; n-- > 0;) {
        struct let_in *l = r->let_in[n];
        bool old = env->wall.ns - l->made_ns >= REJOIN_HELD_S * NS_PER_S;
        bool on = dag_on_path(d, &l->eid);
        if (on && !old && !dag_is_certified(d, &l->eid)) {
            l->look_at = mono_add(env->now, REJOIN_LOOK_S * NS_PER_S);
            continue;
        }
        for (size_t i = 0; on && i < l->count; i++) {
            enum err err = answer(c, env, t, l, i);
            if (err != OK)
                log_unusual(env, "chat", "a guest was not answered err=%s", err_name(err));
        }
        drop(c, t, n);
    }
}

void rejoin_answer_tick(struct chat *c, const struct env *env, struct talk *t)
{
    struct rejoining *r = t->rejoining;
    struct mono at = MONO_NEVER;

    if (env->now.ns >= r->guests_at.ns)
        let_in_due(c, env, t);
    for (size_t i = 0; i < r->let_in_count; i++)
        at = mono_min(at, r->let_in[i]->look_at);
    if (env->now.ns >= at.ns)
        answer_due(c, env, t);
}

struct mono rejoin_answer_deadline(const struct rejoining *r)
{
    struct mono at = r->guests_at;

    for (size_t i = 0; i < r->let_in_count; i++)
        at = mono_min(at, r->let_in[i]->look_at);
    return at;
}

/* ---- by others ---- */

void rejoin_followed(struct chat *c, const struct env *env, struct talk *t,
                     const struct evidence *e, const struct eid *in)
{
    struct rejoining *r;
    struct rejoin q;

    for (size_t i = 0; i < e->doubles_count; i++)
        culprit_found(c, env, t, e->doubles[i][0], e->doubles[i][1]);
    for (size_t i = 0; i < e->rejoins_count; i++) {
        if (rejoin_decode(e->rejoins[i], &q) != OK || rejoining_of(c, t, &r) != OK)
            continue;
        tell_rejoined(c, env, t, in, q.key);
        guests_let_in(r->guests, env, branches_dag(t->branches), q.key, q.key_package, in);
    }
}

void rejoin_moved(const struct env *env, struct talk *t)
{
    if (t->rejoining != NULL && t->rejoining->guests_at.ns != INT64_MAX)
        t->rejoining->guests_at = env->now; /* what let somebody in may have lost */
}
