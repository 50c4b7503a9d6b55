/* The journal: what has happened, numbered, so that whoever reads it by cursor misses nothing. */
#include "node/chat/self.h"

static struct row_key number_key(uint64_t n)
{
    uint8_t be[8];
    for (int i = 0; i < 8; i++)
        be[i] = (uint8_t)(n >> (56 - 8 * i));
    return row_key_of(SPAN_ARRAY(be), SPAN_EMPTY, SPAN_EMPTY);
}

static void fill(struct chat_event *e, const struct env *env, const struct happened *h)
{
    *e = (struct chat_event){.kind = h->kind, .time_ns = env->wall.ns};
    if (h->account != NULL)
        memcpy(e->account.bytes, h->account, sizeof e->account.bytes);
    if (h->installation != NULL)
        memcpy(e->installation.bytes, h->installation, sizeof e->installation.bytes);
    if (h->conversation != NULL)
        memcpy(e->conversation.bytes, h->conversation, sizeof e->conversation.bytes);
    if (h->entry != NULL)
        memcpy(e->entry.bytes, h->entry, sizeof e->entry.bytes);
}

void journal_pass(struct chat *c, const struct env *env, const struct happened *h)
{
    struct chat_event e, oldest;
    fill(&e, env, h);
    if (fifo_push(&c->passing, &e) == ERR_FULL && fifo_pop(&c->passing, &oldest) &&
        fifo_push(&c->passing, &e) != OK)
        return; /* nobody will miss it */
}

void journal_add(struct chat *c, const struct env *env, const struct happened *h)
{
    struct buf value = BUF_INIT(256);
    struct chat_event e;
    if (h->conversation != NULL && self_is(c, h->conversation))
        return; /* no person's conversation */
    fill(&e, env, h);
    struct pack_writer w = pack_writer_to(&value);
    pack_write_array(&w, 6);
    pack_write_uint(&w, (uint64_t)e.kind);
    pack_write_int(&w, e.time_ns);
    pack_write_bin(&w, SPAN_ARRAY(e.account.bytes));
    pack_write_bin(&w, SPAN_ARRAY(e.installation.bytes));
    pack_write_bin(&w, SPAN_ARRAY(e.conversation.bytes));
    pack_write_bin(&w, SPAN_ARRAY(e.entry.bytes));
    if (pack_writer_status(&w) == OK) {
        struct row_key key = number_key(++c->journal_last);
        step_put(c, VAULT_T_JOURNAL, row_span(&key), &value);
    } else if (c->failed == OK) {
        c->failed = ERR_MEMORY;
    }
    while (c->journal_last - c->journal_first >= CHAT_EVENTS_KEPT) {
        struct row_key old = number_key(c->journal_first++);
        step_put(c, VAULT_T_JOURNAL, row_span(&old), NULL);
    }
    buf_clear(&value);
}

void journal_show(struct chat *c)
{
    c->journal_shown = c->journal_last;
}

static uint64_t number_of(const struct vault_key *k)
{
    uint64_t n = 0;
    for (size_t i = 0; i < k->len && i < 8; i++)
        n = n << 8 | k->bytes[i];
    return n;
}

enum err journal_load(struct chat *c)
{
    struct vault_key first = {0}, last = {0};
    enum err err = vault_next(c->vault, VAULT_T_JOURNAL, SPAN_EMPTY, &first, NULL);
    if (err == OK)
        err = vault_prev(c->vault, VAULT_T_JOURNAL, SPAN_EMPTY, &last, NULL);
    c->journal_first = err == OK ? number_of(&first) : 1;
    c->journal_last = c->journal_shown = err == OK ? number_of(&last) : 0;
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err read_event(struct span in, struct chat_event *out)
{
    struct pack_reader r;
    TRY(pack_open(in, &r));
    (void)pack_read_array(&r, 6, 6);
    out->kind = (enum chat_event_kind)pack_read_uint(&r, 255);
    out->time_ns = pack_read_int(&r);
    pack_read_fixed(&r, out->account.bytes, sizeof out->account.bytes);
    pack_read_fixed(&r, out->installation.bytes, sizeof out->installation.bytes);
    pack_read_fixed(&r, out->conversation.bytes, sizeof out->conversation.bytes);
    pack_read_fixed(&r, out->entry.bytes, sizeof out->entry.bytes);
    return pack_end(&r);
}

enum err chat_event(struct chat *c, uint64_t after, struct chat_event *out)
{
    struct buf value = BUF_INIT(256);
    if (after >= c->journal_shown)
        return ERR_NOT_FOUND;
    if (after + 1 < c->journal_first)
        return ERR_LIMIT;
    struct row_key key = number_key(after + 1);
    enum err err = vault_get(c->vault, VAULT_T_JOURNAL, row_span(&key), &value);
    *out = (struct chat_event){.number = after + 1};
    if (err == OK)
        err = read_event(buf_span(&value), out) == OK ? OK : ERR_CORRUPT;
    buf_clear(&value);
    return err;
}

uint64_t chat_event_last(const struct chat *c)
{
    return c->journal_shown;
}

bool chat_event_passing(struct chat *c, struct chat_event *out)
{
    return fifo_pop(&c->passing, out);
}
