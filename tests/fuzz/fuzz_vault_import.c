#include "node/chat/vault/vault_chunk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const struct keyring_lock lock = {
    .key_file = {(const uint8_t *)"0123456789abcdef0123456789abcdef", 32}};

static void fill_zeros(void *state, uint8_t *out, size_t len)
{
    (void)state;
    memset(out, 7, len);
}

/* Read all of a stream in pieces of `step` bytes; what comes out keeps its bounds. */
static void import(struct span in, size_t step)
{
    struct vault_import *x;
    struct vault_record r;

    if (vault_import_new(&x, &lock) != OK)
        return;
    enum err err = OK;
    while (err == OK && in.len > 0) {
        struct span piece = span_sub(in, 0, step < in.len ? step : in.len), rest = piece;
        err = vault_import_feed(x, &rest);
        in = span_after(in, piece.len - rest.len);
        while (vault_import_poll(x, &r)) {
            assert(r.table > VAULT_T_INDEX && r.table < VAULT_TABLES_COUNT);
            assert(r.key.len > 0 && r.key.len <= VAULT_KEY_BYTES_MAX);
            assert(r.value.len <= VAULT_VALUE_BYTES_MAX);
            assert(vault_import_what(x) == VAULT_EXPORT_DEVICE ||
                   vault_table_spec(r.table)->export == VAULT_EXPORTED);
        }
    }
    assert(err == OK || vault_import_end(x) == err);
    vault_import_free(x);
}

/* The first byte chooses: a raw stream, or records that an author who knows the lock has sealed,
 * cut into chunks of any size. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct buf head; /* made once */
    static uint8_t key[32];
    static struct keyring *ring;
    struct rng rng = {fill_zeros, NULL};

    if (len < 3)
        return 0;
    struct span in = span_of(data + 3, len - 3);
    size_t step = 1u + data[1] * 64u, chunk = 1u + data[2] * 16u;
    if (data[0] % 3 == 0) {
        import(in, step);
        return 0;
    }
    if (ring == NULL) {
        struct buf sealed = BUF_INIT(EXPORT_LOCK_MAX);
        assert(keyring_new(&ring) == OK);
        assert(keyring_draw(ring, &rng, EXPORT_SECRET_NAME, KEYRING_SECRET, KEYRING_MAY_DERIVE) ==
               OK);
        assert(keyring_seal(ring, &rng, &lock, &sealed) == OK);
        uint8_t fixed[EXPORT_HEAD_FIXED] = "sottoexp\1\1";
        fixed[10] = (uint8_t)(sealed.len >> 8);
        fixed[11] = (uint8_t)sealed.len;
        buf_init(&head, EXPORT_HEAD_FIXED + EXPORT_LOCK_MAX);
        assert(buf_append(&head, SPAN_ARRAY(fixed)) == OK &&
               buf_append(&head, buf_span(&sealed)) == OK);
        buf_clear(&sealed);
    }
    head.ptr[9] = data[0] % 3 == 1 ? VAULT_EXPORT_HISTORY : VAULT_EXPORT_DEVICE;
    struct buf all = BUF_INIT(64u << 20);
    assert(buf_append(&all, buf_span(&head)) == OK);
    assert(export_key(ring, buf_span(&head), key) == OK);
    for (uint64_t number = 0;; number++) {
        size_t take = in.len < chunk ? in.len : chunk;
        bool last = take == in.len;
        assert(export_chunk_seal(key, number, last, span_sub(in, 0, take), &all) == OK);
        in = span_after(in, take);
        if (last)
            break;
    }
    import(buf_span(&all), step);
    buf_clear(&all);
    return 0;
}
