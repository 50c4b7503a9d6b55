/* What a conversation sends, and the epochs that it works in. */
#include "crypto/base/wipe.h"
#include "node/chat/notices.h"
#include "node/chat/self.h"

#include <stdlib.h>

/* ---- out ---- */

enum err talk_publish(struct chat *c, const struct env *env, struct talk *t, const struct eid *eid,
                      const struct frames *frames, uint64_t token)
{
    struct buf content = BUF_INIT(ENVELOPE_BYTES_MAX), envelope = BUF_INIT(ENVELOPE_BYTES_MAX);
    const struct talk_keys *k = keys_of(t, eid);
    char topic[ENVELOPE_TOPIC_BYTES];

    if (k == NULL)
        return ERR_NOT_FOUND;
    envelope_topic(ENVELOPE_BUCKET, talk_bucket(t, env->wall.ns), topic);
    enum err err = frames_encode(frames, &content);
    if (err == OK)
        err = envelope_seal(&k->keys, env->rng, span_str(topic), buf_span(&content), &envelope);
    if (err == OK)
        err = chat_publish(c, env, topic, &envelope, t, token);
    buf_clear(&content);
    buf_clear(&envelope);
    return err;
}

/* Is there room for acks beside them? */
static bool has_room(const struct frames *f)
{
    size_t bytes = frame_bytes(ACKS_BYTES_MAX) + 8;
    for (size_t i = 0; i < f->count; i++)
        bytes += frame_bytes(f->list[i].bytes.len);
    return f->count < FRAMES_MAX && bytes <= envelope_content_max();
}

enum err talk_send(struct chat *c, const struct env *env, struct talk *t, const struct eid *eid,
                   struct frames *f, uint64_t token)
{
    struct buf acks = BUF_INIT(ACKS_BYTES_MAX);
    struct talk_world w;
    enum err err = OK;

    if (has_room(f) && talk_world_init(&w, c, env) == OK) {
        if (branches_ack(t->branches, env, &w.branches, &acks) == OK)
            err = frames_add(f, FRAME_ACKS, buf_span(&acks));
        talk_world_clear(&w);
    }
    if (err == OK)
        err = talk_publish(c, env, t, eid, f, token);
    buf_clear(&acks);
    return err;
}

static enum err heads_of(const struct chat *c, struct buf *out)
{
    const struct identity *now = identity_log_now(c->me->log);
    struct profile_heads h = {.seq = now->seq};
    memcpy(h.head, now->head, sizeof h.head);
    return profile_heads_encode(&h, out);
}

/* Encrypt a parcel in the head. */
static void seal(struct chat *c, const struct env *env, struct talk *t,
                 const struct delivery_out *out)
{
    struct talk_world w;
    struct buf message = BUF_INIT(ENVELOPE_BYTES_MAX), heads = BUF_INIT(256);
    struct buf plain = BUF_INIT(PARCEL_BYTES_MAX);
    uint64_t token = out->token;

    enum err err = buf_append(&plain, out->bytes);
    if (err == OK)
        err = out->ephemeral ? OK : talk_heal_before(c, env, t);
    if (err == OK)
        err = talk_world_init(&w, c, env);
    if (err != OK) {
        delivery_unsealed(t->delivery, env, token, TALK_RETRY_MS);
        buf_clear(&plain);
        return;
    }
    struct eid head = branches_head(t->branches);
    err = heads_of(c, &heads);
    const struct mls_send how = {.authenticated_data = buf_span(&heads), .despite_waiting = true};
    if (err == OK)
        err = branches_seal(t->branches, &w.branches, &head, buf_span(&plain), &how, &message);
    talk_world_clear(&w);
    if (err == OK) {
        if (!out->ephemeral)
            healing_sent(t->healing, env);
        err = delivery_sealed(t->delivery, env, token, head.bytes, buf_span(&message));
    } else {
        log_unusual(env, "chat", "not sealed err=%s", err_name(err));
        delivery_unsealed(t->delivery, env, token, TALK_RETRY_MS);
    }
    buf_clear(&plain);
    buf_clear(&heads);
    buf_clear(&message);
}

static void publish(struct chat *c, const struct env *env, struct talk *t,
                    const struct delivery_out *out)
{
    struct frames f = {.count = 0};
    struct buf message = BUF_INIT(ENVELOPE_BYTES_MAX);
    struct eid head = branches_head(t->branches);
    uint64_t token = out->token;

    enum err err = buf_append(&message, out->bytes);
    if (err == OK)
        err = frames_add(&f, FRAME_MLS, buf_span(&message));
    if (err == OK)
        err = talk_send(c, env, t, &head, &f, token);
    if (err != OK)
        delivery_published(t->delivery, env, token, err);
    buf_clear(&message);
}

/* ---- epochs ---- */

bool talk_author_at(const struct mls_group *g, uint32_t leaf, struct entry_author *out)
{
    struct profile_credential cred;
    const struct mls_leaf *l = mls_tree_leaf(mls_group_tree(g), leaf);
    if (l == NULL || profile_credential_of(&l->node, &cred) != OK)
        return false;
    memcpy(out->account, cred.account, sizeof out->account);
    memcpy(out->installation, cred.key, sizeof out->installation);
    return true;
}

/* The members of the head; the other one of a conversation of two is counted before it is there,
 * for what is said meanwhile is for it. */
static size_t members_of(const struct talk *t, const struct mls_group *g,
                         struct delivery_member *out)
{
    size_t count = 0;
    bool there = t->state != CHAT_LOOKING;
    uint32_t leaf;
    for (uint32_t from = 0;
         count + 1 < DELIVERY_MEMBERS_MAX && mls_tree_next_member(mls_group_tree(g), from, &leaf);
         from = leaf + 1)
        if (talk_author_at(g, leaf, &out[count].who)) {
            there = there || memcmp(out[count].who.account, t->with.bytes, 32) == 0;
            count++;
        }
    if (!there) {
        out[count] = (struct delivery_member){0};
        memcpy(out[count++].who.account, t->with.bytes, 32);
    }
    return count;
}

static bool in_roster(const struct talk *t, const struct entry_author *who)
{
    for (size_t i = 0; i < t->roster_count; i++)
        if (entry_author_eq(&t->roster[i], who))
            return true;
    return false;
}

/* Keep who is in it; true: that has changed. */
static bool call_roll(struct talk *t, const struct delivery_member *list, size_t count)
{
    bool same = t->roster != NULL && count == t->roster_count;
    for (size_t i = 0; same && i < count; i++)
        same = entry_author_eq(&t->roster[i], &list[i].who);
    struct entry_author *fresh = same ? NULL : malloc((count + 1) * sizeof *fresh);
    if (fresh == NULL)
        return false;
    for (size_t i = 0; i < count; i++)
        fresh[i] = list[i].who;
    free(t->roster);
    t->roster = fresh;
    t->roster_count = count;
    return true;
}

static void tell(struct chat *c, const struct env *env, struct talk *t)
{
    t->changed = true;
    journal_add(c, env,
                &(struct happened){.kind = CHAT_EVENT_CONVERSATION, .conversation = t->id.bytes});
}

static enum err adopt(struct chat *c, const struct env *env, struct talk *t,
                      const struct mls_group *g, struct delivery_member *list)
{
    struct eid head = branches_head(t->branches);
    struct profile_data data;
    bool begun = t->roster != NULL;

    TRY(profile_data_find(mls_group_context(g)->extensions, &data));
    TRY(talk_heal_epoch(c, env, t, g));
    bool news = !profile_data_same(&data, &t->data);
    t->data = data;
    if (t->state == CHAT_LOOKING && mls_tree_members(mls_group_tree(g)) > 1)
        t->state = CHAT_JOINED;
    size_t count = members_of(t, g, list);
    for (size_t i = 0; begun && i < count; i++) /* what was said without them is not for them */
        if (!in_roster(t, &list[i].who))
            members_forget(t, &list[i].who);
    for (size_t i = 0; i < count; i++)
        list[i].since = members_since(t, &list[i].who, mls_group_context(g)->epoch);
    TRY(delivery_members(t->delivery, list, count));
    delivery_epoch(t->delivery, env, head.bytes, mls_group_context(g)->epoch);
    delivery_ready(t->delivery, env,
                   t->state != CHAT_LOOKING && t->state != CHAT_REJOINING && c->online);
    if (t->type == CHAT_SELF)
        self_roster(c, env, t, list, count);
    news = call_roll(t, list, count) || news;
    talk_settle_wishes(t);
    t->changed = true;
    if (begun && news)
        tell(c, env, t);
    return OK;
}

enum err talk_adopt(struct chat *c, const struct env *env, struct talk *t)
{
    struct eid head = branches_head(t->branches);
    struct delivery_member *list = calloc(DELIVERY_MEMBERS_MAX, sizeof *list);
    if (list == NULL)
        return ERR_MEMORY;
    enum err err = adopt(c, env, t, branches_group(t->branches, &head), list);
    free(list);
    return err;
}

static enum err send_object(struct chat *c, const struct env *env, struct talk *t,
                            const struct eid *under, uint64_t kind, const struct buf *object)
{
    struct frames f = {.count = 0};
    TRY(frames_add(&f, kind, buf_span(object)));
    return talk_publish(c, env, t, under, &f, 0);
}

/* (A withdrawal carries none: two who take back theirs at once, and ack the other's in the same
 * breath, would have changed sides.) */
static enum err send_with_acks(struct chat *c, const struct env *env, struct talk *t,
                               const struct eid *under, uint64_t kind, const struct buf *object)
{
    struct frames f = {.count = 0};
    TRY(frames_add(&f, kind, buf_span(object)));
    return talk_send(c, env, t, under, &f, 0);
}

static enum err obey(struct chat *c, const struct env *env, struct talk *t,
                     const struct dag_out *out)
{
    struct talk_world w;
    struct buf object = BUF_INIT(ENVELOPE_BYTES_MAX);
    struct eid head = branches_head(t->branches);
    struct eid certified = dag_certified(branches_dag(t->branches));
    enum err err = OK;

    if (t->state == CHAT_LEFT)
        return OK;
    if (out->kind == DAG_OUT_ADOPT) {
        rejoin_moved(env, t);
        notices_review(c, env, t);
        return talk_adopt(c, env, t);
    }
    TRY(talk_world_init(&w, c, env));
    switch (out->kind) {
    case DAG_OUT_SIGN_ACK:
        err = branches_ack(t->branches, env, &w.branches, &object);
        if (err == OK)
            err = send_object(c, env, t, &head, FRAME_ACKS, &object);
        break;
    case DAG_OUT_WITHDRAW:
        err = branches_withdraw(t->branches, env, &w.branches, &out->eid, &object);
        if (err == OK)
            err = send_object(c, env, t, &certified, FRAME_WITHDRAW, &object);
        break;
    case DAG_OUT_BEACON:
        err = branches_beacon(t->branches, &w.branches, &out->eid, &object);
        if (err == OK)
            err = send_with_acks(c, env, t, &out->other, FRAME_BEACON, &object);
        break;
    case DAG_OUT_REJOIN:
        err = rejoin_ask(c, env, t, &out->eid);
        break;
    case DAG_OUT_EVIDENCE:
        culprit_found(c, env, t, dag_ticket_of(branches_dag(t->branches), &out->eid),
                      dag_ticket_of(branches_dag(t->branches), &out->other));
        break;
    case DAG_OUT_DROP_RECEIVE:
        keys_drop(t, &out->eid);
        break;
    default: /* what was lost is made again when it is still wanted */
        t->reconcile_at = mono_add(env->now, (int64_t)rng_below(env->rng, 60) * NS_PER_S);
        break;
    }
    talk_world_clear(&w);
    buf_clear(&object);
    return err == ERR_NOT_FOUND ? OK : err;
}

/* ---- the pump ---- */

static void deliver(struct chat *c, const struct env *env, struct talk *t,
                    const struct delivery_out *out)
{
    switch (out->kind) {
    case DELIVERY_ENTRY:
        entry_arrived(c, env, t, &out->place);
        break;
    case DELIVERY_CHANGE:
        journal_add(c, env,
                    &(struct happened){.kind = CHAT_EVENT_STATE,
                                       .conversation = t->id.bytes,
                                       .entry = out->change.id.bytes});
        break;
    case DELIVERY_PASSING:
        entry_passing(c, env, t, &out->who, out->bytes);
        break;
    case DELIVERY_SEAL:
        seal(c, env, t, out);
        break;
    case DELIVERY_PUBLISH:
        publish(c, env, t, out);
        break;
    case DELIVERY_LOOK:
        if (entry_stored(c, t, &out->place.id))
            delivery_found(t->delivery, &out->place.id);
        break;
    case DELIVERY_FETCH:
        network_gap(c, env, out->from_ms * NS_PER_MS);
        break;
    case DELIVERY_LOST:
    case DELIVERY_CLOCK:
        log_unusual(env, "chat", "delivery says %d", (int)out->kind);
        break;
    }
}

void talk_pump(struct chat *c, const struct env *env, struct talk *t)
{
    struct dag_out b;
    struct delivery_out d;
    bool moved = true;

    if (t->branches == NULL || t->delivery == NULL)
        return;
    for (int rounds = 0; moved && rounds < TALK_ROUNDS_MAX; rounds++) {
        moved = false;
        while (branches_poll(t->branches, &b)) {
            enum err err = obey(c, env, t, &b);
            if (err != OK)
                log_unusual(env, "chat", "dag output %d err=%s", (int)b.kind, err_name(err));
            moved = true;
        }
        rejoin_pump(c, env, t);
        while (delivery_poll(t->delivery, env, &d)) {
            deliver(c, env, t, &d);
            moved = true;
        }
    }
}
