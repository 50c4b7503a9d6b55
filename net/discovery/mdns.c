#include "net/discovery/mdns.h"

#include "crypto/base/blob.h"
#include "crypto/base/fifo.h"
#include "crypto/base/reader.h"
#include "crypto/base/writer.h"

#include <stdio.h>
#include <stdlib.h>

#define SERVICE "_p2p._udp.local"
#define META    "_services._dns-sd._udp.local"
#define NAME    32 /* chars of our own random name; spec: at least 32 */

enum { /* RFC 1035 3.2 */
    TYPE_PTR = 12,
    TYPE_TXT = 16,
    TYPE_ANY = 255,
    CLASS_IN = 1,
    CLASS_MASK = 0x7fff,    /* the first bit asks for unicast, or flushes caches: RFC 6762 18 */
    FLAG_RESPONSE = 0x8000, /* QR */
    FLAG_AUTHORITATIVE = 0x0400,
};

struct slot {
    struct mdns_out out;
    struct blob *bytes;
};

struct mdns {
    struct peer_id self;
    char name[NAME + 1 + sizeof SERVICE];
    struct multiaddr addrs[MDNS_ADDRS_MAX]; /* with /p2p */
    size_t addrs_count;
    struct fifo out; /* struct slot */
    struct slot told;
    struct mono ask;
    int64_t pause_ms;
    struct mono answer; /* not before */
    bool answer_due;
    struct mono second; /* of `peers_told` */
    unsigned peers_told;
};

/* ---- names ---- */

/* A name as text in lower case, dots between labels. Pointers lead backwards only, so this ends. */
static bool read_name(struct span whole, struct reader *r, char out[MDNS_NAME_MAX + 1])
{
    struct reader at = *r;
    size_t n = 0, limit = whole.len - r->rest.len;
    bool jumped = false;

    for (;;) {
        uint8_t len = read_u8(&at);
        if (at.failed)
            return false;
        if ((len & 0xc0) == 0xc0) {
            size_t to = (size_t)(len & 0x3f) << 8 | read_u8(&at);
            if (at.failed || to >= limit)
                return false;
            if (!jumped)
                *r = at;
            jumped = true;
            limit = to;
            at = reader_of(span_after(whole, to));
            continue;
        }
        if (len > 63)
            return false;
        if (len == 0)
            break;
        struct span label = read_bytes(&at, len);
        if (at.failed || n + len + 1 > MDNS_NAME_MAX)
            return false;
        if (n > 0)
            out[n++] = '.';
        for (size_t i = 0; i < label.len; i++) {
            char c = (char)label.ptr[i];
            out[n++] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
        }
    }
    out[n] = '\0';
    if (!jumped)
        *r = at;
    return true;
}

static void write_name(struct writer *w, const char *name)
{
    while (*name != '\0') {
        size_t n = strcspn(name, ".");
        write_u8(w, (uint8_t)n);
        write_bytes(w, span_of(name, n));
        name += n + (name[n] == '.');
    }
    write_u8(w, 0);
}

static bool is_of_service(const char *name)
{
    size_t n = strlen(name), s = strlen(SERVICE);

    return n > s && name[n - s - 1] == '.' && strcmp(name + n - s, SERVICE) == 0;
}

/* ---- sending ---- */

static void emit(struct mdns *m, struct slot *slot)
{
    if (fifo_push(&m->out, slot) != OK)
        blob_unref(slot->bytes); /* nobody polls: a datagram may be lost */
}

static void send_take(struct mdns *m, struct buf *message, enum err err)
{
    struct slot slot = {.out = {.kind = MDNS_OUT_SEND}};

    if (err == OK && (slot.bytes = blob_new(buf_span(message))) != NULL) {
        slot.out.bytes = blob_span(slot.bytes);
        emit(m, &slot);
    }
    buf_clear(message);
}

static void write_header(struct writer *w, uint16_t flags, uint16_t questions, uint16_t answers,
                         uint16_t additional)
{
    write_be16(w, 0); /* RFC 6762 18.1: zero */
    write_be16(w, flags);
    write_be16(w, questions);
    write_be16(w, answers);
    write_be16(w, 0);
    write_be16(w, additional);
}

static void write_record(struct writer *w, const char *name, uint16_t type, struct span data)
{
    write_name(w, name);
    write_be16(w, type);
    write_be16(w, CLASS_IN);
    write_be32(w, MDNS_TTL_S);
    write_be16(w, (uint16_t)data.len);
    write_bytes(w, data);
}

static void send_query(struct mdns *m)
{
    struct buf message = BUF_INIT(MDNS_BYTES_MAX);
    struct writer w = writer_to(&message);

    write_header(&w, 0, 1, 0, 0);
    write_name(&w, SERVICE);
    write_be16(&w, TYPE_PTR);
    write_be16(&w, CLASS_IN);
    send_take(m, &message, writer_status(&w));
}

/* "dnsaddr=..." strings, as many as fit into one datagram of an Ethernet */
static void write_addresses(const struct mdns *m, struct writer *w)
{
    char text[MULTIADDR_TEXT_MAX], line[256];

    for (size_t i = 0; i < m->addrs_count && w->out->len < MDNS_TEXT_BYTES_MAX; i++) {
        multiaddr_text(&m->addrs[i], text);
        int n = snprintf(line, sizeof line, "dnsaddr=%s", text);
        if (n <= 0 || n > 255)
            continue; /* longer than a TXT string may be */
        write_u8(w, (uint8_t)n);
        write_bytes(w, span_of(line, (size_t)n));
    }
}

static void send_answer(struct mdns *m)
{
    struct buf message = BUF_INIT(MDNS_BYTES_MAX), data = BUF_INIT(MDNS_BYTES_MAX);
    struct writer w = writer_to(&message), d = writer_to(&data);

    write_header(&w, FLAG_RESPONSE | FLAG_AUTHORITATIVE, 0, 1, 1);
    write_name(&d, m->name);
    write_record(&w, SERVICE, TYPE_PTR, buf_span(&data));
    buf_reset(&data);
    write_addresses(m, &d);
    write_record(&w, m->name, TYPE_TXT, buf_span(&data));
    if (writer_status(&d) != OK)
        w.err = writer_status(&d);
    buf_clear(&data);
    send_take(m, &message, writer_status(&w));
}

static void send_meta(struct mdns *m)
{
    struct buf message = BUF_INIT(MDNS_BYTES_MAX), data = BUF_INIT(MDNS_BYTES_MAX);
    struct writer w = writer_to(&message), d = writer_to(&data);

    write_header(&w, FLAG_RESPONSE | FLAG_AUTHORITATIVE, 0, 1, 0);
    write_name(&d, SERVICE);
    write_record(&w, META, TYPE_PTR, buf_span(&data));
    if (writer_status(&d) != OK)
        w.err = writer_status(&d);
    buf_clear(&data);
    send_take(m, &message, writer_status(&w));
}

/* ---- receiving ---- */

static void tell(struct mdns *m, const struct env *env, struct span text)
{
    struct slot slot = {.out = {.kind = MDNS_OUT_PEER}};
    struct peer_id id;

    if (!span_starts(text, SPAN_LIT("dnsaddr=")) ||
        multiaddr_parse(span_after(text, 8), &slot.out.addr) != OK ||
        !multiaddr_peer(&slot.out.addr, &id) || peer_id_eq(&id, &m->self))
        return;
    if (env->now.ns - m->second.ns >= NS_PER_S) {
        m->second = env->now;
        m->peers_told = 0;
    }
    if (m->peers_told++ < MDNS_PEERS_S_MAX)
        emit(m, &slot);
}

static void read_texts(struct mdns *m, const struct env *env, struct span data)
{
    struct reader r = reader_of(data);

    for (size_t n = 0; r.rest.len > 0 && n < MDNS_ADDRS_MAX; n++) {
        struct span text = read_bytes(&r, read_u8(&r));
        if (r.failed)
            return;
        tell(m, env, text);
    }
}

static void asked(struct mdns *m, const char *name, unsigned type)
{
    if (strcmp(name, META) == 0 && (type == TYPE_PTR || type == TYPE_ANY))
        send_meta(m);
    else if ((strcmp(name, SERVICE) == 0 && (type == TYPE_PTR || type == TYPE_ANY)) ||
             (strcmp(name, m->name) == 0 && (type == TYPE_TXT || type == TYPE_ANY)))
        m->answer_due = m->addrs_count > 0;
}

static enum err read_questions(struct mdns *m, struct span whole, struct reader *r, size_t count,
                               bool query)
{
    char name[MDNS_NAME_MAX + 1];

    for (size_t i = 0; i < count; i++) {
        if (!read_name(whole, r, name))
            return ERR_FORMAT;
        unsigned type = read_be16(r), class = read_be16(r);
        TRY(reader_status(r) == OK ? OK : ERR_FORMAT);
        if (query && (class & CLASS_MASK) == CLASS_IN)
            asked(m, name, type);
    }
    return OK;
}

static enum err read_records(struct mdns *m, const struct env *env, struct span whole,
                             struct reader *r, size_t count)
{
    char name[MDNS_NAME_MAX + 1];

    for (size_t i = 0; i < count; i++) {
        if (!read_name(whole, r, name))
            return ERR_FORMAT;
        unsigned type = read_be16(r), class = read_be16(r);
        (void)read_be32(r);
        struct span data = read_bytes(r, read_be16(r));
        TRY(reader_status(r) == OK ? OK : ERR_FORMAT);
        if (type == TYPE_TXT && (class & CLASS_MASK) == CLASS_IN && is_of_service(name))
            read_texts(m, env, data);
    }
    return OK;
}

enum err mdns_receive(struct mdns *m, const struct env *env, struct span bytes)
{
    struct reader r = reader_of(bytes);
    uint16_t count[4];

    (void)read_be16(&r);
    uint16_t flags = read_be16(&r);
    for (int i = 0; i < 4; i++)
        count[i] = read_be16(&r);
    if (reader_status(&r) != OK || bytes.len > MDNS_BYTES_MAX)
        return ERR_FORMAT;
    size_t records = (size_t)count[1] + count[2] + count[3];
    if (count[0] > MDNS_RECORDS_MAX || records > MDNS_RECORDS_MAX)
        return ERR_FORMAT;
    bool response = (flags & FLAG_RESPONSE) != 0;
    TRY(read_questions(m, bytes, &r, count[0], !response));
    return response ? read_records(m, env, bytes, &r, records) : OK;
}

/* ---- time ---- */

struct mono mdns_deadline(const struct mdns *m)
{
    return m->answer_due ? mono_min(m->answer, m->ask) : m->ask;
}

void mdns_tick(struct mdns *m, const struct env *env)
{
    if (m->ask.ns <= env->now.ns) {
        send_query(m);
        m->ask = mono_add(env->now, m->pause_ms * NS_PER_MS);
        m->pause_ms = m->pause_ms < MDNS_ASK_MS_MAX / 4 ? m->pause_ms * 4 : MDNS_ASK_MS_MAX;
    }
    if (m->answer_due && m->answer.ns <= env->now.ns) { /* RFC 6762 6: once a second at most */
        m->answer_due = false;
        m->answer = mono_add(env->now, MDNS_ANSWER_MS * NS_PER_MS);
        send_answer(m);
    }
}

bool mdns_poll(struct mdns *m, struct mdns_out *out)
{
    blob_unref(m->told.bytes);
    m->told.bytes = NULL;
    if (!fifo_pop(&m->out, &m->told))
        return false;
    *out = m->told.out;
    return true;
}

/* ---- life ---- */

enum err mdns_new(struct mdns **out, const struct env *env, const struct peer_id *self,
                  const struct multiaddr *addrs, size_t count)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    struct mdns *m = calloc(1, sizeof *m);

    if (m == NULL)
        return ERR_MEMORY;
    m->self = *self;
    for (size_t i = 0; i < NAME; i++)
        m->name[i] = letters[rng_below(env->rng, sizeof letters - 1)];
    memcpy(m->name + NAME, "." SERVICE, sizeof SERVICE + 1);
    for (size_t i = 0; i < count && m->addrs_count < MDNS_ADDRS_MAX; i++) {
        m->addrs[m->addrs_count] = addrs[i];
        if (multiaddr_add_peer(&m->addrs[m->addrs_count], self) == OK)
            m->addrs_count++;
    }
    fifo_init(&m->out, sizeof(struct slot), MDNS_OUT_MAX);
    m->ask = m->answer = m->second = env->now;
    m->pause_ms = MDNS_ASK_MS_MIN;
    *out = m;
    return OK;
}

void mdns_free(struct mdns *m)
{
    struct slot slot;

    if (m == NULL)
        return;
    blob_unref(m->told.bytes);
    while (fifo_pop(&m->out, &slot))
        blob_unref(slot.bytes);
    fifo_clear(&m->out);
    free(m);
}
