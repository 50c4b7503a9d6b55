/* Whole requests: "METHOD target\ncontent type\nbody" against the API over a fake node. */
#include "tests/lib/fake_node.h"

#include "crypto/base/env.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void zeros(void *state, uint8_t *out, size_t len)
{
    (void)state;
    memset(out, 0, len);
}

static struct span line(struct span *rest)
{
    const uint8_t *end = rest->len == 0 ? NULL : memchr(rest->ptr, '\n', rest->len);
    size_t n = end == NULL ? rest->len : (size_t)(end - rest->ptr);
    struct span out = span_sub(*rest, 0, n);
    *rest = span_after(*rest, end == NULL ? n : n + 1);
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct fake_node node;
    static const char *const origins[] = {"localhost:*"};
    struct rng rng = {zeros, NULL};
    struct arena scratch;
    struct env env = {.now = {NS_PER_S}, .rng = &rng, .scratch = &scratch};
    struct api_config config = {.admin = true,
                                .origins = origins,
                                .origins_count = 1,
                                .cache_capacity = 3,
                                .version = "v",
                                .relay = true,
                                .store = true,
                                .storenode = ""};
    struct api *api;
    node = (struct fake_node){.topics = {"/waku/2/rs/66/3"}, .topics_count = 1};
    struct api_backend backend = fake_backend(&node);
    arena_init(&scratch, 16u << 20);
    if (api_new(&api, &config, &backend, &env) != OK)
        return 0;
    struct span rest = span_of(data, len);
    struct span first = line(&rest), type = line(&rest);
    struct api_request rq = {.content_type = type, .body = rest, .host = SPAN_LIT("localhost")};
    if (first.len > 0) {
        rq.method = (enum api_method)(first.ptr[0] % (API_OTHER + 1));
        rq.target = span_after(first, 1);
        for (int i = 0; i < 2; i++) { /* the second finds what the first left */
            struct api_response r = {0};
            bool answered = api_request(api, &env, 1, &rq, &r);
            assert(!answered || (r.status >= 200 && r.status < 600 && r.type != NULL));
            api_response_clear(&r);
        }
        struct core_event ev = {.kind = CORE_EVENT_MESSAGE,
                                .message = rest,
                                .pubsub_topic = SPAN_LIT("/waku/2/rs/66/3")};
        api_event(api, &env, &ev);
        struct api_response r = {0};
        struct api_request get = {.method = API_GET,
                                  .target = SPAN_LIT("/relay/v1/messages//waku/2/rs/66/3")};
        if (api_request(api, &env, 2, &get, &r))
            api_response_clear(&r);
    }
    api_free(api);
    arena_clear(&scratch);
    return 0;
}
