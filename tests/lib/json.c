#include "tests/lib/json.h"

#include <stdio.h>
#include <stdlib.h>

#define DEPTH_MAX 32u

struct parser {
    struct arena *arena;
    const char *path;
    struct span text;
    size_t at;
};

static void broken(const struct parser *p, const char *what)
{
    fail_msg("%s: %s at byte %zu", p->path, what, p->at);
}

static uint8_t look(const struct parser *p)
{
    return p->at < p->text.len ? p->text.ptr[p->at] : 0;
}

static void skip_space(struct parser *p)
{
    while (look(p) == ' ' || look(p) == '\n' || look(p) == '\t' || look(p) == '\r')
        p->at++;
}

static void expect(struct parser *p, char c)
{
    skip_space(p);
    if (look(p) != (uint8_t)c)
        broken(p, "another character was expected");
    p->at++;
}

static bool accept(struct parser *p, char c)
{
    skip_space(p);
    if (look(p) != (uint8_t)c)
        return false;
    p->at++;
    return true;
}

static uint8_t escape(struct parser *p)
{
    uint8_t c = look(p);
    char digits[5] = {0};

    p->at++;
    switch (c) {
    case 'n':
        return '\n';
    case 't':
        return '\t';
    case 'r':
        return '\r';
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'u':
        if (p->at + 4 > p->text.len)
            broken(p, "escape cut off");
        memcpy(digits, p->text.ptr + p->at, 4);
        p->at += 4;
        return (uint8_t)strtoul(digits, NULL, 16); /* ASCII is all that vectors hold */
    default:
        return c;
    }
}

static struct span parse_string(struct parser *p)
{
    size_t start = p->at, n = 0;

    while (look(p) != '"' && p->at < p->text.len)
        p->at += look(p) == '\\' ? 2 : 1;
    size_t end = p->at;
    uint8_t *out = arena_alloc(p->arena, end - start + 1);
    if (out == NULL || end >= p->text.len)
        broken(p, "string does not end, or memory is out");
    for (p->at = start; p->at < end;) {
        uint8_t c = p->text.ptr[p->at++];
        out[n++] = c == '\\' ? escape(p) : c;
    }
    p->at = end + 1;
    return span_of(out, n);
}

static void parse_word(struct parser *p, struct json *v)
{
    static const struct {
        const char *word;
        enum json_kind kind;
    } words[] = {{"null", JSON_NULL}, {"false", JSON_FALSE}, {"true", JSON_TRUE}};

    for (size_t i = 0; i < 3; i++) {
        if (span_starts(span_after(p->text, p->at), span_str(words[i].word))) {
            v->kind = words[i].kind;
            p->at += strlen(words[i].word);
            return;
        }
    }
    size_t start = p->at;
    while (strchr("+-.eE0123456789", look(p)) != NULL && look(p) != 0)
        p->at++;
    if (p->at == start)
        broken(p, "no value");
    v->kind = JSON_NUMBER;
    v->text = span_sub(p->text, start, p->at - start);
}

static struct json *parse_value(struct parser *p, unsigned depth);

static void parse_children(struct parser *p, struct json *v, char end, unsigned depth)
{
    struct json **tail = &v->first;

    if (accept(p, end))
        return;
    do {
        struct span key = SPAN_EMPTY;
        if (v->kind == JSON_OBJECT) {
            expect(p, '"');
            key = parse_string(p);
            expect(p, ':');
        }
        *tail = parse_value(p, depth + 1);
        (*tail)->key = key;
        tail = &(*tail)->next;
        v->count++;
    } while (accept(p, ','));
    expect(p, end);
}

static struct json *parse_value(struct parser *p, unsigned depth)
{
    struct json *v = arena_alloc(p->arena, sizeof *v);

    if (v == NULL || depth > DEPTH_MAX)
        broken(p, "too deep, or memory is out");
    skip_space(p);
    if (accept(p, '{')) {
        v->kind = JSON_OBJECT;
        parse_children(p, v, '}', depth);
    } else if (accept(p, '[')) {
        v->kind = JSON_ARRAY;
        parse_children(p, v, ']', depth);
    } else if (accept(p, '"')) {
        v->kind = JSON_STRING;
        v->text = parse_string(p);
    } else {
        parse_word(p, v);
    }
    return v;
}

static struct span read_file(struct arena *a, const char *path)
{
    FILE *f = fopen(path, "rb");

    if (f == NULL || fseek(f, 0, SEEK_END) != 0)
        fail_msg("cannot read %s", path);
    long len = ftell(f);
    rewind(f);
    uint8_t *bytes = arena_alloc(a, (size_t)len + 1);
    if (bytes == NULL || fread(bytes, 1, (size_t)len, f) != (size_t)len)
        fail_msg("cannot read %s, or memory is out", path);
    (void)fclose(f);
    return span_of(bytes, (size_t)len);
}

const struct json *json_load(struct arena *a, const char *path)
{
    struct parser p = {.arena = a, .path = path, .text = read_file(a, path)};
    const struct json *v = parse_value(&p, 0);

    skip_space(&p);
    if (p.at != p.text.len)
        broken(&p, "something follows the value");
    return v;
}

const struct json *json_get(const struct json *o, const char *key)
{
    if (o == NULL || o->kind != JSON_OBJECT)
        return NULL;
    for (JSON_EACH(v, o)) {
        if (span_eq(v->key, span_str(key)))
            return v;
    }
    return NULL;
}

bool json_absent(const struct json *v)
{
    return v == NULL || v->kind == JSON_NULL;
}

struct span json_bytes(struct arena *a, const struct json *v)
{
    if (json_absent(v) || v->text.len == 0)
        return SPAN_EMPTY;
    uint8_t *out = arena_alloc(a, v->text.len / 2 + 1);
    assert_non_null(out);
    assert_int_equal(v->kind, JSON_STRING);
    assert_ok(hex_decode(v->text, out));
    return span_of(out, v->text.len / 2);
}

struct span json_hex(struct arena *a, const struct json *o, const char *key)
{
    return json_bytes(a, json_get(o, key));
}

struct span json_text(const struct json *o, const char *key)
{
    const struct json *v = json_get(o, key);

    if (v == NULL || v->kind != JSON_STRING)
        fail_msg("no string called %s", key);
    return v->text;
}

uint64_t json_u64(const struct json *o, const char *key)
{
    const struct json *v = json_get(o, key);

    if (v == NULL || v->kind != JSON_NUMBER)
        fail_msg("no number called %s", key);
    return strtoull((const char *)v->text.ptr, NULL, 10);
}

bool json_bool(const struct json *o, const char *key)
{
    const struct json *v = json_get(o, key);

    if (v == NULL || (v->kind != JSON_TRUE && v->kind != JSON_FALSE))
        fail_msg("no boolean called %s", key);
    return v->kind == JSON_TRUE;
}
