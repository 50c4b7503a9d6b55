#include "net/wire/ip.h"

#include "crypto/base/hex.h"

#include <stdio.h>

#define GROUPS 8u

static const uint8_t MAPPED[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

const uint8_t *ip_v4(const uint8_t ip[16])
{
    return memcmp(ip, MAPPED, sizeof MAPPED) == 0 ? ip + sizeof MAPPED : NULL;
}

void ip_from_v4(const uint8_t v4[4], uint8_t ip[16])
{
    memcpy(ip, MAPPED, sizeof MAPPED);
    memcpy(ip + sizeof MAPPED, v4, 4);
}

void ip_text(const uint8_t ip[16], char out[IP_TEXT_MAX])
{
    const uint8_t *v4 = ip_v4(ip);

    if (v4 != NULL)
        snprintf(out, IP_TEXT_MAX, "%u.%u.%u.%u", v4[0], v4[1], v4[2], v4[3]);
    else
        ip6_text(ip, out);
}

/* The first longest run of at least two zero groups becomes "::" (RFC 5952 4.2). */
static void longest_zeros(const uint8_t ip[16], size_t *at, size_t *count)
{
    size_t run = 0;

    *at = GROUPS;
    *count = 1;
    for (size_t i = 0; i < GROUPS; i++) {
        run = ip[2 * i] == 0 && ip[2 * i + 1] == 0 ? run + 1 : 0;
        if (run > *count) {
            *count = run;
            *at = i + 1 - run;
        }
    }
}

void ip6_text(const uint8_t ip[16], char out[IP_TEXT_MAX])
{
    size_t zeros_at, zeros, n = 0;
    const uint8_t *v4 = ip_v4(ip);

    if (v4 != NULL) { /* RFC 5952 5: a well-known prefix shows the dotted form */
        snprintf(out, IP_TEXT_MAX, "::ffff:%u.%u.%u.%u", v4[0], v4[1], v4[2], v4[3]);
        return;
    }
    longest_zeros(ip, &zeros_at, &zeros);
    out[0] = '\0';
    for (size_t i = 0; i < GROUPS; i++) {
        if (i == zeros_at) {
            n += (size_t)snprintf(out + n, IP_TEXT_MAX - n, i == 0 ? "::" : ":");
            i += zeros - 1;
            continue;
        }
        unsigned group = (unsigned)ip[2 * i] << 8 | ip[2 * i + 1];
        n += (size_t)snprintf(out + n, IP_TEXT_MAX - n, "%x%s", group, i + 1 < GROUPS ? ":" : "");
    }
}

enum err ip4_parse(struct span text, uint8_t v4[4])
{
    size_t i = 0;

    for (size_t part = 0; part < 4; part++) {
        unsigned v = 0;
        size_t digits = 0;
        for (; i < text.len && text.ptr[i] >= '0' && text.ptr[i] <= '9'; i++) {
            if (++digits > 3 || (digits == 2 && v == 0))
                return ERR_FORMAT;
            v = v * 10 + (unsigned)(text.ptr[i] - '0');
        }
        bool dot = i < text.len && text.ptr[i] == '.';
        if (digits == 0 || v > 255 || dot != (part < 3))
            return ERR_FORMAT;
        v4[part] = (uint8_t)v;
        i += dot;
    }
    return i == text.len ? OK : ERR_FORMAT;
}

/* One to four hexadecimal digits at the front of `text`. */
static size_t take_group(struct span text, uint8_t out[2])
{
    uint8_t digits[4] = {'0', '0', '0', '0'};
    size_t n = 0;
    uint8_t probe[1];

    for (; n < text.len && text.ptr[n] != ':'; n++) {
        const uint8_t pair[2] = {'0', text.ptr[n]};
        if (n == 4 || hex_decode(SPAN_ARRAY(pair), probe) != OK)
            return 0;
        memmove(digits, digits + 1, 3);
        digits[3] = text.ptr[n];
    }
    return hex_decode(SPAN_ARRAY(digits), out) == OK ? n : 0;
}

/* Groups up to the end of the text or a "::"; the last one may be a dotted quad. */
static enum err take_groups(struct span *text, uint8_t *out, size_t room, size_t *len)
{
    *len = 0;
    while (text->len > 0) {
        if (*len + 4 <= room && ip4_parse(*text, out + *len) == OK) {
            *len += 4;
            *text = SPAN_EMPTY;
            return OK;
        }
        size_t n = *len + 2 <= room ? take_group(*text, out + *len) : 0;
        if (n == 0)
            return ERR_FORMAT;
        *len += 2;
        *text = span_after(*text, n);
        if (text->len == 0 || span_starts(*text, SPAN_LIT("::")))
            return OK;
        *text = span_after(*text, 1); /* a colon, which another group must follow */
        if (text->len == 0)
            return ERR_FORMAT;
    }
    return OK;
}

enum err ip6_parse(struct span text, uint8_t ip[16])
{
    uint8_t head[16], tail[16];
    size_t head_len = 0, tail_len = 0;

    if (!span_starts(text, SPAN_LIT("::")))
        TRY(take_groups(&text, head, sizeof head, &head_len));
    if (text.len == 0) {
        memcpy(ip, head, head_len);
        return head_len == 16 ? OK : ERR_FORMAT;
    }
    text = span_after(text, 2);
    TRY(take_groups(&text, tail, sizeof tail, &tail_len));
    if (text.len > 0 || head_len + tail_len > 14)
        return ERR_FORMAT; /* a second "::", or one that stands for nothing */
    memset(ip, 0, 16);
    memcpy(ip, head, head_len);
    memcpy(ip + 16 - tail_len, tail, tail_len);
    return OK;
}

enum err ip_parse(struct span text, uint8_t ip[16])
{
    uint8_t v4[4];

    if (ip4_parse(text, v4) != OK)
        return ip6_parse(text, ip);
    ip_from_v4(v4, ip);
    return OK;
}

bool ip_is_loopback(const uint8_t ip[16])
{
    static const uint8_t one[16] = {[15] = 1};
    const uint8_t *v4 = ip_v4(ip);

    return v4 != NULL ? v4[0] == 127 : memcmp(ip, one, 16) == 0;
}

bool ip_is_private(const uint8_t ip[16])
{
    static const uint8_t zero[16];
    const uint8_t *v4 = ip_v4(ip);

    if (ip_is_loopback(ip))
        return true;
    if (v4 == NULL)
        return memcmp(ip, zero, 16) == 0 || (ip[0] & 0xfe) == 0xfc ||
               (ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80);
    return v4[0] == 0 || v4[0] == 10 || (v4[0] == 172 && (v4[1] & 0xf0) == 16) ||
           (v4[0] == 192 && v4[1] == 168) || (v4[0] == 169 && v4[1] == 254) ||
           (v4[0] == 100 && (v4[1] & 0xc0) == 64);
}
