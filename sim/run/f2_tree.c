#include "sim/run/f2_tree.h"

#include <stdlib.h>

#define KEY_BYTES    33u  /* X25519, with its length */
#define SEALED_BYTES 82u  /* KEM output and sealed secret of 32 bytes, with their lengths */
#define FIXED_BYTES  369u /* framing, leaf node without credential, signatures, tags */

enum err f2_tree_init(struct f2_tree *t, uint32_t count)
{
    *t = (struct f2_tree){.leaves = 1};
    while (t->leaves < count && t->levels + 1 < F2_TREE_LEVELS) {
        t->leaves *= 2;
        t->levels++;
    }
    if (t->leaves < count)
        return ERR_LIMIT;
    t->sizes = calloc((size_t)2 * t->leaves, sizeof *t->sizes);
    if (t->sizes == NULL)
        return ERR_MEMORY;
    for (uint32_t i = 0; i < count; i++)
        t->sizes[i] = 1;
    for (uint32_t below = 0, here = t->leaves, n = t->leaves / 2; n > 0; n /= 2) {
        for (uint32_t i = 0; i < n; i++)
            t->sizes[here + i] = t->sizes[below + 2 * i] + t->sizes[below + 2 * i + 1];
        below = here;
        here += n;
    }
    return OK;
}

void f2_tree_clear(struct f2_tree *t)
{
    free(t->sizes);
    *t = (struct f2_tree){0};
}

/* Bytes of the length in front of a vector (RFC 9420 2.1.2). */
static uint32_t length_bytes(uint32_t bytes)
{
    return bytes < 1u << 6 ? 1 : bytes < 1u << 14 ? 2 : 4;
}

struct f2_commit f2_tree_commit(struct f2_tree *t, uint32_t leaf)
{
    struct f2_commit c = {0};
    uint32_t path = 0, base = 0, at = leaf;

    for (uint32_t n = t->leaves; n > 1; n /= 2) {
        uint32_t to = t->sizes[base + (at ^ 1)];
        if (to > 0) { /* else the node is left out of the path (filtered direct path) */
            c.seals += to;
            c.nodes++;
            path += KEY_BYTES + length_bytes(to * SEALED_BYTES) + to * SEALED_BYTES;
        }
        base += n;
        at /= 2;
        t->sizes[base + at] = 1;
    }
    c.bytes = FIXED_BYTES + length_bytes(path) + path;
    return c;
}
