/* The binary: one word, one subcommand. */
#include "node/main/commands.h"
#include "node/main/load.h"

#include <stdio.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"node", command_node},   {"probe", command_probe},
    {"store", command_store}, {"load", load_main},
    {"chat", command_chat},   {"version", command_version},
    {"help", command_help},   {"--help", command_help},
    {"-h", command_help},     {"--version", command_version},
};

int main(int argc, char **argv)
{
    for (int i = 2; i < argc; i++) /* sotto node --help */
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return command_help(1, argv + 1);
    for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 2, argv + 2);
    if (argc < 2)
        return command_help(0, NULL);
    fprintf(stderr,
            "sotto: %s: no such command; try: node, chat, probe, store, load, version, help\n",
            argv[1]);
    return EXIT_USAGE;
}
