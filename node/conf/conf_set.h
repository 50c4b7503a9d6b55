/* Private to node/conf: setting values and saying what is wrong. */
#pragma once

#include "node/conf/conf.h"

/** Write c->error. Returns ERR_ARGUMENT. */
enum err conf_fail(struct conf *c, const char *format, ...) MUST_CHECK
    __attribute__((format(printf, 2, 3)));

enum err conf_warn(struct conf *c, const char *format, ...) MUST_CHECK
    __attribute__((format(printf, 2, 3)));

/** Give an option a value.
 *
 * @param where  how the person wrote its name, for errors: "--tcp-port" (in)
 * @param fresh  the first of one source: what it had from weaker sources is forgotten (in)
 */
enum err conf_set(struct conf *c, enum conf_id id, struct span text, enum conf_source source,
                  const char *where) MUST_CHECK;

/** Check one text against its option. On OK `number` is set.
 * @param why  what is allowed, to end the sentence "--x=y: ..." (out) */
bool conf_value_ok(const struct conf_option *o, const char *text, uint64_t *number, char *why,
                   size_t why_len);

struct writer;

/** Set the values of --preset (presets.c). OK; ERR_MEMORY. */
enum err preset_apply(struct conf *c) MUST_CHECK;

/** Append what they are, for docs/configuration.md. */
void preset_document(struct writer *w);

/** Is the text one of "a|b*"? Case does not matter; `place` gets its number. */
bool conf_choice(const char *choices, const char *text, uint64_t *place);
