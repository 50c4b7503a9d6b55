/* One line, one write: text or JSON. */
#include "node/evio/logs.h"

#include <ctype.h>
#include <strings.h>
#include <time.h>

#define LINE_BYTES                                                                                 \
    8192 /* a line of 1,023 bytes with every byte escaped, and what stands before it */

static const char *const names[] = {"TRACE", "DEBUG", "INFO", "UNUSUAL", "BROKEN"};

struct out {
    char text[LINE_BYTES];
    size_t len;
};

static void put(struct out *o, const char *s, size_t n)
{
    if (n > sizeof o->text - o->len - 2)
        n = sizeof o->text - o->len - 2;
    memcpy(o->text + o->len, s, n);
    o->len += n;
}

static void puts_to(struct out *o, const char *s)
{
    put(o, s, strlen(s));
}

/* Strings of peers may be in a line: no control character reaches the terminal. */
static void put_json(struct out *o, const char *s, size_t n)
{
    puts_to(o, "\"");
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        char escaped[8];
        if (c == '"' || c == '\\')
            snprintf(escaped, sizeof escaped, "\\%c", c);
        else if (c < 0x20 || c >= 0x7f)
            snprintf(escaped, sizeof escaped, "\\u%04x", c);
        else
            snprintf(escaped, sizeof escaped, "%c", c);
        puts_to(o, escaped);
    }
    puts_to(o, "\"");
}

static void put_plain(struct out *o, const char *s)
{
    for (; *s != '\0'; s++) {
        char c = (unsigned char)*s < 0x20 || *s == 0x7f ? '?' : *s;
        put(o, &c, 1);
    }
}

static void put_time(struct out *o, const struct env *env)
{
    time_t seconds = (time_t)(env->wall.ns / NS_PER_S);
    struct tm tm;
    char text[64];
    size_t n = gmtime_r(&seconds, &tm) == NULL ? 0 : strftime(text, sizeof text, "%FT%T", &tm);
    put(o, text, n);
    snprintf(text, sizeof text, ".%03dZ", (int)(env->wall.ns / NS_PER_MS % 1000));
    puts_to(o, text);
}

/* Is this word key=value? Length of the key; 0: no. */
static size_t key_bytes(const char *word, size_t len)
{
    size_t n = 0;
    while (n < len && (isalnum((unsigned char)word[n]) || word[n] == '_'))
        n++;
    return n < len && word[n] == '=' ? n : 0;
}

static void json_fields(struct out *o, const char *text)
{
    while (*text != '\0') {
        size_t len = strcspn(text, " "), key = key_bytes(text, len);
        if (key > 0) {
            puts_to(o, ",");
            put_json(o, text, key);
            puts_to(o, ":");
            put_json(o, text + key + 1, len - key - 1);
        }
        text += len;
        text += strspn(text, " ");
    }
}

/* The words before the first key=value */
static size_t words_bytes(const char *text)
{
    const char *at = text;
    while (*at != '\0') {
        size_t len = strcspn(at, " ");
        if (key_bytes(at, len) > 0)
            break;
        at += len;
        at += strspn(at, " ");
    }
    while (at > text && at[-1] == ' ')
        at--;
    return (size_t)(at - text);
}

static void line(void *sink, enum log_level level, const struct env *env, const char *room,
                 const char *text)
{
    struct logs *l = sink;
    struct out o = {.len = 0};
    puts_to(&o, l->json ? "{\"time\":\"" : "");
    put_time(&o, env);
    if (l->json) {
        puts_to(&o, "\",\"level\":");
        put_json(&o, names[level], strlen(names[level]));
        puts_to(&o, ",\"room\":");
        put_json(&o, room, strlen(room));
        puts_to(&o, ",\"text\":");
        put_json(&o, text, words_bytes(text));
        json_fields(&o, text);
        puts_to(&o, "}");
    } else {
        puts_to(&o, " ");
        puts_to(&o, names[level]);
        puts_to(&o, " ");
        puts_to(&o, room);
        puts_to(&o, ": ");
        put_plain(&o, text);
    }
    o.text[o.len++] = '\n';
    fwrite(o.text, 1, o.len, l->to);
    fflush(l->to);
}

void logs_init(struct logs *l, FILE *to, enum log_level min, bool json)
{
    *l = (struct logs){.log = {.min = min, .line = line, .sink = l}, .json = json, .to = to};
}

bool logs_level(const char *name, enum log_level *out)
{
    static const struct {
        const char *name;
        enum log_level level;
    } levels[] = {{"TRACE", LOG_TRACE},    {"DEBUG", LOG_DEBUG},  {"INFO", LOG_INFO},
                  {"NOTICE", LOG_UNUSUAL}, {"WARN", LOG_UNUSUAL}, {"UNUSUAL", LOG_UNUSUAL},
                  {"ERROR", LOG_BROKEN},   {"FATAL", LOG_BROKEN}, {"BROKEN", LOG_BROKEN}};
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        if (strcasecmp(levels[i].name, name) == 0) {
            *out = levels[i].level;
            return true;
        }
    return false;
}
