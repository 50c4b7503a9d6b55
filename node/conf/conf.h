/* The configuration of a node: flags, variables and a file against one table (options.h).
 *
 * In:  argv, the environment and the text of a TOML file, as strings; nothing is opened here.
 * Out: checked values by id, warnings, or one sentence that names what to change.
 * Precedence, whatever the order of the calls: flag > WAKUNODE2_* variable > file >
 * --preset > default.
 *
 *     conf_init -> conf_arguments, conf_environment -> conf_file (when CONF_CONFIG_FILE is set)
 *               -> conf_check -> conf_bool, conf_number, conf_text, conf_at ...
 *
 * Bounds: CONF_BYTES_MAX of memory, CONF_VALUES_MAX values of one option.
 */
#pragma once

#include "crypto/base/arena.h"
#include "crypto/base/buf.h"
#include "node/conf/options.h"

#define CONF_BYTES_MAX  (16u << 20) /* a file of 1 MiB and its tree */
#define CONF_VALUES_MAX 1024

enum conf_id {
#define X(id, flag, type, many, status, group, ours, theirs, allowed, help, why) CONF_##id,
    CONF_TABLE(X)
#undef X
    CONF_OPTIONS,
};

enum conf_type {
    CONF_TYPE_BOOL,
    CONF_TYPE_NUMBER,
    CONF_TYPE_SIZE, /* bytes, written as 150KiB, 150KB, 150B */
    CONF_TYPE_TEXT,
    CONF_TYPE_IP,     /* IPv4 or IPv6 */
    CONF_TYPE_SERVER, /* the same, or with a port: 192.0.2.1:53, [::1]:53 */
    CONF_TYPE_CHOICE, /* upper and lower case are alike */
    CONF_TYPE_KEY,    /* 64 hexadecimal digits */
};

enum conf_status {
    CONF_STATUS_DONE,
    CONF_STATUS_ACCEPTED,
    CONF_STATUS_REFUSED,
};

enum conf_group {
#define X(id, title) CONF_GROUP_##id,
    CONF_GROUPS(X)
#undef X
    CONF_GROUPS_COUNT,
};

struct conf_option { /* a row of the table; see options.h */
    const char *flag;
    enum conf_type type;
    bool many;
    enum conf_status status;
    enum conf_group group;
    const char *ours, *theirs, *allowed, *help, *why;
};

extern const struct conf_option conf_options[CONF_OPTIONS];

enum conf_source { /* in order of precedence */
    CONF_FROM_DEFAULT,
    CONF_FROM_PRESET,
    CONF_FROM_FILE,
    CONF_FROM_VARIABLE,
    CONF_FROM_FLAG,
};

struct conf_item {
    const char *text;
    uint64_t number; /* NUMBER, SIZE, BOOL; CHOICE: its place in `allowed` */
    struct conf_item *next;
};

struct conf_value {
    enum conf_source source;
    size_t count;
    struct conf_item *first, *last;
};

struct conf {
    struct arena arena;
    struct conf_value values[CONF_OPTIONS];
    struct conf_item *warnings, *warnings_last;
    char error[512]; /* after ERR_ARGUMENT: one sentence for the person */
};

/** All defaults. ERR_MEMORY. */
enum err conf_init(struct conf *c) MUST_CHECK;
void conf_clear(struct conf *c);

/** Flags: --name=value, --name:value, --name value, and --name for booleans.
 *
 * @param argv  of the subcommand, without its name
 * @return OK; ERR_ARGUMENT, see c->error; ERR_MEMORY
 */
enum err conf_arguments(struct conf *c, int argc, char *const *argv) MUST_CHECK;

/** WAKUNODE2_<FLAG IN CAPITALS, _ FOR ->. Others of that prefix are warned about. */
enum err conf_environment(struct conf *c, char *const *environment) MUST_CHECK;

/** TOML: keys are flags; the keys of a table are joined to its name by '-', so that [rest] port is
 * rest-port.
 *
 * @param name  of the file, for the error (in)
 */
enum err conf_file(struct conf *c, struct span text, const char *name) MUST_CHECK;

/** Set the values of --preset, and check what one value cannot show: RLN networks, shards beyond
 * the network... */
enum err conf_check(struct conf *c) MUST_CHECK;

/* values; asserts when the option is of another type */
bool conf_bool(const struct conf *c, enum conf_id id);
uint64_t conf_number(const struct conf *c, enum conf_id id);  /* unset: 0 */
const char *conf_text(const struct conf *c, enum conf_id id); /* unset: "" */
size_t conf_count(const struct conf *c, enum conf_id id);
const char *conf_at(const struct conf *c, enum conf_id id, size_t i);
uint64_t conf_number_at(const struct conf *c, enum conf_id id, size_t i);
bool conf_given(const struct conf *c, enum conf_id id); /* by anyone, not by default */

/** The first share of --relay-service-ratio, 0..100. False: it is malformed (conf_check says so).
 */
bool conf_relay_percent(const struct conf *c, double *percent);

/** Warnings in order; start with NULL. NULL: no more. */
const struct conf_item *conf_warning(const struct conf *c, const struct conf_item *after);

/** The option of this name, '_' and capitals allowed; -1: none. */
int conf_find(struct span name);

/** The flag most like `name`; NULL: none is near. */
const char *conf_suggest(struct span name);

/** --help, grouped. */
enum err conf_help(struct buf *out) MUST_CHECK;

/** The tables of docs/configuration.md. */
enum err conf_document(struct buf *out) MUST_CHECK;

/** Size like "150KiB", "1500 B", "1MB"; false: not one. */
bool conf_size(struct span text, uint64_t *out);
