/* Bundles of one account, from wherever, as one. */
#include "node/chat/intro/found.h"

#include "node/chat/identity/identity_log.h"

#include <stdlib.h>

struct kept {
    struct buf bytes; /* a verified part */
    uint8_t installation[32];
    uint64_t issued_s;
};

struct found {
    uint8_t account[ACCOUNT_ID_BYTES];
    struct identity_log *log;
    uint8_t log_hash[SHA256_BYTES]; /* of the form as sent that was read last: */
    bool log_read;                  /* the same again costs no signature */
    bool forked;
    struct identity_fork fork;
    struct kept parts[BUNDLE_PARTS_MAX]; /* by rising installation key */
    size_t count;
};

enum err found_new(const uint8_t account[ACCOUNT_ID_BYTES], struct found **out)
{
    if ((*out = calloc(1, sizeof **out)) == NULL)
        return ERR_MEMORY;
    memcpy((*out)->account, account, ACCOUNT_ID_BYTES);
    return OK;
}

void found_free(struct found *f)
{
    if (f == NULL)
        return;
    for (size_t i = 0; i < f->count; i++)
        buf_clear(&f->parts[i].bytes);
    identity_fork_clear(&f->fork);
    identity_log_free(f->log);
    free(f);
}

const struct identity_log *found_log(const struct found *f)
{
    return f->log;
}

const struct identity_fork *found_fork(const struct found *f)
{
    return f->forked ? &f->fork : NULL;
}

/* ---- logs ---- */

static enum err merge(struct found *f, struct identity_log *theirs)
{
    struct identity_fork fork;
    enum identity_verdict verdict;

    TRY(identity_log_merge(f->log, theirs, &verdict, &fork));
    bool forked = verdict == IDENTITY_REPLACED || verdict == IDENTITY_KEPT ||
                  (verdict == IDENTITY_FORKED && fork.ours.len > 0);
    if (forked) {
        identity_fork_clear(&f->fork);
        f->fork = fork;
        f->forked = true;
    } else {
        identity_fork_clear(&fork);
    }
    return OK;
}

static enum err take_log(struct found *f, struct span sent)
{
    uint8_t hash[SHA256_BYTES];
    struct identity_log *log;

    sha256(sent, hash);
    if (f->log_read && memcmp(hash, f->log_hash, sizeof hash) == 0)
        return OK;
    TRY(identity_log_read(sent, &log));
    enum err err = OK;
    if (memcmp(identity_log_now(log)->account, f->account, ACCOUNT_ID_BYTES) != 0) {
        err = ERR_ARGUMENT;
    } else if (f->log == NULL) {
        f->log = log;
        log = NULL;
    } else {
        err = merge(f, log);
    }
    identity_log_free(log);
    if (err == OK) {
        memcpy(f->log_hash, hash, sizeof hash);
        f->log_read = true;
    }
    return err;
}

/* ---- parts ---- */

static void drop(struct found *f, size_t i)
{
    buf_clear(&f->parts[i].bytes);
    f->count--;
    memmove(&f->parts[i], &f->parts[i + 1], (f->count - i) * sizeof f->parts[0]);
}

/* Only installations of the log have a place: there are never more of them than places. */
static void drop_strangers(struct found *f)
{
    for (size_t i = f->count; i > 0; i--)
        if (!identity_has(identity_log_now(f->log), f->parts[i - 1].installation, NULL))
            drop(f, i - 1);
}

static enum err keep(struct found *f, const struct part *p, struct span bytes)
{
    struct buf copy = BUF_INIT(PART_BYTES_MAX);
    size_t i = 0;

    while (i < f->count && memcmp(f->parts[i].installation, p->installation, 32) < 0)
        i++;
    bool here = i < f->count && memcmp(f->parts[i].installation, p->installation, 32) == 0;
    if (here && f->parts[i].issued_s >= p->issued_s)
        return OK;
    if (!here && f->count == BUNDLE_PARTS_MAX)
        return OK;
    TRY(buf_append(&copy, bytes));
    if (here) {
        buf_clear(&f->parts[i].bytes);
    } else {
        memmove(&f->parts[i + 1], &f->parts[i], (f->count - i) * sizeof f->parts[0]);
        f->count++;
    }
    f->parts[i] = (struct kept){.bytes = copy, .issued_s = p->issued_s};
    memcpy(f->parts[i].installation, p->installation, 32);
    return OK;
}

static enum err take_part(struct found *f, struct span bytes)
{
    struct part p;

    if (part_decode(bytes, &p) != OK || memcmp(p.account, f->account, ACCOUNT_ID_BYTES) != 0 ||
        !identity_has(identity_log_now(f->log), p.installation, NULL))
        return OK;
    enum err err = part_verify(&p);
    return err == OK ? keep(f, &p, bytes) : err == ERR_MEMORY ? err : OK;
}

enum err found_add(struct found *f, struct span body)
{
    struct bundle b;

    TRY(bundle_decode(body, &b));
    TRY(take_log(f, b.log));
    drop_strangers(f);
    for (size_t i = 0; i < b.count; i++)
        TRY(take_part(f, b.parts[i]));
    return OK;
}

size_t found_parts(const struct found *f, uint64_t now_s, struct part out[BUNDLE_PARTS_MAX])
{
    size_t count = 0;

    for (size_t i = 0; i < f->count; i++)
        if (part_decode(buf_span(&f->parts[i].bytes), &out[count]) == OK &&
            part_judge(&out[count], f->log, now_s) == PART_GOOD)
            count++;
    return count;
}

/* ---- envelopes ---- */

enum err found_received(struct found *f, const struct card *card, uint64_t now_s,
                        struct span envelope)
{
    struct buf keep = BUF_INIT(ENVELOPE_BYTES_MAX);
    uint32_t last = (uint32_t)((now_s + PART_SKEW_S) / INTRO_DAY_S);
    struct intro intro;
    struct stamp_of of;
    enum err err = ERR_NOT_FOUND;

    for (uint32_t back = 0; back <= PART_LIFE_S / INTRO_DAY_S + 1 && back <= last; back++) {
        err = intro_open(card, last - back, envelope, &keep, &intro);
        if (err == ERR_NOT_FOUND || err == ERR_AUTH)
            continue;
        if (err == OK && intro_body_type(intro.body) != INTRO_BUNDLE)
            err = ERR_NOT_FOUND;
        if (err == OK) {
            stamp_for(f->account, last - back, intro.body, &of);
            err = stamp_holds(&of, intro.stamp, STAMP_BITS_BUNDLE) ? found_add(f, intro.body)
                                                                   : ERR_REFUSED;
        }
        break;
    }
    buf_clear(&keep);
    return err == ERR_AUTH ? ERR_NOT_FOUND : err;
}
