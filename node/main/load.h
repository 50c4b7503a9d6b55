/* `sotto load send|receive`: a relay node that publishes as fast as it is let, or counts what
 * arrives. For benchmarks, soak tests and operators who want to know what a link carries.
 */
#pragma once

/** argv[0] is "send" or "receive". Exit status: 0 all was sent or received once; 1 not; 2 usage. */
int load_main(int argc, char **argv);

/** What it can do, to standard output; 0. */
int load_help(void);
