#include "net/wire/multiaddr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Bytes to text to bytes changes nothing; text to bytes to text is stable from the first text on.
 */
static void survives_text(const struct multiaddr *m)
{
    static char text[MULTIADDR_TEXT_MAX];
    struct multiaddr again = {0};
    struct peer_id id;
    uint8_t ip[16];
    uint16_t port;

    multiaddr_text(m, text);
    enum err err = multiaddr_parse(span_str(text), &again);
    assert(err == OK && multiaddr_eq(m, &again));
    (void)multiaddr_ip(m, ip, &port);
    if (multiaddr_peer(&again, &id)) {
        multiaddr_drop_peer(&again);
        err = multiaddr_add_peer(&again, &id);
        assert(err == OK && multiaddr_eq(m, &again));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct multiaddr m;

    if (multiaddr_from_bytes(span_of(data, len), &m) == OK)
        survives_text(&m);
    if (multiaddr_parse(span_of(data, len), &m) == OK)
        survives_text(&m);
    return 0;
}
