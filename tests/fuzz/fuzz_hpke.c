/* Whatever a peer sends as public key, encapsulated key or ciphertext: an error, never a crash, and
 * nothing opens that was not sealed. The first byte chooses the KEM. */
#include "crypto/hpke/hpke.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void fill(void *state, uint8_t *out, size_t len)
{
    (void)state;
    memset(out, 0x42, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const struct hpke_kem *const kems[] = {&hpke_x25519, &hpke_p256,     &hpke_x448,
                                                  &hpke_xwing,  &hpke_mlkem768, &hpke_p384};
    static uint8_t secret[HPKE_SECRET_BYTES_MAX], pub[HPKE_PUBLIC_BYTES_MAX];
    uint8_t enc[HPKE_ENC_BYTES_MAX], out[4096];
    struct rng rng = {fill, NULL};

    if (len == 0 || len > sizeof out)
        return 0;
    struct hpke_suite suite = {kems[data[0] % 6], &hash_sha256, &aead_chacha20poly1305};
    const struct hpke_kem *kem = suite.kem;
    struct span in = span_after(span_of(data, len), 1);
    if (hpke_key_pair(kem, &rng, secret, pub) != OK)
        abort();

    struct span sk = span_of(secret, kem->secret_bytes), pk = span_of(pub, kem->public_bytes);
    size_t cut = in.len < kem->enc_bytes ? in.len : kem->enc_bytes;
    if (hpke_open(&suite, span_sub(in, 0, cut), sk, pk, SPAN_EMPTY, SPAN_EMPTY, span_after(in, cut),
                  out) == OK)
        abort(); /* a forgery */
    cut = in.len < kem->public_bytes ? in.len : kem->public_bytes;
    enum err err =
        hpke_seal(&suite, &rng, span_sub(in, 0, cut), SPAN_EMPTY, SPAN_EMPTY, SPAN_EMPTY, enc, out);
    if (err != OK && err != ERR_AUTH)
        abort();
    return 0;
}
