/* Events as bytes: one row a type says which fields its body has and who signs. */
#include "node/chat/identity/identity.h"

#include <stddef.h>

enum field { /* in the order in which a body has them */
    ROOT = 1,
    NEXT_ROOT = 2,
    RECOVERY_KEY = 4,
    RECOVERY = 8,
    INSTALLATION = 16,
    MOVED_TO = 32,
    POLICY = 64,
    CAPABILITIES = 128,
    REASON = 256,
    INSTALLATIONS = 512,
};

static const struct row {
    enum identity_type type;
    unsigned fields;
    enum identity_signer signers[2];
} rows[] = {
    {IDENTITY_INCEPTION, ROOT | NEXT_ROOT | RECOVERY | POLICY, {IDENTITY_SIGNER_ROOT}},
    {IDENTITY_INSTALL_ADD,
     INSTALLATION | CAPABILITIES,
     {IDENTITY_SIGNER_ROOT, IDENTITY_SIGNER_INSTALLATION}},
    {IDENTITY_INSTALL_REVOKE, INSTALLATION | REASON, {IDENTITY_SIGNER_ROOT}},
    {IDENTITY_ROTATE_ROOT, ROOT | NEXT_ROOT, {IDENTITY_SIGNER_ROOT}},
    {IDENTITY_RECOVER,
     ROOT | NEXT_ROOT | RECOVERY_KEY | RECOVERY | INSTALLATIONS,
     {IDENTITY_SIGNER_ROOT, IDENTITY_SIGNER_RECOVERY}},
    {IDENTITY_TOMBSTONE, RECOVERY_KEY, {IDENTITY_SIGNER_ROOT, IDENTITY_SIGNER_RECOVERY}},
    {IDENTITY_MOVE, RECOVERY_KEY | MOVED_TO, {IDENTITY_SIGNER_ROOT, IDENTITY_SIGNER_RECOVERY}},
    {IDENTITY_CHECKPOINT,
     ROOT | NEXT_ROOT | RECOVERY | POLICY | INSTALLATIONS,
     {IDENTITY_SIGNER_ROOT}},
};

/* fields of 32 bytes and of numbers, by their place in the struct */
static const struct {
    enum field field;
    size_t at;
    bool number;
} places[] = {
    {ROOT, offsetof(struct identity_event, root), false},
    {NEXT_ROOT, offsetof(struct identity_event, next_root), false},
    {RECOVERY_KEY, offsetof(struct identity_event, recovery_key), false},
    {RECOVERY, offsetof(struct identity_event, recovery), false},
    {INSTALLATION, offsetof(struct identity_event, installation), false},
    {MOVED_TO, offsetof(struct identity_event, moved_to), false},
    {POLICY, offsetof(struct identity_event, policy), true},
    {CAPABILITIES, offsetof(struct identity_event, capabilities), true},
    {REASON, offsetof(struct identity_event, reason), true},
};

#define ROWS   (sizeof rows / sizeof *rows)
#define PLACES (sizeof places / sizeof *places)

static const struct row *row_of(uint64_t type)
{
    for (size_t i = 0; i < ROWS; i++)
        if ((uint64_t)rows[i].type == type)
            return &rows[i];
    return NULL;
}

const enum identity_signer *identity_signers(enum identity_type type)
{
    return row_of((uint64_t)type)->signers;
}

static size_t fields_of(const struct row *row)
{
    size_t n = 0;

    for (unsigned bits = row->fields; bits != 0; bits &= bits - 1)
        n++;
    return n;
}

static size_t signers_of(const struct row *row)
{
    return row->signers[1] == IDENTITY_SIGNER_NONE ? 1 : 2;
}

/* ---- writing ---- */

static void write_installations(struct pack_writer *w, const struct installations *list)
{
    pack_write_array(w, list->count);
    for (size_t i = 0; i < list->count; i++) {
        pack_write_array(w, 2);
        pack_write_bin(w, SPAN_ARRAY(list->list[i].key));
        pack_write_uint(w, list->list[i].capabilities);
    }
}

static void write_body(struct pack_writer *w, const struct identity_event *e, const struct row *row)
{
    pack_write_array(w, fields_of(row));
    for (size_t i = 0; i < PLACES; i++) {
        const uint8_t *at = (const uint8_t *)e + places[i].at;
        uint64_t number;
        if ((row->fields & (unsigned)places[i].field) == 0)
            continue;
        if (places[i].number) {
            memcpy(&number, at, sizeof number);
            pack_write_uint(w, number);
        } else {
            pack_write_bin(w, span_of(at, 32));
        }
    }
    if ((row->fields & INSTALLATIONS) != 0)
        write_installations(w, &e->installations);
}

/* With or without the signatures: what is sent, or what is signed and hashed. */
static enum err write_event(const struct identity_event *e, bool signatures, struct buf *out)
{
    const struct row *row = row_of((uint64_t)e->type);
    struct pack_writer w = pack_writer_to(out);

    pack_write_array(&w, signatures ? 8 : 7);
    pack_write_uint(&w, (uint64_t)e->type);
    pack_write_uint(&w, 1);
    pack_write_uint(&w, e->seq);
    pack_write_bin(&w, SPAN_ARRAY(e->prev));
    pack_write_uint(&w, e->time_s);
    write_body(&w, e, row);
    if (signatures) {
        pack_write_array(&w, signers_of(row));
        for (size_t i = 0; i < signers_of(row); i++)
            pack_write_bin(&w, SPAN_ARRAY(e->signatures[i]));
    }
    pack_write_extensions(&w, &e->extensions);
    return pack_writer_status(&w);
}

enum err identity_event_encode(const struct identity_event *e, struct buf *out)
{
    size_t from = out->len;
    enum err err = write_event(e, true, out);

    if (err == OK && out->len - from > IDENTITY_EVENT_BYTES_MAX)
        err = ERR_LIMIT;
    if (err != OK)
        buf_truncate(out, from);
    return err;
}

/* ---- reading ---- */

static void read_installations(struct pack_reader *r, struct installations *out)
{
    out->count = pack_read_array(r, 0, IDENTITY_INSTALLATIONS_MAX);
    for (size_t i = 0; i < out->count; i++) {
        (void)pack_read_array(r, 2, 2);
        pack_read_fixed(r, out->list[i].key, 32);
        out->list[i].capabilities = pack_read_uint(r, UINT64_MAX);
        if (i > 0 && memcmp(out->list[i - 1].key, out->list[i].key, 32) >= 0 && r->err == OK)
            r->err = ERR_FORMAT;
    }
}

static void read_body(struct pack_reader *r, struct identity_event *e, const struct row *row)
{
    (void)pack_read_array(r, fields_of(row), fields_of(row));
    for (size_t i = 0; i < PLACES; i++) {
        uint8_t *at = (uint8_t *)e + places[i].at;
        if ((row->fields & (unsigned)places[i].field) == 0)
            continue;
        if (places[i].number) {
            uint64_t number = pack_read_uint(r, UINT64_MAX);
            memcpy(at, &number, sizeof number);
        } else {
            pack_read_fixed(r, at, 32);
        }
    }
    if ((row->fields & INSTALLATIONS) != 0)
        read_installations(r, &e->installations);
}

enum err identity_event_decode(struct span in, struct identity_event *out)
{
    struct pack_reader r;

    *out = (struct identity_event){0};
    if (in.len > IDENTITY_EVENT_BYTES_MAX)
        return ERR_LIMIT;
    TRY(pack_open(in, &r));
    size_t parts = pack_read_array(&r, 2, PACK_ITEMS_MAX);
    const struct row *row = row_of(pack_read_uint(&r, UINT64_MAX));
    uint64_t version = pack_read_uint(&r, UINT64_MAX);
    if (r.err == OK && (row == NULL || version != 1))
        return version == 0 ? ERR_FORMAT : ERR_UNSUPPORTED;
    if (r.err != OK || parts != 8)
        return ERR_FORMAT;
    out->type = row->type;
    out->seq = pack_read_uint(&r, INT64_MAX);
    pack_read_fixed(&r, out->prev, 32);
    out->time_s = pack_read_uint(&r, INT64_MAX);
    read_body(&r, out, row);
    (void)pack_read_array(&r, signers_of(row), signers_of(row));
    for (size_t i = 0; i < signers_of(row); i++)
        pack_read_fixed(&r, out->signatures[i], 64);
    pack_read_extensions(&r, &out->extensions);
    TRY(pack_end(&r));
    return pack_extensions_known(&out->extensions, NULL, 0);
}

/* ---- what is hashed and signed ---- */

#define SIGNED_BYTES_MAX (32u + IDENTITY_EVENT_BYTES_MAX)

/* account || the event without signatures */
static enum err signed_bytes(const struct identity_event *e, const uint8_t account[32],
                             struct buf *out)
{
    static const uint8_t none[32];

    TRY(buf_append(out, span_of(e->type == IDENTITY_INCEPTION ? none : account, 32)));
    enum err err = write_event(e, false, out);
    return err == ERR_FULL ? ERR_LIMIT : err;
}

static enum err hash_as(enum label label, const struct identity_event *e, const uint8_t account[32],
                        uint8_t out[32])
{
    struct buf bytes = BUF_INIT(SIGNED_BYTES_MAX);
    enum err err = signed_bytes(e, account, &bytes);
    struct span part = buf_span(&bytes);

    if (err == OK)
        label_hash(label, &part, 1, out);
    buf_clear(&bytes);
    return err;
}

enum err identity_event_hash(const struct identity_event *e, const uint8_t account[32],
                             uint8_t out[32])
{
    return hash_as(LABEL_IDENTITY_EVENT_HASH, e, account, out);
}

enum err identity_account_of(const struct identity_event *inception, uint8_t out[32])
{
    assert(inception->type == IDENTITY_INCEPTION);
    return hash_as(LABEL_IDENTITY_ACCOUNT, inception, NULL, out);
}

enum err identity_event_sign(struct identity_event *e, const uint8_t account[32],
                             enum identity_signer who, const struct keyring_key *key)
{
    const enum identity_signer *signers = identity_signers(e->type);
    struct buf bytes = BUF_INIT(SIGNED_BYTES_MAX);
    enum err err = signed_bytes(e, account, &bytes);
    bool signs = false;

    for (size_t i = 0; i < 2 && err == OK; i++) {
        if (signers[i] != who)
            continue;
        signs = true;
        err = keyring_sign_label(key, LABEL_IDENTITY_EVENT, buf_span(&bytes), e->signatures[i]);
    }
    buf_clear(&bytes);
    return err == OK && !signs ? ERR_ARGUMENT : err;
}

enum err identity_event_verify(const struct identity_event *e, const uint8_t account[32],
                               const uint8_t root[32])
{
    const enum identity_signer *signers = identity_signers(e->type);
    struct buf bytes = BUF_INIT(SIGNED_BYTES_MAX);
    enum err err = signed_bytes(e, account, &bytes);

    for (size_t i = 0; i < 2 && err == OK; i++) {
        const uint8_t *key = signers[i] == IDENTITY_SIGNER_ROOT           ? root
                             : signers[i] == IDENTITY_SIGNER_INSTALLATION ? e->installation
                             : signers[i] == IDENTITY_SIGNER_RECOVERY     ? e->recovery_key
                                                                          : NULL;
        if (key != NULL)
            err = label_verify(LABEL_IDENTITY_EVENT, key, buf_span(&bytes), e->signatures[i]);
    }
    buf_clear(&bytes);
    return err;
}
