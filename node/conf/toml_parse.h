/* Private to node/conf: what the three files of the TOML reader share. */
#pragma once

#include "node/conf/toml.h"

struct toml_parser {
    const uint8_t *at, *end;
    uint32_t line;
    int depth;
    struct arena *arena;
    struct toml_error *error;
};

/** Note the reason, at the current line. Returns ERR_FORMAT. */
enum err toml_fail(struct toml_parser *p, const char *reason) MUST_CHECK;

/** The next byte without taking it; 0 at the end. NUL is no TOML, so 0 is never content. */
static inline uint8_t toml_peek(const struct toml_parser *p)
{
    return p->at < p->end ? *p->at : 0;
}
static inline size_t toml_left(const struct toml_parser *p)
{
    return (size_t)(p->end - p->at);
}
static inline bool toml_take(struct toml_parser *p, uint8_t c)
{
    if (p->at == p->end || *p->at != c)
        return false;
    p->at++;
    return true;
}

void toml_skip_blank(struct toml_parser *p);                 /* spaces and tabs */
enum err toml_skip_lines(struct toml_parser *p) MUST_CHECK;  /* blanks, comments, newlines */
enum err toml_end_of_line(struct toml_parser *p) MUST_CHECK; /* after a value or header */
bool toml_newline(struct toml_parser *p);                    /* take LF or CRLF */
enum err toml_comment(struct toml_parser *p) MUST_CHECK;     /* take one, if there is one */
struct toml_value *toml_new(struct toml_parser *p, enum toml_kind kind, enum toml_origin origin);
void toml_append(struct toml_value *parent, struct toml_value *child);

/** One simple key: bare or quoted. */
enum err toml_key(struct toml_parser *p, struct span *out) MUST_CHECK;

/** key.key.key = value into `table`, the value included. */
enum err toml_pair(struct toml_parser *p, struct toml_value *table) MUST_CHECK;

/** Any value. */
enum err toml_value(struct toml_parser *p, struct toml_value **out) MUST_CHECK;

/** A string, at its opening quote. `multi`: three quotes are allowed (values, not keys). */
enum err toml_string(struct toml_parser *p, bool multi, struct span *out) MUST_CHECK;

/** A number, boolean or date out of one bare word. */
enum err toml_word(struct toml_parser *p, struct toml_value **out) MUST_CHECK;

/** Length of the valid UTF-8 sequence at s (1..4); 0: none. */
size_t toml_utf8(const uint8_t *s, size_t len);
