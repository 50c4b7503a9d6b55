#include "crypto/prim/sodium_ready.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Randomness comes from env->rng alone. libsodium is given a source that nobody may draw from, so
 * sodium_init opens no device, and a call that would make a key by itself dies in the first test.
 * sodium_init itself draws the canary of sodium_malloc, which sotto does not use. */
static bool initialising;

static const char *none_name(void)
{
    return "none";
}

static uint32_t none_random(void)
{
    abort();
}

static void none_fill(void *const out, const size_t len)
{
    if (!initialising)
        abort();
    memset(out, 0xa5, len);
}

static void setup(void)
{
    static randombytes_implementation none = {
        .implementation_name = none_name, .random = none_random, .buf = none_fill};

    initialising = true;
    int set = randombytes_set_implementation(&none);
    int ready = sodium_init();
    initialising = false;
    assert(set == 0 && ready >= 0);
    (void)set, (void)ready;
}

void sodium_ready(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    int made = pthread_once(&once, setup);

    assert(made == 0);
    (void)made;
}
