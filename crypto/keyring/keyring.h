/* Long-term keys behind handles. A handle signs, derives or agrees; the secret inside is not
 * formatted, is wiped when the last handle is gone, and leaves in the clear only through
 * keyring_reveal, which has a permission of its own. Keys are made from raw bytes: drawn from
 * env->rng, made from 24 words, or given by the operator (nwaku's --nodekey).
 *
 * Host identity (host.c): the key that names a node among libp2p peers.
 *
 * @source libp2p/specs peer-ids/peer-ids.md r2
 */
#pragma once

#include "crypto/base/buf.h"
#include "crypto/base/env.h"
#include "crypto/prim/labels.h"
#include "crypto/prim/scrypt.h"

#define KEYRING_SECRET_BYTES       32u /* of either host key: a scalar, or an Ed25519 seed */
#define KEYRING_HOST_PUBLIC_MAX    37u /* serialized PublicKey of secp256k1 */
#define KEYRING_HOST_SIGNATURE_MAX 72u /* DER of secp256k1 */

enum keyring_host_kind {
    KEYRING_HOST_ED25519 = 1, /* the numbers of libp2p's KeyType */
    KEYRING_HOST_SECP256K1 = 2,
};

struct keyring_host; /* immutable once made: may be shared between threads */

struct keyring_signature {
    uint8_t len;
    uint8_t bytes[KEYRING_HOST_SIGNATURE_MAX];
};

/** Draw a new host key. OK; ERR_MEMORY. */
enum err keyring_host_new(struct keyring_host **out, struct rng *rng,
                          enum keyring_host_kind kind) MUST_CHECK;

/** Take a host key from its secret bytes, which the caller wipes.
 *
 * @return OK; ERR_ARGUMENT no secp256k1 secret (zero, or not below the order); ERR_MEMORY
 */
enum err keyring_host_from_bytes(struct keyring_host **out, enum keyring_host_kind kind,
                                 const uint8_t secret[KEYRING_SECRET_BYTES]) MUST_CHECK;

/** Wipe and free. Accepts NULL. */
void keyring_host_free(struct keyring_host *h);

enum keyring_host_kind keyring_host_kind(const struct keyring_host *h);

/** The serialized PublicKey protobuf, which names the node; borrowed from `h`. */
struct span keyring_host_public(const struct keyring_host *h);

/** The bare public key inside it: 33 bytes compressed, or 32 of Ed25519; borrowed from `h`. */
struct span keyring_host_raw_public(const struct keyring_host *h);

/** Sign as libp2p does with this key type. OK; ERR_MEMORY. */
enum err keyring_host_sign(const struct keyring_host *h, struct span msg,
                           struct keyring_signature *out) MUST_CHECK;

/** secp256k1 only: sign a 32-byte hash into r, s (Ethereum node records).
 *
 * @return OK; ERR_UNSUPPORTED an Ed25519 key; ERR_MEMORY
 */
enum err keyring_host_sign_hash(const struct keyring_host *h, const uint8_t hash[32],
                                uint8_t sig[64]) MUST_CHECK;

/** secp256k1 only: the compressed shared point with another public key (discv5).
 *
 * @return OK; ERR_UNSUPPORTED an Ed25519 key; ERR_FORMAT no point; ERR_MEMORY
 */
enum err keyring_host_agree(const struct keyring_host *h, struct span pub,
                            uint8_t out[33]) MUST_CHECK;

/* A ring: named long-term keys (ring.c), sealed at rest (seal.c).
 *
 * What a key may be used for is set when it is made; a handle asks for a part of that, and every
 * call on the handle is held against it. A key dies, wiped, when it was removed from its ring (or
 * the ring was freed) and the last handle on it was closed. Handles are counted and may go to other
 * threads; the ring itself belongs to one.
 *
 * Sealed form, version 1:
 *
 *     "sottokey" | 1 | lock: 1 scrypt, 2 key file | log_n | r | p | salt 32 | AEAD(keys) | tag 16
 *
 * key = label_derive(LABEL_KEYRING_SEAL, root, head), root = scrypt(passphrase, salt) or
 * HKDF-Extract(salt, label_hash(LABEL_KEYRING_FILE, key file)); ChaCha20-Poly1305 with a nonce of
 * zeros (the salt is fresh, so the key is used once) and the head as associated data. Inside,
 * padded with zeros to a multiple of 512 bytes so that neither number nor kind shows: count, then
 * for each key kind | may | length of name | name | length of secret | secret.
 */

#define KEYRING_KEYS_MAX       64u                              /* keys in a ring */
#define KEYRING_NAME_BYTES_MAX 32u                              /* bytes of a name */
#define KEYRING_KEY_FILE_MIN   32u                              /* bytes of a key file */
#define KEYRING_SEALED_MAX     32768u                           /* bytes; 64 keys are 8.6 KB */
#define KEYRING_SCRYPT_DEFAULT ((struct scrypt_cost){17, 8, 1}) /* 128 MiB, about 0.3 s */

enum keyring_kind {
    KEYRING_ED25519 = 1,   /* signs; 32-byte seed */
    KEYRING_SECP256K1 = 2, /* a host key; 32-byte scalar */
    KEYRING_XWING = 3,     /* decapsulates; 32-byte seed. Not interpreted here: keyring_reveal */
    KEYRING_SECRET = 4,    /* 32 uniform bytes to derive others from */
};

enum keyring_may {
    KEYRING_MAY_SIGN = 1,       /* any bytes (MLS, libp2p) */
    KEYRING_MAY_SIGN_LABEL = 2, /* under a label of ours only */
    KEYRING_MAY_DERIVE = 4,     /* secrets under a label */
    KEYRING_MAY_HOST = 8,       /* become a struct keyring_host */
    KEYRING_MAY_REVEAL = 16,    /* hand out the bytes (the 24 words, a device transfer) */
};

struct keyring;
struct keyring_key; /* a handle */

/** An empty ring. OK; ERR_MEMORY. */
enum err keyring_new(struct keyring **out) MUST_CHECK;

/** Drop all keys and free. Accepts NULL. Handles that are still open keep their keys. */
void keyring_free(struct keyring *k);

/** Take a key from its 32 secret bytes, which the caller wipes.
 *
 * @param name  1..KEYRING_NAME_BYTES_MAX bytes, unique (in)
 * @param may   enum keyring_may bits (in)
 * @return OK; ERR_EXISTS; ERR_FULL; ERR_ARGUMENT name, kind or bits, or bytes that are no key;
 *         ERR_MEMORY
 */
enum err keyring_add(struct keyring *k, struct span name, enum keyring_kind kind, unsigned may,
                     const uint8_t secret[KEYRING_SECRET_BYTES]) MUST_CHECK;

/** Draw a key. Otherwise as keyring_add. */
enum err keyring_draw(struct keyring *k, struct rng *rng, struct span name, enum keyring_kind kind,
                      unsigned may) MUST_CHECK;

/** Take a key out of the ring. OK; ERR_NOT_FOUND. */
enum err keyring_remove(struct keyring *k, struct span name) MUST_CHECK;

/** The name of the i-th key, in the order they were added; empty past the end. Borrowed. */
struct span keyring_name(const struct keyring *k, size_t i);

/** A handle that may do `may`, a part of what the key may.
 *
 * @return OK; ERR_NOT_FOUND; ERR_REFUSED the key may not do that; ERR_MEMORY
 */
enum err keyring_open(const struct keyring *k, struct span name, unsigned may,
                      struct keyring_key **out) MUST_CHECK;

/** Close a handle. Accepts NULL. */
void keyring_close(struct keyring_key *key);

enum keyring_kind keyring_kind_of(const struct keyring_key *key);

/** The public key: 32 bytes of Ed25519, 33 of secp256k1, else empty. Borrowed from the handle. */
struct span keyring_public(const struct keyring_key *key);

/** Sign any bytes with Ed25519. OK; ERR_REFUSED; ERR_UNSUPPORTED another kind of key. */
enum err keyring_sign(const struct keyring_key *key, struct span msg, uint8_t sig[64]) MUST_CHECK;

/** Sign `body` under a SIGN label. OK; ERR_REFUSED; ERR_UNSUPPORTED. */
enum err keyring_sign_label(const struct keyring_key *key, enum label label, struct span body,
                            uint8_t sig[64]) MUST_CHECK;

/** Derive a secret of `len` bytes under a DERIVE label. OK; ERR_REFUSED. */
enum err keyring_derive(const struct keyring_key *key, enum label label, struct span context,
                        uint8_t *out, size_t len) MUST_CHECK;

/** Hand out the secret bytes. OK; ERR_REFUSED. */
enum err keyring_reveal(const struct keyring_key *key,
                        uint8_t out[KEYRING_SECRET_BYTES]) MUST_CHECK;

/** Make a host identity of it. OK; ERR_REFUSED; ERR_UNSUPPORTED; ERR_MEMORY. */
enum err keyring_host_open(const struct keyring_key *key, struct keyring_host **out) MUST_CHECK;

/** The same secret? In constant time. */
bool keyring_same(const struct keyring_key *a, const struct keyring_key *b) MUST_CHECK;

/* What a sealed ring opens with: one of the two. */
struct keyring_lock {
    struct span passphrase;  /* any length over zero */
    struct span key_file;    /* its bytes, at least KEYRING_KEY_FILE_MIN */
    struct scrypt_cost cost; /* for a passphrase; all zeros: KEYRING_SCRYPT_DEFAULT */
};

/** Seal all keys. With a passphrase this is a job: it takes scrypt's time.
 *
 * @param out  the sealed form is appended (in/out)
 * @return OK; ERR_ARGUMENT not exactly one of passphrase and key file, or too short; ERR_LIMIT a
 * cost over the maxima; ERR_FULL; ERR_MEMORY
 */
enum err keyring_seal(const struct keyring *k, struct rng *rng, const struct keyring_lock *lock,
                      struct buf *out) MUST_CHECK;

/** Open a sealed ring into a new one. With a passphrase this is a job.
 *
 * @return OK; ERR_AUTH wrong passphrase or key file, or the bytes were changed; ERR_FORMAT no
 * sealed ring; ERR_UNSUPPORTED a later version; ERR_ARGUMENT it wants the other kind of lock;
 *         ERR_LIMIT it asks for more scrypt than we grant; ERR_MEMORY
 */
enum err keyring_unseal(struct keyring **out, struct span sealed,
                        const struct keyring_lock *lock) MUST_CHECK;

/* The 24 words (words.c): BIP-39, English, 256 bits. @source bitcoin/bips bip-0039 */

#define KEYRING_WORDS_COUNT       24u
#define KEYRING_WORDS_ENTROPY     32u
#define KEYRING_WORDS_TEXT_MAX    (24u * 9u) /* 24 words of 8 letters, blanks, NUL */
#define KEYRING_WORDS_EXPLAIN_MAX 80u

enum keyring_words_kind {
    KEYRING_WORDS_FINE,
    KEYRING_WORDS_WRONG_COUNT, /* not 24; how many */
    KEYRING_WORDS_UNKNOWN,     /* which word is not in the list, from 1 */
    KEYRING_WORDS_CHECKSUM,    /* all are known, but they do not belong together */
};

struct keyring_words_fault {
    enum keyring_words_kind kind;
    unsigned word;
};

/** The words of 32 bytes, with single blanks between them; the caller wipes `text`. */
void keyring_words_from(const uint8_t entropy[KEYRING_WORDS_ENTROPY],
                        char text[KEYRING_WORDS_TEXT_MAX]);

/** The 32 bytes of 24 words: any case, any white space, four letters of a word are enough.
 *
 * @param entropy  zeros on failure (out)
 * @param fault    what is wrong (out)
 * @return OK; ERR_ARGUMENT
 */
enum err keyring_words_to(struct span text, uint8_t entropy[KEYRING_WORDS_ENTROPY],
                          struct keyring_words_fault *fault) MUST_CHECK;

/** One English clause about a fault. */
void keyring_words_explain(struct keyring_words_fault fault, char out[KEYRING_WORDS_EXPLAIN_MAX]);
