/* What the inbox remembers, and its record. */
#include "node/chat/intro/inbox_state.h"

#include <stdlib.h>

#define TOKEN      1000
#define RECORD_MAX ((INBOX_SEEN_MAX + INBOX_ONCE_MAX) * INBOX_MARK_BYTES + 8192u)

/* ---- marks ---- */

static void mark_of(uint32_t day, const uint8_t hash[32], uint8_t out[INBOX_MARK_BYTES])
{
    for (unsigned i = 0; i < 4; i++)
        out[i] = (uint8_t)(day >> (8 * (3 - i)));
    memcpy(out + 4, hash, INBOX_MARK_BYTES - 4);
}

bool inbox_marked(const struct inbox_marks *m, uint32_t day, const uint8_t hash[32])
{
    uint8_t mark[INBOX_MARK_BYTES];

    mark_of(day, hash, mark);
    for (size_t i = 0; i < m->count; i++)
        if (memcmp(m->list[i], mark, sizeof mark) == 0)
            return true;
    return false;
}

void inbox_mark(struct inbox_marks *m, uint32_t day, const uint8_t hash[32])
{
    mark_of(day, hash, m->list[m->next]);
    m->next = (m->next + 1) % m->max;
    if (m->count < m->max)
        m->count++;
}

void inbox_unmark(struct inbox_marks *m)
{
    m->next = (m->next + m->max - 1) % m->max;
    memset(m->list[m->next], 0, INBOX_MARK_BYTES); /* of day 0, which is over */
    if (m->count < m->max)
        m->count--;
}

static uint32_t day_of(const uint8_t mark[INBOX_MARK_BYTES])
{
    return (uint32_t)mark[0] << 24 | (uint32_t)mark[1] << 16 | (uint32_t)mark[2] << 8 | mark[3];
}

void inbox_forget_before(struct inbox_marks *m, uint32_t day)
{
    size_t kept = 0, first = m->count < m->max ? 0 : m->next;

    for (size_t i = 0; i < m->count && day_of(m->list[(first + i) % m->max]) >= day; i++)
        kept++;
    if (kept == m->count)
        return;
    uint8_t(*fresh)[INBOX_MARK_BYTES] = calloc(m->max, sizeof *fresh);
    if (fresh == NULL)
        return; /* then the ring forgets by itself */
    kept = 0;
    for (size_t i = 0; i < m->count; i++)
        if (day_of(m->list[(first + i) % m->max]) >= day)
            memcpy(fresh[kept++], m->list[(first + i) % m->max], INBOX_MARK_BYTES);
    free(m->list);
    *m = (struct inbox_marks){fresh, kept, kept % m->max, m->max};
}

/* ---- rates ---- */

bool inbox_pace(struct inbox *in, const struct env *env, unsigned address)
{
    struct inbox_rate *r = &in->rates[address];
    int64_t full = (int64_t)INBOX_BURST * TOKEN, passed = env->now.ns - r->at_ns;

    if (!r->begun || passed > 3600 * NS_PER_S)
        *r = (struct inbox_rate){full, env->now.ns, true};
    else {
        int64_t more = passed / NS_PER_MS * INBOX_PER_MINUTE * TOKEN / 60000;
        if (more > 0) {
            r->tokens = r->tokens + more > full ? full : r->tokens + more;
            r->at_ns = env->now.ns;
        }
    }
    if (r->tokens < TOKEN)
        return false;
    r->tokens -= TOKEN;
    return true;
}

/* ---- who waits ---- */

/* Where that account stands; asking_count: nowhere. */
static size_t place_of(const struct inbox *in, const uint8_t account[ACCOUNT_ID_BYTES])
{
    size_t i = 0;

    while (i < in->asking_count && memcmp(in->asking[i].account, account, ACCOUNT_ID_BYTES) != 0)
        i++;
    return i;
}

bool inbox_has_room(const struct inbox *in, const uint8_t account[ACCOUNT_ID_BYTES])
{
    size_t i = place_of(in, account);

    return i < in->asking_count ? in->asking[i].invites < INBOX_ASKED_GROUPS_MAX
                                : i < INBOX_ASKING_MAX;
}

void inbox_asks(struct inbox *in, const uint8_t account[ACCOUNT_ID_BYTES])
{
    size_t i = place_of(in, account);

    if (i == in->asking_count) {
        in->asking[in->asking_count++] = (struct inbox_asker){0};
        memcpy(in->asking[i].account, account, ACCOUNT_ID_BYTES);
    }
    in->asking[i].invites++;
}

void inbox_answered(struct inbox *in, const uint8_t account[ACCOUNT_ID_BYTES])
{
    size_t i = place_of(in, account);

    if (i < in->asking_count)
        in->asking[i] = in->asking[--in->asking_count];
}

size_t inbox_asking(const struct inbox *in)
{
    return in->asking_count;
}

/* ---- life and record ---- */

static enum err marks_init(struct inbox_marks *m, size_t max)
{
    *m = (struct inbox_marks){calloc(max, INBOX_MARK_BYTES), 0, 0, max};
    return m->list == NULL ? ERR_MEMORY : OK;
}

enum err inbox_new(struct inbox **out)
{
    struct inbox *in = calloc(1, sizeof *in);

    *out = NULL;
    if (in == NULL)
        return ERR_MEMORY;
    enum err err = marks_init(&in->stamps, INBOX_SEEN_MAX);
    if (err == OK)
        err = marks_init(&in->invites, INBOX_ONCE_MAX);
    if (err != OK) {
        inbox_free(in);
        return err;
    }
    *out = in;
    return OK;
}

void inbox_free(struct inbox *in)
{
    if (in == NULL)
        return;
    free(in->stamps.list);
    free(in->invites.list);
    free(in);
}

/* Oldest first, so that a ring that is read again forgets in the same order. */
static enum err write_marks(struct pack_writer *w, const struct inbox_marks *m)
{
    struct buf rows = BUF_INIT(m->max * INBOX_MARK_BYTES);
    size_t first = m->count < m->max ? 0 : m->next;
    enum err err = OK;

    for (size_t i = 0; i < m->count && err == OK; i++)
        err = buf_append(&rows, SPAN_ARRAY(m->list[(first + i) % m->max]));
    pack_write_bin(w, buf_span(&rows));
    buf_clear(&rows);
    return err;
}

enum err inbox_save(const struct inbox *in, struct buf *out)
{
    static const struct pack_extensions none;
    struct pack_writer w = pack_writer_to(out);

    pack_write_array(&w, 6);
    pack_write_uint(&w, INTRO_RECORD);
    pack_write_uint(&w, 1);
    TRY(write_marks(&w, &in->stamps));
    TRY(write_marks(&w, &in->invites));
    pack_write_array(&w, in->asking_count);
    for (size_t i = 0; i < in->asking_count; i++) {
        pack_write_array(&w, 2);
        pack_write_bin(&w, SPAN_ARRAY(in->asking[i].account));
        pack_write_uint(&w, in->asking[i].invites);
    }
    pack_write_extensions(&w, &none);
    return pack_writer_status(&w);
}

static void read_marks(struct pack_reader *r, struct inbox_marks *m)
{
    struct span rows = pack_read_bin(r, 0, m->max * INBOX_MARK_BYTES);

    if (rows.len % INBOX_MARK_BYTES != 0 && r->err == OK)
        r->err = ERR_FORMAT;
    m->count = rows.len / INBOX_MARK_BYTES;
    m->next = m->count % m->max;
    if (rows.len > 0)
        memcpy(m->list, rows.ptr, rows.len);
}

static enum err read_record(struct span record, struct inbox *in)
{
    struct pack_reader r;
    struct pack_extensions x;

    TRY(intro_object(record, RECORD_MAX, INTRO_RECORD, 4, &r));
    read_marks(&r, &in->stamps);
    read_marks(&r, &in->invites);
    in->asking_count = pack_read_array(&r, 0, INBOX_ASKING_MAX);
    for (size_t i = 0; i < in->asking_count; i++) {
        (void)pack_read_array(&r, 2, 2);
        pack_read_fixed(&r, in->asking[i].account, ACCOUNT_ID_BYTES);
        in->asking[i].invites = (unsigned)pack_read_uint(&r, INBOX_ASKED_GROUPS_MAX);
    }
    pack_read_extensions(&r, &x);
    return pack_end(&r);
}

enum err inbox_load(struct span record, struct inbox **out)
{
    TRY(inbox_new(out));
    enum err err = read_record(record, *out);
    if (err == OK)
        return OK;
    inbox_free(*out);
    *out = NULL;
    return err == ERR_UNSUPPORTED || err == ERR_MEMORY ? err : ERR_CORRUPT;
}
