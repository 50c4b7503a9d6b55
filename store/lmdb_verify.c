/* Looking at everything: each index must name each record exactly once. */
#include "store/lmdb.h"

#include <stdlib.h>

struct checking {
    struct archive_report *report;
    archive_check *check;
    void *state;
    struct view *view;
    uint64_t all, by_pubsub, by_pair, by_hash; /* items seen */
};

static enum err check_entry(struct checking *c, const struct record *r)
{
    struct archive_entry e = {.timestamp_ns = r->timestamp_ns, .message = r->message};
    struct record same;
    memcpy(e.hash, r->hash, ARCHIVE_HASH_BYTES);
    c->report->entries++;
    enum err err = view_names(c->view, r->pair, &e.content_topic, &e.pubsub_topic);
    if (err != OK) {
        report_broken(c->report, "unknown topics", r->hash);
        return err == ERR_CORRUPT ? OK : err;
    }
    if (view_find(c->view, r->hash, &same) != OK || same.hash != r->hash)
        report_broken(c->report, "not found by its hash", r->hash);
    if (c->check != NULL && !c->check(c->state, &e))
        report_broken(c->report, "hash does not fit the message", r->hash);
    return OK;
}

static enum err check_key_item(struct checking *c, const uint8_t *item)
{
    struct record r;
    struct span content, pubsub;
    uint32_t id = (uint32_t)get_be(item, 4), pubsub_id;
    if (view_record(c->view, run_place(item, KEY_ITEM_BYTES), &r) != OK) {
        report_broken(c->report, "an index names a record that is not there", NULL);
        return OK;
    }
    if (r.timestamp_ns != get_time(item + 4))
        report_broken(c->report, "an index has another time", r.hash);
    if (id == TOPIC_ALL) {
        c->all++;
        return check_entry(c, &r);
    }
    if (id == r.pair) {
        c->by_pair++;
        return OK;
    }
    if (view_names(c->view, r.pair, &content, &pubsub) == OK &&
        view_topic(c->view, pubsub, &pubsub_id) == OK && pubsub_id == id)
        c->by_pubsub++;
    else
        report_broken(c->report, "an index has another topic", r.hash);
    return OK;
}

static enum err check_key_run(struct checking *c, const struct run *run)
{
    struct run_ties ties = view_ties(c->view);
    for (size_t i = 0; i < run->count; i++) {
        const uint8_t *item = run->items + i * KEY_ITEM_BYTES;
        if (i > 0 && run_key_cmp(item - KEY_ITEM_BYTES, item, &ties) >= 0)
            report_broken(c->report, "an index is out of order", NULL);
        TRY(check_key_item(c, item));
    }
    return OK;
}

static void check_hash_run(struct checking *c, const struct run *run)
{
    for (size_t i = 0; i < run->count; i++) {
        const uint8_t *item = run->items + i * HASH_ITEM_BYTES;
        struct record r;
        if (i > 0 && memcmp(item - HASH_ITEM_BYTES, item, HASH_ITEM_BYTES) >= 0)
            report_broken(c->report, "the hash index is out of order", NULL);
        if (view_record(c->view, run_place(item, HASH_ITEM_BYTES), &r) != OK ||
            memcmp(r.hash, item, HASH_PREFIX_BYTES) != 0)
            report_broken(c->report, "the hash index names another record", NULL);
        c->by_hash++;
    }
}

static enum err check_segment(struct checking *c)
{
    const struct view *v = c->view;
    uint64_t entries = v->meta.entries;
    c->all = c->by_pubsub = c->by_pair = c->by_hash = 0;
    for (size_t i = 0; i < v->keys_count; i++)
        TRY(check_key_run(c, &v->keys[i]));
    for (size_t i = 0; i < v->hashes_count; i++)
        check_hash_run(c, &v->hashes[i]);
    if (c->all != entries || c->by_pubsub != entries || c->by_pair != entries ||
        c->by_hash != entries)
        report_broken(c->report, "an index is incomplete", NULL);
    return OK;
}

enum err lmdb_verify(struct archive *base, archive_check *check, void *state,
                     struct archive_report *out)
{
    struct pins pins;
    struct checking c = {.report = out, .check = check, .state = state};
    TRY(pins_take((struct archive_lmdb *)base, &pins));
    enum err err = OK;
    for (size_t i = 0; i < pins.count && err == OK; i++) {
        err = pins_view(&pins, i, &c.view);
        if (err == OK)
            err = check_segment(&c);
    }
    pins_drop(&pins);
    return err;
}
