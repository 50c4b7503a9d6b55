#include "crypto/hpke/labeled.h"

#include "crypto/prim/keccak.h"

#define VERSION SPAN_LIT("HPKE-v1")

void hpke_labeled_extract(const struct hash *hash, struct span suite_id, struct span salt,
                          struct span label, struct span ikm, uint8_t *out)
{
    struct span labeled_ikm[] = {VERSION, suite_id, label, ikm};

    hkdf_extract_parts(hash, salt, labeled_ikm, 4, out);
}

void hpke_labeled_expand(const struct hash *hash, struct span suite_id, const uint8_t *prk,
                         struct span label, struct span context, struct span context_more,
                         uint8_t *out, size_t len)
{
    uint8_t be[2] = {(uint8_t)(len >> 8), (uint8_t)len};
    struct span labeled_info[] = {SPAN_ARRAY(be), VERSION, suite_id, label, context, context_more};

    hkdf_expand_parts(hash, span_of(prk, hash->bytes), labeled_info, 6, out, len);
}

void hpke_labeled_derive(uint16_t kem_id, struct span ikm, struct span label, uint8_t *out,
                         size_t len)
{
    uint8_t suite_id[] = {'K', 'E', 'M', (uint8_t)(kem_id >> 8), (uint8_t)kem_id};
    uint8_t label_len[2] = {(uint8_t)(label.len >> 8), (uint8_t)label.len};
    uint8_t out_len[2] = {(uint8_t)(len >> 8), (uint8_t)len};
    struct span labeled_ikm[] = {
        ikm, VERSION, SPAN_ARRAY(suite_id), SPAN_ARRAY(label_len), label, SPAN_ARRAY(out_len)};

    keccak_parts(KECCAK_SHAKE256, labeled_ikm, 6, out, len);
}
