#include "node/chat/acquaint.h"
#include "node/chat/vault/wipe_file.h"
#include "node/core/core.h"
#include "sim/chat/chat.h"
#include "store/kv.h"

#include <stdlib.h>

#define BUNDLE_BYTES ((size_t)64 << 10) /* more than any bundle has */

struct sim_chat {
    struct sim *sim;
    uint32_t node;
    struct chat *chat;
    struct kv *kv;
    struct chat_account account;
    uint64_t read; /* of its journal */
    struct wipe_file wipe;
    bool wipe_there;
    uint8_t wipe_page[WIPE_PAGE_BYTES];
    char words[CHAT_WORDS_TEXT_MAX];
};

/* ---- the wipe file, in memory ---- */

static enum err wipe_read(void *state, uint8_t page[WIPE_PAGE_BYTES],
                          uint8_t place[WIPE_PLACE_BYTES])
{
    const struct sim_chat *p = state;

    if (!p->wipe_there)
        return ERR_NOT_FOUND;
    memcpy(page, p->wipe_page, WIPE_PAGE_BYTES);
    memset(place, 1, WIPE_PLACE_BYTES);
    return OK;
}

static enum err wipe_write(void *state, size_t offset, struct span bytes)
{
    struct sim_chat *p = state;

    assert(offset + bytes.len <= WIPE_PAGE_BYTES);
    p->wipe_there = true;
    memcpy(p->wipe_page + offset, bytes.ptr, bytes.len);
    return OK;
}

/* ---- life ---- */

static enum err begin(struct sim_chat *p, const struct sim_chat *of, bool light)
{
    static const uint8_t key_file[32] = {1};
    struct chat_config config = {
        .wipe = &p->wipe, .key_file = SPAN_ARRAY(key_file), .light = light};
    struct chat_person self;

    if (of == NULL)
        TRY(kv_open_mem(&p->kv, chat_tables));
    config.kv = p->kv;
    if (of == NULL)
        TRY(chat_create(&p->chat, &config, sim_env(p->sim, p->node), p->words));
    else
        TRY(chat_open(&p->chat, &config, sim_env(p->sim, p->node)));
    TRY(chat_self(p->chat, &self));
    p->account = self.account;
    return sim_chat_attach(p);
}

static enum err copy_table(struct kv_txn *from, struct kv_txn *to, unsigned table)
{
    struct span key, value, next;
    uint8_t last[KV_KEY_BYTES_MAX];
    enum err err = kv_seek(from, table, SPAN_EMPTY, &key, &value);

    while (err == OK) {
        TRY(kv_put(to, table, key, value));
        memcpy(last, key.ptr, key.len);
        err = kv_next(from, table, span_of(last, key.len), &next, &value);
        key = next;
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err copy_disk(struct sim_chat *p, const struct sim_chat *of)
{
    struct kv_txn *from, *to;
    enum err err = OK;

    p->wipe_there = of->wipe_there;
    memcpy(p->wipe_page, of->wipe_page, WIPE_PAGE_BYTES);
    TRY(kv_open_mem(&p->kv, chat_tables));
    TRY(kv_begin(of->kv, false, &from));
    TRY(kv_begin(p->kv, true, &to));
    for (unsigned i = 0; err == OK && chat_tables[i] != NULL; i++)
        err = copy_table(from, to, i);
    kv_abort(from);
    if (err == OK)
        return kv_commit(to);
    kv_abort(to);
    return err;
}

static enum err made(struct sim_chat **out, const struct sim_chat *of, struct sim *s, uint32_t node,
                     bool light)
{
    struct sim_chat *p = calloc(1, sizeof *p);

    if (p == NULL)
        return ERR_MEMORY;
    p->sim = s;
    p->node = node;
    p->wipe = (struct wipe_file){p, wipe_read, wipe_write};
    enum err err = of == NULL ? OK : copy_disk(p, of);
    if (err == OK)
        err = begin(p, of, light);
    if (err != OK) {
        sim_chat_free(p);
        return err;
    }
    *out = p;
    return OK;
}

enum err sim_chat_new(struct sim_chat **out, struct sim *s, uint32_t node, bool light)
{
    return made(out, NULL, s, node, light);
}

enum err sim_chat_copy(struct sim_chat **out, struct sim_chat *of, uint32_t node)
{
    return made(out, of, of->sim, node, false);
}

const char *sim_chat_words(const struct sim_chat *p)
{
    return p->words;
}

void sim_chat_free(struct sim_chat *p)
{
    if (p == NULL)
        return;
    chat_close(p->chat);
    kv_close(p->kv);
    free(p);
}

enum err sim_chat_attach(struct sim_chat *p)
{
    return core_attach_chat(sim_core(p->sim, p->node), sim_env(p->sim, p->node), p->chat);
}

uint32_t sim_chat_node(const struct sim_chat *p)
{
    return p->node;
}

struct chat *sim_chat_of(struct sim_chat *p)
{
    return p->chat;
}

struct chat_account sim_chat_account(const struct sim_chat *p)
{
    return p->account;
}

enum err sim_chat_acquaint(struct sim_chat *a, struct sim_chat *b)
{
    struct buf bundle = BUF_INIT(BUNDLE_BYTES);
    struct chat_account who;
    enum err err = acquaint_bundle(b->chat, sim_env(b->sim, b->node), &bundle);

    if (err == OK)
        err = acquaint_take(a->chat, sim_env(a->sim, a->node), buf_span(&bundle), &who);
    buf_clear(&bundle);
    return err;
}

bool sim_chat_next(struct sim_chat *p, struct chat_event *out)
{
    enum err err = chat_event(p->chat, p->read, out);

    p->read = err == OK ? out->number : chat_event_last(p->chat);
    return err == OK;
}
