/* A scenario: what a file says, checked. The same text gives the same scenario everywhere.
 *
 * In:  the text of a TOML file, then settings "section.key=value" that replace what it says.
 * Out: a flat struct of numbers (parameters.h), planned events, assertions; or one error with the
 *      line and the reason.
 * Bounds: SCENARIO_EVENTS_MAX, SCENARIO_ASSERTS_MAX, and those of node/conf/toml.h.
 */
#pragma once

#include "crypto/base/arena.h"
#include "sim/scenario/parameters.h"

#define SCENARIO_EVENTS_MAX    256u
#define SCENARIO_ASSERTS_MAX   128u
#define SCENARIO_ARENA_BYTES   (8u << 20)
#define SCENARIO_ID_HEX        32u /* digits of the id of a run */
#define SCENARIO_CANONICAL_MAX (64u << 10)

enum scenario_type {
    SCENARIO_INTEGER,
    SCENARIO_NUMBER,
    SCENARIO_BOOL,
    SCENARIO_CHOICE,
};

enum scenario_event_kind {
    SCENARIO_EVENT_PARTITION,   /* `share` of the nodes is cut off from the others */
    SCENARIO_EVENT_KILL,        /* `share` of the nodes dies; they come back after for_s */
    SCENARIO_EVENT_REGION_LOSS, /* the nodes of `region` are cut off */
    SCENARIO_EVENT_SLOW,        /* all delays are multiplied with `factor` */
};
extern const char *const scenario_event_names[]; /* ends with NULL */

struct scenario_event {
    enum scenario_event_kind kind;
    uint32_t line;
#define X(key, least, most, preset, help) double key;
    SCENARIO_EVENT_NUMBERS(X)
#undef X
};

struct scenario_assert {
    char metric[64];
    char op[3];   /* < <= > >= == */
    char side[8]; /* "value", or "lower" or "upper" end of its interval */
    double value;
    uint32_t line;
};

struct scenario {
#define X(section, key, type, preset, least, most, choices, help) double section##_##key;
    SCENARIO_NUMBERS(X)
#undef X
#define X(section, key, preset, help) const char *section##_##key;
    SCENARIO_TEXTS(X)
#undef X
    struct scenario_event events[SCENARIO_EVENTS_MAX];
    size_t events_count;
    struct scenario_assert asserts[SCENARIO_ASSERTS_MAX];
    size_t asserts_count;
    struct arena arena;
};

struct scenario_error {
    uint32_t line; /* of the file, from 1; 0: of no line */
    char reason[240];
};

/** All parameters at their defaults. Give it back with scenario_clear. */
void scenario_init(struct scenario *sc);
void scenario_clear(struct scenario *sc);

/** Read a file's text over the defaults. `e` is filled when it fails. ERR_FORMAT; ERR_ARGUMENT an
 * unknown name or a value out of range; ERR_LIMIT; ERR_MEMORY. */
enum err scenario_read(struct scenario *sc, struct span text, struct scenario_error *e) MUST_CHECK;

/** One setting, "section.key=value". Errors as above, on line 0. */
enum err scenario_set(struct scenario *sc, const char *setting,
                      struct scenario_error *e) MUST_CHECK;

/** Do the parameters fit together? `e` says why not. */
enum err scenario_check(const struct scenario *sc, struct scenario_error *e) MUST_CHECK;

/* ---- the table, for documentation and reports ---- */

struct scenario_row {
    const char *name; /* "section.key" */
    enum scenario_type type;
    double preset, least, most;
    const char *choices, *help;
    size_t offset; /* of the double in struct scenario */
};
extern const struct scenario_row scenario_rows[];
extern const size_t scenario_rows_count;

struct scenario_text_row {
    const char *name, *preset, *help;
    size_t offset; /* of the const char * */
};
extern const struct scenario_text_row scenario_text_rows[];
extern const size_t scenario_text_rows_count;

double scenario_number(const struct scenario *sc, const struct scenario_row *row);

/** A value as one writes it in a file: 3, 0.25, true, regions. */
void scenario_number_text(const struct scenario_row *row, double value, char out[64]);

/** Everything that decides about the run, seed included, one line each: what its id is made of. */
size_t scenario_canonical(const struct scenario *sc, char *out, size_t cap);

/** Name of a run: SHA-256 of the canonical text, its first half in hexadecimal. */
void scenario_id(const struct scenario *sc, char out[SCENARIO_ID_HEX + 1]);
