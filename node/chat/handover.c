/* The hand-over, as bytes. */
#include "node/chat/handover.h"

#include "crypto/base/wipe.h"
#include "node/chat/profile/profile_data.h"

#include <stdlib.h>

#define FIELDS         6u
#define CONTACT_FIELDS 6u

static void write_contact(struct pack_writer *w, const struct handover_contact *k)
{
    pack_write_array(w, CONTACT_FIELDS);
    pack_write_bin(w, SPAN_ARRAY(k->account));
    pack_write_str(w, k->name);
    pack_write_str(w, k->calls_self);
    pack_write_uint(w, (uint64_t)k->consent);
    pack_write_uint(w, k->verified);
    pack_write_bin(w, k->private_link ? SPAN_ARRAY(k->secret) : SPAN_EMPTY);
}

/* How many of the first ones fit. */
static size_t fitting(const struct handover *h)
{
    size_t bytes = 1024 + h->decisions.len; /* all but the contacts */
    size_t n = 0;
    for (; n < h->contacts_count && n < HANDOVER_CONTACTS_MAX; n++) {
        bytes += 72 + h->contacts[n].name.len + h->contacts[n].calls_self.len;
        if (bytes > HANDOVER_BYTES_MAX)
            break;
    }
    return n;
}

enum err handover_encode(const struct handover *h, struct buf *out)
{
    struct pack_writer w = profile_begin(out, PROFILE_OBJECT_HANDOVER, FIELDS);
    size_t count = fitting(h);
    pack_write_bin(&w, SPAN_ARRAY(h->words_secret));
    pack_write_str(&w, h->profile);
    pack_write_uint(&w, (uint64_t)h->policy);
    pack_write_uint(&w, h->receipts);
    pack_write_array(&w, count);
    for (size_t i = 0; i < count; i++)
        write_contact(&w, &h->contacts[i]);
    pack_write_bin(&w, h->decisions);
    return profile_end(&w);
}

static bool is_name(struct span s)
{
    return s.len == 0 || memchr(s.ptr, 0, s.len) == NULL;
}

static enum err read_contact(struct pack_reader *r, struct handover_contact *k)
{
    (void)pack_read_array(r, CONTACT_FIELDS, CONTACT_FIELDS);
    pack_read_fixed(r, k->account, sizeof k->account);
    k->name = pack_read_str(r, 0, CHAT_NAME_MAX - 1);
    k->calls_self = pack_read_str(r, 0, CHAT_NAME_MAX - 1);
    k->consent = (enum chat_consent)pack_read_uint(r, CHAT_CONSENT_BLOCKED);
    k->verified = pack_read_uint(r, 1) == 1;
    struct span secret = pack_read_bin(r, 0, CARD_SECRET_BYTES);
    TRY(r->err);
    k->private_link = secret.len == CARD_SECRET_BYTES;
    if ((!k->private_link && secret.len != 0) || !is_name(k->name) || !is_name(k->calls_self))
        return ERR_FORMAT;
    if (k->private_link)
        memcpy(k->secret, secret.ptr, secret.len);
    return OK;
}

static enum err read_contacts(struct pack_reader *r, struct handover *out)
{
    size_t count = pack_read_array(r, 0, HANDOVER_CONTACTS_MAX);
    TRY(r->err);
    out->contacts = calloc(count + 1, sizeof *out->contacts);
    if (out->contacts == NULL)
        return ERR_MEMORY;
    for (; out->contacts_count < count; out->contacts_count++)
        TRY(read_contact(r, &out->contacts[out->contacts_count]));
    return OK;
}

enum err handover_decode(struct span in, struct handover *out)
{
    struct pack_reader r;
    *out = (struct handover){0};
    TRY(profile_open(in, PROFILE_OBJECT_HANDOVER, FIELDS, &r));
    pack_read_fixed(&r, out->words_secret, sizeof out->words_secret);
    out->profile = pack_read_str(&r, 0, CHAT_NAME_MAX - 1);
    out->policy = (enum chat_policy)pack_read_uint(&r, CHAT_POLICY_GROUPS);
    out->receipts = pack_read_uint(&r, 1) == 1;
    enum err err = r.err != OK ? r.err : is_name(out->profile) ? OK : ERR_FORMAT;
    if (err == OK)
        err = read_contacts(&r, out);
    out->decisions = pack_read_bin(&r, 0, HANDOVER_DECISIONS_MAX);
    if (err == OK)
        err = profile_close(&r);
    if (err != OK)
        handover_clear(out);
    return err;
}

void handover_clear(struct handover *h)
{
    if (h->contacts != NULL)
        wipe(h->contacts, h->contacts_count * sizeof *h->contacts);
    free(h->contacts);
    wipe(h, sizeof *h);
}
