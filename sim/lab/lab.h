/* sotto-sim: scenario files from disk, runs, sweeps over both cores, results on disk, reports.
 *
 *     DIR/ID.jsonl   one finished run: header, samples, metrics, assertions, end. ID names the
 *                    scenario with all its parameters and the seed (scenario_id), so results of
 * many machines are merged by copying files together. DIR/metrics.csv, DIR/report.html   of all
 * runs in DIR
 *
 * A run is written to ID.jsonl.part, flushed, and renamed: a full disk or an interrupt loses no
 * finished run, and a sweep that is started again does only what is missing.
 */
#pragma once

#include "sim/run/run.h"

enum lab_exit {
    LAB_GOOD,
    LAB_PROPERTY, /* an assertion does not hold */
    LAB_USAGE,
    LAB_MEMORY,
    LAB_DISK,
};

#define LAB_SETTINGS_MAX 64u
#define LAB_PATH_MAX     1024u

struct lab_options {
    const char *files[LAB_SETTINGS_MAX];
    size_t files_count;
    const char *settings[LAB_SETTINGS_MAX]; /* "section.key=value[,value]" */
    size_t settings_count;
    uint64_t seed_from, seed_to; /* 0, 0: the scenario's own */
    const char *out;             /* folder of results; NULL: none */
    uint32_t jobs;
    const char *node, *until; /* replay */
    const char *engine;       /* sweep: "parallel" or "slurm": print job files instead */
    bool quiet;
};

/** Read and check a file and settings; says on stderr what is wrong, with file and line. The text
 * of its matrix is put into `matrix` (owned; may be NULL). */
bool lab_load(const char *path, const char *const *settings, size_t count, struct scenario *sc,
              char **matrix);

/** Write a result. False: said on stderr, and nothing is left behind. */
bool lab_write(const char *dir, const struct scenario *sc, const struct run_result *r,
               double wall_s);

/** Is there a finished run of this id, made by this program? */
bool lab_has(const char *dir, const char *id);

double lab_now_s(void);

/** Run one point, print it unless quiet, write it when there is a folder. */
enum lab_exit lab_run_one(const struct lab_options *o, const char *file,
                          const char *const *settings, size_t count);

enum lab_exit lab_sweep(const struct lab_options *o);

/** Make metrics.csv and report.html of one folder, or of several: compared. */
enum lab_exit lab_report(const struct lab_options *o);
