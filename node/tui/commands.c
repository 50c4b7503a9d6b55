/* Commands by name: of the screens behind a slash, of the line mode as they are. */
#include "node/tui/inside.h"

#include <stdio.h>

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\n' || c == '\t';
}

struct span word_next(struct span *text)
{
    size_t from = 0, to;
    while (from < text->len && is_blank(text->ptr[from]))
        from++;
    for (to = from; to < text->len && !is_blank(text->ptr[to]);)
        to++;
    struct span word = span_sub(*text, from, to - from);
    while (to < text->len && text->ptr[to] == ' ')
        to++;
    *text = span_after(*text, to);
    return word;
}

const struct command_group command_groups[3] = {
    {"Talking", commands_talk},
    {"People and groups", commands_people},
    {"You and this device", commands_self},
};

/* The one of this name, or the only one that begins so. */
static const struct command *find(struct span name)
{
    const struct command *found = NULL;
    for (size_t g = 0; g < sizeof command_groups / sizeof *command_groups; g++)
        for (const struct command *c = command_groups[g].commands; c->name != NULL; c++) {
            if (span_eq(span_str(c->name), name))
                return c;
            if (name.len >= 3 && span_starts(span_str(c->name), name))
                found = found == NULL ? c : NULL;
        }
    return found;
}

void command_run(struct tui *t, struct span line)
{
    struct span name = word_next(&line);
    const struct command *c = find(name);
    if (c == NULL)
        tui_alarm(t, "There is no command %.*s: %shelp lists them.",
                  (int)(name.len < 40 ? name.len : 40), name.len > 0 ? (const char *)name.ptr : "",
                  t->plain ? "" : "/");
    else if (!c->alone && !t->open)
        tui_alarm(t, "Choose a conversation first%s.", t->plain ? ": open NAME" : "");
    else
        c->run(t, line);
}

enum err tui_commands(struct buf *out)
{
    for (size_t g = 0; g < sizeof command_groups / sizeof *command_groups; g++) {
        char line[400];
        snprintf(line, sizeof line, "%s\n", command_groups[g].title);
        TRY(buf_append(out, span_str(line)));
        for (const struct command *c = command_groups[g].commands; c->name != NULL; c++) {
            snprintf(line, sizeof line, "  %s %s\t%s\n", c->name, c->arguments, c->help);
            TRY(buf_append(out, span_str(line)));
        }
    }
    return OK;
}
