/* Evidence: read, verified, merged; and put together. */
#include "node/chat/profile/evidence.h"

/* ---- reading ---- */

static size_t read_spans(struct pack_reader *r, struct span *out, size_t max, size_t bytes_max)
{
    size_t count = pack_read_array(r, 0, max);

    for (size_t i = 0; i < count; i++)
        out[i] = pack_read_bin(r, 1, bytes_max);
    return count;
}

#define EXTENSION_LAMPORT 1u

static enum err read_lamport(struct pack_reader *r, struct evidence *out)
{
    struct pack_extensions x;
    pack_read_extensions(r, &x);
    TRY(pack_end(r));
    const struct pack_extension *at = pack_extension(&x, EXTENSION_LAMPORT);
    for (size_t i = 0; at != NULL && at->bytes.len == 8 && i < 8; i++)
        out->lamport = out->lamport << 8 | at->bytes.ptr[i];
    return pack_extensions_known(&x, NULL, 0);
}

static void write_lamport(struct pack_writer *w, uint64_t lamport)
{
    uint8_t be[8];
    struct pack_extensions x = {.count = lamport != 0 ? 1 : 0};
    for (int i = 0; i < 8; i++)
        be[i] = (uint8_t)(lamport >> (56 - 8 * i));
    x.list[0] = (struct pack_extension){.id = EXTENSION_LAMPORT, .bytes = SPAN_ARRAY(be)};
    pack_write_extensions(w, &x);
}

static enum err read_fields(struct span in, struct evidence *out)
{
    struct pack_reader r;

    TRY(profile_open(in, PROFILE_OBJECT_EVIDENCE, 4, &r));
    out->week = pack_read_uint(&r, UINT32_MAX);
    size_t logs = read_spans(&r, out->logs, EVIDENCE_LOGS_MAX, IDENTITY_SENT_BYTES_MAX);
    out->doubles_count = pack_read_array(&r, 0, EVIDENCE_DOUBLES_MAX);
    for (size_t i = 0; i < out->doubles_count; i++)
        if (read_spans(&r, out->doubles[i], 2, TICKET_BYTES_MAX) != 2)
            return ERR_FORMAT;
    out->rejoins_count = read_spans(&r, out->rejoins, EVIDENCE_REJOINS_MAX, REJOIN_BYTES_MAX);
    TRY(read_lamport(&r, out));
    out->logs_count = logs;
    return OK;
}

static enum err check_double(const struct span pair[2])
{
    struct ticket a, b;

    TRY(ticket_decode(pair[0], &a));
    TRY(ticket_decode(pair[1], &b));
    TRY(ticket_verify(&a));
    TRY(ticket_verify(&b));
    return ticket_is_double(&a, &b) ? OK : ERR_PROTOCOL;
}

static enum err check_rejoin(struct span in)
{
    struct rejoin r;

    TRY(rejoin_decode(in, &r));
    return rejoin_verify(&r);
}

static const uint8_t *account_of(const struct identity_log *log)
{
    return identity_log_now(log)->account;
}

/* The log at `i` joins those of its account before it, or begins. */
static enum err merge(struct evidence *e, size_t i)
{
    enum identity_verdict verdict;
    struct identity_fork fork = {0};
    size_t first = 0;

    while (first < i && memcmp(account_of(e->raw[first]), account_of(e->raw[i]), 32) != 0)
        first++;
    if (first == i)
        return identity_log_read(e->logs[i], &e->merged[i]);
    enum err err = identity_log_merge(e->merged[first], e->raw[i], &verdict, &fork);
    identity_fork_clear(&fork);
    return err;
}

enum err evidence_decode(struct span in, struct evidence *out)
{
    *out = (struct evidence){0};
    if (in.len == 0)
        return OK;
    if (in.len > EVIDENCE_BYTES_MAX)
        return ERR_LIMIT;
    TRY(read_fields(in, out));
    for (size_t i = 0; i < out->doubles_count; i++)
        TRY(check_double(out->doubles[i]));
    for (size_t i = 0; i < out->rejoins_count; i++)
        TRY(check_rejoin(out->rejoins[i]));
    for (size_t i = 0; i < out->logs_count; i++) {
        TRY(identity_log_read(out->logs[i], &out->raw[i]));
        TRY(merge(out, i));
    }
    return OK;
}

void evidence_clear(struct evidence *e)
{
    for (size_t i = 0; i < EVIDENCE_LOGS_MAX; i++) {
        identity_log_free(e->raw[i]);
        identity_log_free(e->merged[i]);
    }
    *e = (struct evidence){0};
}

/* ---- what it says ---- */

const struct identity *evidence_identity(const struct evidence *e, const uint8_t account[32])
{
    for (size_t i = 0; i < e->logs_count; i++)
        if (e->merged[i] != NULL && memcmp(account_of(e->merged[i]), account, 32) == 0)
            return identity_log_now(e->merged[i]);
    return NULL;
}

bool evidence_log_covers(const struct identity_log *log, uint64_t seq, const uint8_t head[32])
{
    const struct identity *now = identity_log_now(log);
    struct identity_event event;
    uint8_t hash[32];

    if (seq > now->seq)
        return false;
    if (seq == now->seq)
        return memcmp(now->head, head, 32) == 0;
    struct span bytes = identity_log_event(log, seq);
    if (bytes.len == 0)
        return true; /* a checkpoint stands for it */
    return identity_event_decode(bytes, &event) == OK &&
           identity_event_hash(&event, now->account, hash) == OK && memcmp(hash, head, 32) == 0;
}

bool evidence_covers(const struct evidence *e, const uint8_t account[32], uint64_t seq,
                     const uint8_t head[32])
{
    for (size_t i = 0; i < e->logs_count; i++)
        if (memcmp(account_of(e->raw[i]), account, 32) == 0 &&
            evidence_log_covers(e->raw[i], seq, head))
            return true;
    return false;
}

bool evidence_double(const struct evidence *e, struct span group, const uint8_t key[32])
{
    struct ticket t;

    for (size_t i = 0; i < e->doubles_count; i++)
        if (ticket_decode(e->doubles[i][0], &t) == OK && memcmp(t.key, key, 32) == 0 &&
            span_eq(SPAN_ARRAY(t.group), group))
            return true;
    return false;
}

bool evidence_rejoin(const struct evidence *e, struct span group, const uint8_t key[32],
                     struct span key_package)
{
    struct rejoin r;

    for (size_t i = 0; i < e->rejoins_count; i++)
        if (rejoin_decode(e->rejoins[i], &r) == OK && memcmp(r.key, key, 32) == 0 &&
            span_eq(SPAN_ARRAY(r.group), group) && span_eq(r.key_package, key_package))
            return true;
    return false;
}

/* ---- making ---- */

void evidence_draft_init(struct evidence_draft *d)
{
    *d = (struct evidence_draft){0};
    d->logs = d->doubles = d->rejoins = BUF_INIT(EVIDENCE_BYTES_MAX);
}

void evidence_draft_clear(struct evidence_draft *d)
{
    buf_clear(&d->logs);
    buf_clear(&d->doubles);
    buf_clear(&d->rejoins);
}

static enum err bring(struct buf *list, size_t *count, size_t max, struct span bytes)
{
    struct pack_writer w = pack_writer_to(list);

    if (*count == max)
        return ERR_FULL;
    pack_write_bin(&w, bytes);
    TRY(pack_writer_status(&w));
    ++*count;
    return OK;
}

enum err evidence_bring(struct evidence_draft *d, const struct identity_log *log)
{
    struct buf bytes = BUF_INIT(IDENTITY_SENT_BYTES_MAX);

    for (size_t i = 0; i < d->logs_count; i++)
        if (memcmp(d->accounts[i], account_of(log), 32) == 0)
            return OK;
    size_t at = d->logs_count;
    enum err err = identity_log_write(log, &bytes);
    if (err == OK)
        err = bring(&d->logs, &d->logs_count, EVIDENCE_LOGS_MAX, buf_span(&bytes));
    if (err == OK)
        memcpy(d->accounts[at], account_of(log), 32);
    buf_clear(&bytes);
    return err;
}

enum err evidence_bring_sent(struct evidence_draft *d, struct span log)
{
    return bring(&d->logs, &d->logs_count, EVIDENCE_LOGS_MAX, log);
}

enum err evidence_bring_double(struct evidence_draft *d, struct span a, struct span b)
{
    struct pack_writer w = pack_writer_to(&d->doubles);

    if (d->doubles_count == EVIDENCE_DOUBLES_MAX)
        return ERR_FULL;
    pack_write_array(&w, 2);
    pack_write_bin(&w, a);
    pack_write_bin(&w, b);
    TRY(pack_writer_status(&w));
    d->doubles_count++;
    return OK;
}

enum err evidence_bring_rejoin(struct evidence_draft *d, struct span request)
{
    return bring(&d->rejoins, &d->rejoins_count, EVIDENCE_REJOINS_MAX, request);
}

static void write_list(struct pack_writer *w, size_t count, const struct buf *elements)
{
    pack_write_array(w, count);
    if (count > 0)
        pack_write_raw(w, buf_span(elements));
}

enum err evidence_write(const struct evidence_draft *d, uint64_t week, struct buf *out)
{
    size_t before = out->len;
    struct pack_writer w = profile_begin(out, PROFILE_OBJECT_EVIDENCE, 4);

    pack_write_uint(&w, week);
    write_list(&w, d->logs_count, &d->logs);
    write_list(&w, d->doubles_count, &d->doubles);
    write_list(&w, d->rejoins_count, &d->rejoins);
    write_lamport(&w, d->lamport);
    enum err err = pack_writer_status(&w);
    if (err == OK && out->len - before > EVIDENCE_BYTES_MAX)
        err = ERR_LIMIT;
    if (err != OK)
        buf_truncate(out, before);
    return err;
}
