/* Generations: a number is given out only when a higher one is on the disk (or in the step whose
 * commit comes before anything leaves), so that no crash makes us use one twice. */
#include "crypto/base/reader.h"
#include "node/chat/vault/vault_inside.h"

#include <stdlib.h>

static enum err read_reserved(struct vault *v, struct span name, uint64_t *out)
{
    struct buf value = BUF_INIT(8);
    enum err err = vault_get(v, VAULT_T_GENERATIONS, name, &value);

    *out = 0;
    if (err == OK) {
        struct reader r = reader_of(buf_span(&value));
        *out = read_be64(&r);
        err = reader_end(&r) == OK ? OK : ERR_CORRUPT;
    }
    buf_clear(&value);
    return err == ERR_NOT_FOUND ? OK : err == ERR_FULL ? ERR_CORRUPT : err;
}

static enum err counter_of(struct vault *v, struct span name, struct vault_counter **out)
{
    *out = map_get(&v->counters, name);
    if (*out != NULL)
        return OK;
    struct vault_counter *c = calloc(1, sizeof *c);
    if (c == NULL)
        return ERR_MEMORY;
    enum err err = read_reserved(v, name, &c->reserved);
    c->next = c->reserved; /* all below it may have been used before a crash */
    if (err == OK)
        err = map_put(&v->counters, name, c);
    if (err != OK)
        free(c);
    else
        *out = c;
    return err;
}

static enum err put_reserved(struct vault *v, struct span name, uint64_t upto)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(upto >> 8 * (7 - i));
    return vault_put(v, VAULT_T_GENERATIONS, name, SPAN_ARRAY(bytes));
}

static enum err reserve(struct vault *v, const struct env *env, struct span name, uint64_t upto)
{
    bool own_step = !v->in_step;

    if (own_step)
        vault_begin(v);
    enum err err = put_reserved(v, name, upto);
    if (err == OK && own_step)
        err = vault_commit(v, env);
    if (err != OK && own_step)
        vault_step_clear(v);
    return err;
}

enum err vault_generation(struct vault *v, const struct env *env, struct span name, uint64_t *out)
{
    struct vault_counter *c;

    if (name.len == 0 || name.len > VAULT_KEY_BYTES_MAX)
        return ERR_ARGUMENT;
    TRY(counter_of(v, name, &c));
    if (c->next >= c->reserved) {
        TRY(reserve(v, env, name, c->next + VAULT_RESERVED));
        c->reserved = c->next + VAULT_RESERVED;
    }
    *out = c->next++;
    return OK;
}

enum err vault_generation_end(struct vault *v, struct span name)
{
    free(map_take(&v->counters, name));
    return vault_delete(v, VAULT_T_GENERATIONS, name);
}

void vault_counters_forget(struct vault *v)
{
    size_t cursor = 0;
    for (struct vault_counter *c; (c = map_next(&v->counters, &cursor, NULL)) != NULL;)
        c->reserved = c->next; /* numbers given out stay so; the next call reserves */
}
