/* The upgrade: our request, and what is made of theirs. */
#include "net/ws/inner.h"

#include "crypto/base/env.h"
#include "crypto/prim/sha1.h"
#include "net/wire/bases.h"

#include <stdio.h>

#define KEY_BYTES 16u
#define KEY_CHARS 24u /* base64 with its two '=' */

/* ---- base64 of RFC 4648 section 4, from that of section 5 ---- */

static void to_base64(struct span bytes, char *out)
{
    base64url_encode(bytes, out);
    size_t len = strlen(out);
    for (size_t i = 0; i < len; i++)
        out[i] = out[i] == '-' ? '+' : out[i] == '_' ? '/' : out[i];
    while (len % 4 != 0)
        out[len++] = '=';
    out[len] = 0;
}

static bool is_key(struct span text)
{
    uint8_t url[KEY_CHARS], bytes[KEY_BYTES];
    size_t len;

    if (text.len != KEY_CHARS || memcmp(text.ptr + KEY_CHARS - 2, "==", 2) != 0)
        return false;
    for (size_t i = 0; i < KEY_CHARS - 2; i++) {
        uint8_t c = text.ptr[i];
        if (c == '-' || c == '_')
            return false;
        url[i] = c == '+' ? '-' : c == '/' ? '_' : c;
    }
    return base64url_decode(span_of(url, KEY_CHARS - 2), bytes, &len) == OK && len == KEY_BYTES;
}

/* RFC 6455 4.2.2 step 5.4 */
static void accept_of(struct span key, char out[29])
{
    struct span parts[] = {key, SPAN_LIT("258EAFA5-E914-47DA-95CA-C5AB0DC85B11")};
    uint8_t digest[SHA1_BYTES];

    sha1_parts(parts, 2, digest);
    to_base64(SPAN_ARRAY(digest), out);
}

/* ---- dialer ---- */

static bool is_host(const char *host)
{
    size_t len = strlen(host);

    if (len == 0 || len > WS_HOST_BYTES_MAX)
        return false;
    for (size_t i = 0; i < len; i++)
        if (host[i] <= ' ' || host[i] >= 0x7f || strchr("/\\?#@\"<>", host[i]) != NULL)
            return false;
    return true;
}

/* No name and no origin: the request says nothing of us. */
enum err ws_dial(struct ws *w, const struct env *env, const char *host, struct buf *wire)
{
    uint8_t key[KEY_BYTES];
    char text[KEY_CHARS + 1], request[512];

    assert(w->dialer && w->state == WS_HEAD);
    if (!is_host(host))
        return ERR_ARGUMENT;
    rng_fill(env->rng, key, sizeof key);
    to_base64(SPAN_ARRAY(key), text);
    accept_of(span_str(text), w->accept);
    int len = snprintf(request, sizeof request,
                       "GET / HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                       "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n",
                       host, text);
    return buf_append(wire, span_of(request, (size_t)len));
}

/* RFC 6455 4.1, what the client must validate; 5 and 6: we asked for neither */
enum err ws_judge(struct ws *w)
{
    struct ws_head head;

    TRY(ws_head_read(buf_span(&w->head), &head));
    if (!span_starts(head.line, SPAN_LIT("HTTP/1.1 ")))
        return ERR_FORMAT;
    struct span status = span_after(head.line, 9);
    if (!span_starts(status, SPAN_LIT("101")) || (status.len > 3 && status.ptr[3] != ' '))
        return ERR_REFUSED;
    bool good = head.upgrades && head.connection_tells && head.count[WS_FIELD_ACCEPT] == 1 &&
                span_eq(head.value[WS_FIELD_ACCEPT], span_str(w->accept)) &&
                head.count[WS_FIELD_EXTENSIONS] == 0 && head.count[WS_FIELD_PROTOCOL] == 0;
    return good ? OK : ERR_PROTOCOL;
}

/* ---- listener ---- */

struct status {
    const char *line, *fields;
    enum err err;
};

static const struct status bad_request = {"400 Bad Request", "", ERR_FORMAT};
static const struct status method = {"405 Method Not Allowed", "Allow: GET\r\n", ERR_PROTOCOL};
static const struct status upgrade_required = {
    "426 Upgrade Required", "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n", ERR_PROTOCOL};
static const struct status too_large = {"431 Request Header Fields Too Large", "", ERR_LIMIT};

static void say(const struct status *s, struct buf *wire)
{
    char text[256];
    int len = snprintf(text, sizeof text,
                       "HTTP/1.1 %s\r\n%sConnection: close\r\nContent-Length: 0\r\n\r\n", s->line,
                       s->fields);

    (void)!buf_append(wire, span_of(text, (size_t)len)); /* a courtesy */
}

/* "GET /anything HTTP/1.1": whatever path a proxy gives us */
static const struct status *judge_line(struct span line)
{
    const struct span version = SPAN_LIT(" HTTP/1.1");

    if (!span_starts(line, SPAN_LIT("GET ")))
        return line.len == 0 || memchr(line.ptr, ' ', line.len) == NULL ? &bad_request : &method;
    struct span target = span_after(line, 4);
    if (target.len <= version.len ||
        !span_eq(span_after(target, target.len - version.len), version))
        return &bad_request;
    target.len -= version.len;
    return target.ptr[0] == '/' && memchr(target.ptr, ' ', target.len) == NULL ? NULL
                                                                               : &bad_request;
}

/* RFC 6455 4.2.1; Origin and sub-protocols are nobody's business here */
static const struct status *judge_request(const struct ws_head *head)
{
    const struct status *bad = judge_line(head->line);

    if (bad != NULL)
        return bad;
    if (head->count[WS_FIELD_HOST] != 1 || head->count[WS_FIELD_ENCODING] > 0 ||
        (head->count[WS_FIELD_LENGTH] > 0 && !span_eq(head->value[WS_FIELD_LENGTH], SPAN_LIT("0"))))
        return &bad_request;
    if (!head->upgrades || !head->connection_tells)
        return &upgrade_required; /* a person looks with a browser, or something probes us */
    if (head->count[WS_FIELD_VERSION] != 1 ||
        !span_eq(head->value[WS_FIELD_VERSION], SPAN_LIT("13")))
        return &upgrade_required; /* RFC 6455 4.4 */
    if (head->count[WS_FIELD_KEY] != 1 || !is_key(head->value[WS_FIELD_KEY]))
        return &bad_request;
    return NULL;
}

void ws_reject(enum err why, struct buf *wire)
{
    say(why == ERR_LIMIT ? &too_large : &bad_request, wire);
}

enum err ws_answer(struct ws *w, struct buf *wire)
{
    struct ws_head head;
    char accept[29], text[256];
    enum err err = ws_head_read(buf_span(&w->head), &head);

    if (err != OK) {
        ws_reject(err, wire);
        return err;
    }
    const struct status *bad = judge_request(&head);
    if (bad != NULL) {
        say(bad, wire);
        return bad->err;
    }
    accept_of(head.value[WS_FIELD_KEY], accept);
    int len = snprintf(text, sizeof text,
                       "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                       "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                       accept);
    return buf_append(wire, span_of(text, (size_t)len));
}
