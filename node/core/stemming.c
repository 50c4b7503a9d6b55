/* The stem between relay and lightpush: own messages, and what peers push to us, go to one peer
 * before they enter gossip (net/waku/stem.h). Until then a message of a peer is shown to nobody;
 * an own one is shown and archived at once, but hidden from strangers: filter does not push it, and
 * answers to their store queries leave it out (queries.c). */
#include "crypto/keyring/keyring.h"
#include "crypto/prim/sha2.h"
#include "node/core/inside.h"

#include <stdlib.h>

/* A push of the stem, among those of the user. */
#define STEM_TICKET (UINT64_C(1) << 63)

static bool stemming_on(const struct core *c)
{
    return c->stem != NULL;
}

/* ---- taking ---- */

/* Who could be the next hop: on the topic, and lists lightpush 3.0.0. In scratch memory. */
static size_t candidates(const struct core *c, const struct env *env, struct span topic,
                         struct stem_peer **out)
{
    const struct gossipsub *g = host_gossipsub(c->host);
    struct gossipsub_topic_view view;
    uint64_t peer;
    size_t n = 0;

    *out = NULL;
    if (!gossipsub_topic_get(g, topic, &view) || view.members == 0)
        return 0;
    *out = arena_alloc(env->scratch, view.members * sizeof **out);
    for (size_t i = 0;
         *out != NULL && n < view.members && gossipsub_topic_peer(g, topic, false, i, &peer); i++) {
        const struct host_peer *p = host_peer(c->host, peer);
        if (p != NULL && !p->going && host_peer_serves(p, LIGHTPUSH_PROTOCOL))
            (*out)[n++] = (struct stem_peer){peer, &p->id, p->outbound};
    }
    return n;
}

bool stemming_take(struct core *c, const struct env *env, const struct host_out *m, uint64_t asker)
{
    struct stem_message given = {
        .hash = m->hash, .from = m->peer, .topic = m->topic, .data = m->data, .asker = asker};
    struct stem_peer *peers;

    if (!stemming_on(c) || gossipsub_has_seen(host_gossipsub(c->host), m->topic, m->payload))
        return false; /* what is public needs no stem */
    given.peers_count = candidates(c, env, m->topic, &peers);
    given.peers = peers;
    return stem_take(c->stem, env, &given) == STEM_HELD;
}

/* ---- what becomes of them ---- */

static void publish(struct core *c, const struct env *env, const struct stem_out *o)
{
    struct host_out shown = {.kind = HOST_OUT_MESSAGE,
                             .topic = o->topic,
                             .data = o->data,
                             .payload = blob_span(o->data)};
    uint64_t number = o->number;
    size_t relay_peers = 0;

    memcpy(shown.hash, o->hash, sizeof shown.hash);
    enum err err = host_publish(c->host, env, o->topic, shown.payload, &relay_peers);
    if (err == OK)
        c->counters.messages_published++;
    if (err == OK && o->own)
        core_message_public(c, env, &shown);
    else if (err == OK)
        core_message_seen(c, env, &shown);
    if (err == ERR_EXISTS) {
        err = OK;
        relay_peers = core_mesh_size(c, o->topic);
    }
    if (err == OK && relay_peers == 0)
        err = ERR_NOT_FOUND;
    stem_fluffed(c->stem, env, number, err, (uint32_t)relay_peers);
}

static void hand_on(struct core *c, const struct env *env, const struct stem_out *o)
{
    uint64_t number = o->number;

    if (host_push(c->host, env, o->peer, o->topic, blob_span(o->data), STEM_TICKET | number) != OK)
        stem_answered(c->stem, env, number, false, 0);
}

bool stemming_answered(struct core *c, const struct env *env, const struct host_out *out)
{
    if ((out->ticket & STEM_TICKET) == 0)
        return false;
    bool fine = out->err == OK && out->pushed->status == LIGHTPUSH_STATUS_OK &&
                !(out->pushed->has_relay_peers && out->pushed->relay_peers == 0);
    stem_answered(c->stem, env, out->ticket & ~STEM_TICKET, fine,
                  fine ? out->pushed->relay_peers : 0);
    return true;
}

bool stemming_pump(struct core *c, const struct env *env)
{
    struct stem_out o;
    bool any = false;

    while (stemming_on(c) && stem_poll(c->stem, &o)) {
        any = true;
        switch (o.kind) {
        case STEM_PUSH:
            hand_on(c, env, &o);
            break;
        case STEM_FLUFF:
            publish(c, env, &o);
            break;
        case STEM_DONE:
            push_done(c, env, o.asker, o.err, o.relay_peers);
            break;
        case STEM_WARM:
            host_push_ready(c->host, env, o.peer);
            break;
        }
    }
    return any;
}

bool stemming_seen(struct core *c, const uint8_t hash[32])
{
    return stemming_on(c) && stem_seen(c->stem, hash) == STEM_OWN;
}

/* ---- what strangers must not learn of ---- */

bool stemming_hides(const struct core *c, const uint8_t hash[32])
{
    return stemming_on(c) && stem_hides(c->stem, hash);
}

size_t stemming_hidden(const struct core *c)
{
    return stemming_on(c) ? stem_hidden(c->stem) : 0;
}

/* ---- time and life ---- */

void stemming_tick(struct core *c, const struct env *env)
{
    if (stemming_on(c))
        stem_tick(c->stem, env);
}

struct mono stemming_deadline(const struct core *c)
{
    return stemming_on(c) ? stem_deadline(c->stem) : MONO_NEVER;
}

/* The node's key signs the same words the same way after a restart: a secret that stays, and names
 * nothing else. */
enum err stemming_init(struct core *c, const struct env *env)
{
    struct keyring_signature words;
    uint8_t seed[32];

    if (!c->config.stem || !c->config.relay)
        return OK;
    TRY(keyring_host_sign(c->config.key, SPAN_LIT("sotto stem: the order of guards"), &words));
    sha256(span_of(words.bytes, words.len), seed);
    c->stem = stem_new(env, seed);
    return c->stem == NULL ? ERR_MEMORY : OK;
}

void stemming_clear(struct core *c)
{
    stem_free(c->stem);
    c->stem = NULL;
}
