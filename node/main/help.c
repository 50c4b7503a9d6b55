/* What there is to say. */
#include "node/api/api.h"
#include "node/main/commands.h"

#include <stdio.h>

static const char usage[] =
    "sotto " SOTTO_VERSION " - a Waku relay and store node\n"
    "\n"
    "  sotto node [FLAGS]                  run a node; without flags: all shards of cluster 66,\n"
    "                                      archive on, REST at http://127.0.0.1:8645\n"
    "  sotto probe MULTIADDR [FLAGS]       dial a node, identify, ping, ask its metadata\n"
    "  sotto store stats [FLAGS]           what the archive holds\n"
    "  sotto store verify [FLAGS]          compare all indexes and hashes with the messages\n"
    "  sotto store export FILE [FLAGS]     write all messages to FILE (- : standard output)\n"
    "  sotto store import FILE [FLAGS]     read such a file (- : standard input)\n"
    "  sotto load send|receive             publish as fast as a link carries, or count what comes\n"
    "  sotto version | help | help --configuration | help --openapi\n"
    "\n";

static int print(enum err (*write)(struct buf *))
{
    struct buf b = BUF_INIT(4u << 20);
    enum err err = write(&b);
    if (err == OK && fwrite(b.ptr, 1, b.len, stdout) != b.len)
        err = ERR_IO;
    buf_clear(&b);
    return err == OK ? EXIT_DONE : EXIT_FAILED;
}

int command_help(int argc, char **argv)
{
    if (argc > 0 && strcmp(argv[0], "--configuration") == 0)
        return print(conf_document);
    if (argc > 0 && strcmp(argv[0], "--openapi") == 0) {
        int code = print(api_openapi);
        putchar('\n');
        return code;
    }
    fputs(usage, stdout);
    return print(conf_help);
}

int command_version(int argc, char **argv)
{
    (void)argc, (void)argv;
    puts("sotto " SOTTO_VERSION);
    return EXIT_DONE;
}
