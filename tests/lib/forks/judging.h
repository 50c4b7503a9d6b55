/* Do they agree, has everybody read everything, how long did it take? */
#pragma once

#include "tests/lib/forks/world.h"

static inline bool forks_agree(const struct forks *f)
{
    const struct dag *first = NULL;
    for (uint32_t i = 0; i < FORKS_MEMBERS; i++) {
        if (f->members[i].malicious)
            continue;
        if (first == NULL)
            first = f->members[i].dag;
        struct eid a = dag_head(first), b = dag_head(f->members[i].dag);
        if (!eid_eq(&a, &b))
            return false;
    }
    return true;
}

static inline bool forks_read(const struct forks *f)
{
    for (uint32_t e = 0; e < f->entries_count; e++)
        for (uint32_t i = 0; i < FORKS_MEMBERS && !f->members[f->entries[e].author].malicious; i++)
            if (!f->members[i].malicious && !forks_has(f->members[i].got, e))
                return false;
    return true;
}

static inline void forks_times(const struct forks *f, struct forks_result *out)
{
    out->times = calloc(f->commits_count, sizeof *out->times);
    assert(out->times != NULL);
    for (uint32_t c = 0; c < f->commits_count; c++) {
        int64_t last = 0;
        if (f->commits[c].children < 2)
            continue;
        for (uint32_t i = 0; i < FORKS_MEMBERS; i++)
            if (!f->members[i].malicious && f->members[i].chosen_ns[c] > last)
                last = f->members[i].chosen_ns[c];
        if (last > f->commits[c].forked_ns)
            out->times[out->times_count++] = last - f->commits[c].forked_ns;
        else
            out->times[out->times_count++] = 0;
    }
}
