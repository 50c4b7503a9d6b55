/* Metadata 1.0.0: asked of every peer after it connected; a peer of another cluster is dropped. */
#include "net/host/exchange.h"
#include "net/waku/waku.h"

#include <stdlib.h>

static enum err serve(struct host *h, const struct env *env, struct host_stream *s,
                      struct span request)
{
    return metadata_request(h->metadata, env, s->peer, s->id, request);
}

static const struct exchange exchange = {
    .request_max = METADATA_BYTES_MAX, .answer_max = METADATA_BYTES_MAX, .serve = serve};

static void incoming(struct host *h, const struct env *env, struct host_stream *s)
{
    exchange_incoming(h, env, s, &exchange);
}

/* `ctx` is the peer's number, as a pointer's bits: the peer may be gone when the answer comes. */
static void answered(struct host *h, const struct env *env, void *ctx, enum err err,
                     struct span answer)
{
    uint64_t peer = (uint64_t)(uintptr_t)ctx;

    if (err == OK)
        err = metadata_answer(h->metadata, env, peer, answer);
    if (err != OK)
        metadata_gone(h->metadata, peer, err);
}

static void ask(struct host *h, const struct env *env, const struct metadata_out *out)
{
    uint64_t peer = out->peer;
    enum err err = exchange_ask(h, env, &adapter_metadata, &exchange, peer, out->bytes, answered,
                                (void *)(uintptr_t)peer);

    if (err != OK)
        metadata_gone(h->metadata, peer, err);
}

static void known(struct host *h, const struct env *env, const struct metadata_out *out)
{
    struct host_peer *p = host_peer_mutable(h, out->peer);

    if (p == NULL)
        return;
    if (out->foreign && !h->params.any_cluster) {
        log_info(env, "metadata", "other cluster peer=%llu cluster=%u",
                 (unsigned long long)out->peer, out->said->cluster);
        h->streams.disconnect(h->streams.impl, env, out->peer, ERR_REFUSED);
        return;
    }
    uint16_t *shards = malloc((out->said->count + 1) * sizeof *shards);
    if (shards == NULL)
        return;
    memcpy(shards, out->said->shards, out->said->count * sizeof *shards);
    free(p->shards);
    p->shards = shards;
    p->shards_count = out->said->count;
    p->cluster = (uint16_t)out->said->cluster;
    p->metadata_known = true;
    host_peer_learned(h, env, p);
}

static void failed(struct host *h, const struct env *env, const struct metadata_out *out)
{
    struct host_peer *p = host_peer_mutable(h, out->peer);

    log_debug(env, "metadata", "no answer peer=%llu err=%s", (unsigned long long)out->peer,
              err_name(out->err));
    if (p == NULL)
        return;
    p->metadata_failed = true;
    host_peer_learned(h, env, p);
}

static bool pump(struct host *h, const struct env *env)
{
    struct metadata_out out;
    bool moved = false;

    while (metadata_poll(h->metadata, &out)) {
        moved = true;
        switch (out.kind) {
        case METADATA_REQUEST:
            ask(h, env, &out);
            break;
        case METADATA_ANSWER:
            exchange_answer(h, env, out.stream, out.bytes);
            break;
        case METADATA_KNOWN:
            known(h, env, &out);
            break;
        case METADATA_FAILED:
            failed(h, env, &out);
            break;
        }
    }
    return moved;
}

static void peer_up(struct host *h, const struct env *env, const struct host_peer *p)
{
    if (metadata_ask(h->metadata, env, p->peer) != OK)
        log_unusual(env, "metadata", "too many questions under way");
}

static void peer_down(struct host *h, const struct env *env, const struct host_peer *p)
{
    (void)env;
    metadata_gone(h->metadata, p->peer, ERR_CLOSED);
}

static void tick(struct host *h, const struct env *env)
{
    metadata_tick(h->metadata, env);
}

static struct mono deadline(const struct host *h)
{
    return metadata_deadline(h->metadata);
}

static const char *const protocols[] = {WAKU_METADATA_PROTOCOL, NULL};

const struct adapter adapter_metadata = {
    .protocols = protocols,
    .limited_ok = true,
    .peer_up = peer_up,
    .peer_down = peer_down,
    .opened = exchange_opened,
    .incoming = incoming,
    .bytes = exchange_bytes,
    .end = exchange_end,
    .broken = exchange_broken,
    .ended = exchange_ended,
    .pump = pump,
    .tick = tick,
    .deadline = deadline,
};

void host_set_shards(struct host *h, const uint16_t *shards, size_t count)
{
    struct waku_metadata own = {.has_cluster = true, .cluster = h->params.cluster};

    host_stir(h);
    own.count = count < WAKU_SHARDS_MAX ? count : WAKU_SHARDS_MAX;
    memcpy(own.shards, shards, own.count * sizeof *shards);
    metadata_set_own(h->metadata, &own);
}

enum err metadata_adapter_new(struct host *h, const struct env *env)
{
    struct waku_metadata own = {.has_cluster = true, .cluster = h->params.cluster};
    (void)env;

    h->metadata = metadata_new(&own);
    return h->metadata == NULL ? ERR_MEMORY : OK;
}

void metadata_adapter_free(struct host *h)
{
    metadata_free(h->metadata);
    h->metadata = NULL;
}
