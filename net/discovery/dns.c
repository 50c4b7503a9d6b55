#include "net/discovery/dns.h"

#include "crypto/base/fifo.h"
#include "crypto/base/map.h"
#include "net/discovery/tree.h"

#include <stdio.h>
#include <stdlib.h>

struct wanted { /* an entry to look up */
    struct tree_hash hash;
    uint8_t depth;
    bool links; /* it stands below l=, not below e= */
};

struct list {
    struct tree_url url;
    bool linked; /* found in another list, not named by the operator */
    uint64_t seq;
    bool has_root, failed;
    bool root_wanted;   /* once the walk under way is through and a look-up is free */
    unsigned looking;   /* look-ups under way */
    struct fifo wanted; /* struct wanted */
    struct map seen;    /* hash -> itself: entries of this walk */
    struct mono due;    /* when the root is looked up */
    int64_t pause_ns;   /* after a failure; doubles */
};

struct lookup_slot {
    uint64_t query; /* 0: free */
    size_t list;
    bool root;
    struct wanted entry;
};

struct dns {
    struct list lists[DNS_LISTS_MAX];
    size_t count;
    struct lookup_slot slots[DNS_LOOKUPS_MAX];
    uint64_t next_query; /* odd: those of the swarm are even */
    struct fifo out;     /* struct slot_out */
    struct slot_out {
        struct dns_out out;
        char name[DNS_NAME_MAX + 1];
        struct enr *enr;
    } told;
    struct tree_entry entry; /* too large for the stack */
    uint8_t seed[16];
    struct dns_counters counters;
};

/* ---- outputs ---- */

static void emit(struct dns *d, struct slot_out *s)
{
    if (fifo_push(&d->out, s) != OK)
        free(s->enr);
}

bool dns_poll(struct dns *d, struct dns_out *out)
{
    free(d->told.enr);
    d->told.enr = NULL;
    if (!fifo_pop(&d->out, &d->told))
        return false;
    *out = d->told.out;
    out->name = d->told.name;
    out->enr = d->told.enr;
    return true;
}

const struct dns_counters *dns_counters(const struct dns *d)
{
    return &d->counters;
}

/* ---- lists ---- */

static enum err add(struct dns *d, const struct env *env, const struct tree_url *url, bool linked)
{
    for (size_t i = 0; i < d->count; i++)
        if (strcmp(d->lists[i].url.domain, url->domain) == 0 &&
            memcmp(d->lists[i].url.key, url->key, sizeof url->key) == 0)
            return OK;
    if (d->count == DNS_LISTS_MAX)
        return ERR_FULL;
    struct list *l = &d->lists[d->count++];
    *l = (struct list){.url = *url, .linked = linked, .due = env->now};
    l->pause_ns = DNS_RETRY_MS_MIN * NS_PER_MS;
    fifo_init(&l->wanted, sizeof(struct wanted), DNS_ENTRIES_MAX);
    map_init(&l->seen, d->seed, DNS_ENTRIES_MAX);
    return OK;
}

enum err dns_url_check(struct span url)
{
    struct tree_url parsed;

    return tree_url_parse(url, &parsed);
}

enum err dns_add(struct dns *d, const struct env *env, struct span url)
{
    struct tree_url parsed;

    TRY(tree_url_parse(url, &parsed));
    return add(d, env, &parsed, false);
}

/* Ask for an entry of this walk, once. */
static void want(struct dns *d, struct list *l, const struct tree_hash *hash, unsigned depth,
                 bool links)
{
    struct wanted w = {*hash, (uint8_t)depth, links};
    enum err err = depth > DNS_DEPTH_MAX ? ERR_LIMIT : OK;

    if (err == OK)
        err = map_put(&l->seen, span_str(hash->text), l);
    if (err == OK)
        err = fifo_push(&l->wanted, &w);
    d->counters.limited += err != OK && err != ERR_EXISTS;
}

static void begin_walk(struct dns *d, struct list *l, const struct tree_root *root)
{
    struct wanted w;

    while (fifo_pop(&l->wanted, &w))
        ;
    map_clear(&l->seen);
    l->seq = root->seq;
    l->has_root = true;
    l->failed = false;
    want(d, l, &root->enrs, 1, false);
    want(d, l, &root->links, 1, true);
}

static void fail(struct dns *d, const struct env *env, struct list *l)
{
    d->counters.failures++;
    l->failed = true; /* the whole list again, sooner than otherwise */
    l->due = mono_add(env->now, l->pause_ns);
    l->pause_ns =
        2 * l->pause_ns < DNS_AGAIN_MS * NS_PER_MS ? 2 * l->pause_ns : DNS_AGAIN_MS * NS_PER_MS;
}

/* ---- answers ---- */

static void on_root(struct dns *d, const struct env *env, struct list *l, const struct span *texts,
                    size_t count)
{
    struct tree_root root;
    enum err err = ERR_NOT_FOUND;

    for (size_t i = 0; i < count && err != OK; i++)
        err = tree_root_open(texts[i], l->url.key, &root);
    d->counters.forged += err == ERR_AUTH;
    if (err == OK && l->has_root && root.seq < l->seq) {
        d->counters.forged++; /* an old list, played again */
        err = ERR_AUTH;
    }
    if (err != OK) {
        fail(d, env, l);
        return;
    }
    l->due = mono_add(env->now, DNS_AGAIN_MS * NS_PER_MS);
    if (l->has_root && root.seq == l->seq && !l->failed)
        return;
    begin_walk(d, l, &root);
}

static void found(struct dns *d, const struct enr *enr)
{
    struct slot_out s = {.out = {.kind = DNS_OUT_FOUND}, .enr = malloc(sizeof *enr)};

    if (s.enr == NULL)
        return;
    *s.enr = *enr;
    d->counters.found++;
    emit(d, &s);
}

/* Lists belong below l=, nodes below e=; a stray one says nothing. */
static void take_entry(struct dns *d, const struct env *env, struct list *l, const struct wanted *w)
{
    const struct tree_entry *e = &d->entry;

    switch (e->kind) {
    case TREE_BRANCH:
        for (size_t i = 0; i < e->count; i++)
            want(d, l, &e->children[i], w->depth + 1u, w->links);
        break;
    case TREE_LINK:
        if (w->links)
            d->counters.limited += add(d, env, &e->link, true) != OK;
        break;
    case TREE_ENR:
        if (!w->links)
            found(d, &e->enr);
        break;
    }
}

static void on_entry(struct dns *d, const struct env *env, struct list *l, const struct wanted *w,
                     const struct span *texts, size_t count)
{
    enum err err = ERR_NOT_FOUND;

    for (size_t i = 0; i < count && err != OK; i++) /* a name may have other texts, too */
        err = tree_entry_open(texts[i], &w->hash, &d->entry);
    d->counters.forged += err == ERR_AUTH;
    d->counters.limited += err == ERR_LIMIT;
    if (err == OK)
        take_entry(d, env, l, w);
    else if (!l->failed)
        fail(d, env, l);
}

static void look_up(struct dns *d);

void dns_answer(struct dns *d, const struct env *env, uint64_t query, enum err err,
                const struct span *texts, size_t count)
{
    struct lookup_slot *s = d->slots;

    while (s < d->slots + DNS_LOOKUPS_MAX && (s->query == 0 || s->query != query))
        s++;
    if (s == d->slots + DNS_LOOKUPS_MAX)
        return;
    struct list *l = &d->lists[s->list];
    s->query = 0;
    l->looking--;
    if (err != OK)
        count = 0;
    if (s->root)
        on_root(d, env, l, texts, count);
    else
        on_entry(d, env, l, &s->entry, texts, count);
    if (l->looking == 0 && fifo_count(&l->wanted) == 0 && !l->failed)
        l->pause_ns = DNS_RETRY_MS_MIN * NS_PER_MS;
    look_up(d);
}

/* ---- look-ups ---- */

static bool ask(struct dns *d, size_t list, const struct wanted *entry)
{
    struct lookup_slot *s = d->slots;
    struct slot_out out = {.out = {.kind = DNS_OUT_LOOKUP}};

    while (s < d->slots + DNS_LOOKUPS_MAX && s->query != 0)
        s++;
    if (s == d->slots + DNS_LOOKUPS_MAX)
        return false;
    *s = (struct lookup_slot){.query = d->next_query += 2, .list = list, .root = entry == NULL};
    if (entry != NULL)
        s->entry = *entry;
    out.out.query = s->query;
    snprintf(out.name, sizeof out.name, "%s%s%s", entry == NULL ? "" : entry->hash.text,
             entry == NULL ? "" : ".", d->lists[list].url.domain);
    d->lists[list].looking++;
    d->counters.lookups++;
    emit(d, &out);
    return true;
}

static void look_up(struct dns *d)
{
    for (size_t i = 0; i < d->count; i++) {
        struct list *l = &d->lists[i];
        struct wanted *w;
        if (l->root_wanted && l->looking == 0 && fifo_count(&l->wanted) == 0)
            l->root_wanted = !ask(d, i, NULL);
        while ((w = fifo_peek(&l->wanted)) != NULL) {
            struct wanted next = *w;
            if (!ask(d, i, &next))
                return;
            fifo_pop(&l->wanted, &next);
        }
    }
}

void dns_tick(struct dns *d, const struct env *env)
{
    for (size_t i = 0; i < d->count; i++) {
        struct list *l = &d->lists[i];
        if (env->now.ns < l->due.ns)
            continue;
        l->root_wanted = true;
        l->due = mono_add(env->now, DNS_AGAIN_MS * NS_PER_MS);
    }
    look_up(d);
}

struct mono dns_deadline(const struct dns *d)
{
    struct mono due = MONO_NEVER;

    for (size_t i = 0; i < d->count; i++)
        due = mono_min(due, d->lists[i].due);
    return due;
}

/* ---- life ---- */

enum err dns_new(struct dns **out, const struct env *env)
{
    struct dns *d = calloc(1, sizeof *d);

    if (d == NULL)
        return ERR_MEMORY;
    rng_fill(env->rng, d->seed, sizeof d->seed);
    d->next_query = 1;
    fifo_init(&d->out, sizeof(struct slot_out), DNS_ENTRIES_MAX);
    *out = d;
    return OK;
}

void dns_free(struct dns *d)
{
    struct slot_out s;

    if (d == NULL)
        return;
    free(d->told.enr);
    while (fifo_pop(&d->out, &s))
        free(s.enr);
    fifo_clear(&d->out);
    for (size_t i = 0; i < d->count; i++) {
        fifo_clear(&d->lists[i].wanted);
        map_clear(&d->lists[i].seen);
    }
    free(d);
}
