/* References to Welcomes, as bytes, and what follows from their key. */
#include "node/chat/profile/welcome_ref.h"

#include "crypto/prim/labels.h"
#include "node/chat/envelope/params.h"

bool welcome_ref_is(struct span in)
{
    return in.len > 1 && in.ptr[1] == PROFILE_OBJECT_WELCOME_REF; /* [type, ...] */
}

enum err welcome_ref_decode(struct span in, struct welcome_ref *out)
{
    struct pack_reader r;

    *out = (struct welcome_ref){0};
    TRY(profile_open(in, PROFILE_OBJECT_WELCOME_REF, 5, &r));
    out->size = pack_read_uint(&r, UINT32_MAX);
    pack_read_fixed(&r, out->hash, sizeof out->hash);
    pack_read_fixed(&r, out->root, sizeof out->root);
    pack_read_fixed(&r, out->key, sizeof out->key);
    out->from_s = pack_read_uint(&r, UINT32_MAX);
    TRY(profile_close(&r));
    return out->size == 0 ? ERR_FORMAT : out->size > WELCOME_REF_BYTES_MAX ? ERR_LIMIT : OK;
}

enum err welcome_ref_encode(const struct welcome_ref *ref, struct buf *out)
{
    struct pack_writer w = profile_begin(out, PROFILE_OBJECT_WELCOME_REF, 5);

    pack_write_uint(&w, ref->size);
    pack_write_bin(&w, SPAN_ARRAY(ref->hash));
    pack_write_bin(&w, SPAN_ARRAY(ref->root));
    pack_write_bin(&w, SPAN_ARRAY(ref->key));
    pack_write_uint(&w, ref->from_s);
    return profile_end(&w);
}

static void derive(const uint8_t key[32], struct span use, uint8_t *out, size_t len)
{
    label_derive(LABEL_GROUP_WELCOME, span_of(key, 32), use, out, len);
}

void welcome_ref_keys(const uint8_t key[32], struct envelope_keys *out)
{
    derive(key, SPAN_LIT("header"), out->header, sizeof out->header);
    derive(key, SPAN_LIT("body"), out->body, sizeof out->body);
}

uint8_t welcome_ref_bucket(const uint8_t key[32])
{
    uint8_t bucket;

    derive(key, SPAN_LIT("bucket"), &bucket, 1);
    return bucket;
}
