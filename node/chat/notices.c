/* Notices as rows: written, shown, hidden when their commit does not hold. */
#include "node/chat/notices.h"
#include "node/chat/notes.h"

static struct row_key key_of(const struct talk *t, const struct entry_place *place)
{
    return entry_key(t, place); /* as entries, in a table of their own */
}

/* [1, kind, eid or empty, by, account, installation, number, name] */
static enum err write(const struct notice *n, struct buf *out)
{
    struct pack_writer w = pack_writer_to(out);
    pack_write_array(&w, 8);
    pack_write_uint(&w, 1);
    pack_write_uint(&w, (uint64_t)n->kind);
    pack_write_bin(&w, eid_is_none(&n->eid) ? SPAN_EMPTY : SPAN_ARRAY(n->eid.bytes));
    pack_write_bin(&w, SPAN_ARRAY(n->by));
    pack_write_bin(&w, SPAN_ARRAY(n->account));
    pack_write_bin(&w, SPAN_ARRAY(n->installation));
    pack_write_uint(&w, n->number);
    pack_write_bin(&w, span_of(n->name, n->name_len));
    return pack_writer_status(&w);
}

enum err notice_read(struct span row, struct notice *out)
{
    struct pack_reader r;
    *out = (struct notice){0};
    TRY(pack_open(row, &r));
    (void)pack_read_array(&r, 8, 8);
    (void)pack_read_uint(&r, 1);
    out->kind = (enum chat_notice)pack_read_uint(&r, CHAT_NOTICE_LAST);
    struct span eid = pack_read_bin(&r, 0, EID_BYTES);
    pack_read_fixed(&r, out->by, sizeof out->by);
    pack_read_fixed(&r, out->account, sizeof out->account);
    pack_read_fixed(&r, out->installation, sizeof out->installation);
    out->number = (unsigned)pack_read_uint(&r, UINT32_MAX);
    struct span name = pack_read_bin(&r, 0, sizeof out->name);
    TRY(pack_end(&r));
    if (eid.len == EID_BYTES)
        memcpy(out->eid.bytes, eid.ptr, EID_BYTES);
    if (name.len > 0)
        memcpy(out->name, name.ptr, name.len);
    out->name_len = name.len;
    return OK;
}

uint64_t notices_now(const struct talk *t, const struct env *env)
{
    const struct timeline *all = delivery_timeline(t->delivery);
    uint64_t now = env->wall.ns > 0 ? (uint64_t)(env->wall.ns / NS_PER_MS) : 0;
    size_t count = timeline_count(all);
    uint64_t last = count > 0 ? timeline_at(all, count - 1).place.lamport : 0;
    return last >= now && last < INT64_MAX ? last + 1 : now;
}

static void tell(struct chat *c, const struct env *env, const struct talk *t,
                 const struct notice *n)
{
    journal_add(c, env,
                &(struct happened){.kind = CHAT_EVENT_ENTRY,
                                   .account = n->by,
                                   .conversation = t->id.bytes,
                                   .entry = n->place.id.bytes});
}

/* Where it stands, and whether it is shown, is in its note, as of every entry. */
static void put_note(struct chat *c, const struct talk *t, const struct notice *n, bool hidden)
{
    struct note note = {.here = true, .lamport = n->place.lamport, .hidden = hidden};
    memcpy(note.author, n->by, sizeof note.author);
    note_save(c, t, &n->place.id, &note);
}

void notice_id(struct notice *n, struct span conversation, struct span source)
{
    const uint8_t kind = (uint8_t)n->kind;
    const struct span parts[] = {conversation, source, span_of(&kind, 1), SPAN_ARRAY(n->account),
                                 SPAN_ARRAY(n->installation)};
    uint8_t hash[SHA256_BYTES];
    label_hash(LABEL_ENTRY_NOTICE, parts, sizeof parts / sizeof *parts, hash);
    memcpy(n->place.id.bytes, hash, sizeof n->place.id.bytes);
}

void notices_add(struct chat *c, const struct env *env, struct talk *t, struct notice *n,
                 struct span source)
{
    struct buf value = BUF_INIT(1024);
    int64_t now_ms = env->wall.ns / NS_PER_MS;

    notice_id(n, SPAN_ARRAY(t->id.bytes), source);
    if (n->place.lamport > INT64_MAX ||
        (int64_t)n->place.lamport > now_ms + (int64_t)TIMELINE_AHEAD_MS ||
        entry_stored(c, t, &n->place.id))
        return; /* a liar's time, or known */
    struct row_key key = key_of(t, &n->place);
    step_open(c);
    if (write(n, &value) == OK)
        step_put(c, VAULT_T_NOTICES, row_span(&key), &value);
    else if (c->failed == OK)
        c->failed = ERR_MEMORY;
    buf_clear(&value);
    bool waits = !eid_is_none(&n->eid);
    put_note(c, t, n, waits);
    if (!waits)
        tell(c, env, t, n);
}

/* Does its commit hold? One that is too old to be known is as it was. */
static void review(struct chat *c, const struct env *env, struct talk *t, const struct notice *n)
{
    const struct dag *dag = branches_dag(t->branches);
    struct note note;
    if (eid_is_none(&n->eid) || dag_state(dag, &n->eid) == DAG_UNKNOWN ||
        note_load(c, t, &n->place.id, &note) != OK)
        return;
    bool hidden = !dag_on_path(dag, &n->eid);
    if (note.hidden == hidden)
        return;
    put_note(c, t, n, hidden);
    tell(c, env, t, n);
}

void notices_review(struct chat *c, const struct env *env, struct talk *t)
{
    struct vault_key key = {0};
    struct buf row = BUF_INIT(1024);
    for (unsigned i = 0;
         i < NOTICES_REVIEWED &&
         vault_prev(c->vault, VAULT_T_NOTICES, SPAN_ARRAY(t->id.bytes), &key, &row) == OK;
         i++) {
        struct notice n;
        if (key.len != CHAT_CONVERSATION_BYTES + DELIVERY_KEY_BYTES ||
            notice_read(buf_span(&row), &n) != OK)
            continue;
        const uint8_t *at = key.bytes + CHAT_CONVERSATION_BYTES;
        for (int k = 0; k < 8; k++)
            n.place.lamport = n.place.lamport << 8 | at[k];
        memcpy(n.place.id.bytes, at + 8, sizeof n.place.id.bytes);
        review(c, env, t, &n);
    }
    buf_clear(&row);
}

enum err notices_restore(struct chat *c, const struct talk *t, struct span key, struct span row)
{
    struct notice n;
    TRY(notice_read(row, &n) == OK ? OK : ERR_FORMAT);
    if (key.len != CHAT_CONVERSATION_BYTES + DELIVERY_KEY_BYTES)
        return ERR_FORMAT;
    const uint8_t *at = key.ptr + CHAT_CONVERSATION_BYTES;
    for (int k = 0; k < 8; k++)
        n.place.lamport = n.place.lamport << 8 | at[k];
    memcpy(n.place.id.bytes, at + 8, sizeof n.place.id.bytes);
    if (entry_stored(c, t, &n.place.id))
        return OK;
    step_open(c);
    TRY(vault_put(c->vault, VAULT_T_NOTICES, key, row));
    put_note(c, t, &n, false);
    return OK;
}

/* ---- what a log tells ---- */

static bool concerns(const struct talk *t, const struct person *p)
{
    if (t->type == CHAT_SELF || t->state == CHAT_LEFT)
        return false;
    for (size_t i = 0; i < t->roster_count; i++)
        if (memcmp(t->roster[i].account, p->account, ACCOUNT_ID_BYTES) == 0)
            return true;
    return false;
}

static void tell_event(struct chat *c, const struct env *env, const struct person *p,
                       const struct identity_event *e, enum chat_notice kind)
{
    uint8_t hash[SHA256_BYTES];
    size_t cursor = 0;
    if (e->time_s > INT64_MAX / 1000 || identity_event_hash(e, p->account, hash) != OK)
        return;
    for (struct talk *t; (t = map_next(&c->talks, &cursor, NULL)) != NULL;) {
        struct notice n = {.kind = kind, .place.lamport = e->time_s * 1000};
        if (!concerns(t, p))
            continue;
        memcpy(n.by, p->account, sizeof n.by);
        memcpy(n.account, p->account, sizeof n.account);
        memcpy(n.installation, e->installation, sizeof n.installation);
        notices_add(c, env, t, &n, SPAN_ARRAY(hash));
        if (t->type == CHAT_DIRECT) {
            t->unread++; /* the person should look: see notices.h */
            t->changed = true;
        }
    }
}

void notices_log(struct chat *c, const struct env *env, const struct person *p, uint64_t seq)
{
    static const struct {
        enum identity_type type;
        enum chat_notice kind;
    } kinds[] = {{IDENTITY_INSTALL_ADD, CHAT_NOTICE_DEVICE_ADDED},
                 {IDENTITY_INSTALL_REVOKE, CHAT_NOTICE_DEVICE_REVOKED},
                 {IDENTITY_ROTATE_ROOT, CHAT_NOTICE_ROTATED},
                 {IDENTITY_RECOVER, CHAT_NOTICE_RECOVERED}};
    struct identity_event e;
    if (p == c->me)
        return; /* devices are a page of their own */
    for (; seq <= identity_log_now(p->log)->seq; seq++) {
        if (identity_event_decode(identity_log_event(p->log, seq), &e) != OK)
            continue;
        for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
            if (e.type == kinds[i].type)
                tell_event(c, env, p, &e, kinds[i].kind);
    }
}
