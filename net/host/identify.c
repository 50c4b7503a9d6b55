/* Identify and identify/push: the engine of net/identify over streams. What a peer says lands in
 * struct host_peer; its signed record goes to gossipsub for peer exchange. */
#include "net/identify/identify.h"

#include "crypto/keyring/keyring.h"
#include "net/host/adapter.h"

#include <stdlib.h>

struct identify_adapter {
    struct identify *engine;
    const char **protocols; /* served; NULL-terminated; the strings are static */
};

/* ---- our own side ---- */

enum err identify_adapter_sign(struct host *h, const struct env *env,
                               const struct envelope_kind *kind, struct buf *out)
{
    const struct keyring_host *key = h->params.key;
    struct keyring_signature signature;
    struct buf record = BUF_INIT(IDENTIFY_MESSAGE_MAX), to_sign = BUF_INIT(IDENTIFY_MESSAGE_MAX);
    struct peer_id self;

    peer_id_from_key(keyring_host_public(key), &self);
    enum err err = envelope_record(kind, &self, (uint64_t)env->wall.ns, h->params.listen,
                                   h->params.listen_count, &record);
    if (err == OK)
        err = envelope_to_sign_as(kind, buf_span(&record), &to_sign);
    if (err == OK)
        err = keyring_host_sign(key, buf_span(&to_sign), &signature);
    if (err == OK)
        err = envelope_encode_as(kind, keyring_host_public(key), buf_span(&record),
                                 span_of(signature.bytes, signature.len), out);
    buf_clear(&record);
    buf_clear(&to_sign);
    return err;
}

static enum err describe(struct host *h, const struct env *env)
{
    struct buf record = BUF_INIT(IDENTIFY_MESSAGE_MAX);
    enum err err = identify_adapter_sign(h, env, &envelope_peer_record, &record);
    struct identify_self self = {
        .protocol_version = SPAN_LIT("ipfs/0.1.0"),
        .agent_version = span_str(h->params.agent_version),
        .public_key = keyring_host_public(h->params.key),
        .addrs = h->params.listen,
        .addr_count = h->params.listen_count,
        .protocols = h->identify->protocols,
        .signed_record = buf_span(&record),
    };

    if (err == OK)
        err = identify_describe(h->identify->engine, &self);
    buf_clear(&record);
    return err;
}

static void say(struct host *h, struct host_stream *s)
{
    struct buf message = BUF_INIT(IDENTIFY_MESSAGE_MAX + 16);
    enum err err = identify_message(h->identify->engine, s->peer, &message);
    struct blob *b = err == OK ? blob_new(buf_span(&message)) : NULL;

    if (b == NULL || h->streams.write(h->streams.impl, s->id, SPAN_EMPTY, &b, 1) != OK)
        host_reset(h, s);
    else
        host_close_write(h, s);
    blob_unref(b);
    buf_clear(&message);
}

/* ---- streams ---- */

static enum identify_stream kind_of(const struct host_stream *s)
{
    return s->adapter == &adapter_identify ? IDENTIFY_ANSWER : IDENTIFY_PUSHED;
}

/* A stream on which the peer speaks: our question, or its push. */
static bool is_read(const struct host_stream *s)
{
    return s->outbound == (s->adapter == &adapter_identify);
}

static void listen(struct host *h, const struct env *env, struct host_stream *s)
{
    struct host_peer *p = host_peer_mutable(h, s->peer);

    if (p == NULL || identify_begin(h->identify->engine, env, s->peer, kind_of(s)) != OK) {
        host_reset(h, s);
        return;
    }
    p->identify_streams[kind_of(s)] = s->id;
    host_close_write(h, s);
}

static void opened(struct host *h, const struct env *env, struct host_stream *s)
{
    if (is_read(s))
        listen(h, env, s);
    else
        say(h, s);
}

static void bytes(struct host *h, const struct env *env, struct host_stream *s, struct span in)
{
    (void)env;
    if (is_read(s) && identify_feed(h->identify->engine, s->peer, kind_of(s), in) != OK)
        host_reset(h, s);
}

static void end(struct host *h, const struct env *env, struct host_stream *s)
{
    (void)env;
    if (is_read(s))
        identify_end(h->identify->engine, s->peer, kind_of(s));
}

static void broken(struct host *h, const struct env *env, struct host_stream *s, enum err why)
{
    (void)env;
    if (is_read(s))
        identify_fail(h->identify->engine, s->peer, kind_of(s), why);
}

static void ended(struct host *h, struct host_stream *s)
{
    struct host_peer *p = host_peer_mutable(h, s->peer);

    if (p != NULL && s->id != 0 && p->identify_streams[kind_of(s)] == s->id)
        p->identify_streams[kind_of(s)] = 0;
}

/* It was told, or failed; when the peer has not ended the stream, it never will. */
static void silence(struct host *h, const struct identify_out *out)
{
    const struct host_peer *p = host_peer(h, out->peer);
    struct host_stream *s = p == NULL ? NULL : host_stream(h, p->identify_streams[out->stream]);

    if (s != NULL)
        host_reset(h, s);
}

/* ---- what a peer says ---- */

static void take_protocols(struct host_peer *p, const struct identify_info *info)
{
    size_t n = info->protocol_count, bytes = 0;

    for (size_t i = 0; i < n; i++)
        bytes += info->protocols[i].len + 1;
    char **list = calloc(1, n * sizeof *list + bytes); /* the names lie behind it */
    if (list == NULL)
        return;
    char *at = (char *)(list + n);
    for (size_t i = 0; i < n; i++) {
        list[i] = at;
        if (info->protocols[i].len > 0)
            memcpy(at, info->protocols[i].ptr, info->protocols[i].len);
        at += info->protocols[i].len + 1;
    }
    free(p->protocols);
    p->protocols = list;
    p->protocols_count = n;
}

/* What it says of itself over its own connection needs no signature. */
static void take_listens(struct host_peer *p, const struct identify_info *info)
{
    struct multiaddr list[HOST_LISTENS_MAX];
    size_t n = 0;

    for (size_t i = 0; i < info->addr_count && n < HOST_LISTENS_MAX; i++)
        n += multiaddr_from_bytes(info->addrs[i], &list[n]) == OK;
    free(p->listens);
    p->listens = n == 0 ? NULL : malloc(n * sizeof *list);
    p->listens_count = p->listens == NULL ? 0 : n;
    if (p->listens != NULL)
        memcpy(p->listens, list, n * sizeof *list);
}

size_t host_take_listens(struct host *h, uint64_t peer, struct multiaddr **out)
{
    struct host_peer *p = host_peer_mutable(h, peer);
    size_t n = p == NULL ? 0 : p->listens_count;

    *out = n == 0 ? NULL : p->listens;
    if (n > 0)
        p->listens = NULL;
    if (p != NULL)
        p->listens_count = 0;
    return n;
}

static void take_info(struct host *h, const struct env *env, const struct identify_out *out)
{
    struct host_peer *p = host_peer_mutable(h, out->peer);
    const struct identify_info *info = out->info;
    size_t agent = info->agent_version.len;

    if (p == NULL)
        return;
    if (agent >= sizeof p->agent)
        agent = sizeof p->agent - 1;
    if (agent > 0) {
        memcpy(p->agent, info->agent_version.ptr, agent);
        p->agent[agent] = '\0';
    }
    if (info->protocol_count > 0)
        take_protocols(p, info);
    take_listens(p, info);
    if (info->has_record && h->gossip != NULL)
        gossipsub_peer_record(host_gossipsub(h), out->peer, info->signed_record);
    p->identified = true;
    host_identified(h, env, p, info);
    host_peer_learned(h, env, p);
}

static void ask(struct host *h, const struct env *env, const struct identify_out *out)
{
    const struct adapter *a =
        out->kind == IDENTIFY_OUT_ASK ? &adapter_identify : &adapter_identify_push;
    uint64_t peer = out->peer, stream;
    bool asking = out->kind == IDENTIFY_OUT_ASK;
    enum err err = host_open(h, env, a, peer, a->protocols, NULL, &stream);

    if (err != OK && asking)
        identify_fail(h->identify->engine, peer, IDENTIFY_ANSWER, err);
}

static bool pump(struct host *h, const struct env *env)
{
    struct identify_out out;
    bool moved = false;

    while (identify_poll(h->identify->engine, &out)) {
        moved = true;
        switch (out.kind) {
        case IDENTIFY_OUT_ASK:
        case IDENTIFY_OUT_PUSH:
            ask(h, env, &out);
            break;
        case IDENTIFY_OUT_INFO:
            take_info(h, env, &out);
            silence(h, &out);
            break;
        case IDENTIFY_OUT_FAILED:
            silence(h, &out);
            log_debug(env, "identify", "failed peer=%llu err=%s", (unsigned long long)out.peer,
                      err_name(out.err));
            break;
        }
    }
    return moved;
}

static void peer_up(struct host *h, const struct env *env, const struct host_peer *p)
{
    enum err err = identify_peer_up(h->identify->engine, p->peer, &p->id, &p->remote);

    if (err != OK)
        log_unusual(env, "identify", "not asked err=%s", err_name(err));
}

static void peer_down(struct host *h, const struct env *env, const struct host_peer *p)
{
    (void)env;
    identify_peer_down(h->identify->engine, p->peer);
}

static void tick(struct host *h, const struct env *env)
{
    identify_tick(h->identify->engine, env);
}

static struct mono deadline(const struct host *h)
{
    return identify_deadline(h->identify->engine);
}

static const char *const ask_protocols[] = {IDENTIFY_PROTOCOL, NULL};
static const char *const push_protocols[] = {IDENTIFY_PUSH_PROTOCOL, NULL};

const struct adapter adapter_identify = {
    .protocols = ask_protocols,
    .limited_ok = true,
    .peer_up = peer_up,
    .peer_down = peer_down,
    .opened = opened,
    .incoming = opened,
    .bytes = bytes,
    .end = end,
    .broken = broken,
    .ended = ended,
    .pump = pump,
    .tick = tick,
    .deadline = deadline,
};

const struct adapter adapter_identify_push = {
    .protocols = push_protocols,
    .limited_ok = true,
    .opened = opened,
    .incoming = opened,
    .bytes = bytes,
    .end = end,
    .broken = broken,
    .ended = ended,
};

/* ---- life ---- */

enum err identify_adapter_describe(struct host *h, const struct env *env,
                                   const char *const *protocols)
{
    size_t n = 0;

    while (protocols[n] != NULL)
        n++;
    free(h->identify->protocols);
    h->identify->protocols = calloc(n + 1, sizeof *h->identify->protocols);
    if (h->identify->protocols == NULL)
        return ERR_MEMORY;
    memcpy(h->identify->protocols, protocols, n * sizeof *protocols);
    return describe(h, env);
}

enum err host_set_listen(struct host *h, const struct env *env, const struct multiaddr *listen,
                         size_t count)
{
    const struct multiaddr *before = h->params.listen;
    size_t before_count = h->params.listen_count;

    host_stir(h);
    h->params.listen = listen;
    h->params.listen_count = count;
    enum err err = describe(h, env);
    if (err != OK) {
        h->params.listen = before;
        h->params.listen_count = before_count;
    }
    return err;
}

enum err identify_adapter_new(struct host *h, const struct env *env)
{
    h->identify = calloc(1, sizeof *h->identify);
    if (h->identify == NULL)
        return ERR_MEMORY;
    h->identify->engine = identify_new(env);
    return h->identify->engine == NULL ? ERR_MEMORY : OK;
}

void identify_adapter_free(struct host *h)
{
    if (h->identify == NULL)
        return;
    identify_free(h->identify->engine);
    free(h->identify->protocols);
    free(h->identify);
    h->identify = NULL;
}
