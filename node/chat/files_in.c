/* Segments, collected as they come: live, from stores, and asked of who has the file. */
#include "node/chat/files.h"

#include <stdlib.h>

/* ---- one that is complete ---- */

static void complete(struct chat *c, const struct env *env, struct file *f)
{
    struct buf bytes = BUF_INIT(CONTENT_ATTACHMENT_MAX);
    if (step_close(c, env) != OK) /* a step has room for one file */
        return;                   /* the disk is full: later */
    enum err err = segments_file(f->segments, &bytes);
    step_open(c);
    if (err == OK) {
        f->state = FILE_HERE;
        file_erase_segments(c, f);
        file_put_bytes(c, f, buf_span(&bytes));
        file_save(c, f);
        journal_add(c, env,
                    &(struct happened){.kind = CHAT_EVENT_FILE,
                                       .conversation = f->id.bytes,
                                       .entry = f->entry.bytes});
        files_end(c, f);
    } else if (err == ERR_AUTH) {
        log_unusual(env, "chat", "a file is not what its entry announced");
        file_erase(c, f);
        files_end(c, f);
    }
    buf_clear(&bytes);
}

/* ---- one segment ---- */

static void keep(struct chat *c, struct file *f, const struct buf *segment)
{
    struct row_key key = file_key(f, FILE_SEGMENTS_FROM + f->rows++);
    step_put(c, VAULT_T_FILES, row_span(&key), segment);
    c->files_step_bytes += segment->len;
}

/* True: it is of this file. */
static bool take(struct chat *c, const struct env *env, struct file *f, struct span topic,
                 struct span payload)
{
    struct buf segment = BUF_INIT(ENVELOPE_BYTES_MAX);
    bool ours = f->state == FILE_COLLECTING && f->segments != NULL &&
                envelope_matches(payload, f->keys.header) &&
                envelope_open(&f->keys, topic, payload, &segment) == OK;
    if (ours) {
        enum err err = segments_take(f->segments, buf_span(&segment));
        step_open(c);
        if (err == OK) {
            keep(c, f, &segment);
            f->tries = 0;
            f->at = mono_add(env->now, FILE_LOOK_S * NS_PER_S);
        } else if (err != ERR_EXISTS) {
            log_unusual(env, "chat", "a segment that is none err=%s", err_name(err));
        }
    }
    buf_clear(&segment);
    return ours;
}

bool files_received(struct chat *c, const struct env *env, struct span topic, struct span payload)
{
    if (c->stuck != OK)
        return false; /* the step must not grow while the disk is full */
    for (size_t i = 0; i < c->files_count; i++) {
        struct file *f = c->files[i];
        if (!take(c, env, f, topic, payload))
            continue;
        if (segments_needed(f->segments) == 0)
            complete(c, env, f);
        if (c->files_step_bytes >= FILES_STEP_BYTES) {
            c->files_step_bytes = 0;
            if (step_close(c, env) != OK)
                log_unusual(env, "chat", "segments are not written yet");
        }
        return true;
    }
    return false;
}

/* ---- opening ---- */

/* Segments that came before their entry. */
static void take_parked(struct chat *c, const struct env *env, struct file *f)
{
    struct parked_item item;
    uint64_t cursor = 0;
    char topic[ENVELOPE_TOPIC_BYTES];
    while (segments_needed(f->segments) > 0 &&
           parked_next(c->parked, f->keys.header, &cursor, &item)) {
        envelope_topic(ENVELOPE_BUCKET, item.bucket, topic);
        if (take(c, env, f, span_str(topic), item.payload))
            parked_take(c->parked, item.number);
    }
}

/* Segments that were here before a restart. */
static enum err take_kept(struct chat *c, struct file *f)
{
    struct row_key from = file_key(f, FILE_SEGMENTS_FROM - 1);
    struct vault_key key = {.len = (uint8_t)from.len};
    struct buf segment = BUF_INIT(ENVELOPE_BYTES_MAX);
    enum err err;
    memcpy(key.bytes, from.bytes, from.len);
    f->rows = 0;
    while ((err = vault_next(c->vault, VAULT_T_FILES, span_of(from.bytes, from.len - 4), &key,
                             &segment)) == OK) {
        f->rows++;
        err = segments_take(f->segments, buf_span(&segment));
        if (err != OK && err != ERR_EXISTS)
            break;
    }
    buf_clear(&segment);
    return err == ERR_NOT_FOUND ? OK : err;
}

void file_collect(struct chat *c, const struct env *env, struct file *f)
{
    if (f->segments == NULL && files_room(c, f->size)) {
        enum err err = segments_collect(f->size, f->hash, f->root, &f->segments);
        if (err == OK)
            err = take_kept(c, f);
        if (err != OK) {
            log_unusual(env, "chat", "a file is not collected err=%s", err_name(err));
            file_shut(f);
        }
    }
    if (f->segments != NULL)
        take_parked(c, env, f);
}

/* ---- what is missing ---- */

/* Neither came live nor in stores: who has the file may publish them again. */
static void ask(struct chat *c, const struct env *env, struct file *f)
{
    uint8_t missing[SEGMENTS_MAX / 8] = {0};
    struct content k = {.tag = CONTENT_WANTED, .target = f->entry, .bytes = SPAN_ARRAY(missing)};
    struct talk *t = talks_find(c, f->id.bytes);
    struct buf bytes = BUF_INIT(ENTRY_CONTENT_MAX);

    if (t == NULL || t->delivery == NULL || t->state != CHAT_JOINED || f->segments == NULL)
        return;
    for (size_t i = 0; i < segments_count(f->size); i++)
        if (!segments_has(f->segments, i))
            missing[i / 8] |= (uint8_t)(1u << i % 8);
    enum err err = content_encode(&k, &bytes);
    if (err == OK)
        err = delivery_pass(t->delivery, env, buf_span(&bytes));
    if (err != OK)
        log_unusual(env, "chat", "segments not asked for err=%s", err_name(err));
    t->active = true;
    buf_clear(&bytes);
}

/* 30 s, doubled each time that nothing came, a day at most; by chance as much again, so that not
 * all members of a group ask. */
static struct mono next_look(const struct env *env, unsigned tries)
{
    int64_t wait = FILE_LOOK_S;
    for (unsigned i = 0; i < tries && wait < FILE_LOOK_S_MAX; i++)
        wait *= 2;
    if (wait > FILE_LOOK_S_MAX)
        wait = FILE_LOOK_S_MAX;
    return mono_add(env->now, (wait + (int64_t)rng_below(env->rng, (uint64_t)wait)) * NS_PER_S);
}

void file_collect_tick(struct chat *c, const struct env *env, struct file *f)
{
    file_collect(c, env, f);
    if (f->segments != NULL && segments_needed(f->segments) == 0) {
        f->at = mono_add(env->now, FILE_LOOK_S * NS_PER_S); /* if the disk is full */
        complete(c, env, f);
        return;
    }
    f->at = next_look(env, f->tries);
    if (!c->online || f->segments == NULL)
        return; /* it waits for the network, or for others to be done */
    if (f->tries >= FILE_TRIES_MAX) {
        log_unusual(env, "chat", "a file was given up: segments are nowhere");
        files_end(c, f);
        return;
    }
    network_gap(c, env, f->from_ns - CATCHUP_OVERLAP_S * NS_PER_S);
    if (++f->tries >= FILE_ASK_TRIES)
        ask(c, env, f);
}
