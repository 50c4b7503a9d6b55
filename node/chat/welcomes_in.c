/* Welcomes that invites to us refer to: fetched from stores, then the invite is judged once more.
 */
#include "node/chat/welcomes.h"

#include "crypto/base/wipe.h"

#include <stdlib.h>

static struct welcome_in *find(const struct chat *c, const uint8_t key[32])
{
    for (size_t i = 0; i < c->welcomes_in_count; i++)
        if (memcmp(c->welcomes_in[i]->ref.key, key, 32) == 0)
            return c->welcomes_in[i];
    return NULL;
}

static void free_one(struct welcome_in *w)
{
    segments_free(w->segments);
    buf_clear(&w->envelope);
    buf_clear(&w->blob);
    wipe(w, sizeof *w);
    free(w);
}

static void drop(struct chat *c, struct welcome_in *w)
{
    size_t i = 0;
    while (c->welcomes_in[i] != w)
        i++;
    free_one(w);
    c->welcomes_in_count--;
    memmove(&c->welcomes_in[i], &c->welcomes_in[i + 1],
            (c->welcomes_in_count - i) * sizeof c->welcomes_in[0]);
}

void welcomes_done(struct chat *c, const struct welcome_ref *ref)
{
    struct welcome_in *w = find(c, ref->key);
    if (w != NULL)
        drop(c, w);
}

void welcomes_clear_in(struct chat *c)
{
    while (c->welcomes_in_count > 0)
        free_one(c->welcomes_in[--c->welcomes_in_count]);
}

/* ---- beginning ---- */

/* Of strangers' the oldest leaves: whoever pays many stamps keeps no contact of ours out. */
static bool make_room(struct chat *c, const struct welcome_ref *ref, bool stranger)
{
    uint64_t bytes = ref->size;
    size_t count = 1;
    struct welcome_in *oldest = NULL;

    for (size_t i = c->welcomes_in_count; i-- > 0;) {
        bytes += c->welcomes_in[i]->ref.size;
        count += c->welcomes_in[i]->stranger == stranger;
        oldest = c->welcomes_in[i]->stranger ? c->welcomes_in[i] : oldest;
    }
    if (bytes <= WELCOMES_OPEN_BYTES_MAX && count <= WELCOMES_IN_MAX / 2)
        return true;
    if (oldest == NULL)
        return false;
    drop(c, oldest);
    return make_room(c, ref, stranger);
}

static void look(struct chat *c, const struct env *env, struct welcome_in *w)
{
    (void)c;
    int64_t from = (int64_t)w->ref.from_s * NS_PER_S;
    from = from < env->wall.ns ? from : env->wall.ns;
    sweep_start(&w->sweep, env, (struct wall){from - CATCHUP_OVERLAP_S * NS_PER_S});
}

enum err welcomes_fetch(struct chat *c, const struct env *env, const struct welcome_ref *ref,
                        const struct welcome_invite *invite)
{
    if (find(c, ref->key) != NULL)
        return OK;
    if (segments_count(ref->size) == 0 ||
        (invite->stranger && ref->size > WELCOME_STRANGER_BYTES_MAX))
        return ERR_LIMIT;
    if (invite->topic.len >= ENVELOPE_TOPIC_BYTES || !make_room(c, ref, invite->stranger))
        return ERR_FULL;
    struct welcome_in *w = calloc(1, sizeof *w);
    if (w == NULL)
        return ERR_MEMORY;
    *w = (struct welcome_in){.ref = *ref,
                             .stranger = invite->stranger,
                             .envelope = BUF_INIT(ENVELOPE_BYTES_MAX),
                             .blob = BUF_INIT(WELCOME_REF_BYTES_MAX),
                             .at = MONO_NEVER};
    text_copy(w->topic, invite->topic);
    welcome_ref_keys(ref->key, &w->keys);
    enum err err = buf_append(&w->envelope, invite->envelope);
    if (err == OK)
        err = segments_collect(ref->size, ref->hash, ref->root, &w->segments);
    if (err != OK) {
        free_one(w);
        return err;
    }
    c->welcomes_in[c->welcomes_in_count++] = w;
    look(c, env, w);
    return OK;
}

struct span welcomes_blob(const struct chat *c, const struct welcome_ref *ref)
{
    const struct welcome_in *w = find(c, ref->key);
    return w == NULL ? SPAN_EMPTY : buf_span(&w->blob);
}

/* ---- segments ---- */

static void complete(const struct env *env, struct welcome_in *w)
{
    enum err err = segments_file(w->segments, &w->blob);
    if (err != OK) {
        log_unusual(env, "chat", "a Welcome is not what its invite says err=%s", err_name(err));
        buf_reset(&w->blob);
    }
    segments_free(w->segments);
    w->segments = NULL;
    w->sweep.state = SWEEP_IDLE;
    w->tries = 0;
    w->at = env->now; /* offered, or dropped */
}

bool welcomes_received(struct chat *c, const struct env *env, struct span topic,
                       struct span payload)
{
    for (size_t i = 0; i < c->welcomes_in_count; i++) {
        struct welcome_in *w = c->welcomes_in[i];
        struct buf segment = BUF_INIT(ENVELOPE_BYTES_MAX);
        bool ours = w->segments != NULL && envelope_matches(payload, w->keys.header) &&
                    envelope_open(&w->keys, topic, payload, &segment) == OK;
        enum err err = ours ? segments_take(w->segments, buf_span(&segment)) : OK;
        buf_clear(&segment);
        if (!ours)
            continue;
        if (err != OK && err != ERR_EXISTS)
            log_unusual(env, "chat", "a segment that is none err=%s", err_name(err));
        if (segments_needed(w->segments) == 0)
            complete(env, w);
        return true;
    }
    return false;
}

/* ---- reading stores ---- */

struct welcome_in *welcomes_looking(const struct chat *c, size_t i)
{
    return i < c->welcomes_in_count ? c->welcomes_in[i] : NULL;
}

/* 30 s, doubled each time, a day at most; as long again by chance. */
void welcomes_swept(struct chat *c, const struct env *env, struct welcome_in *w)
{
    int64_t wait = FILE_LOOK_S;
    for (unsigned i = 0; i < w->tries && wait < FILE_LOOK_S_MAX; i++)
        wait *= 2;
    wait = wait < FILE_LOOK_S_MAX ? wait : FILE_LOOK_S_MAX;
    w->sweep.state = SWEEP_IDLE;
    if (w->segments == NULL)
        return;
    if (++w->tries >= FILE_TRIES_MAX) {
        log_unusual(env, "chat", "a Welcome was given up: it is nowhere");
        drop(c, w);
        return;
    }
    w->at = mono_add(env->now, (wait + (int64_t)rng_below(env->rng, (uint64_t)wait)) * NS_PER_S);
}

/* ---- time ---- */

/* The invite once more, with its Welcome at hand; what only waits for the inbox stays. */
static void offer(struct chat *c, const struct env *env, const struct welcome_in *w)
{
    struct welcome_ref ref = w->ref;
    char topic[ENVELOPE_TOPIC_BYTES];
    struct buf envelope = BUF_INIT(ENVELOPE_BYTES_MAX);

    memcpy(topic, w->topic, sizeof topic);
    bool broken = w->blob.len == 0 || w->tries >= FILE_TRIES_MAX ||
                  buf_append(&envelope, buf_span(&w->envelope)) != OK;
    if (!broken)
        inviting_received(c, env, span_str(topic), buf_span(&envelope));
    struct welcome_in *again = find(c, ref.key);
    if (again != NULL && broken) {
        drop(c, again);
    } else if (again != NULL) {
        again->tries++;
        again->at = mono_add(env->now, INBOX_AGAIN_S * NS_PER_S);
    }
    buf_clear(&envelope);
    wipe(&ref, sizeof ref);
}

void welcomes_tick(struct chat *c, const struct env *env)
{
    welcomes_again(c, env);
    for (size_t i = c->welcomes_in_count; i-- > 0;) {
        if (i >= c->welcomes_in_count || c->welcomes_in[i]->at.ns > env->now.ns)
            continue;
        struct welcome_in *w = c->welcomes_in[i];
        w->at = MONO_NEVER;
        if (w->segments == NULL)
            offer(c, env, w);
        else
            look(c, env, w);
    }
}

struct mono welcomes_deadline(const struct chat *c, const struct env *env)
{
    struct mono at = welcomes_deadline_out(c, env);
    for (size_t i = 0; i < c->welcomes_in_count; i++) {
        at = mono_min(at, c->welcomes_in[i]->at);
        if (c->online)
            at = mono_min(at, sweep_deadline(&c->welcomes_in[i]->sweep));
    }
    return at;
}
