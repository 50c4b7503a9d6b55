/* Private to node/api: paths, queries, headers. Pure functions over bytes of strangers. */
#pragma once

#include "crypto/base/arena.h"

/** Undo %XX (and + when `plus`); the result lives in the arena. False: a broken escape, a NUL, or
 * no memory. */
bool http_decode(struct arena *arena, struct span in, bool plus, struct span *out);

/** The decoded value of a parameter in a query string; the first one counts. False when absent or
 * broken; `broken` tells. An empty value counts as absent, as in nwaku. */
bool http_parameter(struct arena *arena, struct span query, const char *name, struct span *out,
                    bool *broken);

/** Is it application/json, whatever follows the ';'? */
bool http_is_json(struct span content_type);

/** May this Host be served? IP addresses, localhost, names without a dot, and what a pattern names.
 * @source DNS rebinding: a page of a foreign name that points at us carries that name here */
bool http_host_ok(struct span host, const char *const *patterns, size_t count);

/** May a page of this Origin use us? The same host and port, or what a pattern names. */
bool http_origin_ok(struct span origin, struct span host, const char *const *patterns,
                    size_t count);

/** Glob with * and ?, case ignored. */
bool http_glob(const char *pattern, struct span text);

/** Decimal number without sign; false: not one, or over `max`. */
bool http_number(struct span text, uint64_t max, uint64_t *out);
