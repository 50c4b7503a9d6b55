#include "net/host/rates.h"

#include <stdlib.h>

/* protocol ids as the label of the metrics; names as --rate-limit has them */
static const struct row {
    const char *protocol, *name;
    bool per_peer_only;
    struct rate_setting normally;
} rows[RATE_SERVICES] = {
    [RATE_STORE] = {"/vac/waku/store-query/3.0.0", "storev3", false, {0, 0}},
    [RATE_LIGHTPUSH] = {"/vac/waku/lightpush/3.0.0", "lightpush", false, {0, 0}},
    [RATE_LIGHTPUSH_V2] = {"/vac/waku/lightpush/2.0.0-beta1", "lightpush", false, {0, 0}},
    [RATE_PEER_EXCHANGE] = {"/vac/waku/peer-exchange/2.0.0-alpha1", "px", false, {0, 0}},
    [RATE_FILTER] = {"/vac/waku/filter-subscribe/2.0.0-beta1",
                     "filter",
                     true,
                     {30, 60 * NS_PER_S}}, /* nwaku: 30 a minute: subscribing, then a ping */
    [RATE_RENDEZVOUS] = {"/rendezvous/1.0.0",
                         "rendezvous",
                         true,
                         {240, 60 * NS_PER_S}}, /* a record costs a signature's check; own choice */
};

struct peer_bucket {
    struct peer_id id;
    struct rate_bucket bucket;
};

struct limiter {
    struct rate_setting all, peer; /* peer.volume 0: no limit */
    struct rate_bucket bucket;     /* of all peers */
    struct map peers;              /* struct peer_bucket, the oldest first */
    struct host_rate counts;
};

struct rates {
    struct limiter of[RATE_SERVICES];
};

/* ---- settings ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static const char *skip(const char *s)
{
    while (is_blank(*s))
        s++;
    return s;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Is the word in front of `s`, in any case? Moves behind it. */
static bool word(const char **s, const char *wanted)
{
    size_t i = 0;

    while (wanted[i] != '\0' && lower((*s)[i]) == wanted[i])
        i++;
    if (wanted[i] != '\0')
        return false;
    *s = skip(*s + i);
    return true;
}

static bool number(const char **s, uint32_t *out)
{
    const char *begin = *s;
    uint64_t v = 0;

    for (; **s >= '0' && **s <= '9'; ++*s) {
        v = 10 * v + (uint64_t)(**s - '0');
        if (v > RATE_NUMBER_MAX)
            return false;
    }
    *out = (uint32_t)v;
    bool some = *s > begin;
    *s = skip(*s);
    return some;
}

static bool unit(const char **s, int64_t *ns)
{
    static const struct {
        const char *name;
        int64_t ns;
    } units[] = {{"ms", NS_PER_MS}, {"s", NS_PER_S}, {"m", 60 * NS_PER_S}, {"h", 3600 * NS_PER_S}};

    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (word(s, units[i].name)) {
            *ns = units[i].ns;
            return **s == '\0';
        }
    return false;
}

static const char *const names[] = {"storev3", "storev2",   "store",
                                    "filter",  "lightpush", "px"}; /* longest of a kind first */

/* "" for all; NULL: malformed */
static const char *parse(const char *s, struct rate_setting *out)
{
    const char *name = "";
    uint32_t periods;
    int64_t ns;

    s = skip(s);
    for (size_t i = 0; i < sizeof names / sizeof *names && *name == '\0'; i++)
        if (word(&s, names[i]))
            name = names[i];
    if ((*name != '\0' && !word(&s, ":")) || !number(&s, &out->volume) || !word(&s, "/") ||
        !number(&s, &periods) || !unit(&s, &ns))
        return NULL;
    out->period_ns = periods * ns;
    if (out->period_ns == 0)
        out->volume = 0;
    return name;
}

/* Named settings stand over "store", that over one for all: how exact each is, is kept. */
enum err rate_settings_parse(const char *const *texts, size_t count,
                             struct rate_setting out[RATE_SERVICES])
{
    int exact[RATE_SERVICES] = {0};

    for (int i = 0; i < RATE_SERVICES; i++) {
        out[i] = rows[i].normally;
        exact[i] = rows[i].normally.volume > 0; /* no setting for all replaces filter's own */
    }
    for (size_t t = 0; t < count; t++) {
        struct rate_setting s;
        const char *name = parse(texts[t], &s);
        if (name == NULL)
            return ERR_ARGUMENT;
        for (int i = RATE_NONE + 1; i < RATE_SERVICES; i++) {
            int fits = *name == '\0'                                   ? 0
                       : strcmp(name, rows[i].name) == 0               ? 2
                       : i == RATE_STORE && strcmp(name, "store") == 0 ? 1
                                                                       : -1;
            if (fits < exact[i])
                continue;
            exact[i] = fits;
            out[i] = s;
        }
    }
    return OK;
}

enum err host_check_rate_limit(const char *text)
{
    struct rate_setting ignored[RATE_SERVICES];

    return rate_settings_parse(&text, 1, ignored);
}

/* ---- buckets ---- */

bool rate_bucket_take(struct rate_bucket *b, struct rate_setting s, struct mono now)
{
    if (b->left < s.volume && now.ns - b->full_at.ns >= s.period_ns)
        b->left = s.volume;
    if (b->left >= s.volume)
        b->full_at = now;
    if (b->left == 0)
        return false;
    b->left--;
    return true;
}

/* nwaku request_limiter.nim: 3/4 of the service's rate, over 10, 3 or 2 of its periods */
static struct rate_setting share_of(struct rate_setting all)
{
    uint32_t ratio = all.period_ns <= NS_PER_S ? 10 : all.period_ns <= 60 * NS_PER_S ? 3 : 2;
    uint64_t volume = (uint64_t)all.volume * ratio * 3 / 4;

    return (struct rate_setting){volume > UINT32_MAX ? UINT32_MAX : (uint32_t)volume,
                                 all.period_ns * ratio};
}

static bool would_be_full(const struct limiter *l, const struct env *env,
                          const struct peer_bucket *p)
{
    return env->now.ns - p->bucket.full_at.ns >= l->peer.period_ns;
}

/* They are in the order in which they were last full, so those that would be again are in front. */
static void forget_full(struct limiter *l, const struct env *env)
{
    size_t cursor = 0;
    struct peer_bucket *p;

    while ((p = map_next(&l->peers, &cursor, NULL)) != NULL) {
        if (!would_be_full(l, env, p) && map_count(&l->peers) < RATE_PEERS_MAX)
            return;
        free(map_take(&l->peers, peer_id_span(&p->id)));
    }
}

static struct rate_bucket *bucket_of(struct limiter *l, const struct env *env,
                                     const struct peer_id *id)
{
    struct peer_bucket *p = map_get(&l->peers, peer_id_span(id));

    if (p != NULL && !would_be_full(l, env, p))
        return &p->bucket;
    forget_full(l, env);
    p = calloc(1, sizeof *p);
    if (p == NULL)
        return NULL;
    *p = (struct peer_bucket){*id, {l->peer.volume, env->now}};
    if (map_put(&l->peers, peer_id_span(id), p) != OK) {
        free(p);
        return NULL;
    }
    return &p->bucket;
}

static bool take(struct limiter *l, const struct env *env, const struct peer_id *id)
{
    if (l->peer.volume == 0)
        return true;
    struct rate_bucket *b = bucket_of(l, env, id);
    if (b == NULL || !rate_bucket_take(b, l->peer, env->now))
        return false;
    return l->all.volume == 0 || rate_bucket_take(&l->bucket, l->all, env->now);
}

bool rates_allow(struct host *h, const struct env *env, enum rate_service service, uint64_t peer)
{
    const struct host_peer *p = host_peer(h, peer);

    if (service == RATE_NONE || p == NULL)
        return true;
    struct limiter *l = &h->rates->of[service];
    bool allowed = take(l, env, &p->id);
    l->counts.served += allowed;
    l->counts.rejected += !allowed;
    return allowed;
}

void rates_count(struct host *h, enum rate_service service, bool in, size_t bytes)
{
    struct host_rate *c = &h->rates->of[service].counts;

    *(in ? &c->bytes_in : &c->bytes_out) += bytes;
}

const struct host_rate *host_rate(const struct host *h, size_t i)
{
    return i + 1 < RATE_SERVICES ? &h->rates->of[i + 1].counts : NULL;
}

/* ---- life ---- */

enum err rates_new(struct host *h, const struct env *env)
{
    struct rate_setting settings[RATE_SERVICES];
    uint8_t seed[16];

    TRY(rate_settings_parse(h->params.rate_limits, h->params.rate_limits_count, settings));
    h->rates = calloc(1, sizeof *h->rates);
    if (h->rates == NULL)
        return ERR_MEMORY;
    rng_fill(env->rng, seed, sizeof seed);
    for (int i = 0; i < RATE_SERVICES; i++) {
        struct limiter *l = &h->rates->of[i];
        struct rate_setting s = settings[i];
        l->peer = rows[i].per_peer_only || s.volume == 0 ? s : share_of(s);
        l->all = rows[i].per_peer_only ? (struct rate_setting){0} : s;
        l->bucket = (struct rate_bucket){l->all.volume, env->now};
        l->counts.protocol = rows[i].protocol;
        l->counts.limit_per_s = s.volume == 0 ? 0 : s.volume / ((double)s.period_ns / NS_PER_S);
        map_init(&l->peers, seed, RATE_PEERS_MAX);
    }
    return OK;
}

void rates_free(struct host *h)
{
    if (h->rates == NULL)
        return;
    for (int i = 0; i < RATE_SERVICES; i++) {
        size_t cursor = 0;
        struct peer_bucket *p;
        while ((p = map_next(&h->rates->of[i].peers, &cursor, NULL)) != NULL)
            free(p);
        map_clear(&h->rates->of[i].peers);
    }
    free(h->rates);
    h->rates = NULL;
}
