/* Kinds of decisions: what each is read from when it is made here, and what it does when it was
 * made on another device. */
#include "node/chat/notes.h"
#include "node/chat/self.h"

struct applying {
    struct chat *c;
    const struct env *env;
    const struct decision *d;
    struct person *p; /* of kinds about an account */
    struct talk *t;   /* of kinds about a conversation; NULL: we are not in it */
};

#define BY_ACCOUNT ACCOUNT_ID_BYTES
#define BY_TALK    CHAT_CONVERSATION_BYTES

/* ---- people ---- */

static void write_name(const struct chat *c, const struct person *p, struct pack_writer *w)
{
    (void)c;
    pack_write_str(w, span_str(p->name));
}

static enum err apply_name(struct applying *a, struct pack_reader *r)
{
    struct span name = pack_read_str(r, 0, CHAT_NAME_MAX - 1);
    TRY(pack_end(r));
    if (name.len > 0 && memchr(name.ptr, 0, name.len) != NULL)
        return ERR_FORMAT;
    text_copy(a->p->name, name);
    return OK;
}

static void write_consent(const struct chat *c, const struct person *p, struct pack_writer *w)
{
    bool decided = p->consent == CHAT_CONSENT_GIVEN || p->consent == CHAT_CONSENT_BLOCKED;
    (void)c;
    pack_write_uint(w, decided ? (uint64_t)p->consent : CHAT_CONSENT_NONE);
}

static enum err accept_direct(struct applying *a)
{
    struct talk *t = talks_direct(a->c, a->p->account);
    if (t == NULL && a->p->look_at.ns == MONO_NEVER.ns)
        a->p->look_at =
            mono_add(a->env->now, (int64_t)rng_below(a->env->rng, FINDING_EVERY_S) * NS_PER_S);
    return t != NULL && t->state == CHAT_REQUESTED ? talk_accept(a->c, a->env, t) : OK;
}

static enum err apply_consent(struct applying *a, struct pack_reader *r)
{
    enum chat_consent consent = (enum chat_consent)pack_read_uint(r, CHAT_CONSENT_BLOCKED);
    TRY(pack_end(r));
    if (consent == CHAT_CONSENT_ASKED)
        return ERR_FORMAT;
    bool was_blocked = a->p->consent == CHAT_CONSENT_BLOCKED;
    bool blocked = consent == CHAT_CONSENT_BLOCKED;
    if (blocked || was_blocked)
        people_block(a->c, a->env, a->p, blocked);
    if (consent != CHAT_CONSENT_NONE || !was_blocked)
        a->p->consent = consent; /* else it is as that without the block */
    return consent == CHAT_CONSENT_GIVEN ? accept_direct(a) : OK;
}

static void write_card(const struct chat *c, const struct person *p, struct pack_writer *w)
{
    (void)c;
    pack_write_bin(w, p->private_link ? SPAN_ARRAY(p->secret) : SPAN_EMPTY);
}

static enum err apply_card(struct applying *a, struct pack_reader *r)
{
    struct span secret = pack_read_bin(r, 0, CARD_SECRET_BYTES);
    TRY(pack_end(r));
    if (secret.len != 0 && secret.len != CARD_SECRET_BYTES)
        return ERR_FORMAT;
    a->p->private_link = secret.len > 0;
    if (secret.len > 0)
        memcpy(a->p->secret, secret.ptr, secret.len);
    return OK;
}

/* ---- conversations ---- */

static void write_seen(const struct chat *c, const struct talk *t, struct pack_writer *w)
{
    (void)c, (void)t;
    pack_write_uint(w, 1); /* the place says it */
}

/* What is behind a place and not ours; as many as there were, and no more. */
static unsigned unread_behind(struct chat *c, const struct talk *t)
{
    const struct timeline *all = t->delivery != NULL ? delivery_timeline(t->delivery) : NULL;
    unsigned count = 0;
    for (size_t i = all != NULL ? timeline_find(all, &t->seen) : 0;
         all != NULL && i < timeline_count(all) && count < t->unread; i++) {
        struct timeline_entry e = timeline_at(all, i);
        struct note n;
        bool line = note_load(c, t, &e.place.id, &n) == OK && n.here && !n.hidden;
        count += line && entry_place_cmp(&e.place, &t->seen) > 0 &&
                 memcmp(e.author.account, c->self.account, 32) != 0;
    }
    return count;
}

static enum err apply_seen(struct applying *a, struct pack_reader *r)
{
    (void)pack_read_uint(r, UINT32_MAX);
    TRY(pack_end(r));
    if (entry_place_cmp(&a->t->seen, &a->d->place) >= 0)
        return OK;
    a->t->seen = a->d->place;
    a->t->unread = unread_behind(a->c, a->t);
    return OK;
}

static void write_takes_part(const struct chat *c, const struct talk *t, struct pack_writer *w)
{
    (void)c;
    pack_write_uint(w, t->state != CHAT_LEFT);
}

static enum err apply_takes_part(struct applying *a, struct pack_reader *r)
{
    bool takes_part = pack_read_uint(r, 1) == 1;
    TRY(pack_end(r));
    if (takes_part)
        return a->t->state == CHAT_REQUESTED ? talk_accept(a->c, a->env, a->t) : OK;
    return a->t->state != CHAT_LEFT ? talk_leave(a->c, a->env, a->t) : OK;
}

/* ---- ourselves ---- */

static enum err apply_link(struct applying *a, struct pack_reader *r)
{
    bool there = pack_read_uint(r, 1) == 1;
    TRY(pack_end(r));
    return cards_link(a->c, a->env, a->d->subject.ptr, there);
}

static void write_policy(const struct chat *c, struct pack_writer *w)
{
    pack_write_uint(w, (uint64_t)c->policy);
}

static enum err apply_policy(struct applying *a, struct pack_reader *r)
{
    enum chat_policy policy = (enum chat_policy)pack_read_uint(r, CHAT_POLICY_GROUPS);
    TRY(pack_end(r));
    a->c->policy = policy;
    bundles_renew(a->c, a->env);
    network_listen(a->c);
    return OK;
}

static void write_profile(const struct chat *c, struct pack_writer *w)
{
    pack_write_str(w, span_str(c->profile));
}

/* Contacts hear it from the device on which it was set. */
static enum err apply_profile(struct applying *a, struct pack_reader *r)
{
    struct span name = pack_read_str(r, 0, CHAT_NAME_MAX - 1);
    TRY(pack_end(r));
    if (name.len > 0 && memchr(name.ptr, 0, name.len) != NULL)
        return ERR_FORMAT;
    text_copy(a->c->profile, name);
    return OK;
}

/* ---- the table ---- */

static const struct kind {
    enum decision_kind kind;
    size_t subject; /* bytes */
    enum {
        OF_PERSON,
        OF_TALK,
        OF_SELF
    } of;
    void (*write_person)(const struct chat *c, const struct person *p, struct pack_writer *w);
    void (*write_talk)(const struct chat *c, const struct talk *t, struct pack_writer *w);
    void (*write_self)(const struct chat *c, struct pack_writer *w);
    enum err (*apply)(struct applying *a, struct pack_reader *r);
    size_t flag; /* apply NULL: offset of the bool that is decided, in its person, talk or chat */
} kinds[] = {
    {DECISION_NAME, BY_ACCOUNT, OF_PERSON, .write_person = write_name, .apply = apply_name},
    {DECISION_CONSENT, BY_ACCOUNT, OF_PERSON, .write_person = write_consent,
     .apply = apply_consent},
    {DECISION_VERIFIED, BY_ACCOUNT, OF_PERSON, .flag = offsetof(struct person, verified)},
    {DECISION_CARD, BY_ACCOUNT, OF_PERSON, .write_person = write_card, .apply = apply_card},
    {DECISION_SEEN, BY_TALK, OF_TALK, .write_talk = write_seen, .apply = apply_seen},
    {DECISION_MUTED, BY_TALK, OF_TALK, .flag = offsetof(struct talk, muted)},
    {DECISION_TAKES_PART, BY_TALK, OF_TALK, .write_talk = write_takes_part,
     .apply = apply_takes_part},
    {DECISION_LINK, CARD_SECRET_BYTES, OF_SELF, .apply = apply_link},
    {DECISION_POLICY, 0, OF_SELF, .write_self = write_policy, .apply = apply_policy},
    {DECISION_RECEIPTS, 0, OF_SELF, .flag = offsetof(struct chat, receipts)},
    {DECISION_PROFILE, 0, OF_SELF, .write_self = write_profile, .apply = apply_profile},
};

static const struct kind *kind_of(uint64_t kind)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if ((uint64_t)kinds[i].kind == kind)
            return &kinds[i];
    return NULL;
}

bool self_well_formed(const struct decision *d)
{
    const struct kind *k = kind_of(d->kind);
    return k == NULL || d->subject.len == k->subject;
}

static bool *flag_of(const struct kind *k, void *subject)
{
    return (bool *)((uint8_t *)subject + k->flag);
}

enum err self_value(struct chat *c, enum decision_kind kind, struct span subject,
                    struct pack_writer *w)
{
    const struct kind *k = kind_of(kind);
    assert(k != NULL && subject.len == k->subject);
    struct person *p = k->of == OF_PERSON ? people_find(c, subject.ptr) : NULL;
    struct talk *t = k->of == OF_TALK ? talks_find(c, subject.ptr) : NULL;
    void *about = k->of == OF_PERSON ? (void *)p : k->of == OF_TALK ? (void *)t : (void *)c;
    if (about != NULL && k->apply == NULL)
        pack_write_uint(w, *flag_of(k, about));
    else if (p != NULL && k->write_person != NULL)
        k->write_person(c, p, w);
    else if (t != NULL && k->write_talk != NULL)
        k->write_talk(c, t, w);
    else if (k->write_self != NULL)
        k->write_self(c, w);
    else
        return ERR_NOT_FOUND;
    return OK;
}

/* Whom or what it is about; false: nothing that we have. */
static bool subject_of(struct applying *a, const struct kind *k)
{
    if (k->of == OF_PERSON) {
        a->p = people_get(a->c, a->d->subject.ptr);
        return a->p != NULL && a->p != a->c->me;
    }
    if (k->of == OF_TALK) {
        a->t = talks_find(a->c, a->d->subject.ptr);
        return a->t != NULL && a->t->type != CHAT_SELF;
    }
    return true;
}

static enum err apply_flag(struct applying *a, const struct kind *k, struct pack_reader *r)
{
    bool on = pack_read_uint(r, 1) == 1;
    TRY(pack_end(r));
    *flag_of(k, k->of == OF_PERSON ? (void *)a->p
                : k->of == OF_TALK ? (void *)a->t
                                   : (void *)a->c) = on;
    if (k->kind == DECISION_RECEIPTS)
        talks_set_receipts(a->c, on);
    return OK;
}

enum err self_apply(struct chat *c, const struct env *env, const struct decision *d)
{
    struct applying a = {.c = c, .env = env, .d = d};
    const struct kind *k = kind_of(d->kind);
    struct pack_reader r;

    if (k == NULL || !subject_of(&a, k))
        return OK; /* kept: another device, a later program or a later conversation has use for it
                    */
    TRY(pack_open(d->value, &r));
    TRY(k->apply != NULL ? k->apply(&a, &r) : apply_flag(&a, k, &r));
    if (a.p != NULL)
        a.p->changed = true;
    if (a.t != NULL) {
        a.t->changed = true;
        journal_add(
            c, env,
            &(struct happened){.kind = CHAT_EVENT_CONVERSATION, .conversation = a.t->id.bytes});
    }
    if (k->of == OF_SELF)
        settings_save(c);
    return OK;
}
