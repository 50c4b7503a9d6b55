/* What the person wishes of conversations: that there is one, who is in it, what it is called. A
 * wish stays until the head fulfils it, so that a commit which loses is made again. */
#include "node/chat/self.h"

#include <stdlib.h>

/* ---- founding ---- */

static enum err found(struct chat *c, const struct env *env, const struct profile_data *data,
                      const struct talk_world *w, struct talk **out)
{
    struct mls_group *g;
    TRY(profile_found(&w->us, &w->mls, data, &g));
    struct talk *t =
        talks_new(c, env, mls_group_context(g)->group_id.ptr, (enum chat_type)data->type);
    enum err err = t == NULL ? ERR_FULL : profile_address_begin(g, &t->address);
    if (err != OK) {
        mls_group_free(g);
        return err;
    }
    t->data = *data;
    t->state = CHAT_JOINED;
    *out = t;
    return talk_begin(c, env, t, w, g);
}

enum err talk_found(struct chat *c, const struct env *env, const struct profile_data *data,
                    struct talk **out)
{
    struct talk_world w;
    if (c->phase != CHAT_PHASE_READY)
        return ERR_REFUSED;
    TRY(talk_world_init(&w, c, env));
    step_open(c);
    enum err err = found(c, env, data, &w, out);
    talk_world_clear(&w);
    return err;
}

enum err wish_append(struct talk *t, const struct wish *wish)
{
    if (t->wishes_count == TALK_WISHES_MAX)
        return ERR_FULL;
    if (t->wishes_count == t->wishes_cap) {
        size_t cap = t->wishes_cap == 0 ? 4 : 2 * t->wishes_cap;
        struct wish *more = realloc(t->wishes, cap * sizeof *more);
        if (more == NULL)
            return ERR_MEMORY;
        t->wishes = more;
        t->wishes_cap = cap;
    }
    t->wishes[t->wishes_count++] = *wish;
    return OK;
}

enum err talk_wish(struct talk *t, const struct env *env, const struct wish *wish)
{
    for (size_t i = t->wishes_count; i-- > 0;) { /* the last word on a thing counts */
        struct wish *w = &t->wishes[i];
        bool same = w->kind == WISH_NAME || wish->kind == WISH_NAME
                        ? w->kind == wish->kind
                        : memcmp(w->account, wish->account, 32) == 0;
        if (!same)
            continue;
        t->wishes_count--;
        memmove(w, w + 1, (t->wishes_count - i) * sizeof *w);
    }
    TRY(wish_append(t, wish));
    t->changed = t->active = true;
    if (wish->kind == WISH_ADD && t->type != CHAT_DIRECT)
        t->gather_until = mono_add(env->now, TALK_FOUNDING_S * NS_PER_S);
    t->reconcile_at = env->now;
    return OK;
}

/* ---- groups ---- */

static bool known(const struct chat *c, const struct chat_account *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (people_find(c, list[i].bytes) == NULL)
            return false;
    return true;
}

static enum err wish_accounts(struct chat *c, const struct env *env, struct talk *t,
                              const struct chat_account *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct wish wish = {.kind = WISH_ADD};
        struct person *p = people_find(c, list[i].bytes);
        memcpy(wish.account, list[i].bytes, 32);
        TRY(talk_wish(t, env, &wish));
        finding_start(c, env, p);
    }
    return OK;
}

/* The installations of these accounts, as far as we know, beside `there`: have they room? */
static enum err check_room(const struct chat *c, enum chat_type type, size_t there,
                           const struct chat_account *list, size_t count)
{
    const struct talk like = {.type = type};
    size_t leaves = there;

    for (size_t i = 0; i < count; i++) {
        const struct person *p = people_find(c, list[i].bytes);
        size_t known = p->log == NULL ? 0 : identity_log_now(p->log)->installations.count;
        leaves += known == 0 ? 1 : known;
    }
    return leaves > talk_leaves_max(&like) || count > TALK_WISHES_MAX ? ERR_LIMIT : OK;
}

static enum err check_name(struct span name)
{
    if (name.len > PROFILE_NAME_BYTES_MAX)
        return ERR_LIMIT;
    return pack_is_utf8(name) ? OK : ERR_FORMAT;
}

enum err chat_found(struct chat *c, const struct env *env, enum chat_type type, struct span name,
                    const struct chat_account *accounts, size_t count,
                    struct chat_conversation *out)
{
    struct profile_data data = {.type = (enum profile_type)type, .name_len = name.len};
    struct talk *t;

    if (type != CHAT_GROUP && type != CHAT_CROWD)
        return ERR_ARGUMENT;
    TRY(check_name(name));
    if (!known(c, accounts, count))
        return ERR_NOT_FOUND;
    TRY(check_room(c, type, 1, accounts, count));
    if (name.len > 0)
        memcpy(data.name, name.ptr, name.len);
    TRY(profile_data_set_role(&data, c->self.account, PROFILE_OWNER));
    TRY(talk_found(c, env, &data, &t));
    TRY(wish_accounts(c, env, t, accounts, count));
    *out = t->id;
    journal_add(c, env,
                &(struct happened){.kind = CHAT_EVENT_CONVERSATION, .conversation = t->id.bytes});
    return step_close(c, env);
}

/* May we, by our role? */
static enum err group_of(struct chat *c, const struct chat_conversation *id,
                         enum profile_role least, struct talk **out)
{
    TRY(talks_named(c, id, out));
    if ((*out)->state != CHAT_JOINED || !profile_rules((*out)->data.type)->roles ||
        profile_data_role(&(*out)->data, c->self.account) < least)
        return ERR_REFUSED;
    step_open(c);
    return OK;
}

enum err chat_add(struct chat *c, const struct env *env, const struct chat_conversation *id,
                  const struct chat_account *accounts, size_t count)
{
    struct talk *t;
    enum profile_role least = PROFILE_ADMIN;
    TRY(talks_named(c, id, &t));
    if ((t->data.policy & PROFILE_MEMBERS_ADD) != 0)
        least = PROFILE_MEMBER;
    if (!known(c, accounts, count))
        return ERR_NOT_FOUND;
    TRY(group_of(c, id, least, &t));
    TRY(check_room(c, t->type, t->roster_count, accounts, count));
    if (t->wishes_count + count > TALK_WISHES_MAX)
        return ERR_FULL;
    TRY(wish_accounts(c, env, t, accounts, count));
    return step_close(c, env);
}

enum err chat_remove(struct chat *c, const struct env *env, const struct chat_conversation *id,
                     const struct chat_account *account)
{
    struct talk *t;
    struct wish wish = {.kind = WISH_REMOVE};
    TRY(group_of(c, id, PROFILE_ADMIN, &t));
    if (profile_data_role(&t->data, account->bytes) >= profile_data_role(&t->data, c->self.account))
        return ERR_REFUSED;
    memcpy(wish.account, account->bytes, 32);
    TRY(talk_wish(t, env, &wish));
    return step_close(c, env);
}

enum err chat_set_role(struct chat *c, const struct env *env, const struct chat_conversation *id,
                       const struct chat_account *account, enum chat_role role)
{
    struct talk *t;
    struct wish wish = {.kind = WISH_ROLE, .role = role};
    TRY(group_of(c, id, PROFILE_OWNER, &t));
    if ((unsigned)role > PROFILE_OWNER)
        return ERR_ARGUMENT;
    memcpy(wish.account, account->bytes, 32);
    TRY(talk_wish(t, env, &wish));
    return step_close(c, env);
}

enum err chat_set_group_name(struct chat *c, const struct env *env,
                             const struct chat_conversation *id, struct span name)
{
    struct talk *t;
    struct wish wish = {.kind = WISH_NAME, .name_len = name.len};
    TRY(check_name(name));
    TRY(talks_named(c, id, &t));
    TRY(group_of(
        c, id, (t->data.policy & PROFILE_MEMBERS_NAME) != 0 ? PROFILE_MEMBER : PROFILE_ADMIN, &t));
    if (name.len > 0)
        memcpy(wish.name, name.ptr, name.len);
    TRY(talk_wish(t, env, &wish));
    return step_close(c, env);
}

/* Nobody commits his own removal: it is asked for, and others do it. */
static enum err ask_out(struct talk *t, const struct talk_world *w, uint32_t leaf, struct frames *f,
                        struct buf *message)
{
    struct buf proposal = BUF_INIT(256);
    enum err err = mls_make_remove(leaf, &proposal);
    if (err == OK)
        err = branches_propose(t->branches, &w->branches, buf_span(&proposal), NULL, message);
    buf_clear(&proposal);
    return err == OK ? frames_add(f, FRAME_MLS, buf_span(message)) : err;
}

_Static_assert(IDENTITY_INSTALLATIONS_MAX <= FRAMES_MAX, "all devices of ours in one envelope");

/* All devices of ours at once: whoever stayed would let the others in again. */
static enum err ask_to_leave(struct chat *c, const struct env *env, struct talk *t)
{
    struct talk_world w;
    struct frames f = {.count = 0};
    struct buf messages[IDENTITY_INSTALLATIONS_MAX];
    uint32_t leaves[IDENTITY_INSTALLATIONS_MAX];
    struct eid head = branches_head(t->branches);
    const struct mls_tree *tree = mls_group_tree(branches_group(t->branches, &head));
    size_t count = policy_leaves(tree, c->self.account, leaves, IDENTITY_INSTALLATIONS_MAX);

    TRY(talk_world_init(&w, c, env));
    enum err err = OK;
    for (size_t i = 0; i < IDENTITY_INSTALLATIONS_MAX; i++) {
        buf_init(&messages[i], ENVELOPE_BYTES_MAX);
        if (err == OK && i < count)
            err = ask_out(t, &w, leaves[i], &f, &messages[i]);
    }
    if (err == OK)
        err = talk_send(c, env, t, &head, &f, 0);
    for (size_t i = 0; i < IDENTITY_INSTALLATIONS_MAX; i++)
        buf_clear(&messages[i]);
    talk_world_clear(&w);
    return err;
}

enum err talk_leave(struct chat *c, const struct env *env, struct talk *t)
{
    if (t->branches != NULL && t->roster_count > 1)
        TRY(ask_to_leave(c, env, t));
    t->active = true;
    talk_removed(c, env, t);
    return OK;
}

enum err chat_leave(struct chat *c, const struct env *env, const struct chat_conversation *id)
{
    struct talk *t;
    TRY(talks_named(c, id, &t));
    if (t->state == CHAT_LEFT)
        return ERR_EXISTS;
    step_open(c);
    TRY(talk_leave(c, env, t));
    self_decided(c, env, DECISION_TAKES_PART, SPAN_ARRAY(t->id.bytes));
    return step_close(c, env);
}
