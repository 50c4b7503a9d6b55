#include "sim/scenario/scenario.h"

#include "crypto/base/hex.h"
#include "crypto/prim/sha2.h"

#include <math.h>
#include <stdio.h>

const struct scenario_row scenario_rows[] = {
#define X(section, key, type, preset, least, most, choices, help)                                  \
    {#section "." #key,                                                                            \
     SCENARIO_##type,                                                                              \
     preset,                                                                                       \
     least,                                                                                        \
     most,                                                                                         \
     choices,                                                                                      \
     help,                                                                                         \
     offsetof(struct scenario, section##_##key)},
    SCENARIO_NUMBERS(X)
#undef X
};
const size_t scenario_rows_count = sizeof scenario_rows / sizeof *scenario_rows;

const struct scenario_text_row scenario_text_rows[] = {
#define X(section, key, preset, help)                                                              \
    {#section "." #key, preset, help, offsetof(struct scenario, section##_##key)},
    SCENARIO_TEXTS(X)
#undef X
};
const size_t scenario_text_rows_count = sizeof scenario_text_rows / sizeof *scenario_text_rows;

void scenario_init(struct scenario *sc)
{
    *sc = (struct scenario){0};
    arena_init(&sc->arena, SCENARIO_ARENA_BYTES);
    for (size_t i = 0; i < scenario_rows_count; i++)
        memcpy((char *)sc + scenario_rows[i].offset, &scenario_rows[i].preset, sizeof(double));
    for (size_t i = 0; i < scenario_text_rows_count; i++)
        memcpy((char *)sc + scenario_text_rows[i].offset, &scenario_text_rows[i].preset,
               sizeof scenario_text_rows[i].preset);
}

void scenario_clear(struct scenario *sc)
{
    arena_clear(&sc->arena);
}

double scenario_number(const struct scenario *sc, const struct scenario_row *row)
{
    double v;

    memcpy(&v, (const char *)sc + row->offset, sizeof v);
    return v;
}

static void choice_text(const char *choices, size_t place, char out[64])
{
    for (; place > 0 && strchr(choices, '|') != NULL; place--)
        choices = strchr(choices, '|') + 1;
    snprintf(out, 64, "%.*s", (int)strcspn(choices, "|"), choices);
}

void scenario_number_text(const struct scenario_row *row, double value, char out[64])
{
    switch (row->type) {
    case SCENARIO_INTEGER:
        snprintf(out, 64, "%.0f", value);
        break;
    case SCENARIO_NUMBER:
        snprintf(out, 64, "%.10g", value);
        break;
    case SCENARIO_BOOL:
        snprintf(out, 64, "%s", value != 0 ? "true" : "false");
        break;
    case SCENARIO_CHOICE:
        choice_text(row->choices, (size_t)value, out);
        break;
    }
}

static void append(char *out, size_t cap, size_t *at, const char *name, const char *value)
{
    if (*at < cap)
        *at += (size_t)snprintf(out + *at, cap - *at, "%s=%s\n", name, value);
}

size_t scenario_canonical(const struct scenario *sc, char *out, size_t cap)
{
    char text[64], line[160];
    size_t at = 0;

    for (size_t i = 0; i < scenario_rows_count; i++) {
        scenario_number_text(&scenario_rows[i], scenario_number(sc, &scenario_rows[i]), text);
        append(out, cap, &at, scenario_rows[i].name, text);
    }
    for (size_t i = 0; i < scenario_text_rows_count; i++) {
        const char *value;
        memcpy(&value, (const char *)sc + scenario_text_rows[i].offset, sizeof value);
        if (strcmp(scenario_text_rows[i].name, "scenario.about") != 0)
            append(out, cap, &at, scenario_text_rows[i].name, value);
    }
    for (size_t i = 0; i < sc->events_count; i++) {
        const struct scenario_event *e = &sc->events[i];
        snprintf(line, sizeof line, "%s %.10g %.10g %.10g %.10g %.10g",
                 scenario_event_names[e->kind], e->at_s, e->for_s, e->share, e->region, e->factor);
        append(out, cap, &at, "event", line);
    }
    for (size_t i = 0; i < sc->asserts_count; i++) {
        const struct scenario_assert *a = &sc->asserts[i];
        snprintf(line, sizeof line, "%s %s %s %.10g", a->side, a->metric, a->op, a->value);
        append(out, cap, &at, "assert", line);
    }
    return at < cap ? at : cap - 1;
}

void scenario_id(const struct scenario *sc, char out[SCENARIO_ID_HEX + 1])
{
    static char text[SCENARIO_CANONICAL_MAX];
    uint8_t digest[32];
    size_t len = scenario_canonical(sc, text, sizeof text);

    sha256(span_of(text, len), digest);
    for (size_t i = 0; i < SCENARIO_ID_HEX / 2; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
}
