/* Envelopes, and what is inside those of first contact: raw bytes, and bytes under the right keys
 * with any padding, as only somebody can make them who has the keys. First byte: which. */
#include "crypto/prim/aead.h"
#include "crypto/prim/labels.h"
#include "node/chat/intro/intro.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define HEAD_BYTES 17u /* version, nonce, check; docs/protocol/envelope.md */
#define NONCE_AT   1u
#define CHECK_AT   13u
#define DAY        20000u

static void fill(void *state, uint8_t *out, size_t len)
{
    (void)state;
    memset(out, 7, len);
}

/* The smallest class that holds it, sealed; what is behind the bytes is zero. */
static void wrap(const struct envelope_keys *keys, struct span topic, struct span plain,
                 struct buf *out)
{
    size_t size = ENVELOPE_BYTES_MIN;
    uint8_t *at, ad[CHECK_AT + ENVELOPE_TOPIC_BYTES];
    while (size < plain.len + HEAD_BYTES + AEAD_TAG_BYTES)
        size *= 2;
    assert(buf_extend(out, size, &at) == OK);
    memset(at, 0, size);
    at[0] = 1;
    memset(at + NONCE_AT, 9, AEAD_NONCE_BYTES);
    label_derive(LABEL_ENVELOPE_CHECK, span_of(keys->header, ENVELOPE_KEY_BYTES),
                 span_of(at + NONCE_AT, AEAD_NONCE_BYTES), at + CHECK_AT, HEAD_BYTES - CHECK_AT);
    if (plain.len > 0)
        memcpy(at + HEAD_BYTES, plain.ptr, plain.len);
    memcpy(ad, at, CHECK_AT);
    memcpy(ad + CHECK_AT, topic.ptr, topic.len);
    const struct span part = span_of(at + HEAD_BYTES, size - HEAD_BYTES - AEAD_TAG_BYTES);
    assert(aead_seal_once(&aead_chacha20poly1305, keys->body, at + NONCE_AT,
                          span_of(ad, CHECK_AT + topic.len), &part, 1, at + HEAD_BYTES) == OK);
}

/* What opens is sealed again and says the same. */
static void open(const struct envelope_keys *keys, struct span topic, struct span envelope)
{
    struct rng rng = {fill, NULL};
    struct buf content = BUF_INIT(ENVELOPE_BYTES_MAX), again = BUF_INIT(ENVELOPE_BYTES_MAX);
    struct buf same = BUF_INIT(ENVELOPE_BYTES_MAX);
    if (envelope_open(keys, topic, envelope, &content) == OK) {
        assert(content.len > 0 && content.len <= envelope_content_max());
        assert(envelope_matches(envelope, keys->header));
        assert(envelope_seal(keys, &rng, topic, buf_span(&content), &again) == OK);
        assert(again.len <= envelope.len);
        assert(envelope_open(keys, topic, buf_span(&again), &same) == OK);
        assert(span_eq(buf_span(&same), buf_span(&content)));
    } else {
        assert(content.len == 0);
    }
    buf_clear(&content);
    buf_clear(&again);
    buf_clear(&same);
}

static void open_intro(const struct card *card, struct span envelope)
{
    struct buf keep = BUF_INIT(ENVELOPE_BYTES_MAX), again = BUF_INIT(ENVELOPE_BYTES_MAX);
    struct rng rng = {fill, NULL};
    struct intro in;
    if (intro_open(card, DAY, envelope, &keep, &in) == OK) {
        (void)intro_body_type(in.body);
        assert(in.body.len <= keep.len);
        enum err err = intro_seal(card, DAY, &in, &rng, &again);
        assert(err == OK || err == ERR_LIMIT);
    }
    buf_clear(&keep);
    buf_clear(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct card card = {.account = {3}};
    struct envelope_keys keys = {{1}, {2}};
    char text[ENVELOPE_TOPIC_BYTES];
    struct buf envelope = BUF_INIT(ENVELOPE_BYTES_MAX);

    if (len < 1 || len > ENVELOPE_BYTES_MAX / 2)
        return 0;
    struct span in = span_of(data + 1, len - 1);
    bool intro = data[0] & 2;
    if (intro)
        card_keys(&card, DAY, &keys);
    envelope_topic(intro ? ENVELOPE_INTRO : ENVELOPE_BUCKET, intro ? card_bucket(&card) : 7, text);
    struct span topic = span_str(text);
    if (data[0] & 1)
        wrap(&keys, topic, in, &envelope);
    else
        assert(buf_append(&envelope, in) == OK);
    open(&keys, topic, buf_span(&envelope));
    if (intro)
        open_intro(&card, buf_span(&envelope));
    buf_clear(&envelope);
    return 0;
}
