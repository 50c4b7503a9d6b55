#include "net/discovery/message.h"
#include "net/discovery/packet.h"

#include "crypto/prim/aes_ctr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const uint8_t self[ENR_ID_BYTES] = {1, 2, 3};

/* A packet that was read is written as it came. */
static void again(const struct packet *p, struct span datagram)
{
    struct packet copy = *p;
    struct buf out = BUF_INIT(DISCV5_PACKET_MAX);

    packet_head(&copy, (const uint8_t *)"d5waku", p->head);
    assert(span_eq(packet_ad(&copy), packet_ad(p)));
    enum err err = packet_write(&copy, self, &out);
    if (err == OK)
        err = buf_append(&out, p->message);
    assert(err == OK && span_eq(buf_span(&out), datagram));
    buf_clear(&out);
}

static void message(struct span in)
{
    struct message m;
    struct buf out = BUF_INIT(4096);

    if (message_read(in, &m) == OK) {
        enum err err = message_write(&m, &out);
        assert(err == OK && message_read(buf_span(&out), &m) == OK);
    }
    buf_clear(&out);
}

/* The input is a datagram, unmasked (no fuzzer guesses a mask), or an opened message. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct packet p;
    uint8_t masked[DISCV5_PACKET_MAX + 1];

    message(span_of(data, len));
    (void)!packet_read(&p, span_of(data, len), (const uint8_t *)"d5waku", self);
    if (len < PACKET_IV_BYTES + PACKET_STATIC_BYTES || len > sizeof masked)
        return 0;
    memcpy(masked, data, len);
    size_t header = PACKET_STATIC_BYTES + ((size_t)data[37] << 8 | data[38]);
    if (header > len - PACKET_IV_BYTES)
        header = len - PACKET_IV_BYTES;
    enum err err =
        aes128_ctr(self, data, span_of(data + PACKET_IV_BYTES, header), masked + PACKET_IV_BYTES);
    assert(err == OK);
    if (packet_read(&p, span_of(masked, len), (const uint8_t *)"d5waku", self) == OK)
        again(&p, span_of(masked, len));
    return 0;
}
