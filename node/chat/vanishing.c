/* Entries that disappear: when their time is over they are erased, on every device by itself. What
 * stays is that they were here, so that nobody who hands them on again brings them back.
 *
 * The vault has a row for each, by time: "vanish:" wall time 8, most significant first ||
 * conversation 32 || entry 16.
 */
#include "node/chat/notes.h"

static const char prefix[] = "vanish:";

#define PREFIX_BYTES (sizeof prefix - 1)

struct vanishing {
    int64_t ns;
    uint8_t conversation[CHAT_CONVERSATION_BYTES];
    struct entry_id entry;
};

static enum err parse(const struct vault_key *key, struct vanishing *out)
{
    const uint8_t *at = key->bytes + PREFIX_BYTES;
    uint64_t ns = 0;
    if (key->len != PREFIX_BYTES + 8 + CHAT_CONVERSATION_BYTES + ENTRY_ID_BYTES)
        return ERR_CORRUPT;
    for (unsigned i = 0; i < 8; i++)
        ns = ns << 8 | *at++;
    out->ns = (int64_t)ns;
    memcpy(out->conversation, at, sizeof out->conversation);
    memcpy(out->entry.bytes, at + sizeof out->conversation, sizeof out->entry.bytes);
    return OK;
}

void vanishing_add(struct chat *c, const struct talk *t, const struct entry_id *entry, int64_t ns)
{
    struct buf nothing = BUF_INIT(1);
    uint8_t name[PREFIX_BYTES + 8];
    memcpy(name, prefix, PREFIX_BYTES);
    for (unsigned i = 0; i < 8; i++)
        name[PREFIX_BYTES + i] = (uint8_t)((uint64_t)ns >> (56 - 8 * i));
    struct row_key key =
        row_key_of(SPAN_ARRAY(name), SPAN_ARRAY(t->id.bytes), SPAN_ARRAY(entry->bytes));
    step_put(c, VAULT_T_SECRETS, row_span(&key), &nothing);
    if (c->vanish_ns == 0 || ns < c->vanish_ns)
        c->vanish_ns = ns;
}

/* The next of all; c->vanish_ns is its time. ERR_NOT_FOUND. */
static enum err next(struct chat *c, struct vault_key *key, struct vanishing *out)
{
    *key = (struct vault_key){0};
    c->vanish_ns = 0;
    TRY(vault_next(c->vault, VAULT_T_SECRETS, span_str(prefix), key, NULL));
    TRY(parse(key, out));
    c->vanish_ns = out->ns;
    return OK;
}

enum err vanishing_load(struct chat *c)
{
    struct vault_key key;
    struct vanishing v;
    enum err err = next(c, &key, &v);
    return err == ERR_NOT_FOUND ? OK : err;
}

static void forget_reaction(struct chat *c, const struct talk *t, const struct entry_place *at)
{
    struct buf keep = BUF_INIT(VAULT_VALUE_BYTES_MAX);
    struct entry_author author;
    struct content k;
    if (entry_read(c, t, at, &keep, &author, &k) == OK && k.known && k.tag == CONTENT_REACTION)
        reactions_drop(c, t, &k.target, author.account);
    buf_clear(&keep);
}

/* What was said of it goes with it: the chain of its changes, one after the other. */
static void erase(struct chat *c, const struct env *env, struct talk *t, const struct entry_id *id)
{
    static const struct entry_id nothing;
    struct note n;
    if (note_load(c, t, id, &n) != OK || !n.here || n.gone)
        return;
    struct entry_place at = {n.lamport, *id};
    struct row_key key = entry_key(t, &at);
    if (n.hidden)
        forget_reaction(c, t, &at);
    step_put(c, VAULT_T_ENTRIES, row_span(&key), NULL);
    files_drop(c, t, id);
    struct note gone = {.here = true, .gone = true, .lamport = n.lamport, .hidden = n.hidden};
    memcpy(gone.author, n.author, sizeof gone.author);
    note_save(c, t, id, &gone);
    if (!entry_id_eq(&n.changes, &nothing))
        vanishing_add(c, t, &n.changes, env->wall.ns);
    if (!entry_id_eq(&n.next, &nothing))
        vanishing_add(c, t, &n.next, env->wall.ns);
    t->last_stale = t->changed = true;
    if (!n.hidden && !people_blocked(c, n.author))
        journal_add(c, env,
                    &(struct happened){
                        .kind = CHAT_EVENT_ENTRY, .conversation = t->id.bytes, .entry = id->bytes});
}

void vanishing_tick(struct chat *c, const struct env *env)
{
    struct vault_key key;
    struct vanishing v;
    for (unsigned count = 0; c->vanish_ns != 0 && c->vanish_ns <= env->wall.ns && c->stuck == OK &&
                             count < VANISH_STEP_VALUES;
         count++) {
        enum err err = next(c, &key, &v);
        if (err == ERR_NOT_FOUND)
            return;
        if (err != OK) {
            log_unusual(env, "chat", "entries do not disappear err=%s", err_name(err));
            return;
        }
        if (v.ns > env->wall.ns)
            return;
        step_put(c, VAULT_T_SECRETS, span_of(key.bytes, key.len), NULL);
        struct talk *t = talks_find(c, v.conversation);
        if (t == NULL)
            continue;
        erase(c, env, t, &v.entry);
    }
}

struct mono vanishing_deadline(const struct chat *c, const struct env *env)
{
    if (c->vanish_ns == 0 || c->stuck != OK)
        return MONO_NEVER;
    int64_t wait = c->vanish_ns - env->wall.ns;
    return mono_add(env->now, wait > 0 ? wait : 0);
}
