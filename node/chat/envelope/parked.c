#include "node/chat/envelope/parked.h"

#include "crypto/base/fifo.h"
#include "crypto/base/map.h"
#include "crypto/prim/sha2.h"

#include <stdlib.h>

struct item {
    struct parked_item view; /* number 0: taken */
    struct mono due;
    uint8_t hash[SHA256_BYTES];
    uint8_t *bytes; /* owned */
    bool known;
    struct mono lacks_until, tried;
    unsigned tries;
};

struct parked {
    struct fifo items; /* oldest first; those in the middle may be taken */
    struct map hashes;
    size_t bytes, count, known;
    uint64_t next;
};

enum err parked_new(struct parked **out, const uint8_t seed[16])
{
    struct parked *p = calloc(1, sizeof *p);

    *out = p;
    if (p == NULL)
        return ERR_MEMORY;
    fifo_init(&p->items, sizeof(struct item), 2 * PARKED_COUNT_MAX);
    map_init(&p->hashes, seed, PARKED_COUNT_MAX + 1);
    p->next = 1;
    return OK;
}

static void let_go(struct parked *p, struct item *it)
{
    if (it->view.number == 0)
        return;
    (void)map_take(&p->hashes, SPAN_ARRAY(it->hash));
    p->bytes -= it->view.payload.len;
    p->count--;
    p->known -= it->known;
    free(it->bytes);
    it->bytes = NULL;
    it->view.number = 0;
}

static void drop_oldest(struct parked *p)
{
    struct item it;

    if (fifo_pop(&p->items, &it))
        let_go(p, &it);
}

void parked_free(struct parked *p)
{
    if (p == NULL)
        return;
    while (fifo_count(&p->items) > 0)
        drop_oldest(p);
    fifo_clear(&p->items);
    map_clear(&p->hashes);
    free(p);
}

static enum err keep(struct parked *p, struct item *it)
{
    TRY(map_put(&p->hashes, SPAN_ARRAY(it->hash), (void *)(uintptr_t)it->view.number));
    enum err err = fifo_push(&p->items, it);
    if (err != OK)
        (void)map_take(&p->hashes, SPAN_ARRAY(it->hash));
    return err;
}

enum err parked_add(struct parked *p, const struct env *env, uint8_t bucket, int64_t timestamp_ns,
                    struct span payload, bool known)
{
    struct item it = {.known = known,
                      .view = {.bucket = bucket, .timestamp_ns = timestamp_ns},
                      .due = mono_add(env->now, (int64_t)PARKED_S_MAX * NS_PER_S)};

    if (payload.len < ENVELOPE_BYTES_MIN || payload.len > ENVELOPE_BYTES_MAX)
        return ERR_ARGUMENT;
    sha256(payload, it.hash);
    if (map_get(&p->hashes, SPAN_ARRAY(it.hash)) != NULL)
        return OK;
    while (fifo_count(&p->items) > 0 &&
           (p->bytes + payload.len > PARKED_BYTES_MAX || fifo_count(&p->items) >= PARKED_COUNT_MAX))
        drop_oldest(p);
    it.bytes = malloc(payload.len);
    if (it.bytes == NULL)
        return ERR_MEMORY;
    memcpy(it.bytes, payload.ptr, payload.len);
    it.view.payload = span_of(it.bytes, payload.len);
    it.view.number = p->next;
    enum err err = keep(p, &it);
    if (err != OK) {
        free(it.bytes);
        return err;
    }
    p->next++;
    p->bytes += payload.len;
    p->count++;
    p->known += known;
    return OK;
}

/* Numbers rise by one from the front of the queue on. */
static size_t place_of(const struct parked *p, uint64_t number)
{
    uint64_t first = p->next - fifo_count(&p->items);

    return number <= first ? 0 : (size_t)(number - first);
}

enum which {
    ALL,
    KNOWN,
    KNOWN_AND_LACKING
};

static bool is_of(const struct item *it, enum which which)
{
    return it->view.number != 0 &&
           (which == ALL || (it->known && (which == KNOWN_AND_LACKING || !it->view.lacks)));
}

static bool look(const struct parked *p, const uint8_t header[ENVELOPE_KEY_BYTES], enum which which,
                 uint64_t mark, uint64_t *cursor, struct parked_item *out)
{
    size_t end = mark < p->next ? place_of(p, mark) : fifo_count(&p->items);

    for (size_t i = place_of(p, *cursor); i < end; i++) {
        const struct item *it = fifo_at(&p->items, i);
        if (!is_of(it, which) || !envelope_matches(it->view.payload, header))
            continue;
        *out = it->view;
        *cursor = it->view.number + 1;
        return true;
    }
    *cursor = p->next;
    return false;
}

bool parked_next(const struct parked *p, const uint8_t header[ENVELOPE_KEY_BYTES], uint64_t *cursor,
                 struct parked_item *out)
{
    return look(p, header, ALL, p->next, cursor, out);
}

bool parked_before(const struct parked *p, const uint8_t header[ENVELOPE_KEY_BYTES], uint64_t mark,
                   uint64_t *cursor, struct parked_item *out)
{
    return look(p, header, ALL, mark, cursor, out);
}

uint64_t parked_mark(const struct parked *p)
{
    return p->next;
}

bool parked_again(const struct parked *p, const uint8_t header[ENVELOPE_KEY_BYTES], bool lacking,
                  uint64_t *cursor, struct parked_item *out)
{
    return p->known > 0 &&
           look(p, header, lacking ? KNOWN_AND_LACKING : KNOWN, p->next, cursor, out);
}

bool parked_since(const struct parked *p, uint64_t mark)
{
    bool any = false;

    for (size_t i = place_of(p, mark); mark < p->next && !any && i < fifo_count(&p->items); i++)
        any = ((const struct item *)fifo_at(&p->items, i))->view.number != 0;
    return any;
}

static struct item *item_of(const struct parked *p, uint64_t number)
{
    size_t i = place_of(p, number);
    struct item *it = number == 0 || i >= fifo_count(&p->items) ? NULL : fifo_at(&p->items, i);

    return it != NULL && it->view.number == number ? it : NULL;
}

void parked_known(struct parked *p, uint64_t number)
{
    struct item *it = item_of(p, number);

    if (it == NULL || it->known)
        return;
    it->known = true;
    p->known++;
}

static struct item *copy_of(const struct parked *p, struct span payload)
{
    uint8_t hash[SHA256_BYTES];

    sha256(payload, hash);
    return item_of(p, (uintptr_t)map_get(&p->hashes, SPAN_ARRAY(hash)));
}

enum parked_lack parked_lacks(struct parked *p, const struct env *env, struct span payload)
{
    struct item *it = copy_of(p, payload);

    if (it == NULL)
        return PARKED_LACKS;
    if (!it->view.lacks) {
        parked_known(p, it->view.number);
        it->view.lacks = true;
        it->tried = env->now;
        it->lacks_until = mono_add(env->now, (int64_t)PARKED_LACKS_S * NS_PER_S);
        return PARKED_LACKS_FIRST;
    }
    it->tries += it->tried.ns != env->now.ns;
    it->tried = env->now;
    bool vain = it->tries >= PARKED_TRIES_MAX || env->now.ns >= it->lacks_until.ns;
    return vain ? PARKED_LACKS_VAIN : PARKED_LACKS;
}

bool parked_is_lacking(const struct parked *p, struct span payload)
{
    const struct item *it = p->known == 0 ? NULL : copy_of(p, payload);

    return it != NULL && it->view.lacks;
}

void parked_take(struct parked *p, uint64_t number)
{
    struct item *it = item_of(p, number);

    if (it != NULL)
        let_go(p, it);
}

void parked_tick(struct parked *p, const struct env *env)
{
    for (struct item *it; (it = fifo_peek(&p->items)) != NULL;) {
        if (it->view.number != 0 && env->now.ns < it->due.ns)
            return;
        drop_oldest(p);
    }
}

struct mono parked_deadline(const struct parked *p)
{
    const struct item *it = fifo_peek(&p->items);

    return it == NULL ? MONO_NEVER : it->due;
}

size_t parked_count(const struct parked *p)
{
    return p->count;
}

size_t parked_bytes(const struct parked *p)
{
    return p->bytes;
}
