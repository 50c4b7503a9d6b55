/* Reed-Solomon over one group, with ISA-L. */
#include "node/chat/delivery/segments_inside.h"

#include <isa-l/erasure_code.h>
#include <stdlib.h>

#define ROWS_MAX (SEGMENTS_DATA_MAX + SEGMENTS_DATA_MAX / SEGMENTS_PARITY_PER)

struct sums {
    uint8_t matrix[ROWS_MAX * SEGMENTS_DATA_MAX];
    uint8_t chosen[SEGMENTS_DATA_MAX * SEGMENTS_DATA_MAX];  /* the rows of what is here */
    uint8_t inverse[SEGMENTS_DATA_MAX * SEGMENTS_DATA_MAX]; /* from what is here to the data */
    uint8_t wanted[ROWS_MAX * SEGMENTS_DATA_MAX];
    uint8_t tables[32u * SEGMENTS_DATA_MAX * (SEGMENTS_DATA_MAX / SEGMENTS_PARITY_PER)];
    uint8_t *from[SEGMENTS_DATA_MAX], *to[SEGMENTS_DATA_MAX / SEGMENTS_PARITY_PER];
};

static uint8_t *at(const struct segments *s, size_t i)
{
    return s->pieces + i * s->bytes;
}

static void sum(struct segments *s, struct sums *m, size_t k, size_t rows, uint8_t *matrix)
{
    ec_init_tables((int)k, (int)rows, matrix, m->tables);
    ec_encode_data((int)s->bytes, (int)k, (int)rows, m->tables, m->from, m->to);
}

enum err segments_add_parity(struct segments *s, size_t g)
{
    struct segments_group group = segments_group(s, g);
    size_t k = group.data;
    struct sums *m = malloc(sizeof *m);

    if (m == NULL)
        return ERR_MEMORY;
    gf_gen_cauchy1_matrix(m->matrix, (int)(k + group.parity), (int)k);
    for (size_t i = 0; i < k; i++)
        m->from[i] = at(s, group.first + i);
    for (size_t i = 0; i < group.parity; i++)
        m->to[i] = at(s, group.first + k + i);
    sum(s, m, k, group.parity, m->matrix + k * k);
    free(m);
    return OK;
}

/* The first k that are here, and their rows of the matrix. */
static void choose(const struct segments *s, struct sums *m, const struct segments_group *group)
{
    size_t k = group->data, n = 0;

    for (size_t i = 0; n < k; i++) {
        assert(i < k + group->parity);
        if (!s->has[group->first + i])
            continue;
        m->from[n] = at(s, group->first + i);
        memcpy(m->chosen + n * k, m->matrix + i * k, k);
        n++;
    }
}

enum err segments_recover(struct segments *s, size_t g)
{
    struct segments_group group = segments_group(s, g);
    size_t k = group.data, lacking = 0;
    struct sums *m = malloc(sizeof *m);

    if (m == NULL)
        return ERR_MEMORY;
    gf_gen_cauchy1_matrix(m->matrix, (int)(k + group.parity), (int)k);
    choose(s, m, &group);
    /* any k rows of a Cauchy matrix below the identity can be inverted */
    enum err err = gf_invert_matrix(m->chosen, m->inverse, (int)k) == 0 ? OK : ERR_CRYPTO;
    for (size_t i = 0; i < k && err == OK; i++) {
        if (s->has[group.first + i])
            continue;
        memcpy(m->wanted + lacking * k, m->inverse + i * k, k);
        m->to[lacking++] = at(s, group.first + i);
    }
    if (err == OK && lacking > 0)
        sum(s, m, k, lacking, m->wanted);
    free(m);
    return err;
}
