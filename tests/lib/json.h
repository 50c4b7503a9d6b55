/* JSON for test vectors: the whole file as a tree in an arena. A file that cannot be read or parsed
 * fails the test with its name and place. Not for input from strangers. */
#pragma once

#include "tests/lib/testing.h"

enum json_kind {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

struct json {
    enum json_kind kind;
    struct span key;    /* of a member of an object */
    struct span text;   /* of a string (escapes resolved, ASCII only) or number */
    struct json *first; /* of an array or object */
    struct json *next;
    size_t count; /* elements or members */
};

/** Parse a file; everything lives in `a`. */
const struct json *json_load(struct arena *a, const char *path);

/** The member called `key`; NULL when `o` is NULL, no object, or has none. */
const struct json *json_get(const struct json *o, const char *key);

/** Is it missing or null? */
bool json_absent(const struct json *v);

/** Bytes of the hex string `key` (either case), in `a`. Missing or null: empty. */
struct span json_hex(struct arena *a, const struct json *o, const char *key);

/** Bytes of a hex string value. */
struct span json_bytes(struct arena *a, const struct json *v);

/** Text of the string `key`; fails the test when it is missing. */
struct span json_text(const struct json *o, const char *key);

/** Unsigned integer `key`; fails the test when it is missing. */
uint64_t json_u64(const struct json *o, const char *key);

/** Boolean `key`; fails the test when it is missing. */
bool json_bool(const struct json *o, const char *key);

/** for (JSON_EACH(v, array)) */
#define JSON_EACH(v, of)                                                                           \
    const struct json *v = (of)->first;                                                            \
    v != NULL;                                                                                     \
    v = v->next
