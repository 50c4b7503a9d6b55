#include "net/wire/enr.h"

#include "crypto/prim/keccak.h"
#include "crypto/prim/secp.h"
#include "net/wire/rlp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void look(const struct enr *e)
{
    struct multiaddr m[10];
    struct enr again;
    struct peer_id id;
    struct span value;
    char text[ENR_TEXT_MAX];
    uint8_t ip[16];
    uint16_t port;

    enr_text(e, text);
    enum err err = enr_parse(span_str(text), &again);
    assert(err == OK && span_eq(enr_span(e), enr_span(&again)));
    assert(enr_addresses(e, m, 10) <= 10);
    (void)enr_udp(e, true, ip, &port);
    (void)enr_get(e, SPAN_LIT("rsv"), &value);
    (void)enr_has_shard(e, e->cluster, 3);
    enr_peer_id(e, &id);
}

/* No fuzzer guesses a signature: the input is the content, and signed here. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const uint8_t secret[32] = {1, 2, 3};
    struct enr e;
    struct buf content = BUF_INIT(1024);
    struct writer w = writer_to(&content);
    uint8_t hash[32], sig[64];

    if (enr_decode(span_of(data, len), &e) == OK || enr_parse(span_of(data, len), &e) == OK)
        look(&e);
    if (len > ENR_BYTES_MAX)
        return 0;
    size_t begun = rlp_begin(&w);
    write_bytes(&w, span_of(data, len));
    rlp_end(&w, begun);
    keccak256(buf_span(&content), hash);
    enum err err = secp_sign_hash(secret, hash, sig);
    assert(err == OK && writer_status(&w) == OK);
    if (enr_from_content(buf_span(&content), sig, &e) == OK)
        look(&e);
    buf_clear(&content);
    return 0;
}
