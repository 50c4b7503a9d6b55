#include "sim/lab/lab.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static char *slurp(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    char *text = calloc(1, (16u << 20) + 1);

    if (f == NULL || text == NULL) {
        fprintf(stderr, "sotto-sim: %s: %s\n", path, strerror(errno));
        free(text);
        if (f != NULL)
            fclose(f);
        return NULL;
    }
    *len = fread(text, 1, 16u << 20, f);
    fclose(f);
    return text;
}

static bool complain(const char *path, const struct scenario_error *e, enum err err)
{
    const char *reason = e->reason[0] != '\0' ? e->reason : err_text(err);

    if (e->line > 0)
        fprintf(stderr, "%s:%u: %s\n", path, e->line, reason);
    else
        fprintf(stderr, "%s: %s\n", path, reason);
    return false;
}

/* A matrix lies beside the scenario. */
static bool load_matrix(const char *path, const struct scenario *sc, char **matrix)
{
    char beside[LAB_PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t len;

    if (sc->links_model != 3)
        return true;
    snprintf(beside, sizeof beside, "%.*s%s", slash == NULL ? 0 : (int)(slash - path + 1), path,
             sc->links_file);
    *matrix = slurp(beside, &len);
    return *matrix != NULL;
}

bool lab_load(const char *path, const char *const *settings, size_t count, struct scenario *sc,
              char **matrix)
{
    struct scenario_error e = {0};
    size_t len = 0;
    char *text = slurp(path, &len);

    *matrix = NULL;
    scenario_init(sc);
    if (text == NULL)
        return false;
    enum err err = scenario_read(sc, span_of(text, len), &e);
    for (size_t i = 0; err == OK && i < count; i++)
        err = scenario_set(sc, settings[i], &e);
    if (err == OK)
        err = scenario_check(sc, &e);
    free(text);
    return err == OK ? load_matrix(path, sc, matrix) : complain(path, &e, err);
}
