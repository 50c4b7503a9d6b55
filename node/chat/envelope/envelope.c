#include "node/chat/envelope/envelope.h"

#include "crypto/base/wipe.h"
#include "crypto/prim/aead.h"
#include "crypto/prim/labels.h"

#define VERSION_AT  0u
#define NONCE_AT    1u
#define CHECK_AT    (NONCE_AT + AEAD_NONCE_BYTES)
#define CHECK_BYTES 4u
#define BODY_AT     (CHECK_AT + CHECK_BYTES)
#define OVERHEAD    (BODY_AT + 4u + AEAD_TAG_BYTES)

/* ---- size classes: powers of two ---- */

size_t envelope_content_max(void)
{
    return ENVELOPE_BYTES_MAX - OVERHEAD;
}

size_t envelope_class(size_t content_bytes)
{
    for (size_t size = ENVELOPE_BYTES_MIN; size <= ENVELOPE_BYTES_MAX; size *= 2)
        if (content_bytes <= size - OVERHEAD)
            return size;
    return 0;
}

static bool is_class(size_t bytes)
{
    return bytes >= ENVELOPE_BYTES_MIN && bytes <= ENVELOPE_BYTES_MAX && (bytes & (bytes - 1)) == 0;
}

/* ---- check and associated data ---- */

static void check_of(const uint8_t header[ENVELOPE_KEY_BYTES], const uint8_t *nonce,
                     uint8_t out[CHECK_BYTES])
{
    label_derive(LABEL_ENVELOPE_CHECK, span_of(header, ENVELOPE_KEY_BYTES),
                 span_of(nonce, AEAD_NONCE_BYTES), out, CHECK_BYTES);
}

struct associated {
    uint8_t bytes[NONCE_AT + AEAD_NONCE_BYTES + ENVELOPE_TOPIC_BYTES];
    size_t len;
};

/* The head as it stands before the check, then the topic. */
static struct associated associate(const uint8_t *head, struct span topic)
{
    struct associated a = {.len = CHECK_AT + topic.len};

    assert(topic.len <= ENVELOPE_TOPIC_BYTES);
    memcpy(a.bytes, head, CHECK_AT);
    if (topic.len > 0)
        memcpy(a.bytes + CHECK_AT, topic.ptr, topic.len);
    return a;
}

/* ---- sealing ---- */

enum err envelope_seal(const struct envelope_keys *keys, struct rng *rng, struct span topic,
                       struct span content, struct buf *out)
{
    size_t size = content.len == 0 ? 0 : envelope_class(content.len), from = out->len;
    uint8_t *at;

    if (size == 0)
        return ERR_LIMIT;
    TRY(buf_extend(out, size, &at));
    at[VERSION_AT] = 1;
    rng_fill(rng, at + NONCE_AT, AEAD_NONCE_BYTES);
    check_of(keys->header, at + NONCE_AT, at + CHECK_AT);
    uint8_t *plain = at + BODY_AT;
    size_t plain_len = size - BODY_AT - AEAD_TAG_BYTES;
    for (unsigned i = 0; i < 4; i++)
        plain[i] = (uint8_t)(content.len >> (8 * (3 - i)));
    memcpy(plain + 4, content.ptr, content.len);
    memset(plain + 4 + content.len, 0, plain_len - 4 - content.len);
    struct associated ad = associate(at, topic);
    struct span part = span_of(plain, plain_len);
    enum err err = aead_seal_once(&aead_chacha20poly1305, keys->body, at + NONCE_AT,
                                  span_of(ad.bytes, ad.len), &part, 1, plain);
    if (err != OK)
        buf_truncate(out, from);
    return err;
}

/* ---- opening ---- */

bool envelope_matches(struct span envelope, const uint8_t header[ENVELOPE_KEY_BYTES])
{
    uint8_t check[CHECK_BYTES];

    if (!is_class(envelope.len) || envelope.ptr[VERSION_AT] != 1)
        return false;
    check_of(header, envelope.ptr + NONCE_AT, check);
    return ct_equal(check, envelope.ptr + CHECK_AT, CHECK_BYTES);
}

/* Length and zeros: only holders of the key could have made them wrong. */
static enum err unpad(struct buf *content)
{
    size_t len = 0;
    uint8_t rest = 0;

    for (size_t i = 0; i < 4; i++)
        len = len << 8 | content->ptr[i];
    if (len == 0 || len > content->len - 4)
        return ERR_FORMAT;
    for (size_t i = 4 + len; i < content->len; i++)
        rest |= content->ptr[i];
    if (rest != 0)
        return ERR_FORMAT;
    buf_truncate(content, 4 + len);
    buf_drop(content, 4);
    return OK;
}

enum err envelope_open(const struct envelope_keys *keys, struct span topic, struct span envelope,
                       struct buf *content)
{
    uint8_t *plain;

    buf_reset(content);
    if (!is_class(envelope.len))
        return ERR_FORMAT;
    if (envelope.ptr[VERSION_AT] != 1)
        return envelope.ptr[VERSION_AT] == 0 ? ERR_FORMAT : ERR_UNSUPPORTED;
    if (!envelope_matches(envelope, keys->header) || topic.len > ENVELOPE_TOPIC_BYTES)
        return ERR_AUTH;
    struct span sealed = span_after(envelope, BODY_AT);
    struct associated ad = associate(envelope.ptr, topic);
    TRY(buf_extend(content, sealed.len - AEAD_TAG_BYTES, &plain));
    enum err err = aead_open_once(&aead_chacha20poly1305, keys->body, envelope.ptr + NONCE_AT,
                                  span_of(ad.bytes, ad.len), sealed, plain);
    if (err == OK)
        err = unpad(content);
    if (err != OK)
        buf_reset(content);
    return err;
}

/* ---- addresses ---- */

void envelope_topic(enum envelope_kind kind, uint8_t bucket, char out[ENVELOPE_TOPIC_BYTES])
{
    static const char hex[] = "0123456789abcdef";

    memcpy(out, kind == ENVELOPE_INTRO ? "/sotto/1/i00/bin" : "/sotto/1/b00/bin",
           ENVELOPE_TOPIC_BYTES);
    out[10] = hex[bucket >> 4];
    out[11] = hex[bucket & 15];
}

uint8_t envelope_bucket(const uint8_t address[ENVELOPE_KEY_BYTES], uint64_t week)
{
    uint8_t number[8], bucket;

    for (unsigned i = 0; i < 8; i++)
        number[i] = (uint8_t)(week >> (8 * (7 - i)));
    label_derive(LABEL_ENVELOPE_BUCKET, span_of(address, ENVELOPE_KEY_BYTES), SPAN_ARRAY(number),
                 &bucket, 1);
    return bucket;
}
