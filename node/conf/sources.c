/* Where values come from: arguments, environment, file. */
#include "node/conf/conf_set.h"
#include "node/conf/toml.h"

#include <stdio.h>
#include <string.h>

#define NAME_BYTES_MAX 128 /* of a flag with its table; longer ones match nothing */

static char folded(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    return c == '_' ? '-' : (char)c;
}

int conf_find(struct span name)
{
    for (int id = 0; id < CONF_OPTIONS; id++) {
        const char *flag = conf_options[id].flag;
        size_t i = 0;
        while (i < name.len && flag[i] != '\0' && folded(name.ptr[i]) == flag[i])
            i++;
        if (i == name.len && flag[i] == '\0')
            return id;
    }
    return -1;
}

static enum err unknown(struct conf *c, const char *where, struct span name)
{
    const char *near = conf_suggest(name);
    return conf_fail(c, "%.200s: no such option%s%s%s", where,
                     near != NULL ? "; did you mean --" : "", near != NULL ? near : "",
                     near != NULL ? "?" : " (see --help)");
}

static struct span trimmed(struct span s)
{
    while (s.len > 0 && strchr(" \t\"'", s.ptr[0]) != NULL)
        s = span_after(s, 1);
    while (s.len > 0 && strchr(" \t\"'", s.ptr[s.len - 1]) != NULL)
        s = span_sub(s, 0, s.len - 1);
    return s;
}

/* What may be given many times may also be one text: a,b or ["a", "b"] as nwaku writes it. */
static enum err set_text(struct conf *c, enum conf_id id, struct span text, enum conf_source source,
                         const char *where)
{
    if (!conf_options[id].many)
        return conf_set(c, id, text, source, where);
    if (text.len >= 2 && text.ptr[0] == '[' && text.ptr[text.len - 1] == ']')
        text = span_sub(text, 1, text.len - 2);
    while (text.len > 0) {
        const uint8_t *comma = memchr(text.ptr, ',', text.len);
        size_t n = comma == NULL ? text.len : (size_t)(comma - text.ptr);
        struct span part = trimmed(span_sub(text, 0, n));
        if (part.len > 0)
            TRY(conf_set(c, id, part, source, where));
        text = span_after(text, comma == NULL ? n : n + 1);
    }
    return OK;
}

static enum err argument(struct conf *c, const char *arg, const char *next, bool *took_next)
{
    if (strncmp(arg, "--", 2) != 0 || arg[2] == '\0')
        return conf_fail(c, "%.200s: flags begin with -- (see --help)", arg);
    struct span name = span_of(arg + 2, strcspn(arg + 2, "=:"));
    const char *value = arg + 2 + name.len;
    int id = conf_find(name);
    if (id < 0)
        return unknown(c, arg, name);
    char where[NAME_BYTES_MAX];
    snprintf(where, sizeof where, "--%s", conf_options[id].flag);
    if (*value != '\0')
        return set_text(c, (enum conf_id)id, span_str(value + 1), CONF_FROM_FLAG, where);
    if (conf_options[id].type == CONF_TYPE_BOOL)
        return conf_set(c, (enum conf_id)id, SPAN_LIT("true"), CONF_FROM_FLAG, where);
    if (next == NULL || strncmp(next, "--", 2) == 0)
        return conf_fail(c, "%s needs a value: %s=...", where, where);
    *took_next = true;
    return set_text(c, (enum conf_id)id, span_str(next), CONF_FROM_FLAG, where);
}

enum err conf_arguments(struct conf *c, int argc, char *const *argv)
{
    for (int i = 0; i < argc; i++) {
        bool took_next = false;
        TRY(argument(c, argv[i], i + 1 < argc ? argv[i + 1] : NULL, &took_next));
        if (took_next)
            i++;
    }
    return OK;
}

enum err conf_environment(struct conf *c, char *const *environment)
{
    static const char prefix[] = "WAKUNODE2_";
    for (; *environment != NULL; environment++) {
        if (strncmp(*environment, prefix, sizeof prefix - 1) != 0)
            continue;
        struct span name = span_of(*environment + sizeof prefix - 1,
                                   strcspn(*environment + sizeof prefix - 1, "="));
        const char *value = (const char *)name.ptr + name.len;
        char where[NAME_BYTES_MAX];
        snprintf(where, sizeof where, "%.*s", (int)(sizeof prefix - 1 + name.len), *environment);
        int id = conf_find(name);
        if (id < 0)
            TRY(conf_warn(c, "%s: no such option, ignored", where));
        else
            TRY(set_text(c, (enum conf_id)id, span_str(value + (*value == '=')), CONF_FROM_VARIABLE,
                         where));
    }
    return OK;
}

/* ---- file ---- */

struct file_walk {
    struct conf *c;
    const char *name;
};

static enum err file_scalar(const struct file_walk *w, int id, const struct toml_value *v,
                            uint32_t line)
{
    char where[NAME_BYTES_MAX + 64];
    snprintf(where, sizeof where, "%.60s:%u: %s", w->name, line, conf_options[id].flag);
    if (v->kind == TOML_FLOAT || v->kind == TOML_DATE || v->kind == TOML_TABLE ||
        v->kind == TOML_ARRAY)
        return conf_fail(w->c, "%s: a string, number or boolean is expected", where);
    if (v->kind == TOML_INTEGER) { /* as decimal, whatever base it was written in */
        char text[32];
        snprintf(text, sizeof text, "%lld", (long long)v->integer);
        return conf_set(w->c, (enum conf_id)id, span_str(text), CONF_FROM_FILE, where);
    }
    return conf_set(w->c, (enum conf_id)id, v->text, CONF_FROM_FILE, where);
}

static enum err file_value(const struct file_walk *w, struct span name, const struct toml_value *v)
{
    int id = conf_find(name);
    char where[NAME_BYTES_MAX + 64];
    snprintf(where, sizeof where, "%.60s:%u: %.*s", w->name, v->line, (int)name.len, name.ptr);
    if (id < 0)
        return unknown(w->c, where, name);
    if (id == CONF_CONFIG_FILE)
        return conf_fail(w->c, "%s: a file cannot name another file", where);
    if (v->kind != TOML_ARRAY)
        return file_scalar(w, id, v, v->line);
    if (!conf_options[id].many)
        return conf_fail(w->c, "%s: one value is expected, not an array", where);
    for (const struct toml_value *e = v->first; e != NULL; e = e->next)
        TRY(file_scalar(w, id, e, e->line));
    return OK;
}

static enum err file_table(const struct file_walk *w, const struct toml_value *table,
                           struct span prefix)
{
    for (const struct toml_value *v = table->first; v != NULL; v = v->next) {
        char name[NAME_BYTES_MAX];
        int n =
            snprintf(name, sizeof name, "%.*s%s%.*s", (int)prefix.len,
                     prefix.len == 0 ? "" : (const char *)prefix.ptr, prefix.len == 0 ? "" : "-",
                     (int)(v->key.len < sizeof name ? v->key.len : sizeof name),
                     v->key.len == 0 ? "" : (const char *)v->key.ptr);
        if (n < 0 || (size_t)n >= sizeof name)
            return conf_fail(w->c, "%.60s:%u: no such option (see --help)", w->name, v->line);
        if (v->kind == TOML_TABLE)
            TRY(file_table(w, v, span_of(name, (size_t)n)));
        else
            TRY(file_value(w, span_of(name, (size_t)n), v));
    }
    return OK;
}

enum err conf_file(struct conf *c, struct span text, const char *name)
{
    struct toml_value *root = NULL;
    struct toml_error error;
    enum err err = toml_read(text, &c->arena, &root, &error);
    if (err == ERR_MEMORY)
        return err;
    if (err != OK)
        return conf_fail(c, "%.100s:%u: %s", name, error.line, error.reason);
    struct file_walk w = {c, name};
    return file_table(&w, root, SPAN_EMPTY);
}
