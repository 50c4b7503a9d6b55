/* Sealed rings and mnemonics from a stranger's file. The first byte chooses; a sealed ring is also
 * tried with its tag made right, so that the fuzzer reaches what stands behind it. */
#include "crypto/keyring/keyring.h"
#include "crypto/prim/aead.h"
#include "crypto/prim/hkdf.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define HEAD_BYTES 45u

static const uint8_t key_file[32] = {1};

/* "sottokey" 1 2 0 0 0, a salt of zeros, and `plain` sealed as keyring_seal would */
static struct span seal(struct span plain, uint8_t out[KEYRING_SEALED_MAX])
{
    static const uint8_t nonce[AEAD_NONCE_BYTES];
    struct span file = SPAN_ARRAY(key_file);
    uint8_t digest[32], root[32], key[32];

    memset(out, 0, HEAD_BYTES);
    memcpy(out, "sottokey\1\2", 10);
    label_hash(LABEL_KEYRING_FILE, &file, 1, digest);
    hkdf_extract(&hash_sha256, span_of(out + 13, 32), SPAN_ARRAY(digest), root);
    label_derive(LABEL_KEYRING_SEAL, SPAN_ARRAY(root), span_of(out, HEAD_BYTES), key, 32);
    if (aead_seal_once(&aead_chacha20poly1305, key, nonce, span_of(out, HEAD_BYTES), &plain, 1,
                       out + HEAD_BYTES) != OK)
        abort();
    return span_of(out, HEAD_BYTES + plain.len + AEAD_TAG_BYTES);
}

static void unseal(struct span sealed)
{
    struct keyring_lock lock = {.key_file = SPAN_ARRAY(key_file)};
    struct keyring *k = NULL;
    enum err err = keyring_unseal(&k, sealed, &lock);

    if ((err == OK) != (k != NULL))
        abort();
    keyring_free(k);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static uint8_t sealed[KEYRING_SEALED_MAX];
    struct span in = span_of(data, len);

    if (len == 0 || len > 8192)
        return 0;
    in = span_after(in, 1);
    if (data[0] % 3 == 0) {
        uint8_t entropy[32];
        char text[KEYRING_WORDS_TEXT_MAX];
        struct keyring_words_fault fault;
        if (keyring_words_to(in, entropy, &fault) == OK)
            keyring_words_from(entropy, text);
    } else if (data[0] % 3 == 1) {
        unseal(in);
    } else {
        unseal(seal(in, sealed));
    }
    return 0;
}
