#include "crypto/base/wipe.h"

#include <stdint.h>
#include <string.h>

void wipe(void *ptr, size_t len)
{
    if (len == 0)
        return;
    memset(ptr, 0, len);
    __asm__ volatile("" : : "r"(ptr) : "memory"); /* the compiler must assume the zeros are read */
}

bool ct_equal(const void *a, const void *b, size_t len)
{
    const volatile uint8_t *x = a, *y = b;
    uint8_t diff = 0;

    for (size_t i = 0; i < len; i++)
        diff = (uint8_t)(diff | (x[i] ^ y[i]));
    return diff == 0;
}
