/* Values: arrays, inline tables, and the bare words: numbers, booleans, dates. */
#include "node/conf/toml_parse.h"

#include <math.h>
#include <stdlib.h>

#define WORD_BYTES_MAX 128 /* of a number or date; longer ones are refused */

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static int digit_of(uint8_t c)
{
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

/* Integer: digits of one base, underscores between digits only */
static bool digits(struct span s, int base, bool negative, int64_t *out)
{
    uint64_t v = 0, max = (uint64_t)INT64_MAX + (negative ? 1 : 0);
    bool after_digit = false;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '_') {
            if (!after_digit)
                return false;
            after_digit = false;
            continue;
        }
        int d = digit_of(s.ptr[i]);
        if (d >= base || v > (max - (uint64_t)d) / (uint64_t)base)
            return false;
        v = v * (uint64_t)base + (uint64_t)d;
        after_digit = true;
    }
    *out = negative ? (int64_t)(0 - v) : (int64_t)v;
    return after_digit;
}

static bool integer(struct span s, int64_t *out)
{
    if (s.len > 2 && s.ptr[0] == '0') {
        int base = s.ptr[1] == 'x' ? 16 : s.ptr[1] == 'o' ? 8 : s.ptr[1] == 'b' ? 2 : 0;
        if (base != 0)
            return digits(span_after(s, 2), base, false, out);
    }
    bool negative = s.len > 0 && s.ptr[0] == '-';
    if (negative || (s.len > 0 && s.ptr[0] == '+'))
        s = span_after(s, 1);
    if (s.len > 1 && s.ptr[0] == '0')
        return false; /* no leading zeros */
    return s.len > 0 && digits(s, 10, negative, out);
}

/* Takes a run of digits with underscores between them; copies the digits. */
static size_t digit_run(struct span s, size_t i, char *out, size_t *len)
{
    size_t from = i;
    while (i < s.len &&
           (is_digit(s.ptr[i]) || (s.ptr[i] == '_' && i > from && is_digit(s.ptr[i - 1]) &&
                                   i + 1 < s.len && is_digit(s.ptr[i + 1])))) {
        if (s.ptr[i] != '_')
            out[(*len)++] = (char)s.ptr[i];
        i++;
    }
    return i;
}

/* Float: integer part, then a fraction, an exponent, or both */
static bool real(struct span s, double *out)
{
    char text[WORD_BYTES_MAX + 1];
    size_t len = 0, i = 0;
    if (i < s.len && (s.ptr[i] == '+' || s.ptr[i] == '-'))
        text[len++] = (char)s.ptr[i++];
    if (span_eq(span_after(s, i), SPAN_LIT("inf"))) {
        *out = len > 0 && text[0] == '-' ? -HUGE_VAL : HUGE_VAL;
        return true;
    }
    if (span_eq(span_after(s, i), SPAN_LIT("nan"))) {
        *out = NAN;
        return true;
    }
    size_t from = i;
    i = digit_run(s, i, text, &len);
    if (i == from || (s.ptr[from] == '0' && i - from > 1))
        return false;
    bool fraction = i < s.len && s.ptr[i] == '.';
    if (fraction) {
        text[len++] = '.';
        from = ++i;
        i = digit_run(s, i, text, &len);
        if (i == from)
            return false;
    }
    bool exponent = i < s.len && (s.ptr[i] == 'e' || s.ptr[i] == 'E');
    if (exponent) {
        text[len++] = 'e';
        i++;
        if (i < s.len && (s.ptr[i] == '+' || s.ptr[i] == '-'))
            text[len++] = (char)s.ptr[i++];
        from = i;
        i = digit_run(s, i, text, &len);
        if (i == from)
            return false;
    }
    text[len] = '\0';
    *out = strtod(text, NULL);
    return i == s.len && (fraction || exponent);
}

static bool two_digits(struct span s, size_t at, int least, int most, int *out)
{
    if (at + 2 > s.len || !is_digit(s.ptr[at]) || !is_digit(s.ptr[at + 1]))
        return false;
    *out = (s.ptr[at] - '0') * 10 + s.ptr[at + 1] - '0';
    return *out >= least && *out <= most;
}

static bool byte_at(struct span s, size_t at, const char *any)
{
    return at < s.len && s.ptr[at] != 0 && strchr(any, s.ptr[at]) != NULL;
}

static bool date(struct span s)
{
    static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int century, year, month, day;
    if (s.len != 10 || !two_digits(s, 0, 0, 99, &century) || !two_digits(s, 2, 0, 99, &year) ||
        !byte_at(s, 4, "-") || !two_digits(s, 5, 1, 12, &month) || !byte_at(s, 7, "-") ||
        !two_digits(s, 8, 1, days[month - 1], &day))
        return false;
    year += century * 100;
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return leap || month != 2 || day < 29;
}

static bool zone(struct span s)
{
    int ignored;
    if (s.len == 0 || (s.len == 1 && byte_at(s, 0, "Zz")))
        return true;
    return s.len == 6 && byte_at(s, 0, "+-") && two_digits(s, 1, 0, 23, &ignored) &&
           byte_at(s, 3, ":") && two_digits(s, 4, 0, 59, &ignored);
}

static bool clock_time(struct span s, bool zoned)
{
    int ignored;
    if (s.len < 8 || !two_digits(s, 0, 0, 23, &ignored) || !byte_at(s, 2, ":") ||
        !two_digits(s, 3, 0, 59, &ignored) || !byte_at(s, 5, ":") ||
        !two_digits(s, 6, 0, 60, &ignored))
        return false;
    s = span_after(s, 8);
    if (byte_at(s, 0, ".")) {
        size_t n = 1;
        while (n < s.len && is_digit(s.ptr[n]))
            n++;
        if (n == 1)
            return false;
        s = span_after(s, n);
    }
    return zoned ? zone(s) : s.len == 0;
}

/* Offset Date-Time, Local Date-Time, Local Date, Local Time */
static bool moment(struct span s)
{
    if (s.len > 2 && s.ptr[2] == ':')
        return clock_time(s, false);
    if (s.len <= 10)
        return date(s);
    return date(span_sub(s, 0, 10)) && byte_at(s, 10, "Tt ") && clock_time(span_after(s, 11), true);
}

static size_t word_bytes(const struct toml_parser *p)
{
    size_t n = 0;
    while (n < toml_left(p) && p->at[n] != 0 &&
           (digit_of(p->at[n]) < 99 || strchr("+-._:xobTtZzinfarulse", p->at[n]) != NULL))
        n++;
    /* a date may be separated from its time by one blank */
    if (n == 10 && p->at[4] == '-' && toml_left(p) > 12 && p->at[10] == ' ' &&
        is_digit(p->at[11]) && is_digit(p->at[12]))
        for (n = 11; n < toml_left(p) &&
                     (is_digit(p->at[n]) || byte_at(span_of(p->at + n, 1), 0, ":.+-Zz"));)
            n++;
    return n;
}

enum err toml_word(struct toml_parser *p, struct toml_value **out)
{
    struct span s = span_of(p->at, word_bytes(p));
    if (s.len == 0 || s.len > WORD_BYTES_MAX)
        return toml_fail(p, "a value is expected here");
    struct toml_value *v = toml_new(p, TOML_BOOLEAN, TOML_BY_VALUE);
    if (v == NULL)
        return ERR_MEMORY;
    v->text = s;
    v->truth = span_eq(s, SPAN_LIT("true"));
    if (v->truth || span_eq(s, SPAN_LIT("false")))
        v->kind = TOML_BOOLEAN;
    else if (integer(s, &v->integer))
        v->kind = TOML_INTEGER;
    else if (real(s, &v->real))
        v->kind = TOML_FLOAT;
    else if (moment(s))
        v->kind = TOML_DATE;
    else
        return toml_fail(p, "neither a string (in quotes), a number, a boolean nor a date");
    p->at += s.len;
    *out = v;
    return OK;
}

/* Array: newlines and comments between the values, a comma after the last one is fine */
static enum err array(struct toml_parser *p, struct toml_value *v)
{
    for (;;) {
        TRY(toml_skip_lines(p));
        if (toml_take(p, ']'))
            return OK;
        struct toml_value *element = NULL;
        TRY(toml_value(p, &element));
        toml_append(v, element);
        TRY(toml_skip_lines(p));
        if (!toml_take(p, ',') && toml_peek(p) != ']')
            return toml_fail(p, "',' or ']' is expected in an array");
    }
}

/* No part of an inline table can be added to, from inside dotted keys neither. */
static void freeze(struct toml_value *table)
{
    table->origin = TOML_BY_VALUE;
    for (struct toml_value *v = table->first; v != NULL; v = v->next)
        if (v->kind == TOML_TABLE && v->origin == TOML_BY_DOTS)
            freeze(v);
}

/* Inline Table: on one line, no comma after the last pair */
static enum err inline_table(struct toml_parser *p, struct toml_value *v)
{
    toml_skip_blank(p);
    if (toml_take(p, '}'))
        return OK;
    for (;;) {
        toml_skip_blank(p);
        TRY(toml_pair(p, v));
        toml_skip_blank(p);
        if (toml_take(p, '}'))
            break;
        if (!toml_take(p, ','))
            return toml_fail(p, "',' or '}' is expected in an inline table");
    }
    freeze(v);
    return OK;
}

enum err toml_value(struct toml_parser *p, struct toml_value **out)
{
    uint8_t c = toml_peek(p);
    if (c != '"' && c != '\'' && c != '[' && c != '{')
        return toml_word(p, out);
    struct toml_value *v = toml_new(p,
                                    c == '['   ? TOML_ARRAY
                                    : c == '{' ? TOML_TABLE
                                               : TOML_STRING,
                                    TOML_BY_VALUE);
    if (v == NULL)
        return ERR_MEMORY;
    *out = v;
    if (v->kind == TOML_STRING)
        return toml_string(p, true, &v->text);
    if (p->depth >= TOML_DEPTH_MAX)
        return toml_fail(p, "nested too deeply");
    p->at++;
    p->depth++;
    enum err err = v->kind == TOML_ARRAY ? array(p, v) : inline_table(p, v);
    p->depth--;
    return err;
}
