#include "net/wire/multiaddr.h"

#include "net/wire/ip.h"
#include "net/wire/multiaddr_text.h"
#include "net/wire/varint.h"

#define SIZE_VARIABLE 0xffu

/* One line a protocol; adding one touches this table, and multiaddr_text.c if its value is of a
 * new kind. */
static const struct multiaddr_proto PROTOS[] = {
    {MULTIADDR_IP4, 4, MULTIADDR_VALUE_IP4, "ip4"},
    {MULTIADDR_IP6, 16, MULTIADDR_VALUE_IP6, "ip6"},
    {MULTIADDR_TCP, 2, MULTIADDR_VALUE_PORT, "tcp"},
    {MULTIADDR_UDP, 2, MULTIADDR_VALUE_PORT, "udp"},
    {MULTIADDR_DNS, SIZE_VARIABLE, MULTIADDR_VALUE_NAME, "dns"},
    {MULTIADDR_DNS4, SIZE_VARIABLE, MULTIADDR_VALUE_NAME, "dns4"},
    {MULTIADDR_DNS6, SIZE_VARIABLE, MULTIADDR_VALUE_NAME, "dns6"},
    {MULTIADDR_DNSADDR, SIZE_VARIABLE, MULTIADDR_VALUE_NAME, "dnsaddr"},
    {MULTIADDR_SNI, SIZE_VARIABLE, MULTIADDR_VALUE_NAME, "sni"},
    {MULTIADDR_P2P, SIZE_VARIABLE, MULTIADDR_VALUE_PEER, "p2p"},
    {MULTIADDR_P2P, SIZE_VARIABLE, MULTIADDR_VALUE_PEER, "ipfs"}, /* only read */
    {MULTIADDR_P2P_CIRCUIT, 0, MULTIADDR_VALUE_NONE, "p2p-circuit"},
    {MULTIADDR_TLS, 0, MULTIADDR_VALUE_NONE, "tls"},
    {MULTIADDR_NOISE, 0, MULTIADDR_VALUE_NONE, "noise"},
    {MULTIADDR_WS, 0, MULTIADDR_VALUE_NONE, "ws"},
    {MULTIADDR_WSS, 0, MULTIADDR_VALUE_NONE, "wss"},
    {MULTIADDR_HTTP, 0, MULTIADDR_VALUE_NONE, "http"},
    {MULTIADDR_QUIC, 0, MULTIADDR_VALUE_NONE, "quic"},
    {MULTIADDR_QUIC_V1, 0, MULTIADDR_VALUE_NONE, "quic-v1"},
    {MULTIADDR_WEBTRANSPORT, 0, MULTIADDR_VALUE_NONE, "webtransport"},
    {MULTIADDR_WEBRTC_DIRECT, 0, MULTIADDR_VALUE_NONE, "webrtc-direct"},
};

static const struct multiaddr_proto *proto_by_code(uint64_t code)
{
    for (size_t i = 0; i < sizeof PROTOS / sizeof *PROTOS; i++)
        if (PROTOS[i].code == code)
            return &PROTOS[i];
    return NULL;
}

static const struct multiaddr_proto *proto_by_name(struct span name)
{
    for (size_t i = 0; i < sizeof PROTOS / sizeof *PROTOS; i++)
        if (span_eq(span_str(PROTOS[i].name), name))
            return &PROTOS[i];
    return NULL;
}

/* Printable, so that text and binary name the same address and logs stay one line. */
static bool is_name(struct span name)
{
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] <= ' ' || name.ptr[i] > '~' || name.ptr[i] == '/')
            return false;
    return name.len > 0 && name.len <= DNS_NAME_MAX;
}

static enum err check_value(const struct multiaddr_proto *proto, struct span value)
{
    struct peer_id id;

    switch (proto->kind) {
    case MULTIADDR_VALUE_NAME:
        return is_name(value) ? OK : ERR_FORMAT;
    case MULTIADDR_VALUE_PEER:
        return peer_id_from_bytes(value, &id);
    case MULTIADDR_VALUE_NONE:
    case MULTIADDR_VALUE_IP4:
    case MULTIADDR_VALUE_IP6:
    case MULTIADDR_VALUE_PORT:
        break;
    }
    return value.len == proto->size ? OK : ERR_FORMAT;
}

/* One component at the front of `r`, its value checked. */
static enum err read_part(struct reader *r, struct multiaddr_part *part)
{
    uint64_t code = read_varint(r);
    const struct multiaddr_proto *proto = r->failed ? NULL : proto_by_code(code);

    if (r->failed)
        return ERR_FORMAT;
    if (proto == NULL)
        return ERR_UNSUPPORTED;
    part->code = proto->code;
    part->value = proto->size == SIZE_VARIABLE ? read_varint_bytes(r) : read_bytes(r, proto->size);
    return r->failed ? ERR_FORMAT : check_value(proto, part->value);
}

enum err multiaddr_from_bytes(struct span bytes, struct multiaddr *out)
{
    struct reader r = reader_of(bytes);
    struct multiaddr_part part;

    if (bytes.len == 0)
        return ERR_FORMAT;
    if (bytes.len > MULTIADDR_BYTES_MAX)
        return ERR_LIMIT;
    while (r.rest.len > 0)
        TRY(read_part(&r, &part));
    out->len = (uint16_t)bytes.len;
    memcpy(out->bytes, bytes.ptr, bytes.len);
    return OK;
}

static enum err append(struct multiaddr *m, const struct multiaddr_proto *proto, struct span value)
{
    uint8_t head[2 * PB_VARINT_BYTES_MAX];

    TRY(check_value(proto, value));
    size_t len = varint_encode(proto->code, head);
    if (proto->size == SIZE_VARIABLE)
        len += varint_encode(value.len, head + len);
    if (len + value.len > MULTIADDR_BYTES_MAX - m->len)
        return ERR_LIMIT;
    memcpy(m->bytes + m->len, head, len);
    if (value.len > 0)
        memcpy(m->bytes + m->len + len, value.ptr, value.len);
    m->len = (uint16_t)(m->len + len + value.len);
    return OK;
}

enum err multiaddr_add(struct multiaddr *m, enum multiaddr_code code, struct span value)
{
    const struct multiaddr_proto *proto = proto_by_code(code);

    assert(proto != NULL);
    return append(m, proto, value);
}

enum err multiaddr_add_endpoint(struct multiaddr *m, const uint8_t ip[16], enum multiaddr_code code,
                                uint16_t port)
{
    const uint8_t be[2] = {(uint8_t)(port >> 8), (uint8_t)port};
    const uint8_t *v4 = ip_v4(ip);
    uint16_t len = m->len;

    TRY(v4 != NULL ? multiaddr_add(m, MULTIADDR_IP4, span_of(v4, 4))
                   : multiaddr_add(m, MULTIADDR_IP6, span_of(ip, 16)));
    enum err err = multiaddr_add(m, code, SPAN_ARRAY(be));
    if (err != OK)
        m->len = len;
    return err;
}

enum err multiaddr_add_peer(struct multiaddr *m, const struct peer_id *id)
{
    return multiaddr_add(m, MULTIADDR_P2P, peer_id_span(id));
}

/* The text up to the next slash; `text` moves on behind it. */
static struct span take_word(struct span *text)
{
    size_t n = 0;

    while (n < text->len && text->ptr[n] != '/')
        n++;
    struct span word = span_sub(*text, 0, n);
    *text = span_after(*text, n < text->len ? n + 1 : n);
    return word;
}

enum err multiaddr_parse(struct span text, struct multiaddr *out)
{
    struct multiaddr m = {0};
    uint8_t value[MULTIADDR_BYTES_MAX];

    if (text.len > MULTIADDR_TEXT_MAX)
        return ERR_LIMIT;
    if (text.len < 2 || text.ptr[0] != '/')
        return ERR_FORMAT;
    for (text = span_after(text, 1); text.len > 0;) {
        size_t len = 0;
        struct span name = take_word(&text);
        const struct multiaddr_proto *proto = proto_by_name(name);
        if (proto == NULL)
            return name.len == 0 ? ERR_FORMAT : ERR_UNSUPPORTED;
        if (proto->kind != MULTIADDR_VALUE_NONE)
            TRY(multiaddr_value_parse(proto->kind, take_word(&text), value, sizeof value, &len));
        TRY(append(&m, proto, span_of(value, len)));
    }
    *out = m;
    return OK;
}

void multiaddr_text(const struct multiaddr *m, char out[MULTIADDR_TEXT_MAX])
{
    struct multiaddr_part part;
    size_t cursor = 0, n = 0;

    out[0] = '\0';
    while (multiaddr_next(m, &cursor, &part)) {
        const struct multiaddr_proto *proto = proto_by_code(part.code);
        size_t name_len = strlen(proto->name);
        out[n++] = '/';
        memcpy(out + n, proto->name, name_len + 1);
        n += name_len;
        if (proto->kind == MULTIADDR_VALUE_NONE)
            continue;
        out[n++] = '/';
        n += multiaddr_value_text(proto->kind, part.value, out + n);
        assert(n < MULTIADDR_TEXT_MAX);
    }
}

bool multiaddr_next(const struct multiaddr *m, size_t *cursor, struct multiaddr_part *part)
{
    if (*cursor >= m->len)
        return false;
    struct reader r = reader_of(span_after(multiaddr_span(m), *cursor));
    enum err err = read_part(&r, part);
    assert(err == OK); /* addresses are checked when they are made */
    *cursor = m->len - r.rest.len;
    return true;
}

bool multiaddr_find(const struct multiaddr *m, enum multiaddr_code code,
                    struct multiaddr_part *part)
{
    size_t cursor = 0;

    while (multiaddr_next(m, &cursor, part))
        if (part->code == code)
            return true;
    return false;
}

/* Where the last component begins when it is /p2p; else the end. */
static size_t peer_at(const struct multiaddr *m, struct multiaddr_part *part)
{
    size_t cursor = 0, at = m->len;

    for (size_t begin = 0; multiaddr_next(m, &cursor, part); begin = cursor)
        at = part->code == MULTIADDR_P2P ? begin : m->len;
    return at;
}

bool multiaddr_peer(const struct multiaddr *m, struct peer_id *id)
{
    struct multiaddr_part part;

    return peer_at(m, &part) < m->len && peer_id_from_bytes(part.value, id) == OK;
}

void multiaddr_drop_peer(struct multiaddr *m)
{
    struct multiaddr_part part;

    m->len = (uint16_t)peer_at(m, &part);
}

uint16_t multiaddr_port(const struct multiaddr_part *part)
{
    struct reader r = reader_of(part->value);

    return read_be16(&r);
}

bool multiaddr_ip(const struct multiaddr *m, uint8_t ip[16], uint16_t *port)
{
    struct multiaddr_part part;
    size_t cursor = 0;

    if (!multiaddr_next(m, &cursor, &part))
        return false;
    if (part.code == MULTIADDR_IP4)
        ip_from_v4(part.value.ptr, ip);
    else if (part.code == MULTIADDR_IP6)
        memcpy(ip, part.value.ptr, 16);
    else
        return false;
    bool has_port = multiaddr_next(m, &cursor, &part) &&
                    (part.code == MULTIADDR_TCP || part.code == MULTIADDR_UDP);
    *port = has_port ? multiaddr_port(&part) : 0;
    return true;
}
