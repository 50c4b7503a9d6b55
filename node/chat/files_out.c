/* Segments, published a few at a time; again those that somebody asks for. */
#include "node/chat/files.h"

static bool has_bit(const uint8_t *set, size_t i)
{
    return (set[i / 8] >> i % 8 & 1) != 0;
}

static bool is_under_way(const struct file *f, size_t segment)
{
    for (size_t i = 0; i < f->under_way_count; i++)
        if (f->under_way[i].segment == segment)
            return true;
    return false;
}

/* The next segment to hand out, or the count of them. */
static size_t next_of(const struct file *f)
{
    size_t count = segments_count(f->size), i = 0;
    while (i < count && (!has_bit(f->todo, i) || is_under_way(f, i)))
        i++;
    return i;
}

bool file_publishes(const struct file *f)
{
    return f->state == FILE_SENDING && f->under_way_count < FILE_UNDER_WAY_MAX &&
           (f->under_way_count == 0 || next_of(f) < segments_count(f->size));
}

/* Cut it again: the same bytes give the same segments. */
static enum err cut(struct chat *c, struct file *f)
{
    struct buf bytes = BUF_INIT(CONTENT_ATTACHMENT_MAX);
    uint8_t hash[32], root[32];
    if (f->segments != NULL)
        return OK;
    enum err err = file_get_bytes(c, f, &bytes);
    if (err == OK)
        err = segments_cut(buf_span(&bytes), &f->segments);
    buf_clear(&bytes);
    if (err == OK) {
        segments_announce(f->segments, hash, root);
        err = memcmp(root, f->root, sizeof root) == 0 ? OK : ERR_CORRUPT;
    }
    return err;
}

static enum err publish(struct chat *c, const struct env *env, struct file *f, const struct talk *t,
                        size_t i)
{
    struct buf segment = BUF_INIT(ENVELOPE_BYTES_MAX), envelope = BUF_INIT(ENVELOPE_BYTES_MAX);
    char topic[ENVELOPE_TOPIC_BYTES];

    envelope_topic(ENVELOPE_BUCKET, talk_bucket(t, env->wall.ns), topic);
    enum err err = segments_write(f->segments, i, &segment);
    if (err == OK)
        err = envelope_seal(&f->keys, env->rng, span_str(topic), buf_span(&segment), &envelope);
    if (err == OK)
        err = chat_publish(c, env, topic, &envelope, NULL, ++c->files_token);
    if (err == OK)
        f->under_way[f->under_way_count++] = (struct file_under_way){c->files_token, (uint32_t)i};
    buf_clear(&segment);
    buf_clear(&envelope);
    return err;
}

static void done(struct chat *c, struct file *f)
{
    f->state = FILE_HERE;
    file_save(c, f);
    files_end(c, f);
}

/* Fill its places; false: it has ended. */
static bool fill(struct chat *c, const struct env *env, struct file *f)
{
    const struct talk *t = talks_find(c, f->id.bytes);
    size_t count = segments_count(f->size);
    bool over = next_of(f) == count && f->under_way_count == 0;

    if (over || t == NULL || t->state == CHAT_LEFT || t->branches == NULL) {
        done(c, f); /* who has left publishes no more */
        return false;
    }
    enum err err = cut(c, f);
    for (size_t i; err == OK && file_publishes(f) && (i = next_of(f)) < count;)
        err = publish(c, env, f, t, i);
    if (err != OK) {
        log_unusual(env, "chat", "a segment was not published err=%s", err_name(err));
        f->at = mono_add(env->now, FILE_RETRY_S * NS_PER_S);
    }
    return true;
}

/* One file after the other: each is in memory while it is cut. */
void files_pump(struct chat *c, const struct env *env)
{
    for (size_t i = 0; c->online && i < c->files_count;) {
        struct file *f = c->files[i];
        if (f->state != FILE_SENDING) {
            i++;
            continue;
        }
        if (f->at.ns > env->now.ns || !file_publishes(f) || fill(c, env, f))
            return;
    }
}

void files_published(struct chat *c, const struct env *env, uint64_t token, enum err err)
{
    for (size_t i = 0; i < c->files_count; i++) {
        struct file *f = c->files[i];
        for (size_t k = 0; k < f->under_way_count; k++) {
            size_t segment = f->under_way[k].segment;
            if (f->under_way[k].token != token)
                continue;
            f->under_way[k] = f->under_way[--f->under_way_count];
            if (err == OK)
                f->todo[segment / 8] &= (uint8_t) ~(1u << segment % 8);
            else
                f->at = mono_add(env->now, FILE_RETRY_S * NS_PER_S);
            file_save(c, f);
            return;
        }
    }
}

/* Somebody wants these; once in FILE_AGAIN_S. */
void files_wanted(struct chat *c, const struct env *env, struct talk *t, const struct content *k)
{
    struct file there, *f = files_find(c, &t->id, &k->target);
    if (f == NULL && file_read(c, &t->id, &k->target, &there) != OK)
        return;
    const struct file *now = f != NULL ? f : &there;
    if (!now->ours || now->state == FILE_COLLECTING || k->bytes.len != sizeof now->todo ||
        env->wall.ns - now->asked_ns < FILE_AGAIN_S * NS_PER_S)
        return;
    if (f == NULL && files_begin(c, &there, &f) != OK)
        return;
    f->state = FILE_SENDING;
    f->asked_ns = env->wall.ns;
    for (size_t i = 0; i < segments_count(f->size); i++)
        if (has_bit(k->bytes.ptr, i))
            f->todo[i / 8] |= (uint8_t)(1u << i % 8);
    file_save(c, f);
}
