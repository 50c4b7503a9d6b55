/* Private to sim/lab: the parts of the report page. */
#pragma once

#include "sim/attack/attack.h"
#include "sim/lab/table.h"

/** What a metric says, in plain words; "" for one that is not in the list. words.c */
const char *words_of(const char *metric);

/** The attack that a metric belongs to; NULL: none. words.c */
const struct attack *words_attack(const char *metric);

/** Text with < and & escaped. page.c */
void page_text(FILE *f, const char *text);

/** A number as people read it: three or four digits that count, no exponent. page.c */
void page_number(FILE *f, double v);

/** The color of a column and its points. page.c */
const char *page_color(size_t group);

/** A table's cell: the mean, and its interval. page.c */
void page_value(const struct cell *c, FILE *f);

/** A table begins: its columns. page.c */
void page_columns(const struct table *t, FILE *f);

/** What adversaries find out: a picture and a table; nothing when there were none. page_leaks.c */
void page_leaks(const struct table *t, FILE *f);

/** Names of the metrics of all groups, in order of appearance, leaks or all others; returns how
 * many. page.c */
size_t page_names(const struct table *t, bool leaks, const char *names[RUN_METRICS_MAX]);

/** Leaks beside prices, and how long deliveries take, as SVG. picture.c */
void page_pictures(const struct table *t, FILE *f);
