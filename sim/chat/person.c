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

static enum err begin(struct sim_chat *p, bool light)
{
    static const uint8_t key_file[32] = {1};
    const struct chat_config config = {
        .wipe = &p->wipe, .key_file = SPAN_ARRAY(key_file), .light = light};
    char words[CHAT_WORDS_TEXT_MAX];
    struct chat_person self;
    struct chat_config own = config;

    TRY(kv_open_mem(&p->kv, chat_tables));
    own.kv = p->kv;
    TRY(chat_create(&p->chat, &own, sim_env(p->sim, p->node), words));
    TRY(chat_self(p->chat, &self));
    p->account = self.account;
    return sim_chat_attach(p);
}

enum err sim_chat_new(struct sim_chat **out, struct sim *s, uint32_t node, bool light)
{
    struct sim_chat *p = calloc(1, sizeof *p);

    if (p == NULL)
        return ERR_MEMORY;
    p->sim = s;
    p->node = node;
    p->wipe = (struct wipe_file){p, wipe_read, wipe_write};
    enum err err = begin(p, light);
    if (err != OK) {
        sim_chat_free(p);
        return err;
    }
    *out = p;
    return OK;
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
