/* metrics.csv and report.html of the runs in one folder, or of several together. */
#include "sim/lab/table.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* Into a file beside it and then in its place, so that a full disk leaves the old one. Without
 * `keep` what is in the file is worth nothing, and the reason was said. */
static bool settle(FILE *f, const char *part, const char *whole, bool keep)
{
    bool good = f != NULL && fflush(f) == 0 && ferror(f) == 0;

    if (f != NULL && fclose(f) != 0)
        good = false;
    if (good && keep && rename(part, whole) == 0)
        return true;
    if (keep)
        fprintf(stderr, "sotto-sim: %s: %s\n", whole, strerror(errno));
    unlink(part);
    return false;
}

enum lab_exit lab_report(const struct lab_options *o)
{
    struct table *t = calloc(1, sizeof *t);
    char csv[LAB_PATH_MAX], csv_part[LAB_PATH_MAX], page[LAB_PATH_MAX], page_part[LAB_PATH_MAX];
    const char *dir = o->out != NULL ? o->out : o->files[0];
    bool good = t != NULL && o->files_count > 0;

    if (!good) {
        free(t);
        return LAB_USAGE;
    }
    snprintf(csv, sizeof csv, "%s/metrics.csv", dir);
    snprintf(csv_part, sizeof csv_part, "%s/metrics.csv.part", dir);
    snprintf(page, sizeof page, "%s/report.html", dir);
    snprintf(page_part, sizeof page_part, "%s/report.html.part", dir);
    t->csv = fopen(csv_part, "w");
    if (t->csv != NULL)
        fputs("id,scenario,seed,metric,value,lower,upper,n,unit\n", t->csv);
    for (size_t i = 0; i < o->files_count; i++)
        good = table_read(t, o->files[i]) && good;
    good = settle(t->csv, csv_part, csv, t->count > 0) && good;
    table_label(t);
    FILE *f = fopen(page_part, "w");
    bool written = f != NULL && page_write(t, f);
    good = settle(f, page_part, page, t->count > 0) && written && good;
    if (good)
        printf("%s\n", page);
    table_free(t);
    free(t);
    return good ? LAB_GOOD : LAB_DISK;
}
