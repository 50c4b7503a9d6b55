/* What events mean: state and event -> state. */
#include "node/chat/identity/identity.h"
#include "net/wire/bech32m.h"

/* ---- installations ---- */

static size_t place_of(const struct installations *l, const uint8_t key[32], bool *there)
{
    size_t i = 0;

    while (i < l->count && memcmp(l->list[i].key, key, 32) < 0)
        i++;
    *there = i < l->count && memcmp(l->list[i].key, key, 32) == 0;
    return i;
}

bool identity_has(const struct identity *id, const uint8_t key[32], struct installation *out)
{
    bool there;
    size_t i = place_of(&id->installations, key, &there);

    if (there && out != NULL)
        *out = id->installations.list[i];
    return there;
}

static enum err add(struct installations *l, const struct identity_event *e)
{
    bool there;
    size_t i = place_of(l, e->installation, &there);

    if (there)
        return ERR_PROTOCOL;
    if (l->count == IDENTITY_INSTALLATIONS_MAX)
        return ERR_LIMIT;
    memmove(&l->list[i + 1], &l->list[i], (l->count - i) * sizeof *l->list);
    memcpy(l->list[i].key, e->installation, 32);
    l->list[i].capabilities = e->capabilities;
    l->count++;
    return OK;
}

static enum err revoke(struct installations *l, const struct identity_event *e)
{
    bool there;
    size_t i = place_of(l, e->installation, &there);

    if (!there)
        return ERR_PROTOCOL;
    l->count--;
    memmove(&l->list[i], &l->list[i + 1], (l->count - i) * sizeof *l->list);
    return OK;
}

static bool same(const struct installations *a, const struct installations *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (memcmp(a->list[i].key, b->list[i].key, 32) != 0 ||
            a->list[i].capabilities != b->list[i].capabilities)
            return false;
    return true;
}

static bool within(const struct installations *few, const struct identity *id)
{
    struct installation is;

    for (size_t i = 0; i < few->count; i++)
        if (!identity_has(id, few->list[i].key, &is) ||
            is.capabilities != few->list[i].capabilities)
            return false;
    return true;
}

/* ---- keys that were promised ---- */

static bool promised(enum label label, const uint8_t key[32], const uint8_t promise[32])
{
    uint8_t hash[32];
    struct span part = span_of(key, 32);

    label_hash(label, &part, 1, hash);
    return memcmp(hash, promise, 32) == 0;
}

/* The next root shows itself, and promises the one after. */
static enum err rotate(struct identity *id, const struct identity_event *e)
{
    if (!promised(LABEL_IDENTITY_NEXT_ROOT, e->root, id->next_root))
        return ERR_AUTH;
    memcpy(id->root, e->root, 32);
    memcpy(id->next_root, e->next_root, 32);
    id->rotations++;
    return OK;
}

/* A thief of the root may have promised a root of his own, so this one is free. */
static enum err recover(struct identity *id, const struct identity_event *e)
{
    if (!promised(LABEL_IDENTITY_RECOVERY, e->recovery_key, id->recovery))
        return ERR_AUTH;
    memcpy(id->root, e->root, 32);
    memcpy(id->next_root, e->next_root, 32);
    memcpy(id->recovery, e->recovery, 32);
    id->installations = e->installations;
    id->rotations++;
    return OK;
}

static enum err end(struct identity *id, const struct identity_event *e)
{
    if (!promised(LABEL_IDENTITY_RECOVERY, e->recovery_key, id->recovery))
        return ERR_AUTH;
    id->status = e->type == IDENTITY_MOVE ? IDENTITY_MOVED : IDENTITY_ENDED;
    memcpy(id->moved_to, e->moved_to, 32);
    return OK;
}

static bool same_keys(const struct identity *id, const struct identity_event *e)
{
    return memcmp(e->root, id->root, 32) == 0 && memcmp(e->next_root, id->next_root, 32) == 0 &&
           memcmp(e->recovery, id->recovery, 32) == 0 && e->policy == id->policy;
}

/* ---- events ---- */

static enum err begin(const struct identity_event *e, struct identity *id)
{
    static const uint8_t none[32];

    if (e->type != IDENTITY_INCEPTION || e->seq != 0 || memcmp(e->prev, none, 32) != 0)
        return ERR_PROTOCOL;
    *id = (struct identity){.policy = e->policy};
    memcpy(id->root, e->root, 32);
    memcpy(id->next_root, e->next_root, 32);
    memcpy(id->recovery, e->recovery, 32);
    return identity_account_of(e, id->account);
}

static enum err change(struct identity *id, const struct identity_event *e)
{
    switch (e->type) {
    case IDENTITY_INCEPTION:
        return ERR_PROTOCOL;
    case IDENTITY_INSTALL_ADD:
        return add(&id->installations, e);
    case IDENTITY_INSTALL_REVOKE:
        return revoke(&id->installations, e);
    case IDENTITY_ROTATE_ROOT:
        return rotate(id, e);
    case IDENTITY_RECOVER:
        return within(&e->installations, id) ? recover(id, e) : ERR_PROTOCOL;
    case IDENTITY_TOMBSTONE:
    case IDENTITY_MOVE:
        return end(id, e);
    case IDENTITY_CHECKPOINT:
        return same_keys(id, e) && same(&e->installations, &id->installations) ? OK : ERR_PROTOCOL;
    }
    return ERR_PROTOCOL;
}

/* Signatures last: they cost most, and name the root in force after the event. */
static enum err settle(struct identity *id, const struct identity_event *e)
{
    TRY(identity_event_verify(e, id->account, id->root));
    id->seq = e->seq;
    id->time_s = e->time_s;
    return identity_event_hash(e, id->account, id->head);
}

enum err identity_apply(const struct identity *before, const struct identity_event *e,
                        struct identity *after)
{
    struct identity id;

    if (before == NULL) {
        TRY(begin(e, &id));
    } else {
        id = *before;
        if (id.status != IDENTITY_ALIVE || e->seq != id.seq + 1 ||
            memcmp(e->prev, id.head, 32) != 0)
            return ERR_PROTOCOL;
        TRY(change(&id, e));
    }
    TRY(settle(&id, e));
    *after = id;
    return OK;
}

enum err identity_apply_after_gap(const struct identity *before, const struct identity_event *e,
                                  struct identity *after)
{
    struct identity id = *before;

    if (id.status != IDENTITY_ALIVE || e->seq <= id.seq)
        return ERR_PROTOCOL;
    if (e->type == IDENTITY_ROTATE_ROOT)
        TRY(rotate(&id, e));
    else if (e->type == IDENTITY_RECOVER)
        TRY(recover(&id, e));
    else if (e->type != IDENTITY_CHECKPOINT || !same_keys(&id, e))
        return ERR_PROTOCOL;
    else
        id.installations = e->installations;
    TRY(settle(&id, e));
    *after = id;
    return OK;
}

/* ---- for people ---- */

void identity_text(const uint8_t account[32], char out[ACCOUNT_TEXT_MAX])
{
    bech32m_encode("sotto", span_of(account, 32), out);
}

enum err identity_parse(struct span text, uint8_t account[32])
{
    size_t len;
    enum err err = bech32m_decode("sotto", text, account, 32, &len);

    return err == ERR_LIMIT || (err == OK && len != 32) ? ERR_FORMAT : err;
}

/* 30 digits of each account, in order of the accounts: five digits from each five bytes. */
static void digits(const struct identity *id, char out[36])
{
    struct span parts[] = {SPAN_ARRAY(id->account), SPAN_ARRAY(id->head)};
    uint8_t hash[32];

    label_hash(LABEL_IDENTITY_SAFETY, parts, 2, hash);
    for (size_t group = 0; group < 6; group++) {
        uint64_t v = 0;
        for (size_t i = 0; i < 5; i++)
            v = v << 8 | hash[5 * group + i];
        v %= 100000;
        for (size_t i = 0; i < 5; i++, v /= 10)
            out[6 * group + 4 - i] = (char)('0' + v % 10);
        out[6 * group + 5] = ' ';
    }
}

void identity_safety_number(const struct identity *a, const struct identity *b, char out[72])
{
    bool swapped = memcmp(a->account, b->account, 32) > 0;

    digits(swapped ? b : a, out);
    digits(swapped ? a : b, out + 36);
    out[71] = '\0';
}
