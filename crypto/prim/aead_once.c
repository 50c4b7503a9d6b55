/* Use-once keys: one context per algorithm and thread, freed when the thread ends. After each
 * message the context is given a zero key, so that the used one does not stay behind. */
#include "crypto/prim/aead_impl.h"
#include "crypto/prim/large_memo.h"

#include "crypto/base/wipe.h"

#include <pthread.h>
#include <stdlib.h>

struct kept {
    struct aead_key keys[AEAD_SLOTS];
};

static pthread_key_t thread_slot;
static bool thread_slot_made;

static void kept_free(void *ptr)
{
    struct kept *kept = ptr;

    for (size_t i = 0; i < AEAD_SLOTS; i++)
        aead_key_clear(&kept->keys[i]);
    free(kept);
}

static void thread_slot_make(void)
{
    thread_slot_made = pthread_key_create(&thread_slot, kept_free) == 0;
}

static struct kept *kept_of_thread(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    if (pthread_once(&once, thread_slot_make) != 0 || !thread_slot_made)
        return NULL;
    struct kept *kept = pthread_getspecific(thread_slot);
    if (kept != NULL)
        return kept;
    kept = calloc(1, sizeof *kept);
    if (kept == NULL || pthread_setspecific(thread_slot, kept) != 0) {
        free(kept);
        return NULL;
    }
    return kept;
}

static enum err kept_key(const struct aead *a, const uint8_t *key, struct aead_key **out)
{
    struct kept *kept = kept_of_thread();

    if (kept == NULL)
        return ERR_MEMORY;
    *out = &kept->keys[a->slot];
    return (*out)->aead == a ? aead_rekey(*out, key) : aead_key_init(*out, a, key);
}

static enum err forget(struct aead_key *k)
{
    static const uint8_t zero[AEAD_KEY_BYTES_MAX];

    return aead_rekey(k, zero);
}

enum err aead_seal_once(const struct aead *a, const uint8_t *key,
                        const uint8_t nonce[AEAD_NONCE_BYTES], struct span ad,
                        const struct span *parts, size_t count, uint8_t *out)
{
    struct aead_key *k = NULL;

    TRY(kept_key(a, key, &k));
    enum err err = aead_seal(k, nonce, ad, parts, count, out);
    enum err forgot = forget(k);
    return err != OK ? err : forgot;
}

enum err aead_open_once(const struct aead *a, const uint8_t *key,
                        const uint8_t nonce[AEAD_NONCE_BYTES], struct span ad, struct span sealed,
                        uint8_t *out)
{
    struct aead_key *k = NULL;
    const struct span parts[] = {span_of(key, aead_key_bytes(a)), span_of(nonce, AEAD_NONCE_BYTES),
                                 ad, sealed};
    bool large = sealed.len > AEAD_TAG_BYTES && out != sealed.ptr && large_memo_takes(parts, 4);

    if (large && large_memo_get(a, parts, 4, out, sealed.len - AEAD_TAG_BYTES))
        return OK;
    TRY(kept_key(a, key, &k));
    enum err err = aead_open(k, nonce, ad, sealed, out);
    enum err forgot = forget(k);
    if (large && err == OK)
        large_memo_keep(a, parts, 4, span_of(out, sealed.len - AEAD_TAG_BYTES));
    return err != OK ? err : forgot;
}
