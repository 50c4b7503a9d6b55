/* The report: one HTML file without scripts. What it is about, leaks, prices, pictures, what was
 * asserted. */
#include "sim/lab/page.h"

static const char head[] =
    "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport "
    "content='width=device-width'><title>sotto-sim</title><style>"
    "body{font:15px/1.5 system-ui,sans-serif;max-width:72em;margin:2em auto;padding:0 1em;"
    "color:#222}"
    "table{border-collapse:collapse;margin:1em 0}"
    "td,th{padding:.25em .8em;border-bottom:1px solid #ddd;text-align:right;vertical-align:top;"
    "font-variant-numeric:tabular-nums}"
    "td:first-child,th:first-child{text-align:left;max-width:26em}th{vertical-align:bottom}"
    "small{color:#666}.bad{color:#b00;font-weight:bold}"
    ".wide{overflow-x:auto}.pair{display:flex;flex-wrap:wrap;gap:1em}"
    "svg{width:640px;max-width:100%;background:#fafafa;border:1px solid #ddd;margin:.3em 0}"
    ".pair svg{flex:1 1 26em;min-width:20em}svg text{font:12px system-ui,sans-serif}"
    "th{font-weight:600}</style>";

static const char *const colors[] = {"#0b6e99", "#c0392b", "#2e8b57", "#8e44ad",
                                     "#d68910", "#34495e", "#16a085", "#7f8c8d"};

const char *page_color(size_t group)
{
    return colors[group % (sizeof colors / sizeof *colors)];
}

void page_text(FILE *f, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '<')
            fputs("&lt;", f);
        else if (*text == '&')
            fputs("&amp;", f);
        else
            fputc(*text, f);
    }
}

void page_number(FILE *f, double v)
{
    double size = v < 0 ? -v : v;
    char text[40];
    int digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : size >= 0.01 ? 3 : 5;
    size_t len = (size_t)snprintf(text, sizeof text, "%.*f", digits, v);

    if (strchr(text, '.') != NULL) {
        while (text[len - 1] == '0')
            text[--len] = '\0';
        if (text[len - 1] == '.')
            text[--len] = '\0';
    }
    size_t whole = strcspn(text, "."), sign = text[0] == '-';
    for (size_t i = 0; i < len; i++) {
        if (i > sign && i < whole && (whole - i) % 3 == 0)
            fputc(',', f);
        fputc(text[i], f);
    }
}

static bool is_leak(const char *name)
{
    return words_attack(name) != NULL;
}

size_t page_names(const struct table *t, bool leaks, const char *names[RUN_METRICS_MAX])
{
    size_t count = 0;

    for (size_t g = 0; g < t->count; g++)
        for (size_t c = 0; c < t->groups[g].cells_count; c++) {
            const char *name = t->groups[g].cells[c].name;
            size_t i = 0;
            while (i < count && strcmp(names[i], name) != 0)
                i++;
            if (i == count && count < RUN_METRICS_MAX && is_leak(name) == leaks)
                names[count++] = name;
        }
    return count;
}

/* ---- tables ---- */

void page_value(const struct cell *c, FILE *f)
{
    double mean, lower, upper;

    cell_value(c, &mean, &lower, &upper);
    fputs("<td>", f);
    page_number(f, mean);
    if (upper > lower) {
        fputs("<br><small>", f);
        page_number(f, lower);
        fputs(" to ", f);
        page_number(f, upper);
        fputs("</small>", f);
    }
}

static void row(const struct table *t, const char *name, FILE *f)
{
    const struct cell *any = NULL;

    for (size_t g = 0; g < t->count && any == NULL; g++)
        any = group_cell(&t->groups[g], name);
    fprintf(f, "<tr><td>%s <small>%s<br>%s</small>", name, any != NULL ? any->unit : "",
            words_of(name));
    for (size_t g = 0; g < t->count; g++) {
        const struct cell *c = group_cell(&t->groups[g], name);
        if (c != NULL)
            page_value(c, f);
        else
            fputs("<td>", f);
    }
    fputs("</tr>\n", f);
}

/* Scenario first, then a parameter a line. */
static void label(const char *text, FILE *f)
{
    char word[sizeof(((struct group *)0)->label)];

    for (const char *at = text; *at != '\0'; at += strspn(at, " ")) {
        size_t len = strcspn(at, " ");
        snprintf(word, sizeof word, "%.*s", (int)len, at);
        if (at != text)
            fputs("<br>", f);
        page_text(f, word);
        at += len;
    }
}

void page_columns(const struct table *t, FILE *f)
{
    fputs("<div class=wide><table><tr><th>", f);
    for (size_t g = 0; g < t->count; g++) {
        fprintf(f, "<th style='color:%s'>", page_color(g));
        label(t->groups[g].label, f);
        fprintf(f, "<br><small>%zu run%s</small>", t->groups[g].runs,
                t->groups[g].runs == 1 ? "" : "s");
    }
    fputs("</tr>\n", f);
}

static void prices(const struct table *t, FILE *f)
{
    const char *names[RUN_METRICS_MAX];
    size_t count = page_names(t, false, names);

    if (count == 0)
        return;
    fputs("<h2>Prices, and what the network did</h2>\n", f);
    page_columns(t, f);
    for (size_t i = 0; i < count; i++)
        row(t, names[i], f);
    fputs("</table></div>\n", f);
}

static void asserts(const struct table *t, FILE *f)
{
    fputs("<h2>Assertions</h2><p>What the scenario says must hold; each run is asked.</p><table>",
          f);
    for (size_t g = 0; g < t->count; g++)
        for (size_t i = 0; i < t->groups[g].claims_count; i++) {
            const struct asserted *c = &t->groups[g].claims[i];
            fputs("<tr><td>", f);
            page_text(f, t->groups[g].label);
            fprintf(f, "<td>%s%s%s ", c->metric, c->side[0] != '\0' ? ", " : "", c->side);
            page_text(f, c->op);
            fputc(' ', f);
            page_number(f, c->bound);
            fprintf(f, "<td>holds in %u<td class='%s'>", c->holds, c->broken > 0 ? "bad" : "");
            if (c->broken > 0) {
                fprintf(f, "broken in %u, worst ", c->broken);
                page_number(f, c->worst);
            }
            fputs("</tr>\n", f);
        }
    fputs("</table>\n", f);
}

bool page_write(const struct table *t, FILE *f)
{
    fputs(head, f);
    fputs("<h1>sotto-sim</h1>", f);
    for (size_t g = 0; g < t->count; g++)
        if (g == 0 || strcmp(t->groups[g].about, t->groups[g - 1].about) != 0) {
            fprintf(f, "<p><b>%s</b>: ", t->groups[g].scenario);
            page_text(f, t->groups[g].about);
            fputs("</p>\n", f);
        }
    fputs("<p><small>Simulated in virtual time with the node's own code. A column is a scenario, "
          "named by the parameters in which columns differ. A value is the mean over the runs "
          "(seeds), the small numbers are its 95 % interval (Student). With one run, the interval "
          "of a share is that within the run (Wilson; what is claimed about one person counts as "
          "one draw).</small></p>\n",
          f);
    page_leaks(t, f);
    prices(t, f);
    page_pictures(t, f);
    asserts(t, f);
    return fflush(f) == 0 && ferror(f) == 0;
}
