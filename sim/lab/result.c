/* A finished run on disk: JSON lines, each whole in itself. */
#include "sim/lab/lab.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static bool line(FILE *f, json_t *object)
{
    bool good =
        object != NULL && json_dumpf(object, f, JSON_COMPACT | JSON_REAL_PRECISION(12)) == 0;

    json_decref(object);
    return good && fputc('\n', f) != EOF;
}

static json_t *parameters(const struct scenario *sc)
{
    json_t *all = json_object();
    char text[64];

    for (size_t i = 0; i < scenario_rows_count; i++) {
        scenario_number_text(&scenario_rows[i], scenario_number(sc, &scenario_rows[i]), text);
        json_object_set_new(all, scenario_rows[i].name, json_string(text));
    }
    json_object_set_new(all, "adversary.attacks", json_string(sc->adversary_attacks));
    return all;
}

static bool head(FILE *f, const struct scenario *sc, const char *id)
{
    return line(f, json_pack("{s:s, s:i, s:s, s:s, s:s, s:I, s:s, s:o}", "kind", "run", "format", 1,
                             "id", id, "scenario", sc->scenario_name, "about", sc->scenario_about,
                             "seed", (json_int_t)sc->scenario_seed, "version", SOTTO_VERSION,
                             "parameters", parameters(sc)));
}

static bool body(FILE *f, const struct run_result *r)
{
    bool good = true;

    for (size_t i = 0; i < r->samples_count; i++) {
        const struct run_sample *s = &r->samples[i];
        good = good && line(f, json_pack("{s:s, s:f, s:f, s:f, s:f, s:f}", "kind", "sample", "t_s",
                                         s->t_s, "published", s->published, "delivered",
                                         s->delivered, "bytes", s->bytes, "up", s->up));
    }
    for (size_t i = 0; i < r->metrics_count; i++) {
        const struct run_metric *m = &r->metrics[i];
        json_t *o = json_pack("{s:s, s:s, s:f, s:s}", "kind", "metric", "name", m->name, "value",
                              m->value, "unit", m->unit);
        if (m->interval) {
            json_object_set_new(o, "lower", json_real(m->lower));
            json_object_set_new(o, "upper", json_real(m->upper));
            json_object_set_new(o, "n", json_real(m->n));
        }
        good = good && line(f, o);
    }
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        if (r->latency.counts[i] > 0)
            good = good && line(f, json_pack("{s:s, s:f, s:I}", "kind", "latency", "from_ms",
                                             (double)histogram_edge(i) / 1e6, "count",
                                             (json_int_t)r->latency.counts[i]));
    return good;
}

static bool tail(FILE *f, const struct scenario *sc, const struct run_result *r, double wall_s)
{
    char digest[17];
    bool good = true;

    for (size_t i = 0; i < sc->asserts_count; i++) {
        const struct scenario_assert *a = &sc->asserts[i];
        double value = 0;
        bool holds = run_holds(r, a, &value);
        good = good && line(f, json_pack("{s:s, s:s, s:s, s:s, s:f, s:f, s:b}", "kind", "assert",
                                         "metric", a->metric, "side", a->side, "op", a->op, "bound",
                                         a->value, "value", value, "holds", holds));
    }
    snprintf(digest, sizeof digest, "%016" PRIx64, r->digest);
    return good && line(f, json_pack("{s:s, s:s, s:I, s:f}", "kind", "end", "digest", digest,
                                     "events", (json_int_t)r->stats.events, "wall_s", wall_s));
}

bool lab_write(const char *dir, const struct scenario *sc, const struct run_result *r,
               double wall_s)
{
    char id[SCENARIO_ID_HEX + 1], part[LAB_PATH_MAX], whole[LAB_PATH_MAX];

    scenario_id(sc, id);
    snprintf(part, sizeof part, "%s/%s.jsonl.part", dir, id);
    snprintf(whole, sizeof whole, "%s/%s.jsonl", dir, id);
    FILE *f = fopen(part, "w");
    bool good = f != NULL && head(f, sc, id) && body(f, r) && tail(f, sc, r, wall_s) &&
                fflush(f) == 0 && fsync(fileno(f)) == 0;
    int why = errno;
    if (f != NULL && fclose(f) != 0)
        good = false;
    good = good && rename(part, whole) == 0;
    if (good)
        return true;
    fprintf(stderr, "sotto-sim: %s: %s; finished runs are whole, start again to do the rest\n",
            part, strerror(why));
    unlink(part);
    return false;
}

bool lab_has(const char *dir, const char *id)
{
    char path[LAB_PATH_MAX];

    snprintf(path, sizeof path, "%s/%s.jsonl", dir, id);
    return access(path, R_OK) == 0;
}
