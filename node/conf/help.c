/* What people read: --help, near matches, the tables of docs/configuration.md. */
#include "crypto/base/writer.h"
#include "node/conf/conf_set.h"

#include <stdio.h>

#define NEAR_MAX    3  /* edits between a wrong flag and the one suggested */
#define FLAG_MAX    48 /* bytes of the longest flag compared */
#define HELP_LINE   96
#define HELP_INDENT 44 /* column of the descriptions */
#define HELP_WIDTH  110

static const char *const titles[] = {
#define X(id, title) title,
    CONF_GROUPS(X)
#undef X
};

/* Levenshtein distance, one row at a time */
static unsigned distance(struct span a, const char *b)
{
    unsigned row[FLAG_MAX + 1];
    size_t n = strlen(b);
    if (a.len > FLAG_MAX || n > FLAG_MAX)
        return FLAG_MAX;
    for (unsigned j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 0; i < a.len; i++) {
        unsigned corner = row[0];
        row[0] = (unsigned)i + 1;
        for (size_t j = 0; j < n; j++) {
            unsigned change = corner + (a.ptr[i] != (uint8_t)b[j]);
            corner = row[j + 1];
            unsigned least = (row[j] < row[j + 1] ? row[j] : row[j + 1]) + 1;
            row[j + 1] = change < least ? change : least;
        }
    }
    return row[n];
}

const char *conf_suggest(struct span name)
{
    unsigned least = NEAR_MAX + 1;
    const char *best = NULL;
    for (int id = 0; id < CONF_OPTIONS; id++) {
        unsigned d = distance(name, conf_options[id].flag);
        if (d < least && d * 2 <= name.len) {
            least = d;
            best = conf_options[id].flag;
        }
    }
    return best;
}

static void text(struct writer *w, const char *s)
{
    write_bytes(w, span_str(s));
}

static const char *kind_of(const struct conf_option *o)
{
    switch (o->type) {
    case CONF_TYPE_BOOL:
        return "true|false";
    case CONF_TYPE_NUMBER:
    case CONF_TYPE_SIZE:
        return o->status == CONF_STATUS_REFUSED ? "<number>" : o->allowed;
    case CONF_TYPE_TEXT:
        return "<text>";
    case CONF_TYPE_SERVER:
        return "<ip>[:port]";
    case CONF_TYPE_IP:
        return "<ip>";
    case CONF_TYPE_CHOICE:
        return o->allowed + (*o->allowed == '|');
    case CONF_TYPE_KEY:
        return "<64 hex>";
    }
    return "";
}

/* Words from column HELP_INDENT to HELP_WIDTH; a word that is longer than that stays whole. */
static void wrapped(struct writer *w, const char *words)
{
    size_t column = HELP_INDENT;
    while (*words != '\0') {
        size_t n = strcspn(words, " ");
        if (column > HELP_INDENT && column + n + 1 > HELP_WIDTH) {
            char line[HELP_INDENT + 2];
            snprintf(line, sizeof line, "\n%*s", (int)HELP_INDENT, "");
            text(w, line);
            column = HELP_INDENT;
        } else if (column > HELP_INDENT) {
            text(w, " ");
            column++;
        }
        write_bytes(w, span_of(words, n));
        column += n;
        words += n + (words[n] == ' ');
    }
    text(w, "\n");
}

static void help_option(struct writer *w, const struct conf_option *o)
{
    char line[HELP_LINE * 4], words[512];
    int n = snprintf(line, sizeof line, "  --%s=%s", o->flag, kind_of(o));
    text(w, line);
    snprintf(line, sizeof line, "%*s", n < HELP_INDENT ? HELP_INDENT - n : 1, "");
    if (n > HELP_INDENT - 1)
        snprintf(line, sizeof line, "\n%*s", HELP_INDENT, "");
    text(w, line);
    bool has_default = o->ours != NULL && o->ours[0] != '\0';
    snprintf(words, sizeof words, "%s%s%s%s%s", o->help, has_default ? " [" : "",
             has_default ? o->ours : "", has_default ? "]" : "",
             o->many ? " (may be repeated)" : "");
    wrapped(w, words);
}

static void help_without_effect(struct writer *w, enum conf_status status, const char *title)
{
    size_t column = 0;
    text(w, title);
    for (int id = 0; id < CONF_OPTIONS; id++) {
        const struct conf_option *o = &conf_options[id];
        if (o->status != status)
            continue;
        if (column == 0 || column + strlen(o->flag) + 4 > HELP_LINE) {
            text(w, "\n ");
            column = 1;
        }
        text(w, " --");
        text(w, o->flag);
        column += strlen(o->flag) + 3;
    }
    text(w, "\n");
}

enum err conf_help(struct buf *out)
{
    struct writer w = writer_to(out);
    for (int g = 0; g < CONF_GROUPS_COUNT; g++) {
        bool titled = false;
        for (int id = 0; id < CONF_OPTIONS; id++) {
            const struct conf_option *o = &conf_options[id];
            if (o->group != (enum conf_group)g || o->status != CONF_STATUS_DONE)
                continue;
            if (!titled) {
                text(&w, g == 0 ? "" : "\n");
                text(&w, titles[g]);
                text(&w, "\n");
                titled = true;
            }
            help_option(&w, o);
        }
    }
    help_without_effect(
        &w, CONF_STATUS_ACCEPTED,
        "\nTaken without effect, with one warning (docs/configuration.md says why)");
    help_without_effect(&w, CONF_STATUS_REFUSED, "\nRefused, with the reason");
    text(&w, "\nEvery flag is also a variable (--tcp-port: WAKUNODE2_TCP_PORT) and a key of the "
             "TOML file given by\n--config-file (tcp-port). Flags go before variables, variables "
             "before the file.\n");
    return writer_status(&w);
}

/* A cell of a Markdown table: | would end it */
static void cell(struct writer *w, const char *s, bool code)
{
    text(w, " ");
    if (s != NULL && *s != '\0') {
        text(w, code ? "`" : "");
        for (; *s != '\0'; s++) {
            if (*s == '|')
                text(w, "\\");
            write_u8(w, (uint8_t)*s);
        }
        text(w, code ? "` |" : " |");
    } else {
        text(w, "|");
    }
}

static void document_option(struct writer *w, const struct conf_option *o)
{
    static const char *const status[] = {"", "no effect: ", "refused: "};
    char flag[64], note[400];
    snprintf(flag, sizeof flag, "--%s", o->flag);
    snprintf(note, sizeof note, "%s%s", status[o->status], o->why != NULL ? o->why : "");
    text(w, "|");
    cell(w, flag, true);
    cell(w, kind_of(o), false);
    cell(w, o->theirs != NULL && o->theirs[0] == '\0' ? "unset" : o->theirs, false);
    cell(w,
         o->status != CONF_STATUS_DONE           ? NULL
         : o->ours == NULL || o->ours[0] == '\0' ? "unset"
                                                 : o->ours,
         false);
    cell(w, o->help, false);
    cell(w, note, false);
    text(w, "\n");
}

enum err conf_document(struct buf *out)
{
    struct writer w = writer_to(out);
    for (int g = 0; g < CONF_GROUPS_COUNT; g++) {
        text(&w, "\n## ");
        text(&w, titles[g]);
        text(&w,
             "\n\n| Flag | Value | nwaku | sotto | Meaning | Why |\n|---|---|---|---|---|---|\n");
        for (int id = 0; id < CONF_OPTIONS; id++)
            if (conf_options[id].group == (enum conf_group)g)
                document_option(&w, &conf_options[id]);
    }
    preset_document(&w);
    return writer_status(&w);
}
