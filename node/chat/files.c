/* The person's calls about files; which files are under way. */
#include "node/chat/files.h"

#include "crypto/base/wipe.h"

#include <stdlib.h>

/* ---- the list ---- */

struct file *files_find(const struct chat *c, const struct chat_conversation *id,
                        const struct entry_id *entry)
{
    for (size_t i = 0; i < c->files_count; i++)
        if (memcmp(c->files[i]->id.bytes, id->bytes, sizeof id->bytes) == 0 &&
            memcmp(c->files[i]->entry.bytes, entry->bytes, sizeof entry->bytes) == 0)
            return c->files[i];
    return NULL;
}

/* The row that says: this file is under way. */
static struct row_key mark_of(const struct file *f)
{
    return row_key_of(SPAN_LIT("file:"), SPAN_ARRAY(f->id.bytes), SPAN_ARRAY(f->entry.bytes));
}

static enum err add(struct chat *c, const struct file *f, struct file **out)
{
    if (c->files_count == CHAT_FILES_MAX)
        return ERR_FULL;
    *out = malloc(sizeof **out);
    if (*out == NULL)
        return ERR_MEMORY;
    **out = *f;
    (*out)->segments = NULL;
    segments_keys(f->key, &(*out)->keys);
    c->files[c->files_count++] = *out;
    return OK;
}

enum err files_begin(struct chat *c, const struct file *f, struct file **out)
{
    struct buf nothing = BUF_INIT(1);
    struct row_key mark = mark_of(f);
    TRY(add(c, f, out));
    step_put(c, VAULT_T_SECRETS, row_span(&mark), &nothing);
    file_save(c, *out);
    return OK;
}

void file_shut(struct file *f)
{
    segments_free(f->segments);
    f->segments = NULL;
}

static void file_free(struct file *f)
{
    file_shut(f);
    wipe(f, sizeof *f);
    free(f);
}

void files_end(struct chat *c, struct file *f)
{
    struct row_key mark = mark_of(f);
    size_t i = 0;
    while (c->files[i] != f)
        i++;
    c->files_count--;
    memmove(&c->files[i], &c->files[i + 1], (c->files_count - i) * sizeof c->files[0]);
    step_put(c, VAULT_T_SECRETS, row_span(&mark), NULL);
    file_free(f);
}

bool files_room(const struct chat *c, uint64_t bytes)
{
    for (size_t i = 0; i < c->files_count; i++)
        bytes += c->files[i]->segments != NULL ? c->files[i]->size : 0;
    return bytes <= FILES_OPEN_BYTES_MAX;
}

void files_clear(struct chat *c)
{
    while (c->files_count > 0)
        file_free(c->files[--c->files_count]);
}

enum err files_load(struct chat *c)
{
    static const char prefix[] = "file:";
    struct vault_key key = {0};
    enum err err;
    while ((err = vault_next(c->vault, VAULT_T_SECRETS, span_str(prefix), &key, NULL)) == OK) {
        struct chat_conversation id;
        struct entry_id entry;
        struct file f, *fresh;
        if (key.len != sizeof prefix - 1 + sizeof id + sizeof entry)
            return ERR_CORRUPT;
        memcpy(id.bytes, key.bytes + sizeof prefix - 1, sizeof id.bytes);
        memcpy(entry.bytes, key.bytes + sizeof prefix - 1 + sizeof id, sizeof entry.bytes);
        TRY(file_read(c, &id, &entry, &f));
        TRY(add(c, &f, &fresh));
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

void files_drop(struct chat *c, const struct talk *t, const struct entry_id *entry)
{
    struct file there, *f = files_find(c, &t->id, entry);
    if (f != NULL)
        files_end(c, f);
    if (file_read(c, &t->id, entry, &there) != ERR_NOT_FOUND)
        file_erase(c, &there);
}

/* ---- sending ---- */

static struct file cut_file(const struct segments *s, const struct env *env, const struct talk *t,
                            size_t size)
{
    struct file f = {
        .id = t->id, .state = FILE_SENDING, .ours = true, .size = size, .from_ns = env->wall.ns};
    segments_announce(s, f.hash, f.root);
    rng_fill(env->rng, f.key, sizeof f.key);
    for (size_t i = 0; i < segments_count(size); i++)
        f.todo[i / 8] |= (uint8_t)(1u << i % 8);
    return f;
}

static enum err announce(struct chat *c, const struct env *env, struct talk *t,
                         struct content *content, struct file *f)
{
    struct chat_entry_id entry;
    content->size = f->size;
    memcpy(content->hash, f->hash, sizeof f->hash);
    memcpy(content->root, f->root, sizeof f->root);
    memcpy(content->key, f->key, sizeof f->key);
    TRY(talk_say(c, env, t, content, &entry));
    memcpy(f->entry.bytes, entry.bytes, sizeof entry.bytes);
    return OK;
}

static enum err check_label(struct span text)
{
    if (text.len > CONTENT_NAME_MAX)
        return ERR_LIMIT;
    return pack_is_utf8(text) ? OK : ERR_FORMAT;
}

enum err chat_send_file(struct chat *c, const struct env *env, const struct chat_conversation *id,
                        struct span name, struct span type, struct span bytes,
                        struct chat_entry_id *out)
{
    struct talk *t;
    struct segments *s;
    struct file *f;
    struct content content = {
        .tag = CONTENT_ATTACHMENT, .name = name, .media_type = type, .fallback = name};
    TRY(talks_named(c, id, &t));
    TRY(check_label(name));
    TRY(check_label(type));
    if (bytes.len == 0)
        return ERR_ARGUMENT;
    if (bytes.len > CONTENT_ATTACHMENT_MAX)
        return ERR_LIMIT;
    if (c->files_count == CHAT_FILES_MAX)
        return ERR_FULL;
    TRY(step_close(c, env)); /* a step has room for one file */
    TRY(segments_cut(bytes, &s));
    struct file cut = cut_file(s, env, t, bytes.len);
    enum err err = announce(c, env, t, &content, &cut);
    if (err == OK)
        err = files_begin(c, &cut, &f);
    if (err == OK)
        file_put_bytes(c, f, bytes);
    segments_free(s);
    wipe(&cut.key, sizeof cut.key);
    TRY(err);
    if (out != NULL)
        memcpy(out->bytes, f->entry.bytes, sizeof out->bytes);
    return step_close(c, env);
}

/* ---- fetching ---- */

static enum err collect(struct chat *c, const struct env *env, const struct talk *t,
                        const struct entry_id *entry, const struct content *k, uint64_t lamport)
{
    struct file *fresh, f = {.id = t->id,
                             .entry = *entry,
                             .state = FILE_COLLECTING,
                             .size = k->size,
                             .from_ns = (int64_t)lamport * NS_PER_MS,
                             .at = mono_add(env->now, FILE_LOOK_S * NS_PER_S)};
    if (segments_count(k->size) == 0)
        return ERR_FORMAT;
    if (f.from_ns > env->wall.ns)
        f.from_ns = env->wall.ns;
    memcpy(f.hash, k->hash, sizeof f.hash);
    memcpy(f.root, k->root, sizeof f.root);
    memcpy(f.key, k->key, sizeof f.key);
    step_open(c);
    TRY(files_begin(c, &f, &fresh));
    file_collect(c, env, fresh);
    return OK;
}

void files_announced(struct chat *c, const struct env *env, struct talk *t,
                     const struct entry_place *place, const struct content *k)
{
    struct file f;
    if (t->state == CHAT_REQUESTED || file_read(c, &t->id, &place->id, &f) != ERR_NOT_FOUND)
        return; /* a stranger's is fetched when the person wants it */
    enum err err = collect(c, env, t, &place->id, k, place->lamport);
    if (err != OK)
        log_unusual(env, "chat", "a file is not collected err=%s", err_name(err));
}

enum err chat_file_fetch(struct chat *c, const struct env *env, const struct chat_conversation *id,
                         const struct chat_entry_id *entry)
{
    struct talk *t;
    struct chat_entry e;
    struct content k;
    struct entry_id name;
    struct file there, *f;

    TRY(talks_named(c, id, &t));
    TRY(entry_content(c, id, entry, &e, &k));
    if (e.content != CHAT_ATTACHMENT || e.deleted)
        return ERR_ARGUMENT;
    memcpy(name.bytes, entry->bytes, sizeof name.bytes);
    enum err err = file_read(c, id, &name, &there);
    if (err == OK && there.state != FILE_COLLECTING)
        return ERR_EXISTS;
    step_open(c);
    f = files_find(c, id, &name);
    if (f == NULL && err == OK)
        TRY(files_begin(c, &there, &f)); /* it was given up: go on */
    if (f == NULL)
        TRY(collect(c, env, t, &name, &k, (uint64_t)(e.time_ns / NS_PER_MS)));
    f = files_find(c, id, &name);
    if (f != NULL) {
        f->tries = 0;
        f->at = env->now;
    }
    return step_close(c, env);
}

enum err chat_file(struct chat *c, const struct chat_conversation *id,
                   const struct chat_entry_id *entry, struct buf *out)
{
    struct file f;
    struct entry_id name;
    memcpy(name.bytes, entry->bytes, sizeof name.bytes);
    TRY(file_read(c, id, &name, &f));
    return f.state == FILE_COLLECTING ? ERR_NOT_FOUND : file_get_bytes(c, &f, out);
}

bool files_here(struct chat *c, const struct talk *t, const struct entry_id *entry)
{
    struct file f;
    return file_read(c, &t->id, entry, &f) == OK && f.state != FILE_COLLECTING;
}

/* ---- time ---- */

/* Has it something to do at its time? Files are published one after the other. */
static bool is_due(const struct chat *c, const struct file *f)
{
    size_t first = 0;
    if (f->state == FILE_COLLECTING)
        return true;
    while (c->files[first]->state != FILE_SENDING)
        first++;
    return c->online && c->files[first] == f && file_publishes(f);
}

void files_tick(struct chat *c, const struct env *env)
{
    for (size_t i = c->files_count; i-- > 0;) {
        struct file *f = c->files[i];
        if (f->at.ns > env->now.ns || !is_due(c, f))
            continue;
        step_open(c); /* what is to be published goes when it closes */
        if (f->state == FILE_COLLECTING)
            file_collect_tick(c, env, f);
    }
}

struct mono files_deadline(const struct chat *c)
{
    struct mono at = MONO_NEVER;
    for (size_t i = 0; i < c->files_count; i++)
        if (is_due(c, c->files[i]))
            at = mono_min(at, c->files[i]->at);
    return at;
}
