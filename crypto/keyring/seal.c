#include "crypto/keyring/ring.h"

#include "crypto/base/reader.h"
#include "crypto/base/wipe.h"
#include "crypto/base/writer.h"
#include "crypto/prim/aead.h"
#include "crypto/prim/hkdf.h"

#define MAGIC      SPAN_LIT("sottokey")
#define VERSION    1u
#define SALT_BYTES 32u
#define HEAD_BYTES (8u + 5u + SALT_BYTES) /* magic, version, lock, cost, salt */
#define PAD_BYTES  512u

enum lock_kind {
    LOCK_SCRYPT = 1,
    LOCK_FILE = 2
};

struct head {
    enum lock_kind lock;
    struct scrypt_cost cost;   /* zeros for a key file */
    uint8_t bytes[HEAD_BYTES]; /* as stored; the salt is the tail */
};

static const uint8_t *salt_of(const struct head *h)
{
    return h->bytes + HEAD_BYTES - SALT_BYTES;
}

static enum err lock_kind_of(const struct keyring_lock *lock, enum lock_kind *out)
{
    if ((lock->passphrase.len > 0) == (lock->key_file.len > 0) ||
        (lock->key_file.len > 0 && lock->key_file.len < KEYRING_KEY_FILE_MIN))
        return ERR_ARGUMENT;
    *out = lock->key_file.len > 0 ? LOCK_FILE : LOCK_SCRYPT;
    return OK;
}

static enum err head_make(struct head *h, struct rng *rng, const struct keyring_lock *lock)
{
    struct scrypt_cost cost = lock->cost.log_n == 0 ? KEYRING_SCRYPT_DEFAULT : lock->cost;

    TRY(lock_kind_of(lock, &h->lock));
    h->cost = h->lock == LOCK_SCRYPT ? cost : (struct scrypt_cost){0};
    memcpy(h->bytes, MAGIC.ptr, MAGIC.len);
    uint8_t fields[5] = {VERSION, (uint8_t)h->lock, h->cost.log_n, h->cost.r, h->cost.p};
    memcpy(h->bytes + MAGIC.len, fields, sizeof fields);
    rng_fill(rng, h->bytes + HEAD_BYTES - SALT_BYTES, SALT_BYTES);
    return OK;
}

static enum err head_read(struct head *h, struct span sealed)
{
    struct reader r = reader_of(sealed);

    if (!span_eq(read_bytes(&r, MAGIC.len), MAGIC))
        return ERR_FORMAT;
    uint8_t version = read_u8(&r), lock = read_u8(&r);
    h->cost.log_n = read_u8(&r);
    h->cost.r = read_u8(&r);
    h->cost.p = read_u8(&r);
    (void)read_bytes(&r, SALT_BYTES);
    if (reader_status(&r) != OK || r.rest.len < AEAD_TAG_BYTES || sealed.len > KEYRING_SEALED_MAX)
        return ERR_FORMAT;
    if (version != VERSION || (lock != LOCK_SCRYPT && lock != LOCK_FILE))
        return ERR_UNSUPPORTED;
    h->lock = lock == LOCK_FILE ? LOCK_FILE : LOCK_SCRYPT;
    memcpy(h->bytes, sealed.ptr, HEAD_BYTES);
    return OK;
}

static enum err key_of(const struct head *h, const struct keyring_lock *lock, uint8_t key[32])
{
    uint8_t root[32], file[32];
    struct span salt = span_of(salt_of(h), SALT_BYTES);
    enum err err = OK;

    if (h->lock == LOCK_SCRYPT) {
        err = scrypt(lock->passphrase, salt, h->cost, root, sizeof root);
    } else {
        label_hash(LABEL_KEYRING_FILE, &lock->key_file, 1, file);
        hkdf_extract(&hash_sha256, salt, SPAN_ARRAY(file), root);
        wipe(file, sizeof file);
    }
    if (err == OK)
        label_derive(LABEL_KEYRING_SEAL, SPAN_ARRAY(root), SPAN_ARRAY(h->bytes), key, 32);
    wipe(root, sizeof root);
    return err;
}

static enum err write_keys(const struct keyring *k, struct buf *out)
{
    static const uint8_t zeros[PAD_BYTES];
    struct writer w = writer_to(out);

    write_u8(&w, (uint8_t)k->count);
    for (size_t i = 0; i < k->count; i++) {
        const struct keyring_item *item = k->items[i];
        write_u8(&w, (uint8_t)item->kind);
        write_u8(&w, (uint8_t)item->may);
        write_u8(&w, item->name_len);
        write_bytes(&w, span_of(item->name, item->name_len));
        write_u8(&w, KEYRING_SECRET_BYTES);
        write_bytes(&w, SPAN_ARRAY(item->secret));
    }
    write_bytes(&w, span_of(zeros, (PAD_BYTES - out->len % PAD_BYTES) % PAD_BYTES));
    return writer_status(&w);
}

enum err keyring_seal(const struct keyring *k, struct rng *rng, const struct keyring_lock *lock,
                      struct buf *out)
{
    static const uint8_t nonce[AEAD_NONCE_BYTES]; /* the key is used once */
    struct buf plain = BUF_INIT(KEYRING_SEALED_MAX);
    struct head head = {0};
    uint8_t key[32], *sealed = NULL;
    size_t before = out->len;

    TRY(head_make(&head, rng, lock));
    enum err err = key_of(&head, lock, key);
    if (err == OK)
        err = write_keys(k, &plain);
    if (err == OK)
        err = buf_append(out, SPAN_ARRAY(head.bytes));
    if (err == OK)
        err = buf_extend(out, plain.len + AEAD_TAG_BYTES, &sealed);
    if (err == OK) {
        struct span all = buf_span(&plain);
        err = aead_seal_once(&aead_chacha20poly1305, key, nonce, SPAN_ARRAY(head.bytes), &all, 1,
                             sealed);
    }
    if (err != OK)
        buf_truncate(out, before);
    buf_clear(&plain);
    wipe(key, sizeof key);
    return err;
}

/* ERR_CORRUPT: authentic, and yet not what keyring_seal writes */
static enum err read_keys(struct keyring *k, struct span plain)
{
    struct reader r = reader_of(plain);
    unsigned count = read_u8(&r);

    for (unsigned i = 0; i < count; i++) {
        unsigned kind = read_u8(&r), may = read_u8(&r);
        struct span name = read_bytes(&r, read_u8(&r));
        struct span secret = read_bytes(&r, read_u8(&r));
        if (reader_status(&r) != OK || secret.len != KEYRING_SECRET_BYTES)
            return ERR_CORRUPT;
        enum err err = keyring_add(k, name, (enum keyring_kind)kind, may, secret.ptr);
        if (err != OK)
            return err == ERR_MEMORY ? ERR_MEMORY : ERR_CORRUPT;
    }
    return OK;
}

static enum err open_into(struct keyring *k, struct span sealed, const struct head *head,
                          const uint8_t key[32])
{
    static const uint8_t nonce[AEAD_NONCE_BYTES];
    struct buf plain = BUF_INIT(KEYRING_SEALED_MAX);
    struct span body = span_after(sealed, HEAD_BYTES);
    uint8_t *room;

    enum err err = buf_extend(&plain, body.len, &room);
    if (err == OK)
        err = aead_open_once(&aead_chacha20poly1305, key, nonce, SPAN_ARRAY(head->bytes), body,
                             plain.ptr);
    if (err == OK)
        err = read_keys(k, span_of(plain.ptr, body.len - AEAD_TAG_BYTES));
    buf_clear(&plain);
    return err;
}

enum err keyring_unseal(struct keyring **out, struct span sealed, const struct keyring_lock *lock)
{
    struct keyring *k = NULL;
    enum lock_kind given;
    struct head head;
    uint8_t key[32];

    *out = NULL;
    TRY(head_read(&head, sealed));
    TRY(lock_kind_of(lock, &given));
    if (given != head.lock)
        return ERR_ARGUMENT;
    TRY(keyring_new(&k));
    enum err err = key_of(&head, lock, key);
    if (err == OK)
        err = open_into(k, sealed, &head, key);
    wipe(key, sizeof key);
    if (err == OK)
        *out = k;
    else
        keyring_free(k);
    return err;
}
