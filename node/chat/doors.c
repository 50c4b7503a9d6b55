/* The doors of the last epochs: kept, knocked at, answered. */
#include "node/chat/doors.h"

#include "crypto/base/wipe.h"
#include "node/chat/talk.h"

#include <stdlib.h>

void doors_free(struct doors *d)
{
    if (d == NULL)
        return;
    wipe(d, sizeof *d);
    free(d);
}

static struct doors *doors_of(struct talk *t)
{
    if (t->doors == NULL)
        t->doors = calloc(1, sizeof *t->doors);
    return t->doors;
}

static size_t find(const struct doors *d, const struct eid *eid)
{
    size_t i = 0;

    while (i < d->count && !eid_eq(&d->list[i].eid, eid))
        i++;
    return i;
}

/* ---- at rest: a row each, [1, epoch, secret] ---- */

static struct row_key row_of(const struct talk *t, const struct eid *eid)
{
    return row_key_of(SPAN_LIT("door"), SPAN_ARRAY(t->id.bytes),
                      eid == NULL ? SPAN_EMPTY : SPAN_ARRAY(eid->bytes));
}

static void save(struct chat *c, const struct talk *t, const struct door *door)
{
    struct buf value = BUF_INIT(DOOR_ROW_BYTES);
    struct pack_writer w = pack_writer_to(&value);
    struct row_key key = row_of(t, &door->eid);

    pack_write_array(&w, 3);
    pack_write_uint(&w, 1);
    pack_write_uint(&w, door->epoch);
    pack_write_bin(&w, SPAN_ARRAY(door->secret));
    if (pack_writer_status(&w) == OK)
        step_put(c, VAULT_T_SECRETS, row_span(&key), &value);
    else if (c->failed == OK)
        c->failed = ERR_MEMORY;
    buf_clear(&value);
}

static enum err read(struct span in, struct door *out)
{
    struct pack_reader r;

    TRY(pack_open(in, &r));
    (void)pack_read_array(&r, 3, 3);
    (void)pack_read_uint(&r, 1);
    out->epoch = pack_read_uint(&r, UINT64_MAX);
    pack_read_fixed(&r, out->secret, sizeof out->secret);
    return pack_end(&r);
}

/* By epoch; of those of one epoch the last one noted is behind the others. */
static void insert(struct doors *d, const struct door *door)
{
    struct envelope_keys k;
    size_t i = d->count;

    while (i > 0 && d->list[i - 1].epoch > door->epoch)
        i--;
    memmove(&d->list[i + 1], &d->list[i], (d->count - i) * sizeof *d->list);
    d->list[i] = *door;
    door_keys(door->secret, &k);
    memcpy(d->list[i].header, k.header, sizeof k.header);
    wipe(&k, sizeof k);
    d->count++;
}

static void drop_oldest(struct chat *c, struct talk *t)
{
    struct doors *d = t->doors;
    struct row_key key = row_of(t, &d->list[0].eid);

    step_put(c, VAULT_T_SECRETS, row_span(&key), NULL);
    memmove(&d->list[0], &d->list[1], --d->count * sizeof *d->list);
    wipe(&d->list[d->count], sizeof *d->list);
}

enum err doors_note(struct chat *c, struct talk *t, const struct mls_group *g)
{
    struct doors *d = doors_of(t);
    struct door door = {.eid = branches_eid(g), .epoch = mls_group_context(g)->epoch};

    if (d == NULL)
        return ERR_MEMORY;
    if (find(d, &door.eid) < d->count)
        return OK;
    TRY(profile_door_secret(g, door.secret));
    if (d->count == DOORS_MAX)
        drop_oldest(c, t);
    insert(d, &door);
    save(c, t, &door);
    wipe(&door, sizeof door);
    return OK;
}

enum err doors_load(struct chat *c, struct talk *t)
{
    struct row_key prefix = row_of(t, NULL);
    struct buf value = BUF_INIT(DOOR_ROW_BYTES);
    struct vault_key key = {0};
    struct door door = {.epoch = 0};
    enum err err;

    while ((err = vault_next(c->vault, VAULT_T_SECRETS, row_span(&prefix), &key, &value)) == OK) {
        struct doors *d = doors_of(t);
        if (d == NULL)
            err = ERR_MEMORY;
        else if (key.len != prefix.len + EID_BYTES || d->count == DOORS_MAX ||
                 read(buf_span(&value), &door) != OK)
            err = ERR_CORRUPT;
        if (err != OK)
            break;
        memcpy(door.eid.bytes, key.bytes + prefix.len, EID_BYTES);
        insert(d, &door);
    }
    wipe(&door, sizeof door);
    buf_clear(&value);
    return err == ERR_NOT_FOUND ? OK : err;
}

/* ---- keys and bucket ---- */

void door_keys(const uint8_t secret[32], struct envelope_keys *out)
{
    uint8_t both[2 * ENVELOPE_KEY_BYTES];

    label_derive(LABEL_GROUP_DOOR_KEYS, span_of(secret, 32), SPAN_EMPTY, both, sizeof both);
    memcpy(out->header, both, sizeof out->header);
    memcpy(out->body, both + sizeof out->header, sizeof out->body);
    wipe(both, sizeof both);
}

uint8_t door_bucket(const uint8_t group[32], uint64_t week)
{
    uint8_t number[8], bucket;

    for (unsigned i = 0; i < 8; i++)
        number[i] = (uint8_t)(week >> (8 * (7 - i)));
    label_derive(LABEL_GROUP_DOOR_BUCKET, span_of(group, 32), SPAN_ARRAY(number), &bucket, 1);
    return bucket;
}

uint8_t doors_bucket(struct talk *t, int64_t wall_ns)
{
    struct doors *d = t->doors;

    if (d->week != week_of(wall_ns) + 1) { /* asked for with every message */
        d->bucket = door_bucket(t->id.bytes, week_of(wall_ns));
        d->week = week_of(wall_ns) + 1;
    }
    return d->bucket;
}

/* ---- out and in ---- */

enum err doors_publish(struct chat *c, const struct env *env, struct talk *t, const struct eid *eid,
                       const struct frames *frames)
{
    struct buf content = BUF_INIT(ENVELOPE_BYTES_MAX), envelope = BUF_INIT(ENVELOPE_BYTES_MAX);
    size_t at = t->doors == NULL ? 0 : find(t->doors, eid);
    struct envelope_keys k;
    char topic[ENVELOPE_TOPIC_BYTES];

    if (t->doors == NULL || at == t->doors->count)
        return ERR_NOT_FOUND;
    door_keys(t->doors->list[at].secret, &k);
    envelope_topic(ENVELOPE_BUCKET, doors_bucket(t, env->wall.ns), topic);
    enum err err = frames_encode(frames, &content);
    if (err == OK)
        err = envelope_seal(&k, env->rng, span_str(topic), buf_span(&content), &envelope);
    if (err == OK)
        err = chat_publish(c, env, topic, &envelope, t, 0);
    wipe(&k, sizeof k);
    buf_clear(&content);
    buf_clear(&envelope);
    return err;
}

enum err doors_open(struct talk *t, const struct env *env, struct span topic, struct span envelope,
                    struct eid *eid, struct buf *content)
{
    struct envelope_keys k = {{0}, {0}};
    enum err err = ERR_NOT_FOUND;

    if (t->doors == NULL || topic_bucket(topic) != doors_bucket(t, env->wall.ns))
        return err;
    for (size_t i = t->doors->count; err != OK && i-- > 0;) {
        if (!envelope_matches(envelope, t->doors->list[i].header))
            continue;
        door_keys(t->doors->list[i].secret, &k);
        if (envelope_open(&k, topic, envelope, content) == OK) {
            *eid = t->doors->list[i].eid;
            err = OK;
        }
    }
    wipe(&k, sizeof k);
    return err;
}

const struct door *doors_knock(const struct talk *t, const struct eid *eid, unsigned tries)
{
    const struct doors *d = t->doors;
    size_t back = (1u << tries % DOOR_STEPS) - 1;

    if (d == NULL || d->count == 0)
        return NULL;
    size_t at = find(d, eid);
    if (at == d->count)
        at = d->count - 1;
    return &d->list[at > back ? at - back : 0];
}
