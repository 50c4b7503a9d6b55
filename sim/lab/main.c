/* sotto-sim: scenarios in virtual time from the command line. */
#include "sim/attack/attack.h"
#include "sim/lab/lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char usage[] =
    "sotto-sim run FILE [--set section.key=value]... [--seed N] [--out DIR] [--quiet]\n"
    "    Run a scenario, print its metrics and assertions, and the digest: one seed, one digest.\n"
    "sotto-sim sweep FILE... [--set section.key=v1,v2,...]... [--seeds A..B] [--jobs N] --out DIR\n"
    "    Run every combination; what is in DIR already is not run again.\n"
    "    --engine parallel|slurm prints job files instead; results are merged by copying them.\n"
    "sotto-sim report DIR... [--out DIR]\n"
    "    Make metrics.csv and report.html of all runs in these folders, in the first of them.\n"
    "sotto-sim replay FILE --node N [--until SECONDS] [--set ...] [--seed N]\n"
    "    Run again and show what one node logs, with virtual times.\n"
    "sotto-sim check FILE...\n"
    "    Read and check scenario files.\n"
    "sotto-sim parameters, sotto-sim attacks\n"
    "    List what a scenario file may say.\n"
    "\n"
    "exit status: 0 all assertions hold, 1 one does not, 2 usage or a bad file, 3 out of memory,\n"
    "4 a result could not be written\n";

static bool seeds(struct lab_options *o, const char *text)
{
    char *end;

    o->seed_from = o->seed_to = strtoull(text, &end, 10);
    if (strncmp(end, "..", 2) == 0)
        o->seed_to = strtoull(end + 2, &end, 10);
    return *end == '\0' && *text != '\0' && o->seed_to >= o->seed_from && o->seed_to > 0;
}

static bool jobs(struct lab_options *o, const char *text)
{
    o->jobs = (uint32_t)strtoul(text, NULL, 10);
    return o->jobs > 0 && o->jobs <= 1024;
}
static bool set(struct lab_options *o, const char *text)
{
    o->settings[o->settings_count++] = text;
    return o->settings_count < LAB_SETTINGS_MAX;
}
static bool out(struct lab_options *o, const char *text)
{
    o->out = text;
    return mkdir(text, 0777) == 0 || access(text, W_OK) == 0;
}
static bool node(struct lab_options *o, const char *text)
{
    o->node = text;
    return true;
}
static bool until(struct lab_options *o, const char *text)
{
    o->until = text;
    return true;
}
static bool engine(struct lab_options *o, const char *text)
{
    o->engine = text;
    return strcmp(text, "parallel") == 0 || strcmp(text, "slurm") == 0;
}

static const struct {
    const char *flag;
    bool (*take)(struct lab_options *o, const char *text);
} flags[] = {{"--seed", seeds}, {"--seeds", seeds}, {"--jobs", jobs},   {"--set", set},
             {"--out", out},    {"--node", node},   {"--until", until}, {"--engine", engine}};

static bool take_flag(struct lab_options *o, const char *flag, const char *value)
{
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (strcmp(flag, flags[i].flag) == 0 && value != NULL && flags[i].take(o, value))
            return true;
    fprintf(stderr, "sotto-sim: %s %s: unknown flag or bad value\n", flag,
            value != NULL ? value : "");
    return false;
}

static bool parse(int argc, char **argv, struct lab_options *o)
{
    *o = (struct lab_options){.jobs = 2};
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--quiet") == 0) {
            o->quiet = true;
        } else if (strncmp(argv[i], "--", 2) == 0) {
            if (!take_flag(o, argv[i], i + 1 < argc ? argv[i + 1] : NULL))
                return false;
            i++;
        } else if (o->files_count < LAB_SETTINGS_MAX) {
            o->files[o->files_count++] = argv[i];
        }
    }
    return true;
}

static enum lab_exit run(const struct lab_options *o)
{
    struct lab_options one = *o;
    char seed[64];

    if (o->files_count != 1)
        return LAB_USAGE;
    if (o->seed_to > 0) {
        snprintf(seed, sizeof seed, "scenario.seed=%llu", (unsigned long long)o->seed_from);
        one.settings[one.settings_count++] = seed;
    }
    return lab_run_one(&one, o->files[0], one.settings, one.settings_count);
}

static enum lab_exit replay(const struct lab_options *o)
{
    if (o->node == NULL)
        return LAB_USAGE;
    return run(o);
}

static enum lab_exit check(const struct lab_options *o)
{
    enum lab_exit status = o->files_count > 0 ? LAB_GOOD : LAB_USAGE;

    for (size_t i = 0; i < o->files_count; i++) {
        struct scenario sc;
        char *matrix, id[SCENARIO_ID_HEX + 1];
        if (lab_load(o->files[i], o->settings, o->settings_count, &sc, &matrix)) {
            scenario_id(&sc, id);
            printf("%s: %s, %.0f nodes, %zu assertions, run %s\n", o->files[i], sc.scenario_name,
                   sc.net_nodes, sc.asserts_count, id);
        } else {
            status = LAB_USAGE;
        }
        scenario_clear(&sc);
        free(matrix);
    }
    return status;
}

static enum lab_exit parameters(const struct lab_options *o)
{
    char text[64];

    (void)o;
    for (size_t i = 0; i < scenario_rows_count; i++) {
        const struct scenario_row *row = &scenario_rows[i];
        scenario_number_text(row, row->preset, text);
        printf("%-26s %-12s %s%s%s\n", row->name, text, row->choices != NULL ? row->choices : "",
               row->choices != NULL ? ": " : "", row->help);
    }
    for (size_t i = 0; i < scenario_text_rows_count; i++)
        printf("%-26s %-12s %s\n", scenario_text_rows[i].name, "\"\"", scenario_text_rows[i].help);
    return LAB_GOOD;
}

static enum lab_exit list_attacks(const struct lab_options *o)
{
    (void)o;
    for (size_t i = 0; attacks[i] != NULL; i++)
        printf("%-14s %-30s %s\n", attacks[i]->name, attacks[i]->position, attacks[i]->question);
    return LAB_GOOD;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        enum lab_exit (*run)(const struct lab_options *o);
    } commands[] = {
        {"run", run},     {"sweep", lab_sweep},       {"report", lab_report},   {"replay", replay},
        {"check", check}, {"parameters", parameters}, {"attacks", list_attacks}};
    struct lab_options o;

    for (size_t i = 0; argc >= 2 && i < sizeof commands / sizeof *commands; i++)
        if (strcmp(argv[1], commands[i].name) == 0) {
            enum lab_exit status = parse(argc, argv, &o) ? commands[i].run(&o) : LAB_USAGE;
            if (status == LAB_USAGE && o.files_count == 0)
                fputs(usage, stderr);
            return (int)status;
        }
    fputs(usage, stderr);
    return LAB_USAGE;
}
