/* Strings: basic and literal, on one line or several. */
#include "node/conf/toml_parse.h"

size_t toml_utf8(const uint8_t *s, size_t len)
{
    if (len == 0)
        return 0;
    if (s[0] < 0x80)
        return 1;
    size_t n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4 || n > len)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || /* overlong, surrogate */
        (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return n;
}

static size_t put_utf8(uint8_t *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (uint8_t)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (uint8_t)(0xc0 | c >> 6);
        out[1] = (uint8_t)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (uint8_t)(0xe0 | c >> 12);
        out[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
        out[2] = (uint8_t)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (uint8_t)(0xf0 | c >> 18);
    out[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
    out[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
    out[3] = (uint8_t)(0x80 | (c & 0x3f));
    return 4;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static enum err unicode(struct toml_parser *p, int digits, uint8_t *out, size_t *len)
{
    uint32_t c = 0;
    for (int i = 0; i < digits; i++) {
        int d = hex_digit(toml_peek(p));
        if (d < 0)
            return toml_fail(p, "\\u needs 4 and \\U 8 hexadecimal digits");
        c = c << 4 | (uint32_t)d;
        p->at++;
    }
    if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return toml_fail(p, "an escape that is no Unicode character");
    *len += put_utf8(out + *len, c);
    return OK;
}

/* A backslash at the end of a line: it, the newline and all blanks that follow vanish. */
static bool line_ending_backslash(struct toml_parser *p)
{
    const uint8_t *at = p->at;
    uint32_t line = p->line;
    toml_skip_blank(p);
    if (!toml_newline(p)) {
        p->at = at;
        p->line = line;
        return false;
    }
    do
        toml_skip_blank(p);
    while (toml_newline(p));
    return true;
}

static enum err escape(struct toml_parser *p, bool multi, uint8_t *out, size_t *len)
{
    if (multi && line_ending_backslash(p))
        return OK;
    static const char names[] = "btnfr\"\\", values[] = "\b\t\n\f\r\"\\";
    uint8_t c = toml_peek(p);
    const char *at = c == 0 ? NULL : strchr(names, c);
    if (at != NULL) {
        out[(*len)++] = (uint8_t)values[at - names];
        p->at++;
        return OK;
    }
    if (c != 'u' && c != 'U')
        return toml_fail(p, "an unknown escape in a string");
    p->at++;
    return unicode(p, c == 'u' ? 4 : 8, out, len);
}

/* Up to five quotes may end a multi-line string: the last three close it. */
static bool closes(struct toml_parser *p, uint8_t quote, bool multi, uint8_t *out, size_t *len)
{
    if (!multi) {
        p->at++;
        return true;
    }
    size_t n = 0;
    while (n < 5 && n < toml_left(p) && p->at[n] == quote)
        n++;
    for (size_t i = n < 3 ? 0 : 3; i < n; i++)
        out[(*len)++] = quote;
    p->at += n;
    return n >= 3;
}

static enum err content(struct toml_parser *p, uint8_t quote, bool multi, uint8_t *out, size_t *len)
{
    while (p->at < p->end) {
        uint8_t c = *p->at;
        if (c == quote) {
            if (closes(p, quote, multi, out, len))
                return OK;
        } else if (c == '\\' && quote == '"') {
            p->at++;
            TRY(escape(p, multi, out, len));
        } else if (multi && toml_newline(p)) {
            out[(*len)++] = '\n';
        } else if ((c < 0x20 && c != '\t') || c == 0x7f) {
            return toml_fail(p, c == '\n' ? "a string does not end on its line"
                                          : "a control character in a string");
        } else {
            size_t n = toml_utf8(p->at, toml_left(p));
            if (n == 0)
                return toml_fail(p, "not UTF-8");
            memcpy(out + *len, p->at, n);
            *len += n;
            p->at += n;
        }
    }
    return toml_fail(p, "a string does not end");
}

/* Length of the string's source, an upper bound of what it becomes: no escape is shorter than what
 * it stands for. */
static size_t source_bytes(const struct toml_parser *p, uint8_t quote, bool multi)
{
    const uint8_t *s = p->at;
    while (s < p->end) {
        if (*s == '\\' && quote == '"' && p->end - s >= 2)
            s++;
        else if (*s == quote && (!multi || (p->end - s >= 3 && s[1] == quote && s[2] == quote)))
            break;
        else if (!multi && *s == '\n')
            break;
        s++;
    }
    size_t extra = (size_t)(p->end - s); /* the closing quotes count: two of them may be content */
    return (size_t)(s - p->at) + (extra < 5 ? extra : 5);
}

enum err toml_string(struct toml_parser *p, bool multi, struct span *out)
{
    uint8_t quote = *p->at++;
    if (toml_left(p) >= 2 && p->at[0] == quote && p->at[1] == quote) {
        if (!multi)
            return toml_fail(p, "a key cannot be a multi-line string");
        p->at += 2;
        (void)toml_newline(p); /* one directly after the opening quotes is trimmed */
    } else {
        multi = false;
    }
    size_t bound = source_bytes(p, quote, multi), len = 0;
    uint8_t *bytes = arena_alloc(p->arena, bound + 1);
    if (bytes == NULL)
        return ERR_MEMORY;
    TRY(content(p, quote, multi, bytes, &len));
    assert(len <= bound);
    *out = span_of(bytes, len);
    return OK;
}
