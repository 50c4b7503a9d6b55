/* A member that does not run our program: everything that somebody with valid keys can sign, seal
 * and publish, past the rules of its own chat. Over chat_world.h. */
#pragma once

#include "node/chat/envelope/frame.h"
#include "node/chat/talk.h"
#include "tests/lib/chat_world.h"

struct insider {
    struct world *w;
    struct world_person *me;
    struct chat_conversation in; /* where it does harm */
    struct mls_group *fork;      /* its commits come from here: a generation each */
    struct eid fork_of;
    bool gathers; /* its commits name the proposals that wait in there */
};

static inline void insider_init(struct insider *m, struct world *w, struct world_person *me,
                                const struct chat_conversation *in)
{
    *m = (struct insider){.w = w, .me = me, .in = *in};
}

static inline void insider_clear(struct insider *m)
{
    mls_group_free(m->fork);
}

static inline struct talk *insider_talk(const struct insider *m)
{
    return talks_find(m->me->chat, m->in.bytes);
}

/* Into the network, as if its node had sent it. */
static inline void insider_payload(struct insider *m, const char *topic, struct span payload)
{
    const struct chat_out out = {
        .topic = span_str(topic), .payload = payload, .timestamp_ns = m->w->t.env.wall.ns};
    world_keep(m->w, m->me, &out);
}

/* What is in an envelope, under keys of an epoch that it knows; false: it knows none such. */
static inline bool insider_content(struct insider *m, const struct eid *under, struct span content)
{
    struct buf envelope = BUF_INIT(ENVELOPE_BYTES_MAX);
    struct talk *t = insider_talk(m);
    const struct talk_keys *k = t == NULL ? NULL : keys_of(t, under);
    char topic[ENVELOPE_TOPIC_BYTES];
    if (k == NULL)
        return false;
    envelope_topic(ENVELOPE_BUCKET, talk_bucket(t, m->w->t.env.wall.ns), topic);
    bool fits = envelope_seal(&k->keys, &m->w->t.rng, span_str(topic), content, &envelope) == OK;
    if (fits)
        insider_payload(m, topic, buf_span(&envelope));
    buf_clear(&envelope);
    return fits;
}

static inline bool insider_frames(struct insider *m, const struct eid *under,
                                  const struct frames *f)
{
    struct buf content = BUF_INIT(ENVELOPE_BYTES_MAX);
    bool sent = frames_encode(f, &content) == OK && insider_content(m, under, buf_span(&content));
    buf_clear(&content);
    return sent;
}

static inline bool insider_frame(struct insider *m, const struct eid *under, uint64_t kind,
                                 struct span bytes)
{
    struct frames f = {.count = 0};
    return frames_add(&f, kind, bytes) == OK && insider_frames(m, under, &f);
}

/* The plaintext of an application message, properly encrypted. */
static inline bool insider_says(struct insider *m, const struct eid *in, struct span plain,
                                struct span authenticated)
{
    struct buf message = BUF_INIT(MESSAGE_BYTES_MAX);
    struct talk *t = insider_talk(m);
    struct talk_world w;
    const struct mls_send how = {.authenticated_data = authenticated, .despite_waiting = true};
    if (t == NULL || t->branches == NULL || talk_world_init(&w, m->me->chat, &m->w->t.env) != OK)
        return false;
    step_open(m->me->chat);
    t->active = true;
    bool sent = branches_seal(t->branches, &w.branches, in, plain, &how, &message) == OK &&
                insider_frame(m, in, FRAME_MLS, buf_span(&message));
    talk_world_clear(&w);
    buf_clear(&message);
    return sent;
}

static inline bool insider_parcel(struct insider *m, const struct eid *in, const struct parcel *p)
{
    struct buf plain = BUF_INIT(PARCEL_BYTES_MAX);
    bool sent = parcel_encode(p, &plain) == OK && insider_says(m, in, buf_span(&plain), SPAN_EMPTY);
    buf_clear(&plain);
    return sent;
}

/* An entry with any fields, under its own signature; its id is told. */
static inline bool insider_entry(struct insider *m, struct entry *e, struct buf *out,
                                 struct entry_id *id)
{
    const struct chat *c = m->me->chat;
    const struct span conversation = SPAN_ARRAY(m->in.bytes);
    return entry_sign(e, conversation, &c->self, c->installation) == OK &&
           entry_encode(e, out) == OK && entry_id_of(e, conversation, &c->self, id) == OK;
}

static inline bool insider_says_entry(struct insider *m, const struct eid *in, struct entry *e,
                                      struct entry_id *id)
{
    struct buf bytes = BUF_INIT(ENTRY_BYTES_MAX);
    struct parcel p = {0};
    bool sent = insider_entry(m, e, &bytes, id);
    p.entries[p.entries_count++] = buf_span(&bytes);
    sent = sent && insider_parcel(m, in, &p);
    buf_clear(&bytes);
    return sent;
}

/* ---- commits ---- */

struct insider_commit { /* what is made; ticket: honest until it is changed, then signed anew */
    struct mls_commit_out out;
    struct ticket ticket;
};

/* A commit that MLS makes and no policy judged. */
static inline bool insider_commits(struct insider *m, const struct eid *parent,
                                   struct span proposals, struct span evidence,
                                   struct insider_commit *c)
{
    struct talk *t = insider_talk(m);
    struct talk_world w;
    const struct mls_commit_options o = {.proposals = proposals,
                                         .without_waiting = !m->gathers,
                                         .with_path = true,
                                         .send = {.authenticated_data = evidence}};
    *c = (struct insider_commit){0};
    const struct mls_group *g =
        t == NULL || t->branches == NULL ? NULL : branches_group(t->branches, parent);
    if (g == NULL || talk_world_init(&w, m->me->chat, &m->w->t.env) != OK)
        return false;
    if (m->fork == NULL || !eid_eq(&m->fork_of, parent)) {
        mls_group_free(m->fork);
        m->fork = NULL;
        assert_ok(mls_group_fork(g, &m->fork));
        m->fork_of = *parent;
    }
    w.mls.credential = NULL;
    w.mls.proposal = NULL;
    w.mls.commit = NULL;
    bool made = mls_commit(m->fork, &w.mls, &o, &c->out) == OK;
    if (made) {
        c->ticket = (struct ticket){.parent = *parent,
                                    .eid = branches_eid(c->out.next),
                                    .epoch = mls_group_context(g)->epoch,
                                    .cls = COMMIT_UPDATES,
                                    .role = 0,
                                    .leaf = mls_group_own_leaf(g)};
        memcpy(c->ticket.group, m->in.bytes, GROUP_ID_BYTES);
    }
    talk_world_clear(&w);
    return made;
}

/* Send it with its ticket, signed as it stands; `ticket_first` as no honest member does. */
static inline bool insider_sends_commit(struct insider *m, struct insider_commit *c,
                                        bool ticket_first)
{
    struct buf ticket = BUF_INIT(TICKET_BYTES_MAX);
    struct frames f = {.count = 0};
    const struct eid under = c->ticket.parent;
    bool sent = ticket_sign(&c->ticket, m->me->chat->installation) == OK &&
                ticket_encode(&c->ticket, &ticket) == OK;
    if (sent && ticket_first)
        sent = frames_add(&f, FRAME_TICKET, buf_span(&ticket)) == OK;
    sent = sent && frames_add(&f, FRAME_MLS, buf_span(&c->out.commit)) == OK;
    if (sent && !ticket_first)
        sent = frames_add(&f, FRAME_TICKET, buf_span(&ticket)) == OK;
    sent = sent && insider_frames(m, &under, &f);
    buf_clear(&ticket);
    return sent;
}
