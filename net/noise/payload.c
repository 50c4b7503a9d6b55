#include "net/noise/payload.h"

#include "crypto/keyring/keyring.h"
#include "net/wire/protobuf.h"
#include "net/wire/public_key.h"

static const char PREFIX[] = "noise-libp2p-static-key:";

enum { /* NoiseHandshakePayload */
    PAYLOAD_IDENTITY_KEY = 1,
    PAYLOAD_IDENTITY_SIG = 2,
    PAYLOAD_EXTENSIONS = 4,
};

enum { /* NoiseExtensions */
    EXTENSIONS_WEBTRANSPORT_CERTHASHES = 1,
    EXTENSIONS_STREAM_MUXERS = 2,
};

struct signed_bytes {
    uint8_t bytes[sizeof PREFIX - 1 + 32];
};

static struct signed_bytes to_sign(const uint8_t static_key[32])
{
    struct signed_bytes s;

    memcpy(s.bytes, PREFIX, sizeof PREFIX - 1);
    memcpy(s.bytes + sizeof PREFIX - 1, static_key, 32);
    return s;
}

enum err noise_payload_make(const struct keyring_host *host, const uint8_t static_key[32],
                            struct buf *out)
{
    struct signed_bytes msg = to_sign(static_key);
    struct keyring_signature sig;
    struct writer w = writer_to(out);

    TRY(keyring_host_sign(host, SPAN_ARRAY(msg.bytes), &sig));
    pb_put_bytes(&w, PAYLOAD_IDENTITY_KEY, keyring_host_public(host));
    pb_put_bytes(&w, PAYLOAD_IDENTITY_SIG, span_of(sig.bytes, sig.len));
    return writer_status(&w);
}

/* Offers that we do not take up; still they must be what the spec says. */
static void check_extensions(struct pb *p, const struct pb_field *f)
{
    struct pb q = pb_of(pb_bytes(p, f));

    for (struct pb_field g; pb_next(&q, &g);)
        switch (g.number) {
        case EXTENSIONS_WEBTRANSPORT_CERTHASHES:
        case EXTENSIONS_STREAM_MUXERS:
            (void)pb_bytes(&q, &g);
            break;
        }
    if (pb_status(&q) != OK)
        p->failed = true;
}

enum err noise_payload_verify(struct span payload, const uint8_t static_key[32], struct peer_id *id)
{
    struct signed_bytes msg = to_sign(static_key);
    struct span key = SPAN_EMPTY, sig = SPAN_EMPTY;
    struct pb p = pb_of(payload);

    for (struct pb_field f; pb_next(&p, &f);)
        switch (f.number) {
        case PAYLOAD_IDENTITY_KEY:
            key = pb_bytes(&p, &f);
            break;
        case PAYLOAD_IDENTITY_SIG:
            sig = pb_bytes(&p, &f);
            break;
        case PAYLOAD_EXTENSIONS:
            check_extensions(&p, &f);
            break;
        }
    TRY(pb_status(&p));
    TRY(public_key_verify(key, SPAN_ARRAY(msg.bytes), sig));
    peer_id_from_key(key, id);
    return OK;
}
