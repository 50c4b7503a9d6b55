/* Marks for tests/ct: which bytes are secret, and where a secret's derivative becomes public.
 *
 * In the ct preset (-DSOTTO_CT) secrets are "undefined" to valgrind's memcheck, which reports every
 * branch and every index that depends on one; a value that the protocol publishes (a public key, a
 * ciphertext, "did the tag fit") is then declared defined. In every other build these are nothing.
 */
#pragma once

#include <stddef.h>

#ifdef SOTTO_CT
#include <valgrind/memcheck.h>

#define CT_SECRET(ptr, len) VALGRIND_MAKE_MEM_UNDEFINED((ptr), (len))
#define CT_PUBLIC(ptr, len) VALGRIND_MAKE_MEM_DEFINED((ptr), (len))
#else
#define CT_SECRET(ptr, len) ((void)(ptr), (void)(len))
#define CT_PUBLIC(ptr, len) ((void)(ptr), (void)(len))
#endif
