/* Reading and verifying. */
#include "net/wire/enr.h"

#include "crypto/prim/keccak.h"
#include "crypto/prim/secp.h"
#include "net/wire/ip.h"
#include "net/wire/rlp.h"

#define TEXT_PREFIX SPAN_LIT("enr:")
#define RSV_BYTES   (2u + ENR_SHARDS_MAX / 8u)

/* ---- values of known keys: each says whether it could be read ---- */

static bool read_id(struct enr *e, struct span v)
{
    (void)e;
    return span_eq(v, SPAN_LIT("v4"));
}

static bool read_key(struct enr *e, struct span v)
{
    if (v.len != ENR_KEY_BYTES)
        return false;
    memcpy(e->public_key, v.ptr, v.len);
    return true;
}

static bool read_ip4(struct enr *e, struct span v)
{
    e->has_ip4 = v.len == 4;
    if (e->has_ip4)
        ip_from_v4(v.ptr, e->ip4);
    return e->has_ip4;
}

static bool read_ip6(struct enr *e, struct span v)
{
    e->has_ip6 = v.len == 16;
    if (e->has_ip6)
        memcpy(e->ip6, v.ptr, 16);
    return e->has_ip6;
}

/* js-waku writes two bytes always; as an integer it would be shorter. */
static bool read_port(uint16_t *port, struct span v)
{
    struct reader r = reader_of(v);

    *port = (uint16_t)read_be(&r, v.len <= 2 ? v.len : 0);
    return v.len <= 2;
}

static bool read_tcp(struct enr *e, struct span v)
{
    return read_port(&e->tcp, v);
}
static bool read_udp(struct enr *e, struct span v)
{
    return read_port(&e->udp, v);
}
static bool read_tcp6(struct enr *e, struct span v)
{
    return read_port(&e->tcp6, v);
}
static bool read_udp6(struct enr *e, struct span v)
{
    return read_port(&e->udp6, v);
}

static bool read_offers(struct enr *e, struct span v)
{
    e->is_waku = v.len == 1;
    e->offers = e->is_waku ? v.ptr[0] : 0;
    return true;
}

static bool read_rs(struct enr *e, struct span v)
{
    struct reader r = reader_of(v);
    uint16_t cluster = read_be16(&r);
    uint8_t count = read_u8(&r), shards[sizeof e->shards] = {0};

    for (unsigned i = 0; i < count; i++) {
        uint16_t shard = read_be16(&r);
        if (shard >= ENR_SHARDS_MAX)
            return true;
        shards[shard / 8] |= (uint8_t)(1u << shard % 8);
    }
    e->sharded = reader_end(&r) == OK;
    if (e->sharded) {
        e->cluster = cluster;
        memcpy(e->shards, shards, sizeof shards);
    }
    return true;
}

static bool read_rsv(struct enr *e, struct span v)
{
    struct reader r = reader_of(v);

    if (v.len != RSV_BYTES || e->sharded)
        return true;
    e->sharded = true;
    e->cluster = read_be16(&r);
    memcpy(e->shards, r.rest.ptr, sizeof e->shards);
    return true;
}

static const struct key {
    const char *name;
    bool (*read)(struct enr *e, struct span value);
} KEYS[] = {
    {"id", read_id},   {"secp256k1", read_key}, {"ip", read_ip4},       {"ip6", read_ip6},
    {"tcp", read_tcp}, {"udp", read_udp},       {"tcp6", read_tcp6},    {"udp6", read_udp6},
    {"rs", read_rs},   {"rsv", read_rsv},       {"waku2", read_offers},
};

static enum err read_pair(struct enr *e, struct span name, const struct rlp_item *value)
{
    for (size_t i = 0; i < sizeof KEYS / sizeof *KEYS; i++) {
        if (!span_eq(name, span_str(KEYS[i].name)))
            continue;
        if (KEYS[i].read == read_id && !read_id(e, value->body))
            return ERR_UNSUPPORTED;
        return !value->is_list && KEYS[i].read(e, value->body) ? OK : ERR_FORMAT;
    }
    return OK;
}

/* ---- the record ---- */

/* Sorted and unique keys, each with a value. */
static enum err read_pairs(struct enr *e, struct reader *r)
{
    struct span last = SPAN_EMPTY;
    bool has_id = false, has_key = false;

    for (bool first = true; rlp_more(r); first = false) {
        struct span name = read_rlp_bytes(r);
        struct rlp_item value = read_rlp(r);
        if (r->failed || (!first && span_cmp(last, name) >= 0))
            return ERR_FORMAT;
        TRY(read_pair(e, name, &value));
        has_id = has_id || span_eq(name, SPAN_LIT("id"));
        has_key = has_key || span_eq(name, SPAN_LIT("secp256k1"));
        last = name;
    }
    return has_id && has_key ? reader_end(r) : ERR_FORMAT;
}

/* "v4": r and s over the Keccak-256 of the list without its signature */
static enum err verify(const struct enr *e, struct span signature, struct span content)
{
    uint8_t prefix[9], hash[32];
    const struct span parts[] = {span_of(prefix, rlp_list_prefix(content.len, prefix)), content};

    if (signature.len != ENR_SIGNATURE_BYTES)
        return ERR_AUTH;
    keccak_parts(KECCAK_256, parts, 2, hash, sizeof hash);
    return secp_verify_hash(SPAN_ARRAY(e->public_key), hash, signature.ptr);
}

enum err enr_decode(struct span in, struct enr *out)
{
    struct reader r = reader_of(in), list = read_rlp_list(&r);
    uint8_t point[64];

    if (in.len > ENR_BYTES_MAX)
        return ERR_LIMIT;
    TRY(reader_end(&r));
    *out = (struct enr){.len = (uint16_t)in.len};
    memcpy(out->bytes, in.ptr, in.len);
    struct span signature = read_rlp_bytes(&list), content = list.rest;
    out->seq = read_rlp_uint(&list);
    TRY(read_pairs(out, &list));
    TRY(verify(out, signature, content));
    TRY(secp_uncompressed(SPAN_ARRAY(out->public_key), point));
    keccak256(SPAN_ARRAY(point), out->node_id);
    return OK;
}

enum err enr_parse(struct span text, struct enr *out)
{
    uint8_t bytes[ENR_BYTES_MAX + 3];
    size_t len;

    if (!span_starts(text, TEXT_PREFIX))
        return ERR_FORMAT;
    if (text.len >= ENR_TEXT_MAX)
        return ERR_LIMIT;
    TRY(base64url_decode(span_after(text, TEXT_PREFIX.len), bytes, &len));
    return enr_decode(span_of(bytes, len), out);
}

void enr_text(const struct enr *e, char out[ENR_TEXT_MAX])
{
    memcpy(out, TEXT_PREFIX.ptr, TEXT_PREFIX.len);
    base64url_encode(enr_span(e), out + TEXT_PREFIX.len);
}

bool enr_get(const struct enr *e, struct span key, struct span *value)
{
    struct reader whole = reader_of(enr_span(e)), r = read_rlp_list(&whole);

    read_rlp(&r); /* signature */
    read_rlp(&r); /* seq */
    while (rlp_more(&r)) {
        struct span name = read_rlp_bytes(&r);
        struct rlp_item item = read_rlp(&r);
        if (!span_eq(name, key) || item.is_list)
            continue;
        *value = item.body;
        return true;
    }
    return false;
}

/* ---- what it means ---- */

bool enr_has_shard(const struct enr *e, uint16_t cluster, uint16_t shard)
{
    return e->sharded && e->cluster == cluster && shard < ENR_SHARDS_MAX &&
           (e->shards[shard / 8] >> shard % 8 & 1) != 0;
}

void enr_peer_id(const struct enr *e, struct peer_id *out)
{
    uint8_t key[4 + ENR_KEY_BYTES] = {0x08, 0x02, 0x12, ENR_KEY_BYTES}; /* PublicKey, secp256k1 */

    memcpy(key + 4, e->public_key, ENR_KEY_BYTES);
    peer_id_from_key(SPAN_ARRAY(key), out);
}

bool enr_udp(const struct enr *e, bool v6, uint8_t ip[16], uint16_t *port)
{
    *port = v6 && e->udp6 != 0 ? e->udp6 : e->udp;
    memcpy(ip, v6 ? e->ip6 : e->ip4, 16);
    return (v6 ? e->has_ip6 : e->has_ip4) && *port != 0;
}

/* 31/WAKU2-ENR: an address with a peer is one through a relay, whose /p2p-circuit is not written.
 * Some write their own peer behind every address: that says nothing. */
static bool complete(struct multiaddr *m, const struct peer_id *self)
{
    struct peer_id last;

    if (!multiaddr_peer(m, &last))
        return true;
    if (!peer_id_eq(&last, self))
        return multiaddr_add(m, MULTIADDR_P2P_CIRCUIT, SPAN_EMPTY) == OK;
    multiaddr_drop_peer(m);
    return m->len > 0;
}

static size_t listed(const struct enr *e, struct multiaddr *out, size_t max)
{
    struct span value;
    struct peer_id self;
    size_t count = 0;

    if (!enr_get(e, SPAN_LIT("multiaddrs"), &value))
        return 0;
    enr_peer_id(e, &self);
    for (struct reader r = reader_of(value); r.rest.len > 0 && count < max;) {
        struct span bytes = read_bytes(&r, read_be16(&r));
        if (r.failed || bytes.len == 0)
            break;
        if (multiaddr_from_bytes(bytes, &out[count]) == OK && complete(&out[count], &self))
            count++;
    }
    return count;
}

size_t enr_addresses(const struct enr *e, struct multiaddr *out, size_t max)
{
    size_t count = 0;
    uint16_t tcp6 = e->tcp6 != 0 ? e->tcp6 : e->tcp;

    if (count < max && e->has_ip4 && e->tcp != 0) {
        out[count].len = 0;
        count += multiaddr_add_endpoint(&out[count], e->ip4, MULTIADDR_TCP, e->tcp) == OK;
    }
    if (count < max && e->has_ip6 && tcp6 != 0) {
        out[count].len = 0;
        count += multiaddr_add_endpoint(&out[count], e->ip6, MULTIADDR_TCP, tcp6) == OK;
    }
    return count + listed(e, out + count, max - count);
}
