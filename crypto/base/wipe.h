/* What secrets need: forgetting, and comparing without saying where the difference is. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/** Overwrite with zeros; never optimised away. `ptr` may be NULL when len is 0. */
void wipe(void *ptr, size_t len);

/** Equal bytes, in time that depends on `len` alone. */
bool ct_equal(const void *a, const void *b, size_t len) __attribute__((warn_unused_result));
