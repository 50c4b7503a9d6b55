/* Accounts that we know of: what we call them, whether we want to hear from them. Their logs:
 * people_log.c. */
#include "node/chat/notices.h"
#include "node/chat/self.h"

#include <stdlib.h>

/* ---- the list ---- */

struct person *people_find(const struct chat *c, const uint8_t account[32])
{
    return map_get(&c->people, span_of(account, ACCOUNT_ID_BYTES));
}

struct person *people_get(struct chat *c, const uint8_t account[32])
{
    struct person *p = people_find(c, account);
    if (p != NULL)
        return p;
    p = calloc(1, sizeof *p);
    if (p == NULL)
        return NULL;
    memcpy(p->account, account, sizeof p->account);
    p->look_at = MONO_NEVER;
    p->changed = true;
    if (map_put(&c->people, SPAN_ARRAY(p->account), p) != OK) {
        free(p);
        return NULL;
    }
    return p;
}

bool people_blocked(const struct chat *c, const uint8_t account[32])
{
    const struct person *p = people_find(c, account);
    return p != NULL && p->consent == CHAT_CONSENT_BLOCKED;
}

static void person_free(struct person *p)
{
    identity_log_free(p->log);
    found_free(p->found);
    free(p);
}

void people_clear(struct chat *c)
{
    size_t cursor = 0;
    for (struct person *p; (p = map_next(&c->people, &cursor, NULL)) != NULL;)
        person_free(p);
}

/* Beside the log: [place, right] of a fork that is not decided. */
static struct row_key frozen_key(const struct person *p)
{
    return row_key_of(SPAN_LIT("frozen/"), SPAN_ARRAY(p->account), SPAN_EMPTY);
}

void people_forget(struct chat *c, struct person *p)
{
    (void)map_take(&c->people, SPAN_ARRAY(p->account));
    step_put(c, VAULT_T_PEOPLE, SPAN_ARRAY(p->account), NULL);
    struct row_key frozen = frozen_key(p);
    step_put(c, VAULT_T_LOGS, SPAN_ARRAY(p->account), NULL);
    step_put(c, VAULT_T_SECRETS, row_span(&frozen), NULL);
    person_free(p);
}

/* ---- records: [1, name, calls itself, lamport and id of the entry that says so, consent,
 * verified, confirmed, card secret or empty] */

static enum err write_person(const struct person *p, struct buf *out)
{
    struct pack_writer w = pack_writer_to(out);
    pack_write_array(&w, 9);
    pack_write_uint(&w, 1);
    pack_write_str(&w, span_str(p->name));
    pack_write_str(&w, span_str(p->calls_self));
    pack_write_uint(&w, p->called_at.lamport);
    pack_write_bin(&w, SPAN_ARRAY(p->called_at.id.bytes));
    pack_write_uint(&w, (uint64_t)p->consent);
    pack_write_uint(&w, p->verified);
    pack_write_int(&w, p->confirmed_ns);
    pack_write_bin(&w, p->private_link ? SPAN_ARRAY(p->secret) : SPAN_EMPTY);
    return pack_writer_status(&w);
}

static enum err read_person(struct span in, struct person *p)
{
    struct pack_reader r;
    TRY(pack_open(in, &r));
    (void)pack_read_array(&r, 9, 9);
    (void)pack_read_uint(&r, 1);
    struct span name = pack_read_str(&r, 0, CHAT_NAME_MAX - 1);
    struct span self = pack_read_str(&r, 0, CHAT_NAME_MAX - 1);
    p->called_at.lamport = pack_read_uint(&r, UINT64_MAX);
    pack_read_fixed(&r, p->called_at.id.bytes, sizeof p->called_at.id.bytes);
    p->consent = (enum chat_consent)pack_read_uint(&r, CHAT_CONSENT_BLOCKED);
    p->verified = pack_read_uint(&r, 1) == 1;
    p->confirmed_ns = pack_read_int(&r);
    struct span secret = pack_read_bin(&r, 0, CARD_SECRET_BYTES);
    TRY(pack_end(&r));
    text_copy(p->name, name);
    text_copy(p->calls_self, self);
    p->private_link = secret.len == CARD_SECRET_BYTES;
    if (p->private_link)
        memcpy(p->secret, secret.ptr, secret.len);
    return OK;
}

static enum err save_frozen(struct chat *c, const struct person *p, struct buf *value)
{
    struct row_key key = frozen_key(p);
    uint64_t seq, right;
    if (!identity_log_frozen(p->log, &seq, &right)) {
        step_put(c, VAULT_T_SECRETS, row_span(&key), NULL);
        return OK;
    }
    buf_reset(value);
    struct pack_writer w = pack_writer_to(value);
    pack_write_array(&w, 2);
    pack_write_uint(&w, seq);
    pack_write_uint(&w, right);
    TRY(pack_writer_status(&w));
    step_put(c, VAULT_T_SECRETS, row_span(&key), value);
    return OK;
}

static enum err load_frozen(struct chat *c, struct person *p)
{
    struct row_key key = frozen_key(p);
    struct buf value = BUF_INIT(64);
    struct pack_reader r;
    enum err err = vault_get(c->vault, VAULT_T_SECRETS, row_span(&key), &value);
    if (err == OK)
        err = pack_open(buf_span(&value), &r);
    if (err == OK) {
        (void)pack_read_array(&r, 2, 2);
        uint64_t seq = pack_read_uint(&r, UINT64_MAX), right = pack_read_uint(&r, UINT64_MAX);
        err = pack_end(&r);
        if (err == OK)
            identity_log_freeze(p->log, seq, right);
    }
    buf_clear(&value);
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err people_save(struct chat *c)
{
    size_t cursor = 0;
    struct buf value = BUF_INIT(IDENTITY_SENT_BYTES_MAX);
    enum err err = OK;
    for (struct person *p; err == OK && (p = map_next(&c->people, &cursor, NULL)) != NULL;) {
        if (p->changed) {
            buf_reset(&value);
            err = write_person(p, &value);
            if (err == OK)
                step_put(c, VAULT_T_PEOPLE, SPAN_ARRAY(p->account), &value);
        }
        if (err == OK && p->log_changed && p->log != NULL) {
            buf_reset(&value);
            err = identity_log_write(p->log, &value);
            if (err == OK)
                step_put(c, VAULT_T_LOGS, SPAN_ARRAY(p->account), &value);
            if (err == OK)
                err = save_frozen(c, p, &value);
        }
        if (err == OK)
            p->changed = p->log_changed = false;
    }
    buf_clear(&value);
    return err;
}

static enum err load_one(struct chat *c, const struct vault_key *key, struct span value)
{
    struct buf log = BUF_INIT(IDENTITY_SENT_BYTES_MAX);
    if (key->len != ACCOUNT_ID_BYTES)
        return ERR_CORRUPT;
    struct person *p = people_get(c, key->bytes);
    if (p == NULL)
        return ERR_MEMORY;
    p->changed = false;
    if (read_person(value, p) != OK)
        return ERR_CORRUPT;
    enum err err = vault_get(c->vault, VAULT_T_LOGS, SPAN_ARRAY(p->account), &log);
    if (err == OK)
        err = identity_log_read(buf_span(&log), &p->log) == OK ? OK : ERR_CORRUPT;
    if (err == OK)
        err = load_frozen(c, p);
    buf_clear(&log);
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err people_load(struct chat *c)
{
    struct vault_key key = {0};
    struct buf value = BUF_INIT(4096);
    enum err err;
    while ((err = vault_next(c->vault, VAULT_T_PEOPLE, SPAN_EMPTY, &key, &value)) == OK) {
        err = load_one(c, &key, buf_span(&value));
        if (err != OK)
            break;
    }
    buf_clear(&value);
    c->me = people_find(c, c->self.account);
    if (err == ERR_NOT_FOUND)
        err = c->me != NULL ? OK : ERR_CORRUPT;
    return err;
}

/* What an export says of somebody: for those that we do not know, or have no name for. */
enum err people_restore(struct chat *c, struct span account, struct span record)
{
    struct person theirs = {0};
    if (account.len != ACCOUNT_ID_BYTES || read_person(record, &theirs) != OK)
        return ERR_FORMAT;
    step_open(c);
    bool fresh = people_find(c, account.ptr) == NULL;
    struct person *p = people_get(c, account.ptr);
    if (p == NULL)
        return ERR_FULL;
    if (fresh || p->name[0] == '\0')
        memcpy(p->name, theirs.name, sizeof p->name);
    if (fresh || p->calls_self[0] == '\0') {
        memcpy(p->calls_self, theirs.calls_self, sizeof p->calls_self);
        p->called_at = theirs.called_at;
    }
    if (p->consent == CHAT_CONSENT_NONE)
        p->consent = theirs.consent;
    if (!p->private_link && theirs.private_link) {
        p->private_link = true;
        memcpy(p->secret, theirs.secret, sizeof p->secret);
    }
    p->verified |= theirs.verified;
    p->changed = true;
    return OK;
}

/* ---- as the person sees them ---- */

static void show(const struct chat *c, const struct person *p, struct chat_person *out)
{
    static const enum chat_account_state states[] = {
        [IDENTITY_ALIVE] = CHAT_ACCOUNT_ALIVE, [IDENTITY_ENDED] = CHAT_ACCOUNT_ENDED,
        [IDENTITY_MOVED] = CHAT_ACCOUNT_MOVED, [IDENTITY_FROZEN] = CHAT_ACCOUNT_FROZEN,
        [IDENTITY_LOST] = CHAT_ACCOUNT_LOST,
    };
    const struct identity *now = p->log != NULL ? identity_log_now(p->log) : NULL;
    *out =
        (struct chat_person){.consent = p->consent,
                             .self = p == c->me,
                             .verified = p->verified,
                             .confirmed_ns = p->confirmed_ns,
                             .state = now != NULL ? states[now->status] : CHAT_ACCOUNT_UNKNOWN,
                             .installations = now != NULL ? (unsigned)now->installations.count : 0};
    memcpy(out->account.bytes, p->account, sizeof out->account.bytes);
    identity_text(p->account, out->text);
    memcpy(out->name, p->name, sizeof out->name);
    memcpy(out->calls_self, p == c->me ? c->profile : p->calls_self, sizeof out->calls_self);
}

enum err chat_self(struct chat *c, struct chat_person *out)
{
    show(c, c->me, out);
    return OK;
}

enum err chat_person(struct chat *c, const struct chat_account *account, struct chat_person *out)
{
    const struct person *p = people_find(c, account->bytes);
    if (p == NULL)
        return ERR_NOT_FOUND;
    show(c, p, out);
    return OK;
}

bool chat_people(struct chat *c, size_t *cursor, struct chat_person *out)
{
    if (*cursor == 0) {
        *cursor = 1;
        show(c, c->me, out);
        return true;
    }
    size_t at = *cursor - 1;
    for (const struct person *p; (p = map_next(&c->people, &at, NULL)) != NULL;) {
        *cursor = at + 1;
        if (p != c->me) {
            show(c, p, out);
            return true;
        }
    }
    return false;
}
