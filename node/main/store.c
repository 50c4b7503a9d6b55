/* sotto store: looking after an archive while no node uses it. */
#include "net/waku/waku.h"
#include "node/main/commands.h"
#include "node/main/data.h"
#include "store/archive.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

/* Is the key of an entry the hash of its message? */
static bool check_hash(void *state, const struct archive_entry *e)
{
    struct waku_message m;
    uint8_t hash[ARCHIVE_HASH_BYTES];
    (void)state;
    if (waku_message_decode(e->message, &m) != OK)
        return false;
    waku_message_hash(e->pubsub_topic, &m, hash);
    return memcmp(hash, e->hash, sizeof hash) == 0;
}

static void print_time(const char *name, int64_t ns)
{
    time_t seconds = (time_t)(ns / NS_PER_S);
    struct tm tm;
    char text[64] = "";
    if (ns != 0 && gmtime_r(&seconds, &tm) != NULL)
        strftime(text, sizeof text, "%FT%TZ", &tm);
    printf("%-10s %s\n", name, ns == 0 ? "none" : text);
}

static enum err stats(struct archive *a, const char *file)
{
    struct archive_stats s;
    char name[64];
    (void)file;
    TRY(archive_stats(a, &s));
    printf("messages   %llu\nbytes      %llu\nsegments   %llu\n", (unsigned long long)s.entries,
           (unsigned long long)s.bytes, (unsigned long long)s.segments);
    print_time("oldest", s.oldest_ns);
    print_time("newest", s.newest_ns);
    for (size_t cursor = 0; archive_segment_stats(a, &cursor, &s, name) == OK;)
        printf("  %-24s %10llu messages %12llu bytes\n", name, (unsigned long long)s.entries,
               (unsigned long long)s.bytes);
    return OK;
}

static enum err verify(struct archive *a, const char *file)
{
    struct archive_report r = {0};
    (void)file;
    TRY(archive_verify(a, check_hash, NULL, &r));
    printf("messages   %llu\nbroken     %llu\n", (unsigned long long)r.entries,
           (unsigned long long)r.broken);
    if (r.broken > 0)
        printf("first      %s\n", r.first);
    return r.broken == 0 ? OK : ERR_CORRUPT;
}

static FILE *open_file(const char *file, bool write)
{
    if (strcmp(file, "-") == 0)
        return write ? stdout : stdin;
    FILE *f = fopen(file, write ? "wb" : "rb");
    if (f == NULL)
        fprintf(stderr, "sotto: %s: %s\n", file, strerror(errno));
    return f;
}

static enum err export_to(struct archive *a, const char *file)
{
    struct archive_report r = {0};
    FILE *f = open_file(file, true);
    if (f == NULL)
        return ERR_IO;
    enum err err = archive_export(a, f, &r);
    if (f != stdout && fclose(f) != 0 && err == OK)
        err = ERR_IO;
    fprintf(stderr, "written    %llu\n", (unsigned long long)r.entries);
    return err;
}

static enum err import_from(struct archive *a, const char *file)
{
    struct archive_report r = {0};
    FILE *f = open_file(file, false);
    if (f == NULL)
        return ERR_IO;
    enum err err = archive_import(a, f, check_hash, NULL, &r);
    if (f != stdin)
        fclose(f);
    fprintf(stderr, "read       %llu\nstored     %llu\nduplicates %llu\nrefused    %llu\n",
            (unsigned long long)r.entries, (unsigned long long)r.stored,
            (unsigned long long)r.duplicates, (unsigned long long)r.refused);
    return err;
}

static const struct {
    const char *name;
    enum err (*run)(struct archive *a, const char *file);
    bool file;
} actions[] = {{"stats", stats, false},
               {"verify", verify, false},
               {"export", export_to, true},
               {"import", import_from, true}};

static int run(size_t action, const struct conf *c, const char *file)
{
    struct archive *a = NULL;
    int lock = -1;
    char path[DATA_PATH_MAX] = "";
    enum err err = data_open(c, &lock); /* stays locked until this process ends */
    if (err == OK)
        err = data_path(c, "archive", path);
    if (err == OK)
        err = archive_open_lmdb(&a, path, NULL);
    if (err == OK)
        err = actions[action].run(a, file);
    archive_close(a);
    if (err == ERR_LOCKED)
        fprintf(stderr, "sotto: the data folder is in use: stop the node first\n");
    else if (err != OK)
        fprintf(stderr, "sotto: store %s: %s\n", actions[action].name, err_text(err));
    return err == OK ? EXIT_DONE : EXIT_FAILED;
}

int command_store(int argc, char **argv)
{
    size_t action = 0, count = sizeof actions / sizeof actions[0];
    while (argc > 0 && action < count && strcmp(argv[0], actions[action].name) != 0)
        action++;
    if (argc < 1 || action == count || (actions[action].file && argc < 2)) {
        fprintf(stderr, "sotto: store stats | verify | export FILE | import FILE, then flags\n");
        return EXIT_USAGE;
    }
    struct conf c;
    int skip = actions[action].file ? 2 : 1, code = EXIT_USAGE;
    if (settings_load(&c, argc - skip, argv + skip) == OK)
        code = run(action, &c, argv[1]);
    conf_clear(&c);
    return code;
}
