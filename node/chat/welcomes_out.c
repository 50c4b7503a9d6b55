/* Welcomes of ours that invites refer to: stored, laid out in segments, and again after a day. */
#include "node/chat/welcomes.h"

#include "crypto/base/wipe.h"

#include <stdlib.h>

static struct welcome_out *find(const struct chat *c, const uint8_t id[16])
{
    for (size_t i = 0; i < c->welcomes_out_count; i++)
        if (memcmp(c->welcomes_out[i]->id, id, 16) == 0)
            return c->welcomes_out[i];
    return NULL;
}

static struct row_key key_of(const struct welcome_out *w)
{
    return row_key_of(SPAN_LIT("welcome:"), SPAN_ARRAY(w->id), SPAN_EMPTY);
}

/* ---- at rest ---- */

static void save(struct chat *c, const struct welcome_out *w, struct span blob)
{
    struct buf value = BUF_INIT(VAULT_VALUE_BYTES_MAX);
    struct pack_writer k = pack_writer_to(&value);
    struct row_key key = key_of(w);

    pack_write_array(&k, 5);
    pack_write_uint(&k, 1);
    pack_write_bin(&k, SPAN_ARRAY(w->key));
    pack_write_int(&k, w->made_ns);
    pack_write_int(&k, w->laid_ns);
    pack_write_bin(&k, blob);
    if (pack_writer_status(&k) == OK)
        step_put(c, VAULT_T_SECRETS, row_span(&key), &value);
    else if (c->failed == OK)
        c->failed = ERR_MEMORY;
    buf_clear(&value);
}

static enum err read_row(struct span in, struct welcome_out *w, struct span *blob)
{
    struct pack_reader r;

    TRY(pack_open(in, &r));
    (void)pack_read_array(&r, 5, 5);
    (void)pack_read_uint(&r, 1);
    pack_read_fixed(&r, w->key, sizeof w->key);
    w->made_ns = pack_read_int(&r);
    w->laid_ns = pack_read_int(&r);
    *blob = pack_read_bin(&r, 1, WELCOME_REF_BYTES_MAX);
    w->size = blob->len;
    return pack_end(&r);
}

static void shut(struct welcome_out *w)
{
    segments_free(w->segments);
    w->segments = NULL;
    w->under_way_count = w->next = 0;
}

static void free_one(struct welcome_out *w)
{
    shut(w);
    wipe(w, sizeof *w);
    free(w);
}

enum err welcomes_load(struct chat *c)
{
    static const char prefix[] = "welcome:";
    struct vault_key key = {0};
    struct buf value = BUF_INIT(VAULT_VALUE_BYTES_MAX);
    enum err err = OK;

    while (err == OK && c->welcomes_out_count < CHAT_WELCOMES_MAX &&
           vault_next(c->vault, VAULT_T_SECRETS, span_str(prefix), &key, &value) == OK) {
        struct span blob;
        struct welcome_out *w = calloc(1, sizeof *w);
        if (w == NULL)
            err = ERR_MEMORY;
        else if (key.len != sizeof prefix - 1 + sizeof w->id ||
                 read_row(buf_span(&value), w, &blob) != OK)
            err = ERR_CORRUPT;
        if (err != OK) {
            free(w);
            break;
        }
        memcpy(w->id, key.bytes + sizeof prefix - 1, sizeof w->id);
        c->welcomes_out[c->welcomes_out_count++] = w;
    }
    buf_clear(&value);
    return err;
}

void welcomes_clear_out(struct chat *c)
{
    while (c->welcomes_out_count > 0)
        free_one(c->welcomes_out[--c->welcomes_out_count]);
}

/* ---- the list ---- */

bool welcomes_room(const struct chat *c)
{
    return c->welcomes_out_count < CHAT_WELCOMES_MAX;
}

static enum err refer(const struct welcome_out *w, struct span blob, struct buf *reference)
{
    struct welcome_ref ref = {.size = blob.len, .from_s = (uint64_t)(w->made_ns / NS_PER_S)};
    struct segments *s;

    TRY(segments_cut(blob, &s));
    segments_announce(s, ref.hash, ref.root);
    segments_free(s);
    memcpy(ref.key, w->key, sizeof ref.key);
    enum err err = welcome_ref_encode(&ref, reference);
    wipe(&ref, sizeof ref);
    return err;
}

enum err welcomes_add(struct chat *c, const struct env *env, struct span blob, uint8_t id[16],
                      struct buf *reference)
{
    if (blob.len > WELCOME_REF_BYTES_MAX)
        return ERR_LIMIT;
    if (!welcomes_room(c))
        return ERR_FULL;
    struct welcome_out *w = calloc(1, sizeof *w);
    if (w == NULL)
        return ERR_MEMORY;
    rng_fill(env->rng, w->id, sizeof w->id);
    rng_fill(env->rng, w->key, sizeof w->key);
    w->made_ns = env->wall.ns;
    w->size = blob.len;
    enum err err = refer(w, blob, reference);
    if (err != OK) {
        free_one(w);
        return err;
    }
    memcpy(id, w->id, sizeof w->id);
    c->welcomes_out[c->welcomes_out_count++] = w;
    save(c, w, blob);
    return OK;
}

void welcomes_drop(struct chat *c, const uint8_t id[16])
{
    for (size_t i = c->welcomes_out_count; i-- > 0;) {
        struct welcome_out *w = c->welcomes_out[i];
        if (memcmp(w->id, id, 16) != 0)
            continue;
        struct row_key key = key_of(w);
        step_put(c, VAULT_T_SECRETS, row_span(&key), NULL);
        free_one(w);
        c->welcomes_out_count--;
        memmove(&c->welcomes_out[i], &c->welcomes_out[i + 1],
                (c->welcomes_out_count - i) * sizeof c->welcomes_out[0]);
    }
}

/* ---- laying out ---- */

/* The blob and, of it, the segments. */
static enum err open_row(struct chat *c, const struct welcome_out *w, struct buf *value,
                         struct span *blob)
{
    struct welcome_out same;
    struct row_key key = key_of(w);

    TRY(vault_get(c->vault, VAULT_T_SECRETS, row_span(&key), value));
    enum err err = read_row(buf_span(value), &same, blob);
    wipe(&same, sizeof same);
    return err;
}

static enum err cut(struct chat *c, struct welcome_out *w)
{
    struct buf value = BUF_INIT(VAULT_VALUE_BYTES_MAX);
    struct span blob;

    enum err err = open_row(c, w, &value, &blob);
    if (err == OK)
        err = segments_cut(blob, &w->segments);
    buf_clear(&value);
    return err;
}

bool welcomes_laid(struct chat *c, const struct env *env, const uint8_t id[16])
{
    struct welcome_out *w = find(c, id);

    if (w == NULL || (w->laid_ns != 0 && env->wall.ns - w->laid_ns < INVITE_AGAIN_S * NS_PER_S))
        return true;
    if (w->segments == NULL && w->at.ns <= env->now.ns) {
        enum err err = cut(c, w);
        if (err != OK) {
            log_unusual(env, "chat", "a Welcome is not laid out err=%s", err_name(err));
            w->at = mono_add(env->now, FILE_RETRY_S * NS_PER_S);
        }
    }
    return false;
}

static enum err publish(struct chat *c, const struct env *env, struct welcome_out *w)
{
    struct buf segment = BUF_INIT(ENVELOPE_BYTES_MAX), envelope = BUF_INIT(ENVELOPE_BYTES_MAX);
    struct envelope_keys keys;
    char topic[ENVELOPE_TOPIC_BYTES];

    welcome_ref_keys(w->key, &keys);
    envelope_topic(ENVELOPE_BUCKET, welcome_ref_bucket(w->key), topic);
    enum err err = segments_write(w->segments, w->next, &segment);
    if (err == OK)
        err = envelope_seal(&keys, env->rng, span_str(topic), buf_span(&segment), &envelope);
    if (err == OK)
        err = chat_publish(c, env, topic, &envelope, NULL, ++c->files_token);
    if (err == OK)
        w->under_way[w->under_way_count++] = (struct welcome_segment){c->files_token, w->next++};
    wipe(&keys, sizeof keys);
    buf_clear(&segment);
    buf_clear(&envelope);
    return err;
}

void welcomes_pump(struct chat *c, const struct env *env)
{
    for (size_t i = 0; c->online && i < c->welcomes_out_count; i++) {
        struct welcome_out *w = c->welcomes_out[i];
        enum err err = OK;
        if (w->segments == NULL || w->at.ns > env->now.ns)
            continue;
        size_t count = segments_count(w->size);
        while (err == OK && w->next < count && w->under_way_count < FILE_UNDER_WAY_MAX)
            err = publish(c, env, w);
        if (err != OK)
            w->at = mono_add(env->now, FILE_RETRY_S * NS_PER_S);
    }
}

static void laid(struct chat *c, const struct env *env, struct welcome_out *w)
{
    struct buf value = BUF_INIT(VAULT_VALUE_BYTES_MAX);
    struct span blob;

    shut(w);
    w->laid_ns = env->wall.ns;
    if (open_row(c, w, &value, &blob) == OK)
        save(c, w, blob);
    buf_clear(&value);
    inviting_laid(c, env, w->id);
}

void welcomes_published(struct chat *c, const struct env *env, uint64_t token, enum err err)
{
    for (size_t i = 0; i < c->welcomes_out_count; i++) {
        struct welcome_out *w = c->welcomes_out[i];
        for (size_t k = 0; k < w->under_way_count; k++) {
            if (w->under_way[k].token != token)
                continue;
            size_t segment = w->under_way[k].segment;
            w->under_way[k] = w->under_way[--w->under_way_count];
            if (err != OK) { /* from there on once more */
                w->next = segment < w->next ? segment : w->next;
                w->at = mono_add(env->now, FILE_RETRY_S * NS_PER_S);
            } else if (w->under_way_count == 0 && w->next == segments_count(w->size)) {
                laid(c, env, w);
            }
            return;
        }
    }
}

void welcomes_again(struct chat *c, const struct env *env)
{
    for (size_t i = 0; c->online && i < c->welcomes_out_count; i++) {
        struct welcome_out *w = c->welcomes_out[i];
        if (w->segments == NULL || w->at.ns == 0 || w->at.ns > env->now.ns)
            continue;
        w->at = (struct mono){0};
        step_open(c); /* what is to be published goes when it closes */
    }
}

struct mono welcomes_deadline_out(const struct chat *c, const struct env *env)
{
    struct mono at = MONO_NEVER;
    for (size_t i = 0; c->online && i < c->welcomes_out_count; i++)
        if (c->welcomes_out[i]->segments != NULL && c->welcomes_out[i]->at.ns > env->now.ns)
            at = mono_min(at, c->welcomes_out[i]->at);
    return at;
}
