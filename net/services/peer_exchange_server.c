/* The server of peer exchange: a ring of records found lately, and random samples of it. */
#include "net/services/peer_exchange.h"

#include <stdlib.h>

struct cached {
    struct mono seen;
    uint8_t node_id[ENR_ID_BYTES];
    uint16_t len;
    uint8_t record[ENR_BYTES_MAX];
};

struct px_server {
    struct cached *cache; /* PX_CACHE_MAX; the first `count` are in use, in no order */
    size_t count;
    struct px_counters counters;
};

enum err px_server_new(struct px_server **out, const struct env *env)
{
    struct px_server *s = calloc(1, sizeof *s);

    (void)env;
    if (s == NULL)
        return ERR_MEMORY;
    s->cache = calloc(PX_CACHE_MAX, sizeof *s->cache);
    if (s->cache == NULL) {
        free(s);
        return ERR_MEMORY;
    }
    *out = s;
    return OK;
}

void px_server_free(struct px_server *s)
{
    if (s == NULL)
        return;
    free(s->cache);
    free(s);
}

/* That of this node, else a free one, else the one seen longest ago. */
static struct cached *place_of(struct px_server *s, const uint8_t node_id[ENR_ID_BYTES])
{
    struct cached *oldest = &s->cache[0];

    for (size_t i = 0; i < s->count; i++) {
        if (memcmp(s->cache[i].node_id, node_id, ENR_ID_BYTES) == 0)
            return &s->cache[i];
        if (s->cache[i].seen.ns < oldest->seen.ns)
            oldest = &s->cache[i];
    }
    return s->count < PX_CACHE_MAX ? &s->cache[s->count++] : oldest;
}

void px_server_add(struct px_server *s, const struct env *env, const struct enr *enr)
{
    struct cached *c = place_of(s, enr->node_id);

    c->seen = env->now;
    c->len = enr->len;
    memcpy(c->node_id, enr->node_id, ENR_ID_BYTES);
    memcpy(c->record, enr->bytes, enr->len);
    s->counters.cached = s->count;
}

static void drop_stale(struct px_server *s, const struct env *env)
{
    for (size_t i = 0; i < s->count;)
        if (env->now.ns - s->cache[i].seen.ns > PX_FRESH_MS * NS_PER_MS)
            s->cache[i] = s->cache[--s->count];
        else
            i++;
    s->counters.cached = s->count;
}

/* The first `n` of a shuffle. */
static void sample(struct px_server *s, const struct env *env, size_t n, struct px_answer *out)
{
    for (size_t i = 0; i < n; i++) {
        size_t j = i + (size_t)rng_below(env->rng, s->count - i);
        struct cached swap = s->cache[i];
        s->cache[i] = s->cache[j];
        s->cache[j] = swap;
        out->records[out->count++] = span_of(s->cache[i].record, s->cache[i].len);
    }
}

enum err px_server_answer(struct px_server *s, const struct env *env, struct span request,
                          struct buf *out)
{
    struct px_answer answer = {.status = PX_STATUS_OK};
    uint64_t wanted;

    s->counters.requests++;
    if (px_request_decode(request, &wanted) != OK) {
        s->counters.malformed++;
        answer.status = PX_STATUS_BAD_REQUEST;
        answer.description = SPAN_LIT("malformed request");
        return px_answer_encode(&answer, out);
    }
    drop_stale(s, env);
    if (wanted > PX_ANSWER_MAX)
        wanted = PX_ANSWER_MAX;
    sample(s, env, wanted < s->count ? (size_t)wanted : s->count, &answer);
    s->counters.sent += answer.count;
    return px_answer_encode(&answer, out);
}

const struct px_counters *px_server_counters(const struct px_server *s)
{
    return &s->counters;
}
