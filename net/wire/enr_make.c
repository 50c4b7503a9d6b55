/* Making records. */
#include "net/wire/enr.h"
#include "net/wire/ip.h"
#include "net/wire/rlp.h"

#define SIGNATURE_ITEM_BYTES (2u + ENR_SIGNATURE_BYTES)
#define PREFIX_BYTES_MAX     9u

/* ---- addresses ---- */

/* Exactly an IP address and a TCP port? */
static bool is_plain_tcp(const struct multiaddr *m, uint8_t ip[16], uint16_t *port)
{
    struct multiaddr_part part;
    size_t cursor = 0;

    if (!multiaddr_ip(m, ip, port) || *port == 0)
        return false;
    multiaddr_next(m, &cursor, &part);
    multiaddr_next(m, &cursor, &part);
    return part.code == MULTIADDR_TCP && !multiaddr_next(m, &cursor, &part);
}

/* The first one stays, but a private one gives way to a public one. */
static void take(bool *has, uint8_t own[16], uint16_t *own_port, const uint8_t ip[16],
                 uint16_t port)
{
    if (*has && (!ip_is_private(own) || ip_is_private(ip)))
        return;
    *has = true;
    memcpy(own, ip, 16);
    *own_port = port;
}

void enr_content_addresses(struct enr_content *c, const struct multiaddr *addrs, size_t count)
{
    uint8_t ip[16];
    uint16_t port;

    for (size_t i = 0; i < count; i++) {
        struct multiaddr m = addrs[i];
        multiaddr_drop_peer(&m);
        bool plain = is_plain_tcp(&m, ip, &port);
        if (plain && ip_v4(ip) != NULL)
            take(&c->has_ip4, c->ip4, &c->tcp, ip, port);
        else if (plain)
            take(&c->has_ip6, c->ip6, &c->tcp6, ip, port);
    }
    for (size_t i = 0; i < count && c->multiaddrs_count < ENR_MULTIADDRS_MAX; i++) {
        struct multiaddr m = addrs[i];
        multiaddr_drop_peer(&m);
        if (m.len > 0 && !is_plain_tcp(&m, ip, &port))
            c->multiaddrs[c->multiaddrs_count++] = m;
    }
}

/* ---- encoding ---- */

static void write_pair(struct writer *w, const char *key, struct span value)
{
    write_rlp_bytes(w, span_str(key));
    write_rlp_bytes(w, value);
}

static void write_port(struct writer *w, const char *key, uint16_t port)
{
    if (port == 0)
        return;
    write_rlp_bytes(w, span_str(key));
    write_rlp_uint(w, port);
}

static void write_multiaddrs(struct writer *w, const struct enr_content *c, size_t count)
{
    struct buf list = BUF_INIT(ENR_MULTIADDRS_MAX * (2 + MULTIADDR_BYTES_MAX));
    struct writer lw = writer_to(&list);

    for (size_t i = 0; i < count; i++) {
        struct multiaddr m = c->multiaddrs[i], circuit = {0};
        struct multiaddr_part part;
        /* a circuit is written without its end, and read with it */
        for (size_t cursor = 0;
             multiaddr_next(&m, &cursor, &part) && part.code != MULTIADDR_P2P_CIRCUIT;)
            if (multiaddr_add(&circuit, part.code, part.value) != OK)
                lw.err = ERR_LIMIT;
        write_be16(&lw, circuit.len);
        write_bytes(&lw, multiaddr_span(&circuit));
    }
    if (writer_status(&lw) != OK)
        w->err = writer_status(&lw);
    else if (count > 0)
        write_pair(w, "multiaddrs", buf_span(&list));
    buf_clear(&list);
}

static void write_shards(struct writer *w, const struct enr_content *c)
{
    uint8_t value[3 + 2 * ENR_SHARDS_LISTED_MAX], bits[2 + ENR_SHARDS_MAX / 8] = {0};
    size_t n = 0;

    bits[0] = value[n++] = (uint8_t)(c->cluster >> 8);
    bits[1] = value[n++] = (uint8_t)c->cluster;
    value[n++] = (uint8_t)c->shards_count;
    for (size_t i = 0; i < c->shards_count; i++) {
        uint16_t shard = c->shards[i];
        bits[2 + shard / 8] |= (uint8_t)(1u << shard % 8);
        if (c->shards_count <= ENR_SHARDS_LISTED_MAX) {
            value[n++] = (uint8_t)(shard >> 8);
            value[n++] = (uint8_t)shard;
        }
    }
    if (c->shards_count <= ENR_SHARDS_LISTED_MAX)
        write_pair(w, "rs", span_of(value, n));
    else
        write_pair(w, "rsv", SPAN_ARRAY(bits));
}

/* Keys in their order, which is that of their bytes. */
static enum err encode(const struct enr_content *c, size_t multiaddrs, bool v6, struct buf *out)
{
    struct writer w = writer_to(out);
    size_t begun = rlp_begin(&w);

    write_rlp_uint(&w, c->seq);
    write_pair(&w, "id", SPAN_LIT("v4"));
    if (c->has_ip4)
        write_pair(&w, "ip", span_of(ip_v4(c->ip4), 4));
    if (c->has_ip6 && v6)
        write_pair(&w, "ip6", SPAN_ARRAY(c->ip6));
    write_multiaddrs(&w, c, multiaddrs);
    if (c->sharded)
        write_shards(&w, c);
    write_pair(&w, "secp256k1", SPAN_ARRAY(c->public_key));
    write_port(&w, "tcp", c->tcp);
    write_port(&w, "tcp6", v6 ? c->tcp6 : 0);
    write_port(&w, "udp", c->udp);
    write_port(&w, "udp6", v6 ? c->udp6 : 0);
    if (c->offers != 0)
        write_pair(&w, "waku2", span_of(&c->offers, 1));
    rlp_end(&w, begun);
    return writer_status(&w);
}

/* Would the record of this content be short enough? */
static bool fits(struct span content)
{
    struct reader r = reader_of(content);
    uint8_t prefix[PREFIX_BYTES_MAX];
    size_t body = SIGNATURE_ITEM_BYTES + read_rlp(&r).body.len;

    return rlp_list_prefix(body, prefix) + body <= ENR_BYTES_MAX;
}

enum err enr_content_encode(const struct enr_content *c, struct buf *out)
{
    size_t begun = out->len, multiaddrs = c->multiaddrs_count;

    for (size_t i = 0; i < c->shards_count; i++)
        if (c->shards[i] >= ENR_SHARDS_MAX)
            return ERR_ARGUMENT;
    for (bool v6 = true;;) {
        TRY(encode(c, multiaddrs, v6, out));
        if (fits(span_after(buf_span(out), begun)))
            return OK;
        buf_truncate(out, begun);
        if (multiaddrs > 0)
            multiaddrs--;
        else if (v6 && c->has_ip6)
            v6 = false;
        else
            return ERR_LIMIT;
    }
}

enum err enr_from_content(struct span content, const uint8_t signature[ENR_SIGNATURE_BYTES],
                          struct enr *out)
{
    struct reader r = reader_of(content);
    struct rlp_item items = read_rlp(&r);
    struct buf bytes = BUF_INIT(ENR_BYTES_MAX + PREFIX_BYTES_MAX);
    struct writer w = writer_to(&bytes);
    size_t begun = rlp_begin(&w);

    if (!items.is_list)
        return ERR_FORMAT;
    TRY(reader_end(&r));
    write_rlp_bytes(&w, span_of(signature, ENR_SIGNATURE_BYTES));
    write_bytes(&w, items.body);
    rlp_end(&w, begun);
    enum err err = writer_status(&w);
    if (err == OK)
        err = enr_decode(buf_span(&bytes), out);
    buf_clear(&bytes);
    return err == ERR_FULL ? ERR_LIMIT : err;
}
