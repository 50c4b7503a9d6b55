/* What MLS sees while we work on one conversation, and what its epochs give to the envelope. */
#include "crypto/base/wipe.h"
#include "node/chat/doors.h"
#include "node/chat/talk.h"

enum err talk_world_init(struct talk_world *w, struct chat *c, const struct env *env)
{
    uint64_t now_s = (uint64_t)(env->wall.ns / NS_PER_S);

    if (c->me->log == NULL)
        return ERR_REFUSED;
    TRY(profile_us_init(&w->us, c->installation, identity_log_now(c->me->log), now_s));
    policy_init(&w->policy);
    w->mls = profile_world(&w->us, &w->policy, env->rng, now_s);
    w->branches = (struct branches_world){.mls = &w->mls,
                                          .key = c->installation,
                                          .ctx = &w->policy,
                                          .judged = policy_judged,
                                          .voters = policy_voters};
    return OK;
}

void talk_world_clear(struct talk_world *w)
{
    policy_clear(&w->policy);
    profile_us_clear(&w->us);
}

/* ---- keys of epochs ---- */

const struct talk_keys *keys_of(const struct talk *t, const struct eid *eid)
{
    for (size_t i = 0; i < t->keys_count; i++)
        if (eid_eq(&t->keys[i].eid, eid))
            return &t->keys[i];
    return NULL;
}

static void forget(struct talk *t, size_t i)
{
    t->keys_count--;
    memmove(&t->keys[i], &t->keys[i + 1], (t->keys_count - i) * sizeof t->keys[0]);
    wipe(&t->keys[t->keys_count], sizeof t->keys[0]);
    t->keys_changed = true;
}

enum err keys_note(struct chat *c, const struct env *env, struct talk *t, const struct mls_group *g)
{
    struct talk_keys k = {.eid = branches_eid(g),
                          .until_ns = env->wall.ns + TALK_KEYS_S * NS_PER_S,
                          .mark = parked_mark(c->parked)};

    TRY(doors_note(c, t, g));
    if (keys_of(t, &k.eid) != NULL)
        return OK;
    TRY(profile_envelope_keys(g, &k.keys));
    if (t->keys_count == TALK_KEYS_MAX)
        forget(t, 0);
    t->keys[t->keys_count++] = k;
    t->keys_changed = true;
    c->keys_noted++;
    wipe(&k, sizeof k);
    return OK;
}

const struct talk_keys *keys_match(const struct talk *t, struct span envelope)
{
    for (size_t i = t->keys_count; i-- > 0;) /* the newest is the likeliest */
        if (envelope_matches(envelope, t->keys[i].keys.header))
            return &t->keys[i];
    return NULL;
}

void keys_expire(struct talk *t, const struct env *env)
{
    struct eid head;
    if (t->branches == NULL)
        return;
    head = branches_head(t->branches);
    for (size_t i = t->keys_count; i-- > 0;)
        if (t->keys[i].until_ns < env->wall.ns && !eid_eq(&t->keys[i].eid, &head))
            forget(t, i);
}

void keys_write(struct pack_writer *w, const struct talk *t)
{
    pack_write_array(w, t->keys_count);
    for (size_t i = 0; i < t->keys_count; i++) {
        pack_write_array(w, 4);
        pack_write_bin(w, SPAN_ARRAY(t->keys[i].eid.bytes));
        pack_write_bin(w, SPAN_ARRAY(t->keys[i].keys.header));
        pack_write_bin(w, SPAN_ARRAY(t->keys[i].keys.body));
        pack_write_int(w, t->keys[i].until_ns);
    }
}

void keys_read(struct pack_reader *r, struct talk *t)
{
    t->keys_count = pack_read_array(r, 0, TALK_KEYS_MAX);
    for (size_t i = 0; i < t->keys_count; i++) {
        (void)pack_read_array(r, 4, 4);
        pack_read_fixed(r, t->keys[i].eid.bytes, EID_BYTES);
        pack_read_fixed(r, t->keys[i].keys.header, ENVELOPE_KEY_BYTES);
        pack_read_fixed(r, t->keys[i].keys.body, ENVELOPE_KEY_BYTES);
        t->keys[i].until_ns = pack_read_int(r);
    }
}

void keys_drop(struct talk *t, const struct eid *eid)
{
    for (size_t i = t->keys_count; i-- > 0;)
        if (eid_eq(&t->keys[i].eid, eid))
            forget(t, i);
}

/* ---- addresses ---- */

uint64_t week_of(int64_t wall_ns)
{
    return wall_ns <= 0 ? 0 : (uint64_t)(wall_ns / NS_PER_S / WEEK_S);
}

uint8_t talk_bucket(const struct talk *t, int64_t wall_ns)
{
    return profile_address_bucket(&t->address, week_of(wall_ns));
}
