/* Server-sent events over a real socket: a client follows, reads, reads no more, goes and returns.
 */
#include "node/evio/evio.h"
#include "node/evio/http.h"
#include "tests/lib/fake_node.h"
#include "tests/lib/fake_room.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

struct world {
    struct evio *e;
    struct api *api;
    struct http *h;
    struct chat *chat;
    struct fake_node node;
    uint16_t port;
    size_t talk;
};

static void begin(struct world *w)
{
    static const struct evio_owner owner;
    const struct api_config c = {.cache_capacity = 1, .version = "v1", .storenode = ""};
    *w = (struct world){0};
    struct api_backend b = fake_backend(&w->node);
    assert_ok(evio_new(&w->e, NULL, &owner));
    assert_ok(api_new(&w->api, &c, &b, evio_env(w->e)));
    assert_ok(fake_new_chat(&w->chat));
    w->talk = fake_talk_new(w->chat, CHAT_DIRECT, "bea", CHAT_JOINED);
    const struct api_chat one = {"ada", w->chat};
    assert_ok(api_serve_chats(w->api, &(struct api_chats){"6f2a", &one, 1}));
    assert_ok(http_new(&w->h, w->e, w->api));
    assert_ok(http_listen(w->h, "127.0.0.1", 0, false, &w->port));
}

static void end(struct world *w)
{
    http_free(w->h);
    api_free(w->api);
    chat_close(w->chat);
    evio_free(w->e);
}

static void steps(struct world *w, int n)
{
    while (n-- > 0) {
        (void)evio_step(w->e, NS_PER_MS);
        http_stream(w->h); /* as node/main does after every pump */
    }
}

static const char *token = "6f2a";

static int dial(struct world *w, const char *target, const char *headers)
{
    char text[512];
    int fd = socket(AF_INET, SOCK_STREAM, 0), small = 4096;
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(w->port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    assert_true(fd >= 0);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    int n = snprintf(text, sizeof text,
                     "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n%s\r\n",
                     target, token, headers);
    assert_int_equal(write(fd, text, (size_t)n), n);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    steps(w, 20);
    return fd;
}

/* All that comes, appended; true: the other side has ended. */
static bool read_all(struct world *w, int fd, char *out, size_t max)
{
    size_t used = strlen(out);
    ssize_t n = -1;
    for (int i = 0; i < 50; i++) {
        steps(w, 1);
        while ((n = read(fd, out + used, max - 1 - used)) > 0)
            used += (size_t)n;
        out[used] = '\0';
        if (n == 0)
            return true;
    }
    return false;
}

static unsigned count(const char *text, const char *part)
{
    unsigned n = 0;
    for (; (text = strstr(text, part)) != NULL; text++)
        n++;
    return n;
}

static char got[4u << 20];

static void a_follower_is_told_and_returns_where_it_was(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    got[0] = '\0';
    int fd = dial(&w, "/chat/v1/events", "");
    assert_false(read_all(&w, fd, got, sizeof got));
    assert_non_null(strstr(got, "200 OK"));
    assert_non_null(strstr(got, "Content-Type: text/event-stream"));
    assert_non_null(strstr(got, "Cache-Control: no-store"));
    assert_non_null(strstr(got, "retry: 1000"));
    fake_say(w.chat, w.talk, "one");
    assert_false(read_all(&w, fd, got, sizeof got));
    assert_int_equal(count(got, "event: entry"), 1);
    assert_non_null(strstr(got, "id: 2"));
    close(fd);
    steps(&w, 20);
    fake_say(w.chat, w.talk, "two");
    fake_say(w.chat, w.talk, "three");
    steps(&w, 20);
    got[0] = '\0';
    fd = dial(&w, "/chat/v1/events", "Last-Event-ID: 2\r\n");
    assert_false(read_all(&w, fd, got, sizeof got));
    assert_int_equal(count(got, "event: entry"), 2);
    assert_non_null(strstr(got, "\"text\":\"three\""));
    close(fd);
    end(&w);
}

static void one_that_does_not_read_costs_its_buffer_and_holds_up_nobody(void **state)
{
    (void)state;
    static char large[50000];
    struct world w;
    begin(&w);
    memset(large, 'x', sizeof large - 1);
    int slow = dial(&w, "/chat/v1/events", ""), quick = dial(&w, "/chat/v1/events", "");
    got[0] = '\0';
    for (int i = 0; i < 60; i++) {
        fake_say(w.chat, w.talk, large);
        assert_false(read_all(&w, quick, got, sizeof got));
    }
    assert_int_equal(count(got, "event: entry"), 60);
    got[0] = '\0'; /* it reads at last: all is there, in order */
    for (int i = 0; i < 40 && count(got, "event: entry") < 60; i++)
        assert_false(read_all(&w, slow, got, sizeof got));
    assert_int_equal(count(got, "event: entry"), 60);
    close(slow);
    close(quick);
    steps(&w, 10);
    end(&w);
}

static void one_that_never_reads_is_closed(void **state)
{
    (void)state;
    static char large[200000];
    struct world w;
    begin(&w);
    memset(large, 'x', sizeof large - 1);
    int fd = dial(&w, "/chat/v1/events", "");
    for (int i = 0; i < 40; i++)
        fake_say(w.chat, w.talk, large);
    steps(&w, 50);
    struct env later = *evio_env(w.e);
    later.now.ns += (EVENTS_STALL_S + 1) * NS_PER_S;
    api_tick(w.api, &later);
    steps(&w, 20);
    ssize_t n;
    size_t all = 0;
    while ((n = read(fd, got, sizeof got)) > 0)
        all += (size_t)n;
    assert_true(n == 0 || errno == ECONNRESET);
    assert_true(all < 40 * sizeof large);
    close(fd);
    end(&w);
}

static void closing_with_followers_leaves_nothing(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    int fd = dial(&w, "/chat/v1/events", "");
    fake_say(w.chat, w.talk, "one");
    steps(&w, 5);
    end(&w);
    got[0] = '\0';
    while (read(fd, got, sizeof got) > 0)
        continue;
    assert_int_equal(read(fd, got, 1), 0); /* the connection is closed */
    close(fd);
}

static void without_the_token_there_is_no_stream(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    got[0] = '\0';
    token = "6f2b";
    int fd = dial(&w, "/chat/v1/events", "Connection: close\r\n");
    token = "6f2a";
    (void)read_all(&w, fd, got, sizeof got);
    assert_non_null(strstr(got, "HTTP/1.1 401"));
    assert_null(strstr(got, "retry:"));
    close(fd);
    got[0] = '\0';
    fd = dial(&w, "/chat/v1/events?after=none", "Connection: close\r\n");
    (void)read_all(&w, fd, got, sizeof got);
    assert_non_null(strstr(got, "HTTP/1.1 400"));
    close(fd);
    steps(&w, 10);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_follower_is_told_and_returns_where_it_was),
        cmocka_unit_test(one_that_does_not_read_costs_its_buffer_and_holds_up_nobody),
        cmocka_unit_test(one_that_never_reads_is_closed),
        cmocka_unit_test(closing_with_followers_leaves_nothing),
        cmocka_unit_test(without_the_token_there_is_no_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
