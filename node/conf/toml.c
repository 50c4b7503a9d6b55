/* Documents: lines, headers, keys, and which table they mean. Section names are those of the
 * specification. */
#include "node/conf/toml_parse.h"

#include <stdio.h>

enum err toml_fail(struct toml_parser *p, const char *reason)
{
    p->error->line = p->line;
    snprintf(p->error->reason, sizeof p->error->reason, "%s", reason);
    return ERR_FORMAT;
}

void toml_skip_blank(struct toml_parser *p)
{
    while (toml_peek(p) == ' ' || toml_peek(p) == '\t')
        p->at++;
}

bool toml_newline(struct toml_parser *p)
{
    if (toml_left(p) >= 2 && p->at[0] == '\r' && p->at[1] == '\n')
        p->at++;
    if (!toml_take(p, '\n'))
        return false;
    p->line++;
    return true;
}

/* Comment: no control characters but tab */
enum err toml_comment(struct toml_parser *p)
{
    if (!toml_take(p, '#'))
        return OK;
    while (p->at < p->end && *p->at != '\n') {
        if (*p->at == '\r' && toml_left(p) >= 2 && p->at[1] == '\n')
            return OK;
        if ((*p->at < 0x20 && *p->at != '\t') || *p->at == 0x7f)
            return toml_fail(p, "a control character in a comment");
        size_t n = toml_utf8(p->at, toml_left(p));
        if (n == 0)
            return toml_fail(p, "not UTF-8");
        p->at += n;
    }
    return OK;
}

enum err toml_skip_lines(struct toml_parser *p)
{
    do {
        toml_skip_blank(p);
        TRY(toml_comment(p));
    } while (toml_newline(p));
    return OK;
}

enum err toml_end_of_line(struct toml_parser *p)
{
    toml_skip_blank(p);
    TRY(toml_comment(p));
    if (p->at < p->end && !toml_newline(p))
        return toml_fail(p, "something follows on the same line");
    return OK;
}

struct toml_value *toml_new(struct toml_parser *p, enum toml_kind kind, enum toml_origin origin)
{
    struct toml_value *v = arena_alloc(p->arena, sizeof *v);
    if (v == NULL)
        return NULL;
    v->kind = kind;
    v->origin = origin;
    v->line = p->line;
    return v;
}

void toml_append(struct toml_value *parent, struct toml_value *child)
{
    if (parent->last == NULL)
        parent->first = child;
    else
        parent->last->next = child;
    parent->last = child;
}

struct toml_value *toml_get(const struct toml_value *table, struct span key)
{
    for (struct toml_value *v = table->first; v != NULL; v = v->next)
        if (span_eq(v->key, key))
            return v;
    return NULL;
}

static bool is_bare(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

/* Keys */
enum err toml_key(struct toml_parser *p, struct span *out)
{
    if (toml_peek(p) == '"' || toml_peek(p) == '\'')
        return toml_string(p, false, out);
    const uint8_t *start = p->at;
    while (is_bare(toml_peek(p)))
        p->at++;
    *out = span_of(start, (size_t)(p->at - start));
    return out->len > 0 ? OK : toml_fail(p, "a key is expected here");
}

static enum err add_child(struct toml_parser *p, struct toml_value *table, struct span key,
                          struct toml_value *v)
{
    if (v == NULL)
        return ERR_MEMORY;
    v->key = key;
    v->line = p->line;
    toml_append(table, v);
    return OK;
}

/* A step of a dotted key inside a key/value pair: tables on the way are made, and those that a
 * header or an inline table made are closed to it. */
static enum err step_dots(struct toml_parser *p, struct toml_value **table, struct span key)
{
    struct toml_value *v = toml_get(*table, key);
    if (v == NULL) {
        v = toml_new(p, TOML_TABLE, TOML_BY_DOTS);
        TRY(add_child(p, *table, key, v));
    } else if (v->kind != TOML_TABLE || v->origin != TOML_BY_DOTS) {
        return toml_fail(p, "this key is defined already");
    }
    *table = v;
    return OK;
}

enum err toml_pair(struct toml_parser *p, struct toml_value *table)
{
    struct span key;
    TRY(toml_key(p, &key));
    toml_skip_blank(p);
    for (int steps = 0; toml_take(p, '.'); steps++) {
        if (steps >= TOML_DEPTH_MAX)
            return toml_fail(p, "nested too deeply");
        TRY(step_dots(p, &table, key));
        toml_skip_blank(p);
        TRY(toml_key(p, &key));
        toml_skip_blank(p);
    }
    if (!toml_take(p, '='))
        return toml_fail(p, "'=' is expected after a key");
    if (toml_get(table, key) != NULL)
        return toml_fail(p, "this key is defined already");
    toml_skip_blank(p);
    struct toml_value *v = NULL;
    uint32_t line = p->line;
    TRY(toml_value(p, &v));
    v->key = key;
    v->line = line;
    toml_append(table, v);
    return OK;
}

/* A step on the way to a header: through tables, and into the last element of an array of tables */
static enum err step_path(struct toml_parser *p, struct toml_value **table, struct span key)
{
    struct toml_value *v = toml_get(*table, key);
    if (v == NULL) {
        v = toml_new(p, TOML_TABLE, TOML_BY_PATH);
        TRY(add_child(p, *table, key, v));
    } else if (v->kind == TOML_ARRAY && v->origin == TOML_BY_HEADER) {
        v = v->last;
    } else if (v->kind != TOML_TABLE || v->origin == TOML_BY_VALUE) {
        return toml_fail(p, "this key is defined already, and not as a table");
    }
    *table = v;
    return OK;
}

/* Table */
static enum err open_table(struct toml_parser *p, struct toml_value **table, struct span key)
{
    struct toml_value *v = toml_get(*table, key);
    if (v == NULL) {
        v = toml_new(p, TOML_TABLE, TOML_BY_HEADER);
        TRY(add_child(p, *table, key, v));
    } else if (v->kind != TOML_TABLE || v->origin != TOML_BY_PATH) {
        return toml_fail(p, "this table is defined already");
    }
    v->origin = TOML_BY_HEADER;
    *table = v;
    return OK;
}

/* Array of Tables */
static enum err open_element(struct toml_parser *p, struct toml_value **table, struct span key)
{
    struct toml_value *array = toml_get(*table, key);
    if (array == NULL) {
        array = toml_new(p, TOML_ARRAY, TOML_BY_HEADER);
        TRY(add_child(p, *table, key, array));
    } else if (array->kind != TOML_ARRAY || array->origin != TOML_BY_HEADER) {
        return toml_fail(p, "this key is defined already, and not as an array of tables");
    }
    struct toml_value *element = toml_new(p, TOML_TABLE, TOML_BY_HEADER);
    if (element == NULL)
        return ERR_MEMORY;
    toml_append(array, element);
    *table = element;
    return OK;
}

static enum err header(struct toml_parser *p, struct toml_value *root, struct toml_value **current)
{
    bool element = toml_take(p, '[');
    struct toml_value *table = root;
    struct span key;
    toml_skip_blank(p);
    TRY(toml_key(p, &key));
    toml_skip_blank(p);
    for (int steps = 0; toml_take(p, '.'); steps++) {
        if (steps >= TOML_DEPTH_MAX)
            return toml_fail(p, "nested too deeply");
        TRY(step_path(p, &table, key));
        toml_skip_blank(p);
        TRY(toml_key(p, &key));
        toml_skip_blank(p);
    }
    if (!toml_take(p, ']') || (element && !toml_take(p, ']')))
        return toml_fail(p, "']' is expected at the end of a header");
    TRY(element ? open_element(p, &table, key) : open_table(p, &table, key));
    *current = table;
    return toml_end_of_line(p);
}

enum err toml_read(struct span text, struct arena *arena, struct toml_value **out,
                   struct toml_error *error)
{
    struct toml_parser p = {.at = text.ptr, .line = 1, .arena = arena, .error = error};
    *error = (struct toml_error){.line = 1};
    if (text.len > TOML_BYTES_MAX)
        return toml_fail(&p, "the file is larger than 1 MiB") == OK ? OK : ERR_LIMIT;
    p.end = text.len == 0 ? p.at : text.ptr + text.len;
    if (span_starts(text, SPAN_LIT("\xef\xbb\xbf"))) /* a byte order mark */
        p.at += 3;
    struct toml_value *root = toml_new(&p, TOML_TABLE, TOML_BY_HEADER), *current = root;
    if (root == NULL)
        return ERR_MEMORY;
    for (;;) {
        TRY(toml_skip_lines(&p));
        if (p.at == p.end)
            break;
        if (toml_take(&p, '[')) {
            TRY(header(&p, root, &current));
        } else {
            TRY(toml_pair(&p, current));
            TRY(toml_end_of_line(&p));
        }
    }
    *out = root;
    return OK;
}
