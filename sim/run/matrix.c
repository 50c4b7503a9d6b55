/* A matrix of delays from a file, as CSV or as GraphML (what Shadow's users have).
 *
 * CSV: a line per place: name, share of the nodes, then the one-way delay in milliseconds to each
 * place, in the order of the lines. Lines that begin with # are comments.
 *
 * GraphML: <node id="..."> and <edge source=".." target="..">, with the data whose key has the
 * attr.name "latency", of an edge: a number of milliseconds, or "50 ms", "0.05 s", "50000 us". All
 * places have the same share. Only this much of XML is read: no entities, no namespaces.
 */
#include "sim/run/inside.h"

#include <stdio.h>
#include <stdlib.h>

struct place_names {
    char name[RUN_REGIONS_MAX][64];
};

static enum err fail(struct run *r, uint32_t line, const char *reason)
{
    r->error->line = 0;
    snprintf(r->error->reason, sizeof r->error->reason, "links.file, line %u: %s", line, reason);
    return ERR_ARGUMENT;
}

/* ---- CSV ---- */

static bool cell(const char **at, char out[64])
{
    size_t len = strcspn(*at, ",\n\r");

    while (len > 0 && **at == ' ') {
        (*at)++;
        len--;
    }
    if (len >= 64)
        return false;
    memcpy(out, *at, len);
    out[len] = '\0';
    *at += len;
    if (**at == ',')
        (*at)++;
    return len > 0;
}

static bool number(const char *text, double *out)
{
    char *end;

    *out = strtod(text, &end);
    while (*end == ' ')
        end++;
    return end != text && *end == '\0' && *out >= 0 && *out < 1e7;
}

static size_t count_lines(const char *text)
{
    size_t n = 0;

    for (; *text != '\0'; text += strcspn(text, "\n"), text += *text == '\n')
        n += *text != '#' && strcspn(text, "\r\n") > 0;
    return n;
}

static enum err csv_line(struct run *r, const char *text, uint32_t line, size_t row,
                         struct place_names *names)
{
    char word[64];
    double value;

    if (!cell(&text, names->name[row]))
        return fail(r, line, "wants the name of a place, of at most 63 bytes");
    if (!cell(&text, word) || !number(word, &value))
        return fail(r, line, "wants a share of the nodes after the name");
    r->regions[row] = (struct region){.name = names->name[row], .share = value};
    for (size_t i = 0; i < r->regions_count; i++) {
        if (!cell(&text, word) || !number(word, &value))
            return fail(r, line, "wants a delay in milliseconds for each place");
        r->between[row * r->regions_count + i] = (int64_t)(value * (double)NS_PER_MS);
    }
    return *text == '\0' || *text == '\n' || *text == '\r' ? OK
                                                           : fail(r, line, "has a delay too many");
}

static enum err csv(struct run *r, const char *text, struct place_names *names)
{
    uint32_t line = 1;
    double all = 0;

    for (size_t row = 0; *text != '\0'; line++) {
        if (*text != '#' && strcspn(text, "\r\n") > 0)
            TRY(csv_line(r, text, line, row++, names));
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
    for (size_t i = 0; i < r->regions_count; i++)
        all += r->regions[i].share;
    for (size_t i = 0; i < r->regions_count; i++)
        r->regions[i].share = all > 0 ? r->regions[i].share / all : 1.0 / (double)r->regions_count;
    return OK;
}

/* ---- GraphML ---- */

/* The value of an attribute of the tag at `tag`. */
static bool attribute(const char *tag, const char *name, char out[64])
{
    const char *end = strchr(tag, '>');
    size_t len = strlen(name);

    for (const char *p = tag; end != NULL && p != NULL && p < end; p++) {
        p = strstr(p, name);
        if (p == NULL || p > end)
            return false;
        if ((p[-1] == ' ' || p[-1] == '\n' || p[-1] == '\t') && p[len] == '=' &&
            p[len + 1] == '"') {
            size_t n = strcspn(p + len + 2, "\"");
            snprintf(out, 64, "%.*s", (int)(n < 63 ? n : 63), p + len + 2);
            return true;
        }
    }
    return false;
}

static uint32_t line_of(const char *text, const char *at)
{
    uint32_t line = 1;

    for (; text < at; text++)
        line += *text == '\n';
    return line;
}

static bool latency(const char *text, double *ms)
{
    char *end;

    *ms = strtod(text, &end);
    while (*end == ' ')
        end++;
    if (strncmp(end, "us", 2) == 0)
        *ms /= 1000;
    else if (*end == 's')
        *ms *= 1000;
    return end != text && *ms >= 0 && *ms < 1e7;
}

static size_t place(const struct run *r, const struct place_names *names, const char *id)
{
    size_t i = 0;

    while (i < r->regions_count && strcmp(names->name[i], id) != 0)
        i++;
    return i;
}

static enum err edge(struct run *r, const char *text, const char *at, const char *key,
                     const struct place_names *names)
{
    char from[64], to[64], id[64];
    const char *end = strstr(at, "</edge>"), *data = at;
    double ms = -1;

    if (end == NULL || !attribute(at, "source", from) || !attribute(at, "target", to))
        return fail(r, line_of(text, at), "an edge wants source, target and a latency");
    while ((data = strstr(data, "<data")) != NULL && data < end) {
        const char *value = strchr(data, '>');
        if (attribute(data, "key", id) && strcmp(id, key) == 0 && value != NULL &&
            !latency(value + 1, &ms))
            return fail(r, line_of(text, data), "this latency is no time");
        data++;
    }
    size_t a = place(r, names, from), b = place(r, names, to);
    if (ms < 0 || a == r->regions_count || b == r->regions_count)
        return fail(r, line_of(text, at), "an edge without a latency, or to an unknown node");
    r->between[a * r->regions_count + b] = (int64_t)(ms * (double)NS_PER_MS);
    r->between[b * r->regions_count + a] = (int64_t)(ms * (double)NS_PER_MS);
    return OK;
}

static enum err graphml(struct run *r, const char *text, struct place_names *names)
{
    char key[64] = "latency", name[64];
    size_t count = 0;

    for (const char *p = text; (p = strstr(p, "<key")) != NULL; p++)
        if (attribute(p, "attr.name", name) && strcmp(name, "latency") == 0)
            attribute(p, "id", key);
    for (const char *p = text; (p = strstr(p, "<node")) != NULL; p++)
        if (attribute(p, "id", names->name[count])) {
            r->regions[count] = (struct region){.name = names->name[count],
                                                .share = 1.0 / (double)r->regions_count};
            count++;
        }
    for (size_t i = 0; i < r->regions_count * r->regions_count; i++)
        r->between[i] = -1;
    for (const char *p = text; (p = strstr(p, "<edge")) != NULL; p++)
        TRY(edge(r, text, p, key, names));
    for (size_t i = 0; i < r->regions_count * r->regions_count; i++)
        if (r->between[i] < 0)
            return fail(r, 1, "the graph wants an edge for each pair, also from a node to itself");
    return OK;
}

static size_t count_nodes(const char *text)
{
    size_t n = 0;

    for (; (text = strstr(text, "<node")) != NULL; text++)
        n++;
    return n;
}

enum err matrix_read(struct run *r, struct span text)
{
    char *copy = run_need(calloc(1, text.len + 1));
    struct place_names *names = run_need(calloc(1, sizeof *names));

    memcpy(copy, text.ptr, text.len);
    bool xml = strstr(copy, "<graphml") != NULL;
    r->regions_count = xml ? count_nodes(copy) : count_lines(copy);
    enum err err = OK;
    if (r->regions_count == 0 || r->regions_count > RUN_REGIONS_MAX)
        err = fail(r, 1, "wants 1 to 64 places");
    if (err == OK) {
        r->between = run_need(calloc(r->regions_count * r->regions_count, sizeof *r->between));
        err = xml ? graphml(r, copy, names) : csv(r, copy, names);
    }
    for (size_t i = 0; i < r->regions_count && i < RUN_REGIONS_MAX; i++)
        r->regions[i].name = NULL; /* the names die here */
    free(names);
    free(copy);
    return err;
}
