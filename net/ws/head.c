/* Heads of HTTP/1.1 messages: no more of it than an upgrade needs, and strictly. */
#include "net/ws/inner.h"

#include <strings.h>

static const char *const names[WS_FIELDS] = {
    [WS_FIELD_HOST] = "Host",
    [WS_FIELD_UPGRADE] = "Upgrade",
    [WS_FIELD_CONNECTION] = "Connection",
    [WS_FIELD_KEY] = "Sec-WebSocket-Key",
    [WS_FIELD_VERSION] = "Sec-WebSocket-Version",
    [WS_FIELD_ACCEPT] = "Sec-WebSocket-Accept",
    [WS_FIELD_EXTENSIONS] = "Sec-WebSocket-Extensions",
    [WS_FIELD_PROTOCOL] = "Sec-WebSocket-Protocol",
    [WS_FIELD_LENGTH] = "Content-Length",
    [WS_FIELD_ENCODING] = "Transfer-Encoding",
};

/* ---- bytes ---- */

/* Who speaks TLS or multistream here is told at once, not after a time-out. */
static bool is_text(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((s.ptr[i] < 0x20 && s.ptr[i] != '\r' && s.ptr[i] != '\n' && s.ptr[i] != '\t') ||
            s.ptr[i] == 0x7f)
            return false;
    return true;
}

/* The byte behind the first empty line at or after `from`; 0: there is none. */
static size_t end_of(struct span text, size_t from)
{
    for (size_t i = from; i + 4 <= text.len; i++)
        if (memcmp(text.ptr + i, "\r\n\r\n", 4) == 0)
            return i + 4;
    return 0;
}

enum err ws_head_take(struct buf *head, struct span *in)
{
    size_t old = head->len, room = WS_HEAD_BYTES_MAX - old;
    size_t n = in->len < room ? in->len : room;

    TRY(buf_append(head, span_sub(*in, 0, n)));
    size_t end = end_of(buf_span(head), old < 3 ? 0 : old - 3);
    if (end > 0) {
        buf_truncate(head, end);
        n = end - old;
    }
    *in = span_after(*in, n);
    if (!is_text(span_after(buf_span(head), old)))
        return ERR_FORMAT;
    if (end > 0)
        return OK;
    return head->len == WS_HEAD_BYTES_MAX ? ERR_LIMIT : ERR_MORE;
}

/* ---- lines ---- */

static bool take_line(struct span *rest, struct span *line)
{
    const uint8_t *lf = rest->len == 0 ? NULL : memchr(rest->ptr, '\n', rest->len);

    if (lf == NULL || lf == rest->ptr || lf[-1] != '\r')
        return false; /* RFC 9112 2.2 lets a lone LF pass; no browser sends one */
    size_t len = (size_t)(lf - rest->ptr) - 1;
    *line = span_sub(*rest, 0, len);
    *rest = span_after(*rest, len + 2);
    return line->len == 0 || memchr(line->ptr, '\r', line->len) == NULL;
}

static struct span trim(struct span s)
{
    while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
        s = span_after(s, 1);
    while (s.len > 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
        s.len--;
    return s;
}

static bool same(struct span s, const char *text)
{
    return s.len == strlen(text) && strncasecmp((const char *)s.ptr, text, s.len) == 0;
}

static bool is_token(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] <= 0x20 || s.ptr[i] >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", s.ptr[i]) != NULL)
            return false;
    return s.len > 0;
}

/* Is `token` in a comma-separated list? */
static bool lists(struct span list, const char *token)
{
    while (list.len > 0) {
        const uint8_t *comma = memchr(list.ptr, ',', list.len);
        size_t len = comma == NULL ? list.len : (size_t)(comma - list.ptr);
        if (same(trim(span_sub(list, 0, len)), token))
            return true;
        list = span_after(list, comma == NULL ? len : len + 1);
    }
    return false;
}

static enum err read_field(struct span line, struct ws_head *out)
{
    const uint8_t *colon = memchr(line.ptr, ':', line.len);

    if (colon == NULL)
        return ERR_FORMAT;
    struct span name = span_sub(line, 0, (size_t)(colon - line.ptr));
    struct span value = trim(span_after(line, name.len + 1));
    if (!is_token(name)) /* also a folded line, which begins with a space */
        return ERR_FORMAT;
    for (size_t i = 0; i < WS_FIELDS; i++) {
        if (!same(name, names[i]))
            continue;
        out->value[i] = value;
        out->count[i]++;
        out->upgrades |= i == WS_FIELD_UPGRADE && lists(value, "websocket");
        out->connection_tells |= i == WS_FIELD_CONNECTION && lists(value, "upgrade");
    }
    return OK;
}

enum err ws_head_read(struct span text, struct ws_head *out)
{
    struct span line;

    *out = (struct ws_head){0};
    if (!take_line(&text, &out->line))
        return ERR_FORMAT;
    for (unsigned i = 0; take_line(&text, &line); i++) {
        if (line.len == 0)
            return text.len == 0 ? OK : ERR_FORMAT;
        if (i == WS_FIELDS_MAX)
            return ERR_LIMIT;
        TRY(read_field(line, out));
    }
    return ERR_FORMAT;
}
