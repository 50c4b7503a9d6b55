#include "store/run.h"

int run_key_cmp(const uint8_t *a, const uint8_t *b, const struct run_ties *ties)
{
    int order = memcmp(a, b, KEY_SORT_BYTES);
    if (order != 0)
        return order;
    const uint8_t *x = ties->hash_at(ties->state, run_place(a, KEY_ITEM_BYTES));
    const uint8_t *y = ties->hash_at(ties->state, run_place(b, KEY_ITEM_BYTES));
    if (x == NULL || y == NULL)
        return (x != NULL) - (y != NULL);
    return memcmp(x, y, ARCHIVE_HASH_BYTES);
}

static bool key_before(const uint8_t *item, const uint8_t *sort, const uint8_t *hash,
                       const struct run_ties *ties)
{
    int order = memcmp(item, sort, KEY_SORT_BYTES);
    if (order != 0 || hash == NULL)
        return order < 0;
    const uint8_t *own = ties->hash_at(ties->state, run_place(item, KEY_ITEM_BYTES));
    return own == NULL || memcmp(own, hash, ARCHIVE_HASH_BYTES) < 0;
}

size_t run_key_seek(const struct run *r, uint32_t id, int64_t time_ns, const uint8_t *hash,
                    const struct run_ties *ties)
{
    uint8_t sort[KEY_SORT_BYTES];
    size_t low = 0, high = r->count;
    put_be(sort, id, 4);
    put_time(sort + 4, time_ns);
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (key_before(r->items + mid * KEY_ITEM_BYTES, sort, hash, ties))
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

size_t run_hash_seek(const struct run *r, const uint8_t *hash)
{
    size_t low = 0, high = r->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (memcmp(r->items + mid * HASH_ITEM_BYTES, hash, HASH_PREFIX_BYTES) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static unsigned level_of(size_t count)
{
    unsigned level = 0;
    for (; count >= ARCHIVE_RUN_FANOUT; count /= ARCHIVE_RUN_FANOUT)
        level++;
    return level;
}

size_t run_merge_width(const size_t *counts, size_t runs, size_t count)
{
    size_t width = 0;
    for (;;) {
        unsigned level = level_of(count);
        size_t more = 0, sum = count;
        while (width + more < runs && level_of(counts[runs - 1 - width - more]) <= level) {
            sum += counts[runs - 1 - width - more];
            more++;
        }
        if (more < ARCHIVE_RUN_FANOUT - 1)
            return width;
        width += more;
        count = sum;
    }
}

static bool item_before(const uint8_t *a, const uint8_t *b, const struct run_ties *ties)
{
    return ties == NULL ? memcmp(a, b, HASH_ITEM_BYTES) < 0 : run_key_cmp(a, b, ties) < 0;
}

/* There are few runs, so the least of their heads is found by looking at all of them. */
void run_merge(struct run *runs, size_t count, const struct run_ties *ties, uint8_t *out)
{
    size_t bytes = ties == NULL ? HASH_ITEM_BYTES : KEY_ITEM_BYTES;
    while (count > 0) {
        size_t least = 0;
        for (size_t i = 0; i < count;) {
            if (runs[i].count == 0) {
                runs[i] = runs[--count];
                continue;
            }
            if (i != least && item_before(runs[i].items, runs[least].items, ties))
                least = i;
            i++;
        }
        if (count == 0)
            break;
        memcpy(out, runs[least].items, bytes);
        out += bytes;
        runs[least].items += bytes;
        runs[least].count--;
    }
}
