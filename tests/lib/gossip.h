/* Scripts for the gossipsub engine in virtual time: peers 1, 2, 3 ... are played by the test, which
 * writes their RPCs by hand and reads what the engine would send them. */
#pragma once

#include "net/gossipsub/control.h"
#include "net/gossipsub/rpc.h"
#include "net/gossipsub/state.h"
#include "net/wire/varint.h"
#include "tests/lib/testing.h"

#include "crypto/prim/sha2.h"

#include <stdio.h>

#define TOPIC         SPAN_LIT("/waku/2/rs/66/0")
#define OTHER_TOPIC   SPAN_LIT("/waku/2/rs/66/1")
#define HEARD_IDS_MAX 8192u

struct script {
    struct test_env t;
    struct env *env;
    struct gossipsub *g;
    struct gossipsub_out last_message; /* the OUT_MESSAGE polled last; spans are dead by then */
    uint8_t last_id[GOSSIPSUB_ID_BYTES];
    uint32_t messages, connects, disconnects; /* outputs polled so far */
    struct peer_id connect_id;
    size_t connect_record_len;
    enum gossipsub_verdict verdict; /* given at once, unless manual */
    bool manual;
    uint64_t ticket; /* of the last message when manual */
};

/* what one peer was sent */
struct heard {
    uint32_t rpcs, subscribe, unsubscribe, messages, graft, prune, ihave, iwant, idontwant;
    uint32_t ihave_ids, iwant_ids, idontwant_ids, px;
    uint32_t px_records;
    uint64_t prune_backoff_s;
    uint8_t last_iwant[GOSSIPSUB_ID_BYTES];
    uint8_t last_data[64];
    size_t last_data_len, bytes;
    uint32_t largest_part_count;
    bool named; /* a message had a sender's field */
};

static inline void script_begin(struct script *s, const struct gossipsub_params *p)
{
    memset(s, 0, sizeof *s);
    test_env_init(&s->t, 42);
    s->env = &s->t.env;
    s->g = gossipsub_new(p, s->env);
    assert_non_null(s->g);
}

static inline struct gossipsub_params script_params(void)
{
    struct gossipsub_params p = gossipsub_params_default();
    return p;
}

static inline void script_end(struct script *s)
{
    gossipsub_free(s->g);
    test_env_clear(&s->t);
}

static inline struct peer_id script_id(uint64_t peer)
{
    struct peer_id id = {.len = 36, .bytes = {0x00, 0x22, 0x08, 0x02}};
    for (size_t i = 0; i < 8; i++)
        id.bytes[28 + i] = (uint8_t)(peer >> (8 * (7 - i)));
    return id;
}

/* Answer the outputs as a host would. */
static inline void script_pump(struct script *s)
{
    struct gossipsub_out out;
    while (gossipsub_poll(s->g, &out)) {
        switch (out.kind) {
        case GOSSIPSUB_OUT_MESSAGE:
            s->messages++;
            s->last_message = out;
            memcpy(s->last_id, out.id, sizeof s->last_id);
            s->ticket = out.ticket;
            if (!s->manual)
                gossipsub_verdict(s->g, s->env, out.ticket, s->verdict);
            break;
        case GOSSIPSUB_OUT_READY:
            break;
        case GOSSIPSUB_OUT_CONNECT:
            s->connects++;
            s->connect_id = *out.peer_id;
            s->connect_record_len = out.record.len;
            break;
        case GOSSIPSUB_OUT_DISCONNECT:
            s->disconnects++;
            break;
        }
    }
    arena_reset(s->env->scratch);
}

/* Let time pass, with every heartbeat in it. */
static inline void script_run(struct script *s, int64_t ns)
{
    int64_t end = s->env->now.ns + ns;
    while (gossipsub_deadline(s->g).ns <= end) {
        int64_t due = gossipsub_deadline(s->g).ns;
        if (due > s->env->now.ns)
            test_env_advance(&s->t, due - s->env->now.ns);
        gossipsub_tick(s->g, s->env);
        script_pump(s);
    }
    test_env_advance(&s->t, end - s->env->now.ns);
}

/* Until the next heartbeat has been. */
static inline void script_beat(struct script *s)
{
    script_run(s, gossipsub_deadline(s->g).ns - s->env->now.ns);
}

static inline void script_up_as(struct script *s, uint64_t peer, const char *protocol,
                                bool outbound)
{
    struct peer_id id = script_id(peer);
    uint8_t ip[4] = {10, (uint8_t)(peer >> 16), (uint8_t)(peer >> 8), (uint8_t)peer};
    assert_ok(gossipsub_peer_up(s->g, s->env, peer, &id, protocol, outbound, SPAN_ARRAY(ip)));
    script_pump(s);
}

static inline void script_rpc(struct script *s, uint64_t peer, const struct buf *rpc)
{
    assert_ok(gossipsub_rpc(s->g, s->env, peer, buf_span(rpc)));
    script_pump(s);
}

static inline void script_subscription(struct script *s, uint64_t peer, struct span topic, bool on)
{
    struct buf b = BUF_INIT(4096);
    struct writer w = writer_to(&b);
    size_t at = pb_begin(&w, RPC_SUBSCRIPTIONS);
    pb_put_bool(&w, SUBOPTS_SUBSCRIBE, on);
    pb_put_bytes(&w, SUBOPTS_TOPIC, topic);
    pb_end(&w, at);
    script_rpc(s, peer, &b);
    buf_clear(&b);
}

/* A peer of /meshsub/1.2.0, dialed by it, subscribed to TOPIC. */
static inline void script_up(struct script *s, uint64_t peer)
{
    script_up_as(s, peer, "/meshsub/1.2.0", false);
    script_subscription(s, peer, TOPIC, true);
}

static inline void script_up_range(struct script *s, uint64_t first, uint64_t last)
{
    for (uint64_t i = first; i <= last; i++)
        script_up(s, i);
}

static inline void script_up_outbound(struct script *s, uint64_t peer)
{
    script_up_as(s, peer, "/meshsub/1.2.0", true);
    script_subscription(s, peer, TOPIC, true);
}

static inline void script_message(struct script *s, uint64_t peer, struct span topic,
                                  struct span data)
{
    struct span at;
    struct blob *b = rpc_encode_message(topic, data, &at);
    assert_non_null(b);
    assert_ok(gossipsub_rpc(s->g, s->env, peer, blob_span(b)));
    blob_unref(b);
    script_pump(s);
}

static inline void script_say(struct script *s, uint64_t peer, const char *text)
{
    script_message(s, peer, TOPIC, span_str(text));
}

/* one entry of the control message */
static inline void script_control(struct script *s, uint64_t peer, uint32_t field,
                                  struct span entry)
{
    struct buf b = BUF_INIT(1u << 22);
    struct writer w = writer_to(&b);
    size_t at = pb_begin(&w, RPC_CONTROL);
    pb_put_bytes(&w, field, entry);
    pb_end(&w, at);
    script_rpc(s, peer, &b);
    buf_clear(&b);
}

static inline void script_graft(struct script *s, uint64_t peer, struct span topic)
{
    struct buf b = BUF_INIT(4096);
    struct writer w = writer_to(&b);
    pb_put_bytes(&w, GRAFT_TOPIC, topic);
    script_control(s, peer, CONTROL_FIELD_GRAFT, buf_span(&b));
    buf_clear(&b);
}

static inline void script_prune(struct script *s, uint64_t peer, uint64_t backoff_s, uint64_t px)
{
    struct buf b = BUF_INIT(65536);
    struct writer w = writer_to(&b);
    struct peer_id id = script_id(px);
    pb_put_bytes(&w, PRUNE_TOPIC, TOPIC);
    if (px != 0)
        control_write_px(&w, peer_id_span(&id), SPAN_LIT("a record"));
    if (backoff_s > 0)
        pb_put_u64(&w, PRUNE_BACKOFF, backoff_s);
    script_control(s, peer, CONTROL_FIELD_PRUNE, buf_span(&b));
    buf_clear(&b);
}

static inline void script_hash(const char *text, uint8_t id[GOSSIPSUB_ID_BYTES])
{
    sha256(span_str(text), id);
}

/* `count` ids of messages "text 0", "text 1" ...; of "text" itself when count is 0 */
static inline void script_ids(struct script *s, uint64_t peer, uint32_t field, const char *text,
                              uint32_t count)
{
    struct buf b = BUF_INIT(1u << 22);
    struct writer w = writer_to(&b);
    uint8_t id[GOSSIPSUB_ID_BYTES];
    char one[64];
    if (field == CONTROL_FIELD_IHAVE)
        pb_put_bytes(&w, IHAVE_TOPIC, TOPIC);
    for (uint32_t i = 0; i < (count == 0 ? 1 : count); i++) {
        snprintf(one, sizeof one, count == 0 ? "%s" : "%s %u", text, i);
        script_hash(one, id);
        pb_put_bytes(&w, field == CONTROL_FIELD_IHAVE ? IHAVE_ID : IDS_ID, SPAN_ARRAY(id));
    }
    script_control(s, peer, field, buf_span(&b));
    buf_clear(&b);
}

static inline void script_ihave(struct script *s, uint64_t peer, const char *text, uint32_t count)
{
    script_ids(s, peer, CONTROL_FIELD_IHAVE, text, count);
}
static inline void script_iwant(struct script *s, uint64_t peer, const char *text)
{
    script_ids(s, peer, CONTROL_FIELD_IWANT, text, 0);
}
static inline void script_idontwant(struct script *s, uint64_t peer, const char *text)
{
    script_ids(s, peer, CONTROL_FIELD_IDONTWANT, text, 0);
}

static inline void hear_ids(struct span body, uint32_t field, uint32_t *count, uint8_t *last)
{
    struct span id;
    for (struct pb p = pb_of(body); rpc_next(&p, field, &id); ++*count)
        if (last != NULL)
            memcpy(last, id.ptr, GOSSIPSUB_ID_BYTES);
}

static inline void hear_control(struct heard *h, const struct pb_field *f)
{
    struct rpc_prune prune;
    struct rpc_px px;
    switch (f->number) {
    case CONTROL_FIELD_IHAVE:
        h->ihave++;
        hear_ids(f->bytes, IHAVE_ID, &h->ihave_ids, NULL);
        break;
    case CONTROL_FIELD_IWANT:
        h->iwant++;
        hear_ids(f->bytes, IDS_ID, &h->iwant_ids, h->last_iwant);
        break;
    case CONTROL_FIELD_GRAFT:
        h->graft++;
        break;
    case CONTROL_FIELD_PRUNE:
        h->prune++;
        prune = rpc_prune(f->bytes);
        h->prune_backoff_s = prune.backoff_s;
        for (struct pb p = pb_of(f->bytes); rpc_next_px(&p, &px); h->px++)
            h->px_records += px.record.len > 0;
        break;
    case CONTROL_FIELD_IDONTWANT:
        h->idontwant++;
        hear_ids(f->bytes, IDS_ID, &h->idontwant_ids, NULL);
        break;
    }
}

static inline void hear_rpc(struct heard *h, struct span rpc)
{
    struct pb p = pb_of(rpc);
    uint32_t controls = 0;
    assert_ok(rpc_check(rpc));
    for (struct pb_field f; pb_next(&p, &f);) {
        if (f.number == RPC_SUBSCRIPTIONS) {
            struct rpc_subscription sub = rpc_subscription(f.bytes);
            h->subscribe += sub.subscribe;
            h->unsubscribe += !sub.subscribe;
        } else if (f.number == RPC_PUBLISH) {
            struct rpc_message m = rpc_message(f.bytes);
            h->messages++;
            h->named |= m.named;
            h->last_data_len = m.data.len < 64 ? m.data.len : 64;
            memcpy(h->last_data, m.data.ptr, h->last_data_len);
        } else if (f.number == RPC_CONTROL) {
            controls++;
            struct pb q = pb_of(f.bytes);
            for (struct pb_field c; pb_next(&q, &c);)
                hear_control(h, &c);
        }
    }
    assert_true(controls <= 1);
}

/* Read everything that waits for a peer whose stream has `room` bytes each time. */
static inline struct heard script_hear_room(struct script *s, uint64_t peer, size_t room)
{
    struct heard h = {0};
    struct gossipsub_rpc_out out;
    while (gossipsub_next_rpc(s->g, s->env, peer, room, &out)) {
        struct buf b = BUF_INIT(1u << 24);
        uint64_t len;
        size_t used;
        assert_ok(varint_decode(span_of(out.head, out.head_len), &len, &used));
        assert_int_equal(used, out.head_len);
        for (size_t i = 0; i < out.count; i++)
            assert_ok(buf_append(&b, blob_span(out.parts[i])));
        assert_int_equal(len, b.len);
        assert_int_equal(out.bytes, out.head_len + b.len);
        assert_true(out.bytes <= room);
        h.rpcs++;
        h.bytes += out.bytes;
        if (out.count > h.largest_part_count)
            h.largest_part_count = (uint32_t)out.count;
        hear_rpc(&h, buf_span(&b));
        buf_clear(&b);
    }
    return h;
}

static inline struct heard script_hear(struct script *s, uint64_t peer)
{
    return script_hear_room(s, peer, 1u << 20);
}

/* Forget what waits for peers first..last. */
static inline void script_hush(struct script *s, uint64_t first, uint64_t last)
{
    for (uint64_t i = first; i <= last; i++)
        (void)script_hear(s, i);
}

static inline uint32_t script_mesh(struct script *s)
{
    struct gossipsub_topic_view v;
    return gossipsub_topic_get(s->g, TOPIC, &v) ? v.mesh : 0;
}

static inline bool script_in_mesh(struct script *s, uint64_t peer)
{
    uint64_t p;
    for (size_t i = 0; gossipsub_topic_peer(s->g, TOPIC, true, i, &p); i++)
        if (p == peer)
            return true;
    return false;
}

static inline double script_score(struct script *s, uint64_t peer)
{
    struct gossipsub_peer_view v;
    assert_true(gossipsub_peer_get(s->g, peer, &v));
    return v.score;
}

static inline bool script_near(double a, double b)
{
    return a - b < 1e-9 && b - a < 1e-9;
}
#define assert_score(s, peer, wanted) assert_true(script_near(script_score((s), (peer)), (wanted)))

/* Join TOPIC with peers first..last in it, after the first heartbeats. */
static inline void script_join(struct script *s, uint64_t first, uint64_t last)
{
    assert_ok(gossipsub_subscribe(s->g, s->env, TOPIC));
    script_up_range(s, first, last);
    script_beat(s);
}
