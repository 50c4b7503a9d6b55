#include "store/retention.h"

#define POLICY_BYTES_MAX 256u
#define TIME_S_MAX       9000000000ull /* seconds that still fit a signed 64-bit ns */

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

/* Take `word` off the front of `s`, in either case. */
static bool take_word(struct span *s, const char *word)
{
    size_t len = strlen(word);
    if (s->len < len)
        return false;
    for (size_t i = 0; i < len; i++)
        if (lower(s->ptr[i]) != (uint8_t)word[i])
            return false;
    *s = span_after(*s, len);
    return true;
}

static bool take_digits(struct span *s, uint64_t *v, size_t digits_max)
{
    size_t n = 0;
    *v = 0;
    for (; s->len > 0 && s->ptr[0] >= '0' && s->ptr[0] <= '9'; n++) {
        if (n == digits_max)
            return false;
        *v = *v * 10 + (uint64_t)(s->ptr[0] - '0');
        *s = span_after(*s, 1);
    }
    return n > 0;
}

/* "1", "1.5", ".5" in thousandths; more decimals are read and ignored. */
static bool take_decimal(struct span *s, uint64_t *milli)
{
    uint64_t whole = 0, digit_value = 100;
    bool some = take_digits(s, &whole, 12);
    *milli = whole * 1000;
    if (s->len == 0 || s->ptr[0] != '.')
        return some;
    *s = span_after(*s, 1);
    some = false;
    for (; s->len > 0 && s->ptr[0] >= '0' && s->ptr[0] <= '9'; digit_value /= 10) {
        *milli += digit_value * (uint64_t)(s->ptr[0] - '0');
        *s = span_after(*s, 1);
        some = true;
    }
    return some;
}

static enum err parse_size(struct span s, uint64_t *bytes)
{
    uint64_t milli, unit;
    if (*bytes != 0 || !take_decimal(&s, &milli))
        return ERR_ARGUMENT;
    if (take_word(&s, "gb"))
        unit = 1ull << 30;
    else if (take_word(&s, "mb"))
        unit = 1ull << 20;
    else
        return ERR_ARGUMENT;
    if (s.len > 0 || milli == 0 || milli > UINT64_MAX / unit)
        return ERR_ARGUMENT;
    *bytes = milli * unit / 1000;
    return *bytes > 0 ? OK : ERR_ARGUMENT;
}

static enum err parse_one(struct span s, struct retention *out)
{
    uint64_t v;
    if (take_word(&s, "size:"))
        return parse_size(s, &out->size_bytes);
    if (take_word(&s, "time:")) {
        if (out->time_ns != 0 || !take_digits(&s, &v, 10) || s.len > 0 || v == 0 || v > TIME_S_MAX)
            return ERR_ARGUMENT;
        out->time_ns = (int64_t)v * 1000000000;
        return OK;
    }
    if (take_word(&s, "capacity:")) {
        if (out->capacity != 0 || !take_digits(&s, &v, 18) || s.len > 0 || v == 0)
            return ERR_ARGUMENT;
        out->capacity = v;
        return OK;
    }
    return take_word(&s, "none") && s.len == 0 ? OK : ERR_ARGUMENT;
}

enum err retention_parse(struct span text, struct retention *out)
{
    *out = (struct retention){0};
    if (text.len > POLICY_BYTES_MAX)
        return ERR_ARGUMENT;
    while (text.len > 0) {
        size_t len = 0;
        while (len < text.len && text.ptr[len] != ';')
            len++;
        TRY(parse_one(span_sub(text, 0, len), out));
        text = span_after(text, len < text.len ? len + 1 : len);
    }
    return OK;
}
