/* One value against its type. */
#include "node/conf/conf_set.h"

#include "crypto/base/hex.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

static bool number(const char *text, uint64_t *out)
{
    uint64_t v = 0;
    if (*text == '\0')
        return false;
    for (; *text >= '0' && *text <= '9'; text++) {
        uint64_t d = (uint64_t)(*text - '0');
        if (v > (UINT64_MAX - d) / 10)
            return false;
        v = v * 10 + d;
    }
    *out = v;
    return *text == '\0';
}

bool conf_size(struct span text, uint64_t *out)
{
    static const struct {
        const char *name;
        uint64_t bytes;
    } units[] = {{"B", 1},        {"", 1},          {"KiB", 1024},       {"KB", 1000},
                 {"MB", 1000000}, {"MiB", 1048576}, {"GB", 1000000000u}, {"GiB", 1u << 30}};
    uint64_t v = 0;
    size_t i = 0;
    for (; i < text.len && text.ptr[i] >= '0' && text.ptr[i] <= '9'; i++) {
        if (v > UINT64_MAX / 100)
            return false;
        v = v * 10 + (uint64_t)(text.ptr[i] - '0');
    }
    if (i == 0)
        return false;
    while (i < text.len && text.ptr[i] == ' ')
        i++;
    struct span unit = span_after(text, i);
    for (size_t k = 0; k < sizeof units / sizeof units[0]; k++)
        if (unit.len == strlen(units[k].name) &&
            (unit.len == 0 || strncasecmp((const char *)unit.ptr, units[k].name, unit.len) == 0)) {
            *out = v * units[k].bytes;
            return v <= UINT64_MAX / units[k].bytes;
        }
    return false;
}

bool conf_choice(const char *choices, const char *text, uint64_t *place)
{
    size_t len = strlen(text);
    for (*place = 0;; ++*place) {
        size_t n = strcspn(choices, "|");
        bool prefix = n > 0 && choices[n - 1] == '*';
        if (prefix ? len >= n - 1 && strncasecmp(choices, text, n - 1) == 0
                   : len == n && strncasecmp(choices, text, n) == 0)
            return true;
        if (choices[n] == '\0')
            return false;
        choices += n + 1;
    }
}

/* IPv4 in four decimal bytes; IPv6 by its characters only: the world's parser decides */
static bool ip(const char *text)
{
    unsigned a, b, c, d;
    int n = 0;
    if (strchr(text, ':') != NULL)
        return strlen(text) <= 45 && text[strspn(text, "0123456789abcdefABCDEF:.")] == '\0';
    return text[strspn(text, "0123456789.")] == '\0' && strlen(text) <= 15 &&
           sscanf(text, "%3u.%3u.%3u.%3u%n", &a, &b, &c, &d, &n) == 4 && text[n] == '\0' &&
           a < 256 && b < 256 && c < 256 && d < 256;
}

/* An address, with or without a port; only in brackets can IPv6 have one. */
static bool server(const char *text)
{
    char host[48];
    uint64_t port;
    const char *colon = strrchr(text, ':');
    bool brackets = text[0] == '[';
    if (colon == NULL || (!brackets && strchr(text, ':') != colon))
        return ip(text);
    size_t len = (size_t)(colon - text);
    if (!number(colon + 1, &port) || port == 0 || port > UINT16_MAX || len < 2 ||
        (brackets && text[len - 1] != ']') || len - 2u * brackets >= sizeof host)
        return false;
    memcpy(host, text + brackets, len - 2u * brackets);
    host[len - 2u * brackets] = '\0';
    return ip(host) && brackets == (strchr(host, ':') != NULL);
}

static bool in_range(const struct conf_option *o, bool size, uint64_t v)
{
    const char *dots = strstr(o->allowed, "..");
    uint64_t least = 0, most = 0;
    assert(dots != NULL);
    bool ok = conf_size(span_of(o->allowed, (size_t)(dots - o->allowed)), &least) &&
              conf_size(span_str(dots + 2), &most);
    assert(ok && (size || most <= UINT32_MAX));
    return v >= least && v <= most;
}

static bool boolean(const char *text, uint64_t *out)
{
    static const char *const names[] = {"false", "true", "0", "1", "no", "yes", "off", "on"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcasecmp(text, names[i]) == 0) {
            *out = i % 2;
            return true;
        }
    return false;
}

static bool key(const char *text)
{
    uint8_t bytes[32];
    if (strncmp(text, "0x", 2) == 0)
        text += 2;
    return strlen(text) == 64 && hex_decode(span_str(text), bytes) == OK;
}

bool conf_value_ok(const struct conf_option *o, const char *text, uint64_t *out, char *why,
                   size_t why_len)
{
    *out = 0;
    if (o->status == CONF_STATUS_REFUSED && !conf_choice(o->allowed, text, out)) {
        snprintf(why, why_len, "refused: %s", o->why);
        return false;
    }
    switch (o->type) {
    case CONF_TYPE_BOOL:
        snprintf(why, why_len, "true or false is expected");
        return boolean(text, out);
    case CONF_TYPE_NUMBER:
        snprintf(why, why_len, "a number in %s is expected", o->allowed);
        return number(text, out) && in_range(o, false, *out);
    case CONF_TYPE_SIZE:
        snprintf(why, why_len, "a size in %s is expected, in B, KB or KiB", o->allowed);
        return conf_size(span_str(text), out) && in_range(o, true, *out);
    case CONF_TYPE_TEXT:
        return true;
    case CONF_TYPE_IP:
        snprintf(why, why_len, "an IPv4 or IPv6 address is expected");
        return ip(text);
    case CONF_TYPE_SERVER:
        snprintf(why, why_len, "an IPv4 or IPv6 address is expected, or one with a port");
        return server(text);
    case CONF_TYPE_CHOICE:
        snprintf(why, why_len, "one of %s is expected%s%s", o->allowed + (*o->allowed == '|'),
                 o->why != NULL ? "; " : "", o->why != NULL ? o->why : "");
        return conf_choice(o->allowed, text, out);
    case CONF_TYPE_KEY:
        snprintf(why, why_len, "64 hexadecimal digits are expected");
        return key(text);
    }
    return false;
}
