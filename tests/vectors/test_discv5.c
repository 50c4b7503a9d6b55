/* Wire vectors of discv5 v5.1 (tests/vectors/discv5/SOURCES), both ways, and the same with Waku's
 * protocol id. */
#include "crypto/prim/aead.h"
#include "crypto/prim/secp.h"
#include "net/discovery/keys.h"
#include "net/discovery/message.h"
#include "net/discovery/packet.h"
#include "tests/lib/testing.h"

#include <string.h>

#define DISCV5      ((const uint8_t *)"discv5")
#define D5WAKU      ((const uint8_t *)"d5waku")
#define VECTORS_MAX 96u

static struct {
    char name[64];
    uint8_t bytes[512];
    size_t len;
} vectors[VECTORS_MAX];
static size_t vector_count;

static int read_vectors(void **state)
{
    (void)state;
    FILE *f = fopen("tests/vectors/discv5/wire.txt", "r");
    struct span value;
    assert_non_null(f);
    while (test_vector_next(f, vectors[vector_count].name, &value)) {
        assert_true(value.len <= 512 && vector_count + 1 < VECTORS_MAX);
        memcpy(vectors[vector_count].bytes, value.ptr, value.len);
        vectors[vector_count++].len = value.len;
    }
    return fclose(f);
}

static struct span vector_of(const char *group, const char *name)
{
    char whole[64];
    snprintf(whole, sizeof whole, "%s%s%s", group, *group == '\0' ? "" : ".", name);
    for (size_t i = 0; i < vector_count; i++)
        if (strcmp(vectors[i].name, whole) == 0)
            return span_of(vectors[i].bytes, vectors[i].len);
    fail_msg("no vector %s", whole);
    return SPAN_EMPTY;
}

static struct keyring_host *key_of(struct span secret)
{
    struct keyring_host *h;
    assert_ok(keyring_host_from_bytes(&h, KEYRING_HOST_SECP256K1, secret.ptr));
    return h;
}

/* The packet of a group, read as node B; then written again from what was read. */
static void reads_and_writes(const char *group, struct packet *p)
{
    struct span whole = vector_of(group, "packet");
    const uint8_t *to = vector_of(group, "dest-node-id").ptr;
    struct packet again;
    struct buf out = BUF_INIT(DISCV5_PACKET_MAX);
    assert_ok(packet_read(p, whole, DISCV5, to));
    assert_err(packet_read(&again, whole, D5WAKU, to), ERR_FORMAT);
    again = *p;
    packet_head(&again, DISCV5, p->head);
    assert_ok(packet_write(&again, to, &out));
    assert_ok(buf_append(&out, p->message));
    assert_span_equal(buf_span(&out), whole);
    /* Waku's: other bytes, the same meaning */
    buf_reset(&out);
    packet_head(&again, D5WAKU, p->head);
    assert_ok(packet_write(&again, to, &out));
    assert_ok(buf_append(&out, p->message));
    assert_ok(packet_read(&again, buf_span(&out), D5WAKU, to));
    assert_err(packet_read(&again, buf_span(&out), DISCV5, to), ERR_FORMAT);
    assert_ok(packet_read(p, whole, DISCV5, to));
    buf_clear(&out);
}

static void opens_as_ping(const struct packet *p, const char *group)
{
    uint8_t plain[64];
    struct message m;
    struct buf again = BUF_INIT(64);
    struct reader seq = reader_of(vector_of(group, "ping.enr-seq"));
    assert_true(p->message.len <= sizeof plain);
    assert_ok(aead_open_once(&aead_aes128gcm, vector_of(group, "read-key").ptr, p->nonce,
                             packet_ad(p), p->message, plain));
    struct span text = span_of(plain, p->message.len - AEAD_TAG_BYTES);
    assert_ok(message_read(text, &m));
    assert_int_equal(m.kind, MESSAGE_PING);
    assert_span_equal(span_of(m.id, m.id_len), vector_of(group, "ping.req-id"));
    assert_int_equal(m.enr_seq, read_be64(&seq));
    assert_ok(message_write(&m, &again));
    assert_span_equal(buf_span(&again), text);
    buf_clear(&again);
}

static void ping_packet(void **state)
{
    (void)state;
    struct packet p;
    reads_and_writes("ping", &p);
    assert_int_equal(p.flag, PACKET_MESSAGE);
    assert_span_equal(SPAN_ARRAY(p.src_id), vector_of("ping", "src-node-id"));
    assert_span_equal(SPAN_ARRAY(p.nonce), vector_of("ping", "nonce"));
    opens_as_ping(&p, "ping");
}

static void whoareyou_packet(void **state)
{
    (void)state;
    struct packet p;
    reads_and_writes("whoareyou", &p);
    assert_int_equal(p.flag, PACKET_WHOAREYOU);
    assert_span_equal(packet_ad(&p), vector_of("whoareyou", "whoareyou.challenge-data"));
    assert_span_equal(SPAN_ARRAY(p.nonce), vector_of("whoareyou", "whoareyou.request-nonce"));
    assert_span_equal(SPAN_ARRAY(p.id_nonce), vector_of("whoareyou", "whoareyou.id-nonce"));
    assert_int_equal(p.enr_seq, 0);
}

static void handshake_of(const char *group, bool with_record)
{
    struct packet p;
    struct session_keys ours, theirs;
    struct enr record;
    uint8_t ephemeral[33], signature[64];
    struct span a_key = SPAN_EMPTY;
    struct keyring_host *a = key_of(vector_of("", "node-a-key")),
                        *b = key_of(vector_of("", "node-b-key"));
    reads_and_writes(group, &p);
    assert_int_equal(p.flag, PACKET_HANDSHAKE);
    assert_int_equal(p.record.len > 0, with_record);
    a_key = keyring_host_raw_public(a);
    if (with_record) {
        assert_ok(enr_decode(p.record, &record));
        assert_span_equal(SPAN_ARRAY(record.public_key), a_key);
        assert_span_equal(SPAN_ARRAY(record.node_id), vector_of(group, "src-node-id"));
    }
    assert_span_equal(p.ephemeral, vector_of(group, "ephemeral-pubkey"));
    struct handshake h = {vector_of(group, "src-node-id").ptr, vector_of(group, "dest-node-id").ptr,
                          vector_of(group, "whoareyou.challenge-data")};
    assert_ok(id_proof_verify(a_key.ptr, &h, p.ephemeral, p.signature));
    assert_ok(session_keys_accept(b, p.ephemeral, &h, &theirs));
    assert_span_equal(SPAN_ARRAY(theirs.initiator), vector_of(group, "read-key"));
    assert_ok(session_keys_initiate(vector_of(group, "ephemeral-key").ptr,
                                    keyring_host_raw_public(b).ptr, &h, ephemeral, &ours));
    assert_memory_equal(&ours, &theirs, sizeof ours);
    assert_span_equal(SPAN_ARRAY(ephemeral), p.ephemeral);
    assert_ok(id_proof_sign(a, &h, p.ephemeral, signature));
    assert_span_equal(SPAN_ARRAY(signature), p.signature);
    opens_as_ping(&p, group);
    /* another challenge, another signature */
    h.challenge = vector_of("ping", "packet");
    assert_err(id_proof_verify(a_key.ptr, &h, p.ephemeral, p.signature), ERR_AUTH);
    keyring_host_free(a);
    keyring_host_free(b);
}

static void handshake_packet(void **state)
{
    (void)state;
    handshake_of("handshake", false);
}

static void handshake_packet_with_record(void **state)
{
    (void)state;
    handshake_of("handshake_enr", true);
}

static void primitives(void **state)
{
    (void)state;
    uint8_t point[33], signature[64], sealed[64], ephemeral[33];
    struct session_keys keys;
    assert_ok(
        secp_ecdh(vector_of("ecdh", "secret-key").ptr, vector_of("ecdh", "public-key"), point));
    assert_span_equal(SPAN_ARRAY(point), vector_of("ecdh", "shared-secret"));
    struct handshake h = {vector_of("kdf", "node-id-a").ptr, vector_of("kdf", "node-id-b").ptr,
                          vector_of("kdf", "challenge-data")};
    assert_ok(session_keys_initiate(vector_of("kdf", "ephemeral-key").ptr,
                                    vector_of("kdf", "dest-pubkey").ptr, &h, ephemeral, &keys));
    assert_span_equal(SPAN_ARRAY(keys.initiator), vector_of("kdf", "initiator-key"));
    assert_span_equal(SPAN_ARRAY(keys.recipient), vector_of("kdf", "recipient-key"));
    struct keyring_host *host = key_of(vector_of("proof", "static-key"));
    h = (struct handshake){NULL, vector_of("proof", "node-id-B").ptr,
                           vector_of("proof", "challenge-data")};
    assert_ok(id_proof_sign(host, &h, vector_of("proof", "ephemeral-pubkey"), signature));
    assert_span_equal(SPAN_ARRAY(signature), vector_of("proof", "id-signature"));
    struct span plain = vector_of("gcm", "pt");
    assert_ok(aead_seal_once(&aead_aes128gcm, vector_of("gcm", "encryption-key").ptr,
                             vector_of("gcm", "nonce").ptr, vector_of("gcm", "ad"), &plain, 1,
                             sealed));
    assert_span_equal(span_of(sealed, plain.len + AEAD_TAG_BYTES),
                      vector_of("gcm", "message-ciphertext"));
    keyring_host_free(host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ping_packet),      cmocka_unit_test(whoareyou_packet),
        cmocka_unit_test(handshake_packet), cmocka_unit_test(handshake_packet_with_record),
        cmocka_unit_test(primitives),
    };
    return cmocka_run_group_tests(tests, read_vectors, NULL);
}
