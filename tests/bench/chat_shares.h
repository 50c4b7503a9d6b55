/* What a published message of a chat is for, as its sender knows it: the shares of the bytes. */
#pragma once

#include "net/waku/waku.h"
#include "node/chat/delivery/delivery_inside.h"
#include "node/chat/talk.h"
#include "tests/bench/chat_people.h"

enum share {
    SHARE_TEXT,    /* entries, whatever rides on them */
    SHARE_ACKS,    /* acknowledgements that travel alone, receipts with them */
    SHARE_REPAIR,  /* receipts, questions for what is missing, answers */
    SHARE_HEALING, /* commits and proposals, with the text that rides on them */
    SHARE_EPOCHS,  /* acks of commits and beacons that travel alone */
    SHARE_BUNDLES, /* laid out for strangers */
    SHARE_OTHER,   /* invites, Welcomes, segments of files */
    SHARES
};

static const char *const share_names[SHARES] = {
    "text", "acks", "receipts_repair", "healing", "commits_acked", "bundles", "invites_others"};

struct shares {
    double bytes[SHARES]; /* of Waku messages */
    size_t messages[SHARES];
};

static const struct pending *pending_of(const struct chat *c, uint64_t ticket)
{
    for (size_t i = 0; i < fifo_count(&c->under_way); i++) {
        const struct pending *p = *(struct pending **)fifo_at(&c->under_way, i);
        if (p->out.ticket == ticket)
            return p;
    }
    return NULL;
}

static enum share share_of_parcel(const struct talk *t, uint64_t token)
{
    for (size_t i = 0; i < t->delivery->sealed_count; i++) {
        const struct delivery_sealed *m = &t->delivery->sealed[i];
        if (m->token == token)
            return m->entries.count > 0 ? SHARE_TEXT : m->ack ? SHARE_ACKS : SHARE_REPAIR;
    }
    return SHARE_REPAIR;
}

static enum share share_of_frames(const struct talk *t, const struct chat_out *out)
{
    struct buf content = BUF_INIT(ENVELOPE_BYTES_MAX);
    const struct talk_keys *k = keys_match(t, out->payload);
    struct frames f;
    enum share share = SHARE_OTHER;
    assert_non_null(k);
    assert_ok(envelope_open(&k->keys, out->topic, out->payload, &content));
    assert_ok(frames_decode(buf_span(&content), &f));
    for (size_t i = 0; i < f.count; i++)
        if (f.list[i].kind == FRAME_MLS)
            share = SHARE_HEALING;
        else if (share != SHARE_HEALING &&
                 (f.list[i].kind == FRAME_ACKS || f.list[i].kind == FRAME_BEACON))
            share = SHARE_EPOCHS;
    buf_clear(&content);
    return share;
}

static enum share share_of(const struct chat *c, const struct chat_out *out)
{
    const struct pending *p = pending_of(c, out->ticket);
    assert_non_null(p);
    if (!p->of_talk)
        return out->payload.len == INTRO_BUNDLE_BYTES ? SHARE_BUNDLES : SHARE_OTHER;
    const struct talk *t = talks_find(c, p->conversation.bytes);
    if (t == NULL)
        return SHARE_OTHER;
    return p->token != 0 ? share_of_parcel(t, p->token) : share_of_frames(t, out);
}

/* Of a message as a relay carries it: the payload, its topic, its time. */
static double waku_bytes(const struct world *w, const struct chat_out *out)
{
    struct buf encoded = BUF_INIT(2u * ENVELOPE_BYTES_MAX);
    const struct waku_message m = {.payload = out->payload,
                                   .content_topic = out->topic,
                                   .timestamp_ns = w->t.env.wall.ns,
                                   .has_payload = true,
                                   .has_content_topic = true};
    assert_ok(waku_message_encode(&m, &encoded));
    double bytes = (double)encoded.len;
    buf_clear(&encoded);
    return bytes;
}
