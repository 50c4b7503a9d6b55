/* Whole requests to /chat/v1 by one who has the token: "METHOD target\nLast-Event-ID\nbody",
 * against a played account that has a conversation and a few entries. */
#include "tests/lib/fake_node.h"
#include "tests/lib/fake_room.h"

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

static void request(struct api *api, const struct env *env, uint64_t ticket, struct span in)
{
    struct span first = line(&in), last = line(&in);
    struct api_response r = {0};
    struct api_request rq = {.authorization = SPAN_LIT("Bearer 6f2a"),
                             .host = SPAN_LIT("localhost"),
                             .last_event_id = last,
                             .content_type = SPAN_LIT("application/json"),
                             .body = in};
    if (first.len == 0)
        return;
    rq.method = (enum api_method)(first.ptr[0] % (API_OTHER + 1));
    rq.target = span_after(first, 1);
    bool answered = api_request(api, env, ticket, &rq, &r);
    bool ours = span_starts(rq.target, SPAN_LIT("/chat/")); /* others may wait for the core */
    assert(answered ? r.status >= 200 && r.status < 600 && r.type != NULL : r.stream || !ours);
    api_response_clear(&r);
    rq.authorization = SPAN_LIT("Bearer 6f2b"); /* the same without the token gives nothing */
    r = (struct api_response){0};
    if (ours && rq.method != API_OPTIONS) {
        answered = api_request(api, env, ticket + 1, &rq, &r);
        assert(answered && (r.status == 401 || r.status == 414));
        api_response_clear(&r);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct fake_node node;
    struct rng rng = {zeros, NULL};
    struct arena scratch;
    struct env env = {.now = {NS_PER_S}, .rng = &rng, .scratch = &scratch};
    const struct api_config config = {.cache_capacity = 1, .version = "v", .storenode = ""};
    struct api_backend backend = fake_backend(&node);
    struct api_stream_out out;
    struct chat *chat;
    struct api *api;
    arena_init(&scratch, 64u << 20);
    if (api_new(&api, &config, &backend, &env) != OK || fake_new_chat(&chat) != OK)
        return 0;
    size_t talk = fake_talk_new(chat, CHAT_DIRECT, "bea", CHAT_JOINED);
    fake_say(chat, talk, "hello\r\nid: 9\n\n");
    const struct api_chat one = {"ada", chat};
    if (api_serve_chats(api, &(struct api_chats){"6f2a", &one, 1}) == OK) {
        request(api, &env, 1, span_of(data, len));
        request(api, &env, 3, span_of(data, len)); /* finds what the first left */
        api_stream_pump(api, &env);
        while (api_stream_poll(api, &out))
            api_stream_sent(api, &env, out.ticket, out.bytes.len);
    }
    api_free(api);
    chat_close(chat);
    arena_clear(&scratch);
    return 0;
}
