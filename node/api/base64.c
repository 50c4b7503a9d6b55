/* Base 64 of RFC 4648 4. */
#include "node/api/json.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct span in, char *out)
{
    size_t i = 0;
    for (; in.len - i >= 3; i += 3) {
        uint32_t v = (uint32_t)in.ptr[i] << 16 | (uint32_t)in.ptr[i + 1] << 8 | in.ptr[i + 2];
        *out++ = digits[v >> 18];
        *out++ = digits[v >> 12 & 63];
        *out++ = digits[v >> 6 & 63];
        *out++ = digits[v & 63];
    }
    if (in.len - i > 0) {
        uint32_t v =
            (uint32_t)in.ptr[i] << 16 | (in.len - i == 2 ? (uint32_t)in.ptr[i + 1] << 8 : 0);
        *out++ = digits[v >> 18];
        *out++ = digits[v >> 12 & 63];
        *out++ = in.len - i == 2 ? digits[v >> 6 & 63] : '=';
        *out++ = '=';
    }
    *out = '\0';
}

static int value_of(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

enum err base64_decode(struct span text, uint8_t *out, size_t *len)
{
    if (text.len % 4 == 0)
        for (int i = 0; i < 2 && text.len > 0 && text.ptr[text.len - 1] == '='; i++)
            text = span_sub(text, 0, text.len - 1);
    uint32_t v = 0;
    *len = 0;
    for (size_t i = 0; i < text.len; i++) {
        int d = value_of(text.ptr[i]);
        if (d < 0)
            return ERR_FORMAT;
        v = v << 6 | (uint32_t)d;
        if (i % 4 == 1)
            out[(*len)++] = (uint8_t)(v >> 4);
        else if (i % 4 == 2)
            out[(*len)++] = (uint8_t)(v >> 2);
        else if (i % 4 == 3)
            out[(*len)++] = (uint8_t)v;
    }
    /* no lone digit, and no bits behind the last byte */
    uint32_t rest = text.len % 4 == 2 ? v & 15 : text.len % 4 == 3 ? v & 3 : 0;
    return text.len % 4 == 1 || rest != 0 ? ERR_FORMAT : OK;
}
