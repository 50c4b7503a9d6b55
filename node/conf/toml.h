/* A reader of TOML 1.0 (toml.io/en/v1.0.0): text in, a tree of values out.
 *
 * Everything of the language is read: comments, bare, quoted and dotted keys, the four kinds of
 * strings, integers in four bases, floats, booleans, dates and times (checked and kept as text),
 * arrays, inline tables, tables and arrays of tables, with the rules about what may be defined
 * twice. The tree lives in the caller's arena.
 *
 * Bounds: TOML_BYTES_MAX, TOML_DEPTH_MAX and the arena.
 */
#pragma once

#include "crypto/base/arena.h"

#define TOML_BYTES_MAX (1u << 20) /* bytes of a document (own choice) */
#define TOML_DEPTH_MAX 64         /* nesting of arrays and tables (own choice) */

enum toml_kind {
    TOML_STRING,
    TOML_INTEGER,
    TOML_FLOAT,
    TOML_BOOLEAN,
    TOML_DATE, /* any date, time or both: `text` as written */
    TOML_ARRAY,
    TOML_TABLE,
};

enum toml_origin {  /* how a table or array came to be: says whether it may be added to */
    TOML_BY_VALUE,  /* inline table or static array: closed */
    TOML_BY_HEADER, /* [name] or [[name]] */
    TOML_BY_PATH,   /* on the way to a [header]; may still get a header of its own */
    TOML_BY_DOTS,   /* on the way of a dotted key: closed to headers */
};

struct toml_value {
    enum toml_kind kind;
    enum toml_origin origin;
    uint32_t line;   /* where it begins, from 1 */
    struct span key; /* in a table */
    struct span text;
    int64_t integer;
    double real;
    bool truth;
    struct toml_value *first, *last; /* of a table or array */
    struct toml_value *next;         /* sibling */
};

struct toml_error {
    uint32_t line; /* from 1 */
    char reason[96];
};

/** Read a document.
 *
 * @param text   UTF-8; strings without escapes stay borrowed from it (in)
 * @param arena  holds the tree (in/out)
 * @param out    the root table (out)
 * @param error  filled on failure (out)
 * @return OK; ERR_FORMAT; ERR_LIMIT; ERR_MEMORY
 */
enum err toml_read(struct span text, struct arena *arena, struct toml_value **out,
                   struct toml_error *error) MUST_CHECK;

/** A child of a table by name; NULL when there is none. */
struct toml_value *toml_get(const struct toml_value *table, struct span key);
