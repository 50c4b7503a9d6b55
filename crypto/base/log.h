/* Structured log lines: room, verb, then key=value. Secrets never come near a format string.
 *
 *     log_info(env, "gossipsub", "graft peer=%s topic=%s", ...);
 */
#pragma once

#include <stdbool.h>

enum log_level {
    LOG_TRACE,
    LOG_DEBUG,
    LOG_INFO,
    LOG_UNUSUAL, /* a peer or the surroundings misbehaved */
    LOG_BROKEN,  /* our own bug; any such line fails a test or simulator run */
};

struct env;

struct log {
    enum log_level min; /* lines below it are not formatted */
    void (*line)(void *sink, enum log_level level, const struct env *env, const char *room,
                 const char *text); /* text: one line without its end, valid during the call */
    void *sink;
};

/** "trace", "debug", "info", "unusual" or "broken". */
const char *log_level_name(enum log_level level);

/** Format and hand on one line of at most 1,023 bytes (longer ones are cut). Use the macros. */
void log_write(const struct env *env, enum log_level level, const char *room, const char *format,
               ...) __attribute__((format(printf, 4, 5)));

/** Would a line of this level be written? For arguments that are dear to compute. */
bool log_wanted(const struct env *env, enum log_level level);

#define LOG_AT(env, level, ...)                                                                    \
    do {                                                                                           \
        if (log_wanted((env), (level)))                                                            \
            log_write((env), (level), __VA_ARGS__);                                                \
    } while (0)

#define log_trace(env, ...)   LOG_AT(env, LOG_TRACE, __VA_ARGS__)
#define log_debug(env, ...)   LOG_AT(env, LOG_DEBUG, __VA_ARGS__)
#define log_info(env, ...)    LOG_AT(env, LOG_INFO, __VA_ARGS__)
#define log_unusual(env, ...) LOG_AT(env, LOG_UNUSUAL, __VA_ARGS__)
#define log_broken(env, ...)  LOG_AT(env, LOG_BROKEN, __VA_ARGS__)
