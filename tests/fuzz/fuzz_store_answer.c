/* Any bytes as an answer to a client's question. */
#include "net/services/store_query.h"
#include "tests/lib/testing.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct test_env t;
    struct store_client *c;
    struct store_client_out o;
    struct store_query q = {.request_id = SPAN_LIT("aa")};
    size_t touched = 0;
    test_env_init(&t, 1);
    if (store_client_new(&c, &t.env) != OK || store_client_ask(c, &t.env, 1, &q) != OK)
        abort();
    if (!store_client_poll(c, &o))
        abort();
    blob_unref(o.bytes);
    if (store_client_answer(c, &t.env, 1, span_of(data, len)) != OK || !store_client_poll(c, &o))
        abort();
    for (size_t i = 0; o.err == OK && i < o.answer->count; i++)
        for (size_t k = 0; k < o.answer->entries[i].message.len; k++)
            touched += o.answer->entries[i].message.ptr[k];
    store_client_free(c);
    test_env_clear(&t);
    return touched == SIZE_MAX;
}
