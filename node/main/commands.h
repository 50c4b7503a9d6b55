/* The subcommands of sotto. Each gets the arguments behind its name and returns the exit code:
 * 0 done, 1 failed, 2 the arguments are wrong. */
#pragma once

#include "node/conf/conf.h"

struct evio;

#define EXIT_DONE    0
#define EXIT_FAILED  1
#define EXIT_USAGE   2
#define EXIT_FOREIGN 3 /* probe: the peer is of another cluster */

int command_node(int argc, char **argv);
int command_probe(int argc, char **argv);
int command_store(int argc, char **argv);
int command_chat(int argc, char **argv);
int command_help(int argc, char **argv);
int command_version(int argc, char **argv);

/** Flags, variables and file into `c`, which is conf_clear()ed by the caller in any case. What is
 * wrong goes to stderr. */
enum err settings_load(struct conf *c, int argc, char **argv) MUST_CHECK;

/** Hand --dns-addrs-name-server to the loop; what is wrong goes to stderr. */
enum err settings_name_servers(const struct conf *c, struct evio *e) MUST_CHECK;
