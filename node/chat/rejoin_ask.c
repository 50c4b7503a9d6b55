/* We ask to be let in again, put the answer together and join. */
#include "node/chat/rejoining.h"

#include "crypto/base/wipe.h"

/* ---- asking ---- */

static void forget_package(struct chat *c, struct talk *t)
{
    struct rejoining *r = t->rejoining;

    wipe(&r->keys, sizeof r->keys);
    buf_reset(&r->package);
    r->in = (struct eid){{0}};
    r->in_ns = r->package_ns = 0;
    rejoining_save(c, t);
}

/* One for all requests of a day, so that whichever answer comes first is of use. */
static enum err have_package(struct chat *c, const struct env *env, struct talk *t,
                             const struct talk_world *w)
{
    struct rejoining *r = t->rejoining;
    bool used = !eid_is_none(&r->in) && env->wall.ns - r->in_ns > DAG_REWIND_NS;

    if (r->package.len > 0 && !used && env->wall.ns - r->package_ns < REJOIN_PACKAGE_S * NS_PER_S)
        return OK;
    forget_package(c, t);
    TRY(profile_package(&w->us, &w->mls, profile_rules((uint64_t)t->type)->suite, &r->keys,
                        &r->package));
    r->package_ns = env->wall.ns;
    rejoining_save(c, t);
    return OK;
}

/* Uncertified for long, and no better branch is known: mostly the others are just away. */
static bool may_ask_lost(struct rejoining *r, const struct env *env)
{
    if (env->now.ns < r->lost_at.ns)
        return false;
    if (++r->lost_asked >= REJOIN_LOST_FREE)
        r->lost_at = mono_add(env->now, REJOIN_LOST_S * NS_PER_S);
    return true;
}

/* Where all are, first; then there and at the door by turns. */
static bool at_door(const struct talk *t)
{
    return t->rejoining->asked >= REJOIN_KNOCKS && t->rejoining->asked % 2 == 0;
}

static enum err knock(struct chat *c, const struct env *env, struct talk *t,
                      const struct eid *under, const struct frames *f)
{
    unsigned tries = (t->rejoining->asked - REJOIN_KNOCKS) / 2;
    const struct door *door = doors_knock(t, under, tries);

    if (door == NULL)
        return ERR_NOT_FOUND;
    if (!t->doors->knocking) {
        t->doors->knocking = true;
        network_listen(c);
    }
    return doors_publish(c, env, t, &door->eid, f);
}

static enum err ask(struct chat *c, const struct env *env, struct talk *t, const struct eid *winner,
                    const struct talk_world *w)
{
    struct buf request = BUF_INIT(REJOIN_BYTES_MAX);
    struct frames f = {.count = 0};
    struct eid under;

    enum err err = have_package(c, env, t, w);
    if (err == OK)
        err = branches_rejoin(t->branches, &w->branches, winner, buf_span(&t->rejoining->package),
                              &under, &request);
    if (err == OK)
        err = frames_add(&f, FRAME_REJOIN, buf_span(&request));
    if (err == OK)
        err = at_door(t) ? knock(c, env, t, &under, &f) : talk_send(c, env, t, &under, &f, 0);
    t->rejoining->asked++;
    buf_clear(&request);
    return err;
}

enum err rejoin_ask(struct chat *c, const struct env *env, struct talk *t, const struct eid *winner)
{
    struct rejoining *r;
    struct talk_world w;

    if (t->state != CHAT_JOINED && t->state != CHAT_REJOINING)
        return OK; /* a request that nobody answered gives no sign of life */
    TRY(rejoining_of(c, t, &r));
    if (dag_wants_in(branches_dag(t->branches)))
        r->lost_asked = 0;
    else if (!may_ask_lost(r, env))
        return OK;
    TRY(talk_world_init(&w, c, env));
    enum err err = ask(c, env, t, winner, &w);
    talk_world_clear(&w);
    return err;
}

/* ---- the answer ---- */

static struct answer_parts *collection(struct rejoining *r, const struct env *env,
                                       const struct answer_part *part)
{
    size_t oldest = 0;

    for (size_t i = 0; i < REJOIN_COLLECTS_MAX; i++) {
        if (r->parts[i].count > 0 &&
            memcmp(r->parts[i].answer, part->answer, sizeof part->answer) == 0)
            return &r->parts[i];
        if (r->parts[oldest].count > 0 &&
            (r->parts[i].count == 0 || r->parts_at[i].ns < r->parts_at[oldest].ns))
            oldest = i;
    }
    answer_parts_clear(&r->parts[oldest]);
    r->parts_at[oldest] = env->now;
    if (answer_parts_begin(&r->parts[oldest], part) == OK)
        return &r->parts[oldest];
    answer_parts_clear(&r->parts[oldest]);
    return NULL;
}

/* Who let us in must be who speaks in the Welcome. */
static enum err check(const struct talk *t, const struct ticket *ticket,
                      const struct profile_joined *j)
{
    struct span group = mls_group_context(j->group)->group_id;
    bool same = span_eq(group, SPAN_ARRAY(t->id.bytes)) &&
                memcmp(ticket->key, j->invited_by.key, sizeof ticket->key) == 0;
    return same && (enum chat_type)j->data.type == t->type ? OK : ERR_PROTOCOL;
}

static enum err enter(struct chat *c, const struct env *env, struct talk *t,
                      const struct talk_world *w, struct span ticket, const struct ticket *at,
                      struct profile_joined *j)
{
    struct mls_group *g = j->group;

    j->group = NULL;
    TRY(branches_joined(t->branches, env, &w->branches, ticket, g));
    TRY(keys_note(c, env, t, branches_group(t->branches, &at->eid)));
    for (size_t i = 0; i < j->logs_count; i++)
        TRY(people_learn_log(c, env, j->logs[i]));
    t->address = j->address;
    t->changed = t->active = true;
    t->rejoining->asked = 0;
    if (t->doors != NULL)
        t->doors->knocking = false;
    t->rejoining->in = at->eid;
    t->rejoining->in_ns = env->wall.ns;
    rejoining_save(c, t);
    network_listen(c);
    return OK;
}

static enum err join(struct chat *c, const struct env *env, struct talk *t, const struct answer *a,
                     const struct talk_world *w, struct profile_joined *j)
{
    struct rejoining *r = t->rejoining;
    const struct profile_join how = {
        .blob = a->welcome, .key_package = buf_span(&r->package), .keys = &r->keys};
    struct ticket at;

    TRY(ticket_decode(a->ticket, &at));
    if (branches_group(t->branches, &at.eid) != NULL)
        return ERR_EXISTS;
    TRY(profile_join(&w->mls, &how, j));
    TRY(check(t, &at, j));
    for (size_t i = 0; i < a->beacons_count; i++) { /* the way first, or it leads nowhere */
        enum err err = branches_take(t->branches, env, a->beacons[i]);
        if (err != OK)
            log_info(env, "chat", "beacon of an answer err=%s", err_name(err));
    }
    return enter(c, env, t, w, a->ticket, &at, j);
}

static enum err take_answer(struct chat *c, const struct env *env, struct talk *t,
                            struct span sealed)
{
    struct rejoining *r = t->rejoining;
    struct buf keep = BUF_INIT(ANSWER_BYTES_MAX);
    struct profile_joined j = {0};
    struct talk_world w;
    struct answer a;
    const struct answer_to to = {mls_suite(profile_rules((uint64_t)t->type)->suite), t->id.bytes,
                                 buf_span(&r->package)};

    TRY(talk_world_init(&w, c, env));
    enum err err = answer_open(sealed, &to, r->keys.init, &keep, &a);
    if (err == OK)
        err = join(c, env, t, &a, &w, &j);
    if (err != OK && err != ERR_EXISTS)
        log_unusual(env, "chat", "not let in err=%s", mls_err_name(err));
    profile_joined_clear(&j);
    buf_clear(&keep);
    talk_world_clear(&w);
    return err;
}

enum err rejoin_answered(struct chat *c, const struct env *env, struct talk *t, struct span bytes)
{
    struct rejoining *r = t->rejoining;
    struct answer_part part;
    uint8_t us[ANSWER_ID_BYTES];

    TRY(answer_part_decode(bytes, &part));
    if (memcmp(part.group, t->id.bytes, sizeof part.group) != 0)
        return ERR_PROTOCOL;
    if (r == NULL || r->package.len == 0)
        return OK;
    answer_guest(buf_span(&r->package), us);
    if (memcmp(part.guest, us, sizeof us) != 0)
        return OK; /* another's */
    struct answer_parts *p = collection(r, env, &part);
    if (p == NULL)
        return ERR_MEMORY;
    enum err err = answer_parts_add(p, &part);
    struct span whole = answer_parts_whole(p);
    if (err == OK && whole.len > 0) {
        err = take_answer(c, env, t, whole);
        answer_parts_clear(p);
    }
    return err;
}

/* ---- by others ---- */

/* Fresh keys: an answer to what was asked before is worth nothing any more. */
static void doubt(struct chat *c, const struct env *env, struct talk *t)
{
    if (t->rejoining != NULL)
        forget_package(c, t);
    branches_doubt(t->branches, env);
}

/* Is our package in there, and has it not let us in before? */
static bool is_awaited(const struct chat *c, const struct talk *t, const struct eid *parent,
                       const struct evidence *e)
{
    const struct rejoining *r = t->rejoining;

    if (r == NULL || r->package.len == 0 ||
        !evidence_rejoin(e, SPAN_ARRAY(t->id.bytes), c->self.installation, buf_span(&r->package)))
        return false;
    return eid_is_none(&r->in) || !dag_is_behind(branches_dag(t->branches), parent, &r->in);
}

void rejoin_replaced(struct chat *c, const struct env *env, struct talk *t,
                     const struct eid *parent, const struct evidence *e)
{
    if (is_awaited(c, t, parent, e) || dag_is_doubted(branches_dag(t->branches)))
        return;
    log_unusual(env, "chat", "our leaf was replaced by an old request: asking to be let in");
    doubt(c, env, t);
}

/* A message or commit of ours that this state never sent: it is an older copy. In an epoch that we
 * have left that means nothing any more: who was let in reads again what it sent before. */
void rejoin_not_followed(struct chat *c, const struct env *env, struct talk *t,
                         const struct eid *at, struct span ticket, enum err why)
{
    struct eid head = branches_head(t->branches);

    if (ticket.len > 0 && branches_take(t->branches, env, ticket) != OK)
        log_info(env, "chat", "ticket of a commit that cannot be opened was not taken");
    if (why == mls_fail(MLS_KEY_CONSUMED) || !eid_eq(at, &head) ||
        dag_is_doubted(branches_dag(t->branches)))
        return;
    log_unusual(env, "chat", "our state is an older copy: asking to be let in");
    doubt(c, env, t);
}

void rejoin_ask_tick(struct chat *c, const struct env *env, struct talk *t)
{
    struct rejoining *r = t->rejoining;

    for (size_t i = 0; i < REJOIN_COLLECTS_MAX; i++)
        if (r->parts[i].count > 0 && env->now.ns - r->parts_at[i].ns >= REJOIN_COLLECT_S * NS_PER_S)
            answer_parts_clear(&r->parts[i]);
    if (r->package.len == 0)
        return;
    bool in = !eid_is_none(&r->in);
    int64_t since = in ? r->in_ns : r->package_ns;
    if (env->wall.ns - since >= (in ? REJOIN_KEPT_S : REJOIN_PACKAGE_S) * NS_PER_S)
        forget_package(c, t);
}
