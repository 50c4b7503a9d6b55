/* A scenario file: TOML in, checked numbers out. Errors name the line and what would be right. */
#include "node/conf/toml.h"
#include "sim/scenario/scenario.h"

#include <stdio.h>
#include <stdlib.h>

const char *const scenario_event_names[] = {"partition", "kill", "region-loss", "slow", NULL};

#define FAIL(e, line_, ...)                                                                        \
    ((e)->line = (line_), snprintf((e)->reason, sizeof(e)->reason, __VA_ARGS__), ERR_ARGUMENT)

/* ---- values ---- */

static bool choice_of(const char *choices, struct span text, double *out)
{
    for (size_t place = 0; choices != NULL; place++) {
        size_t len = strcspn(choices, "|");
        if (span_eq(text, span_of(choices, len))) {
            *out = (double)place;
            return true;
        }
        choices = choices[len] == '|' ? choices + len + 1 : NULL;
    }
    return false;
}

static enum err take_number(struct scenario *sc, const struct scenario_row *row,
                            const struct toml_value *v, struct scenario_error *e)
{
    double value = 0;
    bool number = v->kind == TOML_INTEGER || v->kind == TOML_FLOAT;

    if (number)
        value = v->kind == TOML_INTEGER ? (double)v->integer : v->real;
    switch (row->type) {
    case SCENARIO_INTEGER:
    case SCENARIO_NUMBER:
        if (!number || (row->type == SCENARIO_INTEGER && v->kind != TOML_INTEGER))
            return FAIL(e, v->line, "%s wants %s", row->name,
                        row->type == SCENARIO_INTEGER ? "a whole number" : "a number");
        break;
    case SCENARIO_BOOL:
        if (v->kind != TOML_BOOLEAN)
            return FAIL(e, v->line, "%s wants true or false", row->name);
        value = v->truth;
        break;
    case SCENARIO_CHOICE:
        if (v->kind != TOML_STRING || !choice_of(row->choices, v->text, &value))
            return FAIL(e, v->line, "%s wants one of \"%s\"", row->name, row->choices);
        break;
    }
    if (!(value >= row->least && value <= row->most))
        return FAIL(e, v->line, "%s is %.10g, and may be %.10g to %.10g", row->name, value,
                    row->least, row->most);
    memcpy((char *)sc + row->offset, &value, sizeof value);
    return OK;
}

/* A text, or an array of texts: joined by spaces. */
static enum err take_text(struct scenario *sc, const struct scenario_text_row *row,
                          const struct toml_value *v, struct scenario_error *e)
{
    const struct toml_value *item = v->kind == TOML_ARRAY ? v->first : v;
    char joined[2048];
    size_t len = 0;

    for (; item != NULL; item = v->kind == TOML_ARRAY ? item->next : NULL) {
        if (item->kind != TOML_STRING)
            return FAIL(e, item->line, "%s wants text", row->name);
        if (len + item->text.len + 2 > sizeof joined)
            return FAIL(e, item->line, "%s is longer than %zu bytes", row->name, sizeof joined);
        if (len > 0)
            joined[len++] = ' ';
        memcpy(joined + len, item->text.ptr, item->text.len);
        len += item->text.len;
    }
    joined[len++] = '\0';
    if (strlen(joined) + 1 != len)
        return FAIL(e, v->line, "%s has a zero byte in it", row->name);
    struct span kept = arena_copy(&sc->arena, span_of(joined, len));
    if (kept.ptr == NULL)
        return ERR_MEMORY;
    const char *text = (const char *)kept.ptr;
    memcpy((char *)sc + row->offset, &text, sizeof text);
    return OK;
}

/* ---- names ---- */

static size_t alike(const char *a, const char *b)
{
    size_t n = 0;

    while (a[n] != '\0' && a[n] == b[n])
        n++;
    return n;
}

static enum err unknown(const char *name, uint32_t line, struct scenario_error *e)
{
    const char *nearest = scenario_rows[0].name;

    for (size_t i = 0; i < scenario_rows_count; i++)
        if (alike(name, scenario_rows[i].name) > alike(name, nearest))
            nearest = scenario_rows[i].name;
    if (alike(name, nearest) > 3)
        return FAIL(e, line, "there is no parameter %s; is %s meant? (sotto-sim parameters)", name,
                    nearest);
    return FAIL(e, line, "there is no parameter %s (sotto-sim parameters lists them)", name);
}

static enum err take(struct scenario *sc, const char *name, const struct toml_value *v,
                     struct scenario_error *e)
{
    for (size_t i = 0; i < scenario_rows_count; i++)
        if (strcmp(name, scenario_rows[i].name) == 0)
            return take_number(sc, &scenario_rows[i], v, e);
    for (size_t i = 0; i < scenario_text_rows_count; i++)
        if (strcmp(name, scenario_text_rows[i].name) == 0)
            return take_text(sc, &scenario_text_rows[i], v, e);
    return unknown(name, v->line, e);
}

/* ---- [[event]] and [[assert]] ---- */

static enum err event_number(struct scenario_event *ev, const struct toml_value *v,
                             struct scenario_error *e)
{
    double value = v->kind == TOML_INTEGER ? (double)v->integer : v->real;

#define X(name, least, most, preset, help)                                                         \
    if (span_eq(v->key, SPAN_LIT(#name))) {                                                        \
        if (v->kind != TOML_INTEGER && v->kind != TOML_FLOAT)                                      \
            return FAIL(e, v->line, "event: %s wants a number", #name);                            \
        if (!(value >= (least) && value <= (most)))                                                \
            return FAIL(e, v->line, "event: %s is %g, and may be %g to %g", #name, value,          \
                        (double)(least), (double)(most));                                          \
        ev->name = value;                                                                          \
        return OK;                                                                                 \
    }
    SCENARIO_EVENT_NUMBERS(X)
#undef X
    return FAIL(e, v->line, "event: there is no key %.*s", (int)v->key.len, v->key.ptr);
}

static enum err take_event(struct scenario *sc, const struct toml_value *table,
                           struct scenario_error *e)
{
    struct scenario_event ev = {.line = table->line};
    bool named = false;

#define X(key, least, most, preset, help) ev.key = preset;
    SCENARIO_EVENT_NUMBERS(X)
#undef X
    if (sc->events_count == SCENARIO_EVENTS_MAX)
        return FAIL(e, table->line, "more than %u events", SCENARIO_EVENTS_MAX);
    for (const struct toml_value *v = table->first; v != NULL; v = v->next) {
        if (!span_eq(v->key, SPAN_LIT("kind"))) {
            TRY(event_number(&ev, v, e));
            continue;
        }
        for (int k = 0; v->kind == TOML_STRING && scenario_event_names[k] != NULL; k++)
            if (span_eq(v->text, span_str(scenario_event_names[k]))) {
                ev.kind = (enum scenario_event_kind)k;
                named = true;
            }
        if (!named)
            return FAIL(e, v->line, "event: kind is partition, kill, region-loss or slow");
    }
    if (!named || ev.at_s < 0)
        return FAIL(e, table->line, "event: wants kind and at_s");
    sc->events[sc->events_count++] = ev;
    return OK;
}

static bool copy_text(char *out, size_t cap, const struct toml_value *v)
{
    if (v->kind != TOML_STRING || v->text.len == 0 || v->text.len >= cap)
        return false;
    memcpy(out, v->text.ptr, v->text.len);
    out[v->text.len] = '\0';
    return true;
}

static bool one_of(const char *text, const char *const *list)
{
    for (; *list != NULL; list++)
        if (strcmp(text, *list) == 0)
            return true;
    return false;
}

static enum err assert_key(struct scenario_assert *a, const struct toml_value *v,
                           struct scenario_error *e)
{
    static const char *const ops[] = {"<", "<=", ">", ">=", "==", NULL};
    static const char *const sides[] = {"value", "lower", "upper", NULL};

    if (span_eq(v->key, SPAN_LIT("metric")))
        return copy_text(a->metric, sizeof a->metric, v)
                   ? OK
                   : FAIL(e, v->line, "assert: metric wants a name of at most 63 bytes");
    if (span_eq(v->key, SPAN_LIT("op")))
        return copy_text(a->op, sizeof a->op, v) && one_of(a->op, ops)
                   ? OK
                   : FAIL(e, v->line, "assert: op is < <= > >= or ==");
    if (span_eq(v->key, SPAN_LIT("side")))
        return copy_text(a->side, sizeof a->side, v) && one_of(a->side, sides)
                   ? OK
                   : FAIL(e, v->line, "assert: side is value, lower or upper");
    if (span_eq(v->key, SPAN_LIT("value"))) {
        if (v->kind != TOML_INTEGER && v->kind != TOML_FLOAT)
            return FAIL(e, v->line, "assert: value wants a number");
        a->value = v->kind == TOML_INTEGER ? (double)v->integer : v->real;
        return OK;
    }
    return FAIL(e, v->line, "assert: there is no key %.*s", (int)v->key.len, v->key.ptr);
}

static enum err take_assert(struct scenario *sc, const struct toml_value *table,
                            struct scenario_error *e)
{
    struct scenario_assert a = {.line = table->line, .side = "value"};

    if (sc->asserts_count == SCENARIO_ASSERTS_MAX)
        return FAIL(e, table->line, "more than %u assertions", SCENARIO_ASSERTS_MAX);
    for (const struct toml_value *v = table->first; v != NULL; v = v->next)
        TRY(assert_key(&a, v, e));
    if (a.metric[0] == '\0' || a.op[0] == '\0' || toml_get(table, SPAN_LIT("value")) == NULL)
        return FAIL(e, table->line, "assert: wants metric, op and value");
    sc->asserts[sc->asserts_count++] = a;
    return OK;
}

/* ---- the file ---- */

static enum err take_list(struct scenario *sc, const struct toml_value *list,
                          enum err (*one)(struct scenario *, const struct toml_value *,
                                          struct scenario_error *),
                          struct scenario_error *e)
{
    if (list->kind != TOML_ARRAY)
        return FAIL(e, list->line, "%.*s is a list: write [[%.*s]]", (int)list->key.len,
                    list->key.ptr, (int)list->key.len, list->key.ptr);
    for (const struct toml_value *v = list->first; v != NULL; v = v->next) {
        if (v->kind != TOML_TABLE)
            return FAIL(e, v->line, "an entry of %.*s is a table", (int)list->key.len,
                        list->key.ptr);
        TRY(one(sc, v, e));
    }
    return OK;
}

static enum err take_section(struct scenario *sc, const struct toml_value *section,
                             struct scenario_error *e)
{
    char name[160];

    if (span_eq(section->key, SPAN_LIT("event")))
        return take_list(sc, section, take_event, e);
    if (span_eq(section->key, SPAN_LIT("assert")))
        return take_list(sc, section, take_assert, e);
    if (section->kind != TOML_TABLE)
        return FAIL(e, section->line, "%.*s stands in no [section]", (int)section->key.len,
                    section->key.ptr);
    for (const struct toml_value *v = section->first; v != NULL; v = v->next) {
        snprintf(name, sizeof name, "%.*s.%.*s", (int)section->key.len, section->key.ptr,
                 (int)v->key.len, v->key.ptr);
        TRY(take(sc, name, v, e));
    }
    return OK;
}

enum err scenario_read(struct scenario *sc, struct span text, struct scenario_error *e)
{
    struct toml_value *root;
    struct toml_error error = {0};

    *e = (struct scenario_error){0};
    enum err err = toml_read(text, &sc->arena, &root, &error);
    if (err != OK) {
        e->line = error.line;
        snprintf(e->reason, sizeof e->reason, "%s",
                 error.reason[0] != '\0' ? error.reason : err_text(err));
        return err;
    }
    for (const struct toml_value *v = root->first; v != NULL; v = v->next)
        TRY(take_section(sc, v, e));
    return OK;
}

/* "section.key=value": the value as in a file, a text also without quotes. */
enum err scenario_set(struct scenario *sc, const char *setting, struct scenario_error *e)
{
    const char *equals = strchr(setting, '=');
    char line[1024], name[128];
    struct toml_value *root, *section;
    struct toml_error error = {0};

    *e = (struct scenario_error){0};
    if (equals == NULL || (size_t)(equals - setting) >= sizeof name)
        return FAIL(e, 0, "%s: wants section.key=value", setting);
    snprintf(name, sizeof name, "%.*s", (int)(equals - setting), setting);
    snprintf(line, sizeof line, "%s = %s", name, equals + 1);
    enum err err = toml_read(span_str(line), &sc->arena, &root, &error);
    if (err != OK) {
        snprintf(line, sizeof line, "%s = \"%s\"", name, equals + 1);
        err = toml_read(span_str(line), &sc->arena, &root, &error);
    }
    if (err != OK)
        return FAIL(e, 0, "%s: %s", setting, error.reason);
    section = root->first;
    if (section == NULL || section->kind != TOML_TABLE || section->first == NULL)
        return FAIL(e, 0, "%s: wants section.key=value", setting);
    err = take(sc, name, section->first, e);
    e->line = 0;
    return err;
}

/* ---- do they fit together? ---- */

static bool uses_attack(const struct scenario *sc)
{
    return sc->adversary_attacks[0] != '\0';
}

enum err scenario_check(const struct scenario *sc, struct scenario_error *e)
{
    *e = (struct scenario_error){0};
    if (sc->scenario_name[0] == '\0' || strpbrk(sc->scenario_name, " /\\\"") != NULL)
        return FAIL(e, 0, "scenario.name wants one word without slashes");
    if (sc->links_delay_max_ms > 0 && sc->links_delay_max_ms < sc->links_delay_ms)
        return FAIL(e, 0, "links.delay_max_ms is less than links.delay_ms");
    if (sc->links_model == 3 && sc->links_file[0] == '\0')
        return FAIL(e, 0, "links.model = \"matrix\" wants links.file");
    if (sc->roles_light > 0 && sc->roles_services == 0)
        return FAIL(e, 0, "roles.light wants roles.services: light clients need somebody");
    if (sc->fetch_per_hour > 0 && (sc->roles_stores == 0 || sc->roles_light == 0))
        return FAIL(e, 0, "fetch.per_hour wants roles.stores and roles.light");
    if (uses_attack(sc) && sc->net_tier == 0)
        return FAIL(e, 0, "adversary.attacks want net.tier = \"f1\": taps read streams");
    if (sc->steady_per_minute == 0 && sc->direct_pairs_per_person == 0 && sc->groups_count == 0 &&
        sc->spam_spammers == 0 && sc->chat_people == 0 && sc->members_count == 0)
        return FAIL(e, 0, "nobody speaks: set steady, direct, groups, spam, chat or members");
    if (sc->members_count > 0 && sc->net_tier == 0)
        return FAIL(
            e, 0, "members.count wants net.tier = \"f1\": abstract members are behind its relays");
    if (sc->groups_size_max < sc->groups_size_min)
        return FAIL(e, 0, "groups.size_max is less than groups.size_min");
    return OK;
}
