/* The leaks of a report: one row for each attack, and all of them in one picture. */
#include "sim/lab/page.h"

#define ROW   30.0
#define LEFT  130.0
#define RIGHT 620.0
#define HEAD  22.0

static const struct cell *cell_of(const struct group *g, const struct attack *a, const char *metric)
{
    char name[64];

    snprintf(name, sizeof name, "%s.%s", a->name, metric);
    return group_cell(g, name);
}

/* The next attack that some group was under; NULL: no more. */
static const struct attack *next_attack(const struct table *t, size_t *i)
{
    while (attacks[*i] != NULL) {
        const struct attack *a = attacks[(*i)++];
        for (size_t g = 0; g < t->count; g++)
            if (cell_of(&t->groups[g], a, "precision") != NULL)
                return a;
    }
    return NULL;
}

/* ---- the table ---- */

static void besides(const struct group *g, const struct attack *a, const char *metric,
                    const char *words, FILE *f)
{
    const struct cell *c = cell_of(g, a, metric);
    double mean, lower, upper;

    if (c == NULL)
        return;
    cell_value(c, &mean, &lower, &upper);
    fprintf(f, "<br><small>%s ", words);
    page_number(f, mean);
    fputs("</small>", f);
}

static void leak(const struct group *g, const struct attack *a, FILE *f)
{
    const struct cell *c = cell_of(g, a, "precision");

    if (c == NULL) {
        fputs("<td>", f);
        return;
    }
    page_value(c, f);
    besides(g, a, "recall", "of all there was:", f);
    besides(g, a, "inverse_rank", "1 / rank:", f);
    besides(g, a, "set", "anonymity set:", f);
}

static void rows(const struct table *t, FILE *f)
{
    const struct attack *a;

    for (size_t i = 0; (a = next_attack(t, &i)) != NULL;) {
        fprintf(f, "<tr><td><b>%s</b><br>%s <small>(%s)</small>", a->name, a->question,
                a->position);
        for (size_t g = 0; g < t->count; g++)
            leak(&t->groups[g], a, f);
        fputs("</tr>\n", f);
    }
}

/* ---- the picture ---- */

static double at_x(double share)
{
    return LEFT + (RIGHT - LEFT) * share;
}

static void dot(const struct group *group, size_t g, size_t count, const struct attack *a, double y,
                FILE *f)
{
    const struct cell *c = cell_of(group, a, "precision");
    double mean, lower, upper, apart = count > 1 ? 12.0 / (double)(count - 1) : 0;

    if (c == NULL)
        return;
    y += count > 1 ? apart * (double)g - 6 : 0;
    cell_value(c, &mean, &lower, &upper);
    fprintf(f,
            "<line x1=%.1f x2=%.1f y1=%.1f y2=%.1f stroke='%s' stroke-width=2 />"
            "<circle cx=%.1f cy=%.1f r=4 fill='%s'><title>",
            at_x(lower), at_x(upper), y, y, page_color(g), at_x(mean), y, page_color(g));
    page_text(f, group->label);
    fputs("</title></circle>", f);
}

static void picture(const struct table *t, FILE *f)
{
    const struct attack *a;
    size_t count = 0;

    for (size_t i = 0; next_attack(t, &i) != NULL;)
        count++;
    double foot = HEAD + ROW * (double)count;
    fprintf(f, "<svg viewBox='0 0 640 %.0f' role=img>", foot + 30);
    for (int i = 0; i <= 5; i++)
        fprintf(f,
                "<line x1=%.1f x2=%.1f y1=%.1f y2=%.1f stroke='#e4e4e4'/>"
                "<text x=%.1f y=%.1f text-anchor=middle>%.1f</text>",
                at_x(i / 5.0), at_x(i / 5.0), HEAD - 8, foot, at_x(i / 5.0), foot + 18, i / 5.0);
    count = 0;
    for (size_t i = 0; (a = next_attack(t, &i)) != NULL; count++) {
        double y = HEAD + ROW * ((double)count + 0.5);
        fprintf(f, "<text x=%.0f y=%.1f text-anchor=end>%s</text>", LEFT - 10, y + 4, a->name);
        for (size_t g = 0; g < t->count; g++)
            dot(&t->groups[g], g, t->count, a, y, f);
    }
    fputs("</svg>\n", f);
}

void page_leaks(const struct table *t, FILE *f)
{
    size_t i = 0;

    if (next_attack(t, &i) == NULL)
        return;
    fputs("<h2>Leaks: what adversaries find out</h2><p>The share of an adversary's claims that are "
          "right, with its 95 % interval. Left is private; the colors are those of the columns "
          "below.</p>\n",
          f);
    picture(t, f);
    fputs(
        "<p>The large figure is that share (precision). <i>Of all there was</i>: the part of what "
        "could have been found that was claimed rightly (recall). <i>1 / rank</i>: 1 when the "
        "right answer is always the adversary's first, 0.5 as if always second. <i>Anonymity "
        "set</i>: among so many the right answer still hides after the guess (2 to the power of "
        "the entropy in bits); 1 is certainty. What it costs stands in the next table.</p>\n",
        f);
    page_columns(t, f);
    rows(t, f);
    fputs("</table></div>\n", f);
}
