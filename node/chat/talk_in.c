/* What a conversation receives: envelopes, opened and taken frame by frame. */
#include "node/chat/doors.h"
#include "node/chat/notices.h"

/* Something that only a newer version understands. Told once for each kind in each conversation as
 * long as we run: whoever sends more of it shall not fill the journal. */
static void newer(struct chat *c, const struct env *env, struct talk *t, unsigned kind,
                  const uint8_t *account)
{
    if ((t->newer_told & kind) != 0 || (account != NULL && people_blocked(c, account)))
        return;
    t->newer_told |= kind;
    journal_add(c, env,
                &(struct happened){.kind = CHAT_EVENT_UNSUPPORTED,
                                   .account = account,
                                   .conversation = t->id.bytes});
}

static void said(struct chat *c, const struct env *env, struct talk *t, const struct eid *eid,
                 const struct mls_event *e)
{
    const struct mls_group *g = branches_group(t->branches, eid);
    struct entry_author who;
    struct profile_heads heads;

    if (g == NULL || !talk_author_at(g, e->leaf, &who))
        return;
    healing_heard(t->healing, env, who.installation);
    inviting_heard(c, t, &who);
    enum err err =
        delivery_receive(t->delivery, env, &who, mls_group_context(g)->epoch, buf_span(&e->data));
    if (err == ERR_UNSUPPORTED)
        newer(c, env, t, NEWER_PARCEL, who.account);
    else if (err != OK)
        log_unusual(env, "chat", "parcel refused err=%s", err_name(err));
    struct person *p = people_find(c, who.account);
    if (p != NULL && p->log != NULL &&
        profile_heads_decode(buf_span(&e->authenticated_data), &heads) == OK &&
        heads.seq > identity_log_now(p->log)->seq)
        finding_start(c, env, p); /* it speaks of a log that we have not seen */
}

/* Somebody wants to leave, or fresh keys. */
static void proposed(const struct env *env, struct talk *t, const struct eid *eid,
                     const struct mls_event *e)
{
    const struct mls_group *g = branches_group(t->branches, eid);
    struct entry_author who;
    if (g != NULL && talk_author_at(g, e->leaf, &who))
        healing_heard(t->healing, env, who.installation);
    talk_heal_proposal(env, t);
}

/* Read or made already, by this state or by a newer copy of it. */
static bool is_of_our_past(enum err err)
{
    return err == mls_fail(MLS_OWN_MESSAGE) || err == mls_fail(MLS_OWN_AHEAD) ||
           err == mls_fail(MLS_KEY_CONSUMED);
}

static enum err open_message(struct chat *c, const struct env *env, struct talk *t,
                             const struct talk_world *w, const struct eid *eid, struct span message)
{
    struct mls_event e;
    enum err err = branches_open(t->branches, &w->branches, eid, message, &e);
    if (err == OK && e.kind == MLS_EVENT_APPLICATION)
        said(c, env, t, eid, &e);
    else if (err == mls_fail(MLS_OWN_AHEAD))
        rejoin_not_followed(c, env, t, eid, SPAN_EMPTY, err);
    else if (err == OK)
        proposed(env, t, eid, &e);
    mls_event_clear(&e);
    return err;
}

/* One envelope's frames, in their order. */
struct opening {
    struct talk_world w;
    struct eid eid;  /* of the key */
    struct eid next; /* of the commit in here; none: there is none */
    const struct frames *frames;
    bool again; /* something needs an epoch that is not here yet, */
    bool lacks; /* proposals that are not here */
};

static struct span ticket_in(const struct frames *f, size_t after)
{
    for (size_t i = after; i < f->count; i++)
        if (f->list[i].kind == FRAME_TICKET)
            return f->list[i].bytes;
    return SPAN_EMPTY;
}

static void tell_commit(struct chat *c, const struct env *env, struct talk *t,
                        const struct opening *o, enum branches_follow verdict, struct span ticket)
{
    struct ticket tk;
    struct entry_author by;
    uint64_t lamport = o->w.policy.evidence.lamport;
    if (ticket_decode(ticket, &tk) != OK)
        return;
    const struct mls_group *parent = branches_group(t->branches, &tk.parent);
    if (parent == NULL || !talk_author_at(parent, tk.leaf, &by))
        return;
    if (verdict == BRANCHES_FOLLOWED)
        notices_commit(c, env, t, &tk.parent, &tk.eid, &by, lamport);
    else if (verdict == BRANCHES_REMOVES)
        notices_removed(c, env, t, &by, ticket, lamport);
}

static enum err follow(struct chat *c, const struct env *env, struct talk *t, struct opening *o,
                       struct span ticket, struct span commit)
{
    enum branches_follow verdict;
    const struct policy_verdict *judged = &o->w.policy.verdict;

    enum err err =
        branches_follow(t->branches, env, &o->w.branches, ticket, commit, &verdict, &o->next);
    if (is_of_our_past(err))
        rejoin_not_followed(c, env, t, &o->eid, ticket, err);
    TRY(err);
    for (size_t i = 0; i < o->w.policy.evidence.logs_count; i++)
        if (people_learn(c, env, o->w.policy.evidence.logs[i]) != OK)
            log_unusual(env, "chat", "a log of the evidence was not taken over");
    struct ticket made;
    TRY(ticket_decode(ticket, &made));
    if (verdict == BRANCHES_REMOVES && judged->replaces_us) {
        rejoin_replaced(c, env, t, &made.parent, &o->w.policy.evidence);
        return OK;
    }
    tell_commit(c, env, t, o, verdict, ticket);
    if (verdict == BRANCHES_REMOVES)
        talk_removed(c, env, t);
    if (verdict != BRANCHES_FOLLOWED)
        return OK;
    const struct mls_group *g = branches_group(t->branches, &o->next);
    healing_heard(t->healing, env, made.key);
    TRY(keys_note(c, env, t, g));
    if (judged->removes)
        TRY(profile_address_turn(&t->address, g, judged->week));
    rejoin_followed(c, env, t, &o->w.policy.evidence, &o->next);
    t->changed = true;
    return OK;
}

static enum err take_mls(struct chat *c, const struct env *env, struct talk *t, struct opening *o,
                         size_t i)
{
    struct mls_message m;
    struct span bytes = o->frames->list[i].bytes;

    TRY(mls_message_decode(bytes, &m));
    if (m.wire_format != MLS_WIRE_PRIVATE_MESSAGE ||
        !span_eq(m.private_message.group_id, SPAN_ARRAY(t->id.bytes)))
        return ERR_PROTOCOL;
    policy_clear(&o->w.policy);
    policy_init(&o->w.policy);
    TRY(policy_expect(&o->w.policy, bytes));
    if (m.private_message.content_type == MLS_CONTENT_COMMIT)
        return follow(c, env, t, o, ticket_in(o->frames, i), bytes);
    const struct mls_group *g = branches_group(t->branches, &o->eid);
    bool same = g != NULL && mls_group_context(g)->epoch == m.private_message.epoch;
    if (!same && eid_is_none(&o->next))
        return ERR_NOT_FOUND;
    return open_message(c, env, t, &o->w, same ? &o->eid : &o->next, bytes);
}

static enum err take_frame(struct chat *c, const struct env *env, struct talk *t, struct opening *o,
                           size_t i)
{
    const struct frame *f = &o->frames->list[i];
    switch (f->kind) {
    case FRAME_MLS:
        return take_mls(c, env, t, o, i);
    case FRAME_LOG: /* taken before all others */
        return OK;
    case FRAME_TICKET:
        if (!eid_is_none(&o->next))
            return OK; /* of the commit in here */
        return branches_take(t->branches, env, f->bytes);
    case FRAME_BEACON: /* of epochs whose commits may have been lost on the way to us */
        if (env->now.ns >= t->beacon_at.ns) { /* else what stores bring makes us read them again */
            t->beacon_at = mono_add(env->now, DAG_REWIND_NS);
            network_gap(c, env, env->wall.ns - TALK_BEACON_S * NS_PER_S);
        }
        return branches_take(t->branches, env, f->bytes);
    case FRAME_ACKS:
    case FRAME_WITHDRAW:
        return branches_take(t->branches, env, f->bytes);
    case FRAME_REJOIN:
        return rejoin_requested(c, env, t, &o->eid, false, f->bytes);
    case FRAME_ANSWER:
        return rejoin_answered(c, env, t, f->bytes);
    default:
        newer(c, env, t, NEWER_FRAME, NULL);
        return OK;
    }
}

/* Not taken, and why: by its name, and the rule of the conversation that it breaks. */
static void refused(struct chat *c, const struct env *env, struct talk *t, const struct opening *o,
                    uint64_t kind, enum err err)
{
    enum policy_why why = kind == FRAME_MLS ? o->w.policy.verdict.why : POLICY_FINE;
    if (mls_err_class(err) == ERR_UNSUPPORTED || why == POLICY_NEWER)
        newer(c, env, t, NEWER_FRAME, NULL);
    log_info(env, "chat", "frame refused kind=%u err=%s rule=\"%s\"", (unsigned)kind,
             mls_err_name(err), policy_text(why));
}

static void take_frames(struct chat *c, const struct env *env, struct talk *t, struct opening *o)
{
    for (size_t i = 0; i < o->frames->count; i++)
        if (o->frames->list[i].kind == FRAME_LOG &&
            people_learn(c, env, o->frames->list[i].bytes) != OK)
            log_unusual(env, "chat", "evidence that is no log");
    for (size_t i = 0; i < o->frames->count; i++) {
        enum err err = take_frame(c, env, t, o, i);
        if (err == mls_fail(MLS_UNKNOWN_REFERENCE))
            o->lacks = true;
        else if (err == ERR_NOT_FOUND)
            o->again = true;
        else if (err != OK && err != ERR_EXISTS && !is_of_our_past(err))
            refused(c, env, t, o, o->frames->list[i].kind, err);
    }
}

/* At the door there are requests and answers and nothing else. */
static enum talk_verdict at_door(struct chat *c, const struct env *env, struct talk *t,
                                 struct span topic, struct span envelope)
{
    struct buf content = BUF_INIT(ENVELOPE_BYTES_MAX);
    struct frames frames;
    struct eid eid;

    if (doors_open(t, env, topic, envelope, &eid, &content) != OK) {
        buf_clear(&content);
        return TALK_NOT_OURS;
    }
    step_open(c);
    t->active = true;
    enum err err = frames_decode(buf_span(&content), &frames);
    for (size_t i = 0; err == OK && i < frames.count; i++) {
        const struct frame *f = &frames.list[i];
        if (f->kind == FRAME_REJOIN)
            err = rejoin_requested(c, env, t, &eid, true, f->bytes);
        else if (f->kind == FRAME_ANSWER)
            err = rejoin_answered(c, env, t, f->bytes);
    }
    if (err != OK && err != ERR_EXISTS)
        log_info(env, "chat", "refused at the door err=%s", mls_err_name(err));
    buf_clear(&content);
    return TALK_TAKEN;
}

enum talk_verdict talk_received(struct chat *c, const struct env *env, struct talk *t,
                                struct span topic, struct span envelope)
{
    struct buf content = BUF_INIT(ENVELOPE_BYTES_MAX);
    const struct talk_keys *k = keys_match(t, envelope);
    struct frames frames;
    struct opening o = {.frames = &frames};

    if (t->branches == NULL)
        return TALK_NOT_OURS;
    if (k == NULL)
        return at_door(c, env, t, topic, envelope);
    o.eid = k->eid;
    if (envelope_open(&k->keys, topic, envelope, &content) != OK) {
        buf_clear(&content);
        return TALK_NOT_OURS;
    }
    step_open(c);
    t->active = true;
    enum err err = frames_decode(buf_span(&content), &frames);
    if (err == OK)
        err = talk_world_init(&o.w, c, env);
    if (err == OK) {
        take_frames(c, env, t, &o);
        talk_world_clear(&o.w);
    } else {
        log_info(env, "chat", "content refused err=%s", err_name(err));
    }
    buf_clear(&content);
    return o.lacks ? TALK_LACKS : o.again ? TALK_AGAIN : TALK_TAKEN;
}
