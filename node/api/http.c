/* What is safe to say about the bytes of a request before anything else looks at them. */
#include "node/api/http.h"

#include <strings.h>

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool http_decode(struct arena *arena, struct span in, bool plus, struct span *out)
{
    uint8_t *to = arena_alloc(arena, in.len + 1);
    size_t n = 0;
    if (to == NULL)
        return false;
    for (size_t i = 0; i < in.len; i++) {
        uint8_t c = in.ptr[i];
        if (c == '%') {
            if (in.len - i < 3)
                return false;
            int high = hex_digit(in.ptr[i + 1]), low = hex_digit(in.ptr[i + 2]);
            if (high < 0 || low < 0)
                return false;
            c = (uint8_t)(high << 4 | low);
            i += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        if (c == 0)
            return false;
        to[n++] = c;
    }
    *out = span_of(to, n);
    return true;
}

bool http_parameter(struct arena *arena, struct span query, const char *name, struct span *out,
                    bool *broken)
{
    size_t len = strlen(name);
    while (query.len > 0) {
        const uint8_t *and = memchr(query.ptr, '&', query.len);
        size_t n = and == NULL ? query.len : (size_t)(and-query.ptr);
        struct span pair = span_sub(query, 0, n);
        if (pair.len > len && memcmp(pair.ptr, name, len) == 0 && pair.ptr[len] == '=') {
            if (pair.len == len + 1)
                return false;
            if (http_decode(arena, span_after(pair, len + 1), true, out))
                return true;
            *broken = true;
            return false;
        }
        query = span_after(query, and == NULL ? n : n + 1);
    }
    return false;
}

bool http_is_json(struct span type)
{
    static const char json[] = "application/json";
    size_t n = sizeof json - 1;
    return type.len >= n && strncasecmp((const char *)type.ptr, json, n) == 0 &&
           (type.len == n || type.ptr[n] == ';' || type.ptr[n] == ' ');
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

/* Backtracks to the last star only: linear in practice, n * m at worst. */
bool http_glob(const char *pattern, struct span text)
{
    const char *star = NULL;
    size_t i = 0, star_at = 0;
    while (i < text.len) {
        if (*pattern == '*') {
            star = pattern++;
            star_at = i;
        } else if (*pattern != '\0' &&
                   (*pattern == '?' || lower((uint8_t)*pattern) == lower(text.ptr[i]))) {
            pattern++;
            i++;
        } else if (star != NULL) {
            pattern = star + 1;
            i = ++star_at;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

static struct span without_scheme(struct span origin)
{
    for (size_t i = 0; i + 3 <= origin.len; i++)
        if (memcmp(origin.ptr + i, "://", 3) == 0)
            return span_after(origin, i + 3);
    return origin;
}

/* A pattern may name its scheme; one that does not holds for all. */
static bool named(struct span origin, const char *const *patterns, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool scheme = strstr(patterns[i], "://") != NULL || strcmp(patterns[i], "*") == 0;
        if (http_glob(patterns[i], scheme ? origin : without_scheme(origin)))
            return true;
    }
    return false;
}

static struct span host_name(struct span host)
{
    if (host.len > 0 && host.ptr[0] == '[') {
        const uint8_t *end = memchr(host.ptr, ']', host.len);
        return end == NULL ? SPAN_EMPTY : span_sub(host, 0, (size_t)(end - host.ptr) + 1);
    }
    const uint8_t *colon = host.len == 0 ? NULL : memchr(host.ptr, ':', host.len);
    return colon == NULL ? host : span_sub(host, 0, (size_t)(colon - host.ptr));
}

bool http_host_ok(struct span host, const char *const *patterns, size_t count)
{
    struct span name = host_name(host);
    if (name.len == 0)
        return host.len == 0; /* HTTP/1.0; a browser always sends one */
    if (name.ptr[0] == '[' || memchr(name.ptr, '.', name.len) == NULL)
        return true; /* IPv6, localhost, a container's name: nobody can register these */
    bool digits = true;
    for (size_t i = 0; i < name.len; i++)
        digits = digits && ((name.ptr[i] >= '0' && name.ptr[i] <= '9') || name.ptr[i] == '.');
    if (digits)
        return true;
    for (size_t i = 0; i < count; i++) { /* by the host part of a pattern */
        const char *at = strstr(patterns[i], "://");
        const char *pattern = at == NULL ? patterns[i] : at + 3;
        if (http_glob(pattern, host) || http_glob(pattern, name))
            return true;
    }
    return false;
}

bool http_origin_ok(struct span origin, struct span host, const char *const *patterns, size_t count)
{
    return named(origin, patterns, count) ||
           (span_starts(origin, SPAN_LIT("http")) && span_eq(without_scheme(origin), host));
}

bool http_number(struct span text, uint64_t max, uint64_t *out)
{
    uint64_t v = 0;
    if (text.len == 0)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        uint64_t d = (uint64_t)text.ptr[i] - '0';
        if (d > 9 || d > max || v > (max - d) / 10)
            return false;
        v = v * 10 + d;
    }
    *out = v;
    return true;
}
