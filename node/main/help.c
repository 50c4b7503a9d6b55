/* What there is to say. */
#include "node/api/api.h"
#include "node/main/commands.h"
#include "node/main/load.h"

#include <stdio.h>

#define EXIT_CODES "\nexit status   0 done   1 failed   2 wrong arguments"

static const char usage[] =
    "sotto " SOTTO_VERSION " - a Waku relay and store node\n"
    "\n"
    "  sotto node [FLAGS]                  run a node; without flags: all shards of cluster 66,\n"
    "                                      archive on, REST at http://127.0.0.1:8645\n"
    "  sotto chat [--name NAME] [FLAGS]    talk with people; --plain for scripts\n"
    "  sotto probe MULTIADDR [FLAGS]       dial a node, identify, ping, ask its metadata\n"
    "  sotto store stats [FLAGS]           what the archive holds\n"
    "  sotto store verify [FLAGS]          compare all indexes and hashes with the messages\n"
    "  sotto store export FILE [FLAGS]     write all messages to FILE (- : standard output)\n"
    "  sotto store import FILE [FLAGS]     read such a file (- : standard input)\n"
    "  sotto load send|receive [FLAGS]     publish as fast as a link carries, or count what comes\n"
    "  sotto version\n"
    "\n"
    "sotto COMMAND --help says more; sotto node --help lists all flags.\n";

static const char node_usage[] =
    "sotto node [FLAGS]: run a node until SIGTERM or SIGINT. SIGHUP reads the log level again.\n"
    "Without flags it relays and stores all 8 shards of cluster 66, listens for peers on TCP port\n"
    "60000 and for its operator (REST) on http://127.0.0.1:8645.\n" EXIT_CODES "\n\n";

static const char chat_usage[] =
    "sotto chat [--name NAME] [FLAGS]: talk with people. Without flags it opens the account of "
    "this\n"
    "machine, makes one at the first start, and finds others through the network of --preset, the\n"
    "hints in cards and other chats of the same user. /help shows the keys and commands.\n"
    "\n"
    "  sotto chat --name raya\n"
    "  sotto chat --name bot --plain --chat-create <commands >events\n"
    "\n"
    "  --name=<name>                  the account, kept in <data folder>/chat/<name>\n"
    "  --plain                        commands line by line in, a JSON object a line out\n"
    "  --chat-create                  with --plain: make the account if there is none\n"
    "  --chat-passphrase-file=<file>  with --plain: what opens it; else its key file\n"
    "  --staticnode=<multiaddr>       a node to connect with; all flags of sotto node "
    "work\n" EXIT_CODES "\n";

static const char probe_usage[] =
    "sotto probe MULTIADDR [FLAGS]: dial a node, tell who it is and what it speaks, ping it.\n"
    "\n"
    "  sotto probe /ip4/192.0.2.1/tcp/60000/p2p/16Uiu2...\n"
    "  sotto probe /dnsaddr/boot.example/p2p/16Uiu2... --cluster-id=16\n"
    "\n"
    "  --cluster-id=<n>                   the cluster we say we are of (66)\n"
    "  --dns-addrs-name-server=<ip[:port]>  name servers, instead of the system's\n"
    "  --log-level=DEBUG                  show what happens underneath\n" EXIT_CODES
    "   3 it is of another cluster\n";

static const char store_usage[] =
    "sotto store stats|verify [FLAGS], sotto store export|import FILE [FLAGS]: the archive in the\n"
    "data folder, while no node uses it. FILE may be - for standard output or input.\n"
    "\n"
    "  sotto store export backup.sotto\n"
    "  sotto store import backup.sotto --data-dir=/var/lib/sotto\n"
    "\n"
    "  --data-dir=<folder>   as for the node ($XDG_DATA_HOME/sotto, else "
    "~/.local/share/sotto)\n" EXIT_CODES "\n";

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
    if (argc > 0 && strcmp(argv[0], "node") == 0) {
        fputs(node_usage, stdout);
        return print(conf_help);
    }
    if (argc > 0 && strcmp(argv[0], "load") == 0)
        return load_help();
    fputs(argc > 0 && strcmp(argv[0], "chat") == 0    ? chat_usage
          : argc > 0 && strcmp(argv[0], "probe") == 0 ? probe_usage
          : argc > 0 && strcmp(argv[0], "store") == 0 ? store_usage
                                                      : usage,
          stdout);
    return EXIT_DONE;
}

int command_version(int argc, char **argv)
{
    (void)argc, (void)argv;
    puts("sotto " SOTTO_VERSION);
    return EXIT_DONE;
}
