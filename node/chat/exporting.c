/* Contacts and history, taken elsewhere: a sealed stream of the vault's tables (vault_export.h).
 *
 * An import adds what is not here and changes nothing that is: names of people without one, whole
 * conversations (left, readable, until a device lets us in), entries with what was said about them,
 * complete files. The stream is read twice: nothing is written before all of it was found sound.
 */
#include "node/chat/files.h"
#include "node/chat/notes.h"
#include "node/chat/notices.h"
#include "node/chat/vault/vault_export.h"

enum err chat_export(struct chat *c, const struct env *env, struct span passphrase, struct buf *out)
{
    const struct keyring_lock lock = {.passphrase = passphrase, .cost = c->cost};
    struct vault_export *x;
    size_t from = out->len;

    if (passphrase.len == 0)
        return ERR_ARGUMENT;
    TRY(step_close(c, env));
    TRY(vault_export_new(&x, c->vault, VAULT_EXPORT_HISTORY, &lock, env));
    enum err err = OK;
    while (err == OK && out->len - from <= CHAT_EXPORT_BYTES_MAX)
        err = vault_export_next(x, out);
    vault_export_free(x);
    if (err == ERR_NOT_FOUND)
        return OK;
    buf_truncate(out, from);
    return err == OK ? ERR_LIMIT : err;
}

/* ---- an import ---- */

struct importing {
    struct chat *c;
    const struct env *env;
    bool writing;    /* the second pass */
    bool account_ok; /* the export is of our account */
    size_t bytes, values;
    struct vault_key of; /* conversation and entry of the file under way, */
    bool wanted;         /* which is taken */
};

static enum err check_account(struct importing *im, const struct vault_record *r)
{
    struct pack_reader p;
    uint8_t account[ACCOUNT_ID_BYTES];
    if (!span_eq(r->key, SPAN_LIT("self")))
        return OK;
    TRY(pack_open(r->value, &p));
    (void)pack_read_array(&p, 2, 64);
    (void)pack_read_uint(&p, UINT64_MAX);
    pack_read_fixed(&p, account, sizeof account);
    TRY(p.err);
    if (memcmp(account, im->c->self.account, sizeof account) != 0)
        return ERR_ARGUMENT;
    im->account_ok = true;
    return OK;
}

static bool is_here(const struct importing *im, const struct vault_record *r)
{
    return vault_get(im->c->vault, r->table, r->key, NULL) != ERR_NOT_FOUND;
}

static enum err put(struct importing *im, const struct vault_record *r)
{
    step_open(im->c);
    im->bytes += r->value.len;
    im->values++;
    return vault_put(im->c->vault, r->table, r->key, r->value);
}

static enum err take_conversation(struct importing *im, const struct vault_record *r)
{
    step_open(im->c);
    enum err err = talk_restore(im->c, im->env, r->key, r->value);
    if (err == OK)
        journal_add(
            im->c, im->env,
            &(struct happened){.kind = CHAT_EVENT_CONVERSATION, .conversation = r->key.ptr});
    return err == ERR_EXISTS ? OK : err;
}

/* Nobody's words but the author's: signed by the device that is named, for this conversation. */
static enum err check_entry(const struct vault_record *r)
{
    struct span conversation = span_of(r->key.ptr, CHAT_CONVERSATION_BYTES), bytes;
    struct entry_author author;
    struct entry_place at;
    struct entry e;
    uint8_t key[DELIVERY_KEY_BYTES];
    if (r->key.len != CHAT_CONVERSATION_BYTES + DELIVERY_KEY_BYTES)
        return ERR_FORMAT;
    TRY(entry_row(r->value, &author, &bytes));
    TRY(entry_decode(bytes, &e));
    TRY(entry_verify(&e, conversation, &author));
    at.lamport = e.lamport;
    TRY(entry_id_of(&e, conversation, &author, &at.id));
    delivery_key(&at, key);
    return span_eq(span_after(r->key, CHAT_CONVERSATION_BYTES), SPAN_ARRAY(key)) ? OK : ERR_AUTH;
}

/* ... and a device of that account: the logs stand in front of the entries. */
static bool is_authors(const struct importing *im, const struct vault_record *r)
{
    struct entry_author author;
    struct span bytes;
    return entry_row(r->value, &author, &bytes) == OK && people_author(im->c, &author);
}

/* What it means for others is found out as when it arrives (entries.c). */
static enum err take_entry(struct importing *im, const struct vault_record *r)
{
    struct entry_place at = {.lamport = 0};
    if (r->key.len != CHAT_CONVERSATION_BYTES + DELIVERY_KEY_BYTES)
        return ERR_FORMAT;
    struct talk *t = talks_find(im->c, r->key.ptr);
    for (size_t i = 0; i < 8; i++)
        at.lamport = at.lamport << 8 | r->key.ptr[CHAT_CONVERSATION_BYTES + i];
    memcpy(at.id.bytes, r->key.ptr + r->key.len - ENTRY_ID_BYTES, sizeof at.id.bytes);
    if (t == NULL || entry_stored(im->c, t, &at.id))
        return OK; /* here, or erased when its time was over */
    if (!is_authors(im, r)) {
        log_unusual(im->env, "chat", "an entry of an import is not its author's");
        im->c->left_out++;
        return OK;
    }
    TRY(put(im, r));
    entry_row_arrived(im->c, im->env, t, &at, r->value, true);
    return entry_gone(im->c, t, &at.id) ? vault_delete(im->c->vault, r->table, r->key) : OK;
}

static enum err take_file_row(struct importing *im, const struct vault_record *r)
{
    struct file f = {0};
    struct buf row = BUF_INIT(FILE_ROW_BYTES_MAX);
    im->wanted = false;
    memcpy(im->of.bytes, r->key.ptr, r->key.len);
    if (file_decode(r->value, &f) != OK)
        return ERR_FORMAT;
    memcpy(f.id.bytes, r->key.ptr, sizeof f.id.bytes);
    memcpy(f.entry.bytes, r->key.ptr + sizeof f.id, sizeof f.entry.bytes);
    const struct talk *t = talks_find(im->c, f.id.bytes);
    if (f.state == FILE_COLLECTING || t == NULL || is_here(im, r) || entry_gone(im->c, t, &f.entry))
        return OK;
    im->wanted = true;
    f.state = FILE_HERE; /* whoever sends it still does so */
    memset(f.todo, 0, sizeof f.todo);
    enum err err = file_encode(&f, &row);
    if (err == OK)
        err = put(im, &(struct vault_record){r->table, r->key, buf_span(&row)});
    buf_clear(&row);
    return err;
}

static enum err take_notice(struct importing *im, const struct vault_record *r)
{
    const struct talk *t =
        r->key.len > CHAT_CONVERSATION_BYTES ? talks_find(im->c, r->key.ptr) : NULL;
    im->bytes += r->value.len;
    im->values++;
    return t == NULL ? OK : notices_restore(im->c, t, r->key, r->value);
}

#define FILE_NAME_BYTES (CHAT_CONVERSATION_BYTES + ENTRY_ID_BYTES)

/* Not the first row of a file. */
static bool is_part(const struct vault_record *r)
{
    static const uint8_t first[4];
    return r->key.len != FILE_NAME_BYTES + sizeof first ||
           memcmp(r->key.ptr + FILE_NAME_BYTES, first, sizeof first) != 0;
}

static enum err take_file(struct importing *im, const struct vault_record *r)
{
    if (r->key.len != FILE_NAME_BYTES + 4)
        return ERR_FORMAT;
    if (!is_part(r))
        return take_file_row(im, r);
    return im->wanted && memcmp(im->of.bytes, r->key.ptr, FILE_NAME_BYTES) == 0 ? put(im, r) : OK;
}

static enum err take(struct importing *im, const struct vault_record *r)
{
    if (r->table == VAULT_T_SETTINGS)
        return check_account(im, r);
    if (!im->account_ok)
        return ERR_FORMAT; /* the settings come first */
    if (!im->writing)
        return r->table == VAULT_T_ENTRIES ? check_entry(r) : OK;
    switch (r->table) {
    case VAULT_T_PEOPLE:
        return people_restore(im->c, r->key, r->value);
    case VAULT_T_LOGS:
        step_open(im->c);
        return people_learn(im->c, im->env, r->value);
    case VAULT_T_CONVERSATIONS:
        return take_conversation(im, r);
    case VAULT_T_ENTRIES:
        return take_entry(im, r);
    case VAULT_T_FILES:
        return take_file(im, r);
    case VAULT_T_NOTICES:
        return take_notice(im, r);
    default:
        return OK;
    }
}

/* A step has its bounds: a large import is several, and may be done again. A file is in one. */
static enum err breathe(struct importing *im, const struct vault_record *next)
{
    bool full = im->bytes >= IMPORT_STEP_BYTES || im->values >= IMPORT_STEP_VALUES;
    if (!full || (next->table == VAULT_T_FILES && im->wanted && is_part(next)))
        return OK;
    im->bytes = im->values = 0;
    return step_close(im->c, im->env);
}

static enum err read_all(struct importing *im, struct span passphrase, struct span in)
{
    const struct keyring_lock lock = {.passphrase = passphrase, .cost = im->c->cost};
    struct vault_import *x;
    struct vault_record r;

    TRY(vault_import_new(&x, &lock));
    enum err err = OK;
    do {
        err = vault_import_feed(x, &in);
        while (err == OK && vault_import_poll(x, &r)) {
            err = breathe(im, &r);
            if (err == OK)
                err = take(im, &r);
        }
    } while (err == OK && in.len > 0);
    if (err == OK)
        err = vault_import_end(x);
    if (err == OK && vault_import_what(x) != VAULT_EXPORT_HISTORY)
        err = ERR_FORMAT;
    vault_import_free(x);
    return err == ERR_MORE ? ERR_FORMAT : err;
}

enum err chat_import(struct chat *c, const struct env *env, struct span passphrase, struct span in)
{
    struct importing im = {.c = c, .env = env};

    c->left_out = 0;
    if (passphrase.len == 0)
        return ERR_AUTH;
    TRY(step_close(c, env));
    TRY(read_all(&im, passphrase, in));
    if (!im.account_ok)
        return ERR_FORMAT;
    im.writing = true;
    enum err err = read_all(&im, passphrase, in);
    enum err written = step_close(c, env);
    return err != OK ? err : written;
}

uint64_t chat_import_left_out(const struct chat *c)
{
    return c->left_out;
}
