#include "crypto/base/log.h"

#include "crypto/base/env.h"

#include <stdarg.h>
#include <stdio.h>

#define LOG_LINE_BYTES 1024u

const char *log_level_name(enum log_level level)
{
    static const char *const names[] = {"trace", "debug", "info", "unusual", "broken"};

    return names[level];
}

bool log_wanted(const struct env *env, enum log_level level)
{
    return env->log != NULL && level >= env->log->min;
}

void log_write(const struct env *env, enum log_level level, const char *room, const char *format,
               ...)
{
    char text[LOG_LINE_BYTES];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    for (char *c = text; *c != '\0'; c++) /* a peer's bytes must not forge a line */
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    env->log->line(env->log->sink, level, env, room, text);
}
