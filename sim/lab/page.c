/* The report: one HTML file without scripts, leaks beside prices, pictures as SVG. */
#include "sim/lab/table.h"

static const char head[] =
    "<!doctype html><html lang=en><meta charset=utf-8><title>sotto-sim</title><style>"
    "body{font:15px/1.5 system-ui,sans-serif;max-width:66em;margin:2em auto;padding:0 "
    "1em;color:#222}"
    "table{border-collapse:collapse;margin:1em 0}td,th{padding:.25em .8em;border-bottom:1px solid "
    "#ddd;text-align:right;font-variant-numeric:tabular-nums}td:first-child,th:first-child{text-"
    "align:"
    "left}th{vertical-align:bottom}small{color:#777}.bad{color:#b00}div{overflow-x:auto}svg{"
    "background:#fafafa;border:"
    "1px "
    "solid #ddd}svg text{font:12px system-ui,sans-serif}</style>";

static const char *const colors[] = {"#0b6e99", "#c0392b", "#2e8b57", "#8e44ad",
                                     "#d68910", "#34495e", "#16a085", "#7f8c8d"};

static const char *color(size_t i)
{
    return colors[i % 8];
}

static void escaped(FILE *f, const char *text)
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

static bool is_leak(const char *name)
{
    return strstr(name, ".precision") != NULL || strstr(name, ".recall") != NULL;
}

/* Names of all metrics of all groups, in order of appearance. */
static size_t names_of(const struct table *t, bool leaks, const char *names[RUN_METRICS_MAX])
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

static void row(const struct table *t, const char *name, FILE *f)
{
    double mean, lower, upper;
    const struct cell *any = NULL;

    for (size_t g = 0; g < t->count && any == NULL; g++)
        any = group_cell(&t->groups[g], name);
    fprintf(f, "<tr><td>%s <small>%s</small>", name, any != NULL ? any->unit : "");
    for (size_t g = 0; g < t->count; g++) {
        const struct cell *c = group_cell(&t->groups[g], name);
        if (c == NULL) {
            fputs("<td>", f);
            continue;
        }
        cell_value(c, &mean, &lower, &upper);
        fprintf(f, "<td>%.4g", mean);
        if (upper > lower)
            fprintf(f, "<br><small>%.4g to %.4g</small>", lower, upper);
    }
    fputs("</tr>\n", f);
}

static void numbers(const struct table *t, bool leaks, FILE *f)
{
    const char *names[RUN_METRICS_MAX];
    size_t count = names_of(t, leaks, names);

    if (count == 0)
        return;
    fprintf(f, "<h2>%s</h2><div><table><tr><th>",
            leaks ? "Leaks" : "Prices, and what the network did");
    for (size_t g = 0; g < t->count; g++) {
        fprintf(f, "<th style='color:%s'>", color(g));
        escaped(f, t->groups[g].label);
        fprintf(f, "<br><small>%zu runs</small>", t->groups[g].runs);
    }
    fputs("</tr>\n", f);
    for (size_t i = 0; i < count; i++)
        row(t, names[i], f);
    fputs("</table></div>\n", f);
}

/* ---- pictures ---- */

#define W    640.0
#define H    300.0
#define LEFT 60.0
#define FOOT 45.0

struct axes {
    double x_max, y_max;
};

static double at_x(const struct axes *a, double x)
{
    return LEFT + (W - LEFT - 20) * x / a->x_max;
}
static double at_y(const struct axes *a, double y)
{
    return H - FOOT - (H - FOOT - 20) * y / a->y_max;
}

static void frame(const struct axes *a, const char *x, const char *y, FILE *f)
{
    fprintf(f, "<svg width=%.0f height=%.0f viewBox='0 0 %.0f %.0f'>", W, H, W, H);
    for (int i = 0; i <= 4; i++) {
        double vx = a->x_max * i / 4, vy = a->y_max * i / 4;
        fprintf(f,
                "<line x1=%.0f x2=%.0f y1=%.1f y2=%.1f stroke='#e4e4e4'/>"
                "<text x=%.0f y=%.1f text-anchor=end>%.3g</text>"
                "<text x=%.1f y=%.0f text-anchor=middle>%.4g</text>",
                LEFT, W - 20, at_y(a, vy), at_y(a, vy), LEFT - 6, at_y(a, vy) + 4, vy, at_x(a, vx),
                H - FOOT + 16, vx);
    }
    fprintf(f, "<text x=%.0f y=%.0f text-anchor=middle>%s</text><text x=66 y=13>%s</text>",
            (W + LEFT) / 2, H - 8, x, y);
}

/* Leak against price: one point for each group. */
static void tradeoff(const struct table *t, const char *leak, const char *price, const char *unit,
                     FILE *f)
{
    struct axes a = {0, 1};
    double x, y, lower, upper, skip;
    char label[96];

    for (size_t g = 0; g < t->count; g++) {
        const struct cell *p = group_cell(&t->groups[g], price);
        if (p == NULL || group_cell(&t->groups[g], leak) == NULL)
            return;
        cell_value(p, &x, &skip, &skip);
        a.x_max = x * 1.15 > a.x_max ? x * 1.15 : a.x_max;
    }
    if (a.x_max <= 0)
        return;
    snprintf(label, sizeof label, "%s, %s", price, unit);
    frame(&a, label, leak, f);
    for (size_t g = 0; g < t->count; g++) {
        cell_value(group_cell(&t->groups[g], price), &x, &skip, &skip);
        cell_value(group_cell(&t->groups[g], leak), &y, &lower, &upper);
        fprintf(
            f,
            "<line x1=%.1f x2=%.1f y1=%.1f y2=%.1f stroke='%s' stroke-width=2 /><circle cx=%.1f "
            "cy=%.1f r=5 fill='%s'><title>",
            at_x(&a, x), at_x(&a, x), at_y(&a, lower), at_y(&a, upper), color(g), at_x(&a, x),
            at_y(&a, y), color(g));
        escaped(f, t->groups[g].label);
        fputs("</title></circle>", f);
    }
    fputs("</svg>\n", f);
}

/* Share of deliveries that took at most so long. */
static void latency(const struct table *t, FILE *f)
{
    struct axes a = {0, 1};
    double p99, skip;

    for (size_t g = 0; g < t->count; g++) {
        const struct cell *c = group_cell(&t->groups[g], "latency.p99");
        if (c == NULL)
            continue;
        cell_value(c, &p99, &skip, &skip);
        a.x_max = p99 * 1.1 > a.x_max ? p99 * 1.1 : a.x_max;
    }
    if (a.x_max <= 0)
        return;
    fputs("<h2>How long deliveries take</h2>", f);
    frame(&a, "milliseconds", "share of deliveries", f);
    for (size_t g = 0; g < t->count; g++) {
        const struct group *group = &t->groups[g];
        double all = 0, ms = -1, next;
        for (size_t i = 0; i < group->latencies; i++)
            all += group->latency_count[i];
        fprintf(f, "<polyline fill=none stroke='%s' stroke-width=2 points='", color(g));
        for (;;) { /* in order of time: runs of other seeds added buckets behind */
            double sum = 0;
            next = -1;
            for (size_t i = 0; i < group->latencies; i++)
                if (group->latency_ms[i] > ms && (next < 0 || group->latency_ms[i] < next))
                    next = group->latency_ms[i];
            if (next < 0 || next > a.x_max)
                break;
            for (size_t i = 0; i < group->latencies; i++)
                sum += group->latency_ms[i] <= next ? group->latency_count[i] : 0;
            fprintf(f, "%.1f,%.1f ", at_x(&a, next), at_y(&a, sum / all));
            ms = next;
        }
        fputs("'/>", f);
    }
    fputs("</svg>\n", f);
}

static void pictures(const struct table *t, FILE *f)
{
    const char *names[RUN_METRICS_MAX];
    size_t count = names_of(t, true, names);

    if (count > 0)
        fputs("<h2>Leak against price</h2><p>Each point is a column of the tables, with its 95 % "
              "interval. Lower and further left is better.</p>",
              f);
    for (size_t i = 0; i < count; i++)
        if (strstr(names[i], ".precision") != NULL) {
            tradeoff(t, names[i], "latency.p50", "ms", f);
            tradeoff(t, names[i], "bytes.per_message_node", "bytes", f);
        }
    latency(t, f);
}

static void asserts(const struct table *t, FILE *f)
{
    fputs("<h2>Assertions</h2><table>", f);
    for (size_t g = 0; g < t->count; g++) {
        fputs("<tr><td>", f);
        escaped(f, t->groups[g].label);
        fprintf(f, "<td>%zu hold<td class='%s'>%zu broken</tr>\n", t->groups[g].holds,
                t->groups[g].broken > 0 ? "bad" : "", t->groups[g].broken);
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
            escaped(f, t->groups[g].about);
            fputs("</p>\n", f);
        }
    fputs(
        "<p><small>Virtual time, the node's own code. Columns are scenarios with the parameters in "
        "which they differ; each value is the mean over seeds with a 95 % interval (Student), or, "
        "of "
        "one run, the interval of the share within it (Wilson), which is too narrow when guesses "
        "hang together.</small></p>",
        f);
    numbers(t, true, f);
    numbers(t, false, f);
    pictures(t, f);
    asserts(t, f);
    return fflush(f) == 0 && ferror(f) == 0;
}
