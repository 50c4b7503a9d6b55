#include "crypto/base/siphash.h"
#include "net/gossipsub/gossipsub.h"
#include "net/services/filter.h"
#include "net/services/lightpush.h"
#include "net/services/store_query.h"
#include "net/waku/waku.h"
#include "sim/attack/tap_inside.h"

#include <stdlib.h>

#define TAP_MESSAGE_BYTES_MAX (4u << 20)

static const uint8_t mark[8] = {0xf1, 0x2a, 0x77, 0x0c, 0x93, 0xe5, 0x41, 0xb8};

void tap_mark(uint32_t number, uint8_t out[TAP_MARK_BYTES])
{
    memcpy(out, mark, sizeof mark);
    for (size_t i = 0; i < 4; i++)
        out[8 + i] = (uint8_t)(number >> (8 * i));
}

bool tap_mark_read(struct span payload, uint32_t *number)
{
    const uint8_t *p = payload.ptr;

    if (payload.len < TAP_MARK_BYTES || memcmp(p, mark, sizeof mark) != 0)
        return false;
    *number = (uint32_t)p[8] | (uint32_t)p[9] << 8 | (uint32_t)p[10] << 16 | (uint32_t)p[11] << 24;
    return true;
}

uint64_t tap_topic(struct span content_topic)
{
    static const uint8_t key[16] = "content topic";

    return siphash(key, content_topic);
}

void tap_copy_of(struct tap *t, struct sim *s, const struct sim_bytes *b, struct span message,
                 struct tap_copy *c, bool out)
{
    struct waku_message m;
    struct sim_link link;
    uint32_t number;

    if (waku_message_decode(message, &m) != OK || !tap_mark_read(m.payload, &number))
        return;
    sim_link_of(s, b->src, b->dst, &link);
    c->at_ns = sim_now(s);
    c->spy = out ? b->src : b->dst;
    c->from = out ? b->dst : b->src;
    c->message = number;
    c->topic = tap_topic(m.content_topic);
    c->bytes = message.len;
    c->delay_ns = link.delay_ns;
    for (size_t i = 0; i < t->setup.attacks_count; i++) {
        const struct attack *a = t->setup.attacks[i];
        void (*tell)(void *, const struct tap_copy *) = out ? a->sent : a->copy;
        if (tell != NULL)
            tell(t->states[i], c);
    }
}

void tap_read_by_insider(struct tap *t, const struct tap_read *r)
{
    for (size_t i = 0; i < t->setup.attacks_count; i++)
        if (t->setup.attacks[i]->read != NULL)
            t->setup.attacks[i]->read(t->states[i], r);
}

/* ---- streams ---- */

static bool is_relay(const char *protocol)
{
    for (size_t i = 0; gossipsub_protocols[i] != NULL; i++)
        if (strcmp(protocol, gossipsub_protocols[i]) == 0)
            return true;
    return false;
}

static bool is_service(const char *protocol)
{
    return strcmp(protocol, STORE_QUERY_PROTOCOL) == 0 ||
           strcmp(protocol, FILTER_SUBSCRIBE_PROTOCOL) == 0 ||
           strcmp(protocol, lightpush_codecs[LIGHTPUSH_V3].id) == 0 ||
           strcmp(protocol, lightpush_codecs[LIGHTPUSH_V2].id) == 0;
}

/* Key of one direction of a stream. */
struct direction {
    uint64_t stream;
    uint32_t src, dst;
};

static struct frames *frames_of(struct tap *t, const struct direction *d)
{
    struct frames *f = map_get(&t->streams, span_of(d, sizeof *d));

    if (f != NULL)
        return f;
    f = calloc(1, sizeof *f);
    if (f == NULL || map_put(&t->streams, span_of(d, sizeof *d), f) != OK)
        abort();
    frames_init(f, TAP_MESSAGE_BYTES_MAX);
    return f;
}

static void forget(struct tap *t, const struct direction *d)
{
    struct frames *f = map_take(&t->streams, span_of(d, sizeof *d));

    frames_clear(f);
    free(f);
}

static void bytes(void *ctx, struct sim *s, const struct sim_bytes *b)
{
    struct tap *t = ctx;
    bool spied = t->setup.known.own[b->dst] || t->setup.known.own[b->src];
    struct direction d = {(uint64_t)(uintptr_t)b->stream, b->src, b->dst};
    struct span in = b->bytes, message;

    if (b->protocol == NULL || (!spied && !t->setup.services[b->dst]))
        return;
    bool relay = spied && is_relay(b->protocol);
    if (!relay && !is_service(b->protocol))
        return;
    struct frames *f = frames_of(t, &d);
    while (frames_next(f, &in, &message) == OK)
        relay ? tap_relay(t, s, b, message) : tap_service(t, s, b, message);
    if (frames_pending(f) == 0)
        forget(t, &d);
}

static void segment(void *ctx, struct sim *s, uint32_t src, uint32_t dst, int64_t at_ns, size_t len)
{
    struct tap *t = ctx;
    struct tap_segment g = {.at_ns = at_ns, .from = src, .to = dst, .bytes = len};

    (void)s;
    if (!t->setup.links)
        return;
    for (size_t i = 0; i < t->setup.attacks_count; i++)
        if (t->setup.attacks[i]->segment != NULL)
            t->setup.attacks[i]->segment(t->states[i], &g);
}

struct sim_watcher tap_watcher(struct tap *t)
{
    return (struct sim_watcher){.ctx = t, .bytes = bytes, .segment = segment};
}

/* ---- life ---- */

enum err tap_new(struct tap **out, const struct tap_setup *setup)
{
    static const uint8_t seed[16];
    struct tap *t = calloc(1, sizeof *t);

    if (t == NULL)
        return ERR_MEMORY;
    t->setup = *setup;
    map_init(&t->streams, seed, SIZE_MAX);
    map_init(&t->meshes, seed, SIZE_MAX);
    map_init(&t->wanted, seed, SIZE_MAX);
    *out = t;
    for (size_t i = 0; i < setup->attacks_count; i++) {
        t->states[i] = setup->attacks[i]->start(&setup->known);
        if (t->states[i] == NULL)
            return ERR_MEMORY;
    }
    return OK;
}

void tap_free(struct tap *t)
{
    size_t cursor = 0;
    struct frames *f;
    void *mesh;

    if (t == NULL)
        return;
    for (size_t i = 0; i < t->setup.attacks_count; i++)
        if (t->states[i] != NULL)
            t->setup.attacks[i]->end(t->states[i]);
    while ((f = map_next(&t->streams, &cursor, NULL)) != NULL) {
        frames_clear(f);
        free(f);
    }
    for (cursor = 0; (mesh = map_next(&t->meshes, &cursor, NULL)) != NULL;)
        free(mesh);
    map_clear(&t->streams);
    map_clear(&t->meshes);
    map_clear(&t->wanted);
    free(t);
}

void tap_conclude(struct tap *t, size_t i, struct score *score)
{
    t->setup.attacks[i]->conclude(t->states[i], score);
}
