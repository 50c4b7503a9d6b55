/* Private to tests/netlab: network namespaces with a TUN device in each. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#define MTU           1500
#define EXIT_NOT_HERE 77 /* no namespaces, no devices: a test is left out then */

_Noreturn void die(int code, const char *what);

uint32_t address_of(uint32_t node); /* host byte order; 10.66.0.1 is node 0 */

/** Be root, in a user namespace of our own if need be. */
void become_root(void);

/** Fork a process that keeps a namespace with the device of this node, or becomes `command` there.
 *
 * @param tun  the other end of the device (out)
 */
pid_t hold(uint32_t node, char **command, int *tun);
