/* Pictures of a report, as SVG. */
#include "sim/lab/page.h"

#define W    640.0
#define H    300.0
#define LEFT 60.0
#define FOOT 45.0
#define HEAD 22.0

#define TICKS 5 /* about so many on an axis */

struct axes { /* both begin at 0 */
    double x_max, y_max;
};

static double at_x(const struct axes *a, double x)
{
    return LEFT + (W - LEFT - 20) * x / a->x_max;
}
static double at_y(const struct axes *a, double y)
{
    return H - FOOT - (H - FOOT - HEAD) * y / a->y_max;
}

/* 1, 2 or 5 times a power of ten, so that about TICKS of them fill an axis. */
static double step_of(double max)
{
    static const double steps[] = {2, 5, 10};
    double step = 1e-9;

    for (;;) {
        double power = step;
        for (size_t i = 0; i < 3; i++) {
            if (max / step <= TICKS)
                return step;
            step = power * steps[i];
        }
    }
}

static void frame(const struct axes *a, const char *x, const char *y, FILE *f)
{
    double x_step = step_of(a->x_max), y_step = step_of(a->y_max);

    fprintf(f, "<svg viewBox='0 0 %.0f %.0f' role=img>", W, H);
    for (int i = 0; i * y_step <= a->y_max * 1.0001; i++) {
        fprintf(f,
                "<line x1=%.0f x2=%.0f y1=%.1f y2=%.1f stroke='#e4e4e4'/>"
                "<text x=%.0f y=%.1f text-anchor=end>",
                LEFT, W - 20, at_y(a, i * y_step), at_y(a, i * y_step), LEFT - 6,
                at_y(a, i * y_step) + 4);
        page_number(f, i * y_step);
        fputs("</text>", f);
    }
    for (int i = 0; i * x_step <= a->x_max * 1.0001; i++) {
        fprintf(f, "<text x=%.1f y=%.0f text-anchor=middle>", at_x(a, i * x_step), H - FOOT + 16);
        page_number(f, i * x_step);
        fputs("</text>", f);
    }
    fprintf(f, "<text x=%.0f y=%.0f text-anchor=middle>%s</text><text x=%.0f y=14>%s</text>",
            (W + LEFT) / 2, H - 8, x, LEFT, y);
}

static void point(const struct axes *a, const struct group *group, size_t g,
                  const struct cell *price, const struct cell *leak, FILE *f)
{
    double x, y, left, right, lower, upper;

    cell_value(price, &x, &left, &right);
    cell_value(leak, &y, &lower, &upper);
    right = right < a->x_max ? right : a->x_max;
    fprintf(f,
            "<g stroke='%s' stroke-width=2><line x1=%.1f x2=%.1f y1=%.1f y2=%.1f />"
            "<line x1=%.1f x2=%.1f y1=%.1f y2=%.1f /></g><circle cx=%.1f cy=%.1f r=5 "
            "fill='%s'><title>",
            page_color(g), at_x(a, x), at_x(a, x), at_y(a, lower), at_y(a, upper), at_x(a, left),
            at_x(a, right), at_y(a, y), at_y(a, y), at_x(a, x), at_y(a, y), page_color(g));
    page_text(f, group->label);
    fputs("</title></circle>", f);
}

/* Leak against price: one point for each group that has both. */
static void tradeoff(const struct table *t, const char *leak, const char *price, const char *unit,
                     FILE *f)
{
    struct axes a = {0, 1};
    double x, skip;
    char label[96];

    for (size_t g = 0; g < t->count; g++) {
        const struct cell *p = group_cell(&t->groups[g], price);
        if (p == NULL || group_cell(&t->groups[g], leak) == NULL)
            continue;
        cell_value(p, &x, &skip, &skip);
        a.x_max = x * 1.25 > a.x_max ? x * 1.25 : a.x_max;
    }
    if (a.x_max <= 0)
        return;
    snprintf(label, sizeof label, "%s, %s", price, unit);
    frame(&a, label, leak, f);
    for (size_t g = 0; g < t->count; g++) {
        const struct cell *p = group_cell(&t->groups[g], price);
        const struct cell *l = group_cell(&t->groups[g], leak);
        if (p != NULL && l != NULL)
            point(&a, &t->groups[g], g, p, l, f);
    }
    fputs("</svg>\n", f);
}

/* The next bucket behind `ms`, whatever run it came from; -1: none. */
static double next_bucket(const struct group *group, double ms)
{
    double next = -1;

    for (size_t i = 0; i < group->latencies; i++)
        if (group->latency_ms[i] > ms && (next < 0 || group->latency_ms[i] < next))
            next = group->latency_ms[i];
    return next;
}

static void curve(const struct axes *a, const struct group *group, size_t g, FILE *f)
{
    double all = 0, ms = -1;

    for (size_t i = 0; i < group->latencies; i++)
        all += group->latency_count[i];
    fprintf(f, "<polyline fill=none stroke='%s' stroke-width=2 points='%.1f,%.1f ", page_color(g),
            at_x(a, 0), at_y(a, 0));
    while ((ms = next_bucket(group, ms)) >= 0 && ms <= a->x_max) {
        double sum = 0;
        for (size_t i = 0; i < group->latencies; i++)
            sum += group->latency_ms[i] <= ms ? group->latency_count[i] : 0;
        fprintf(f, "%.1f,%.1f ", at_x(a, ms), at_y(a, sum / all));
    }
    fputs("'><title>", f);
    page_text(f, group->label);
    fputs("</title></polyline>", f);
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
    fputs("<h2>How long deliveries take</h2><p>The share of deliveries that took at most so long; "
          "the colors are those of the columns above.</p>",
          f);
    frame(&a, "milliseconds from publishing to delivery", "share of deliveries", f);
    for (size_t g = 0; g < t->count; g++)
        if (t->groups[g].latencies > 0)
            curve(&a, &t->groups[g], g, f);
    fputs("</svg>\n", f);
}

void page_pictures(const struct table *t, FILE *f)
{
    const char *names[RUN_METRICS_MAX];
    size_t count = page_names(t, true, names);

    if (t->count < 3) /* two points make no curve: the tables say it */
        count = 0;
    if (count > 0)
        fputs(
            "<h2>Leak against price</h2><p>Each point is a column of the tables; its lines are the "
            "95 % intervals. Lower is more private, further left is cheaper.</p>",
            f);
    for (size_t i = 0; i < count; i++)
        if (strstr(names[i], ".precision") != NULL) {
            fputs("<div class=pair>", f);
            tradeoff(t, names[i], "latency.p50", "ms", f);
            tradeoff(t, names[i], "bytes.per_message_node", "bytes", f);
            fputs("</div>\n", f);
        }
    latency(t, f);
}
