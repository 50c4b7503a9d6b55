#include "net/wire/multiaddr_text.h"

#include "net/wire/ip.h"

#include <stdio.h>

static enum err parse_port(struct span text, uint8_t out[2])
{
    unsigned v = 0;

    if (text.len == 0 || text.len > 5)
        return ERR_FORMAT;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return ERR_FORMAT;
        v = v * 10 + (unsigned)(text.ptr[i] - '0');
    }
    if (v > UINT16_MAX)
        return ERR_FORMAT;
    out[0] = (uint8_t)(v >> 8);
    out[1] = (uint8_t)v;
    return OK;
}

static enum err parse_peer(struct span text, uint8_t *out, size_t *len)
{
    struct peer_id id;

    TRY(peer_id_parse(text, &id));
    memcpy(out, id.bytes, id.len);
    *len = id.len;
    return OK;
}

enum err multiaddr_value_parse(enum multiaddr_kind kind, struct span text, uint8_t *out, size_t cap,
                               size_t *len)
{
    assert(cap >= MULTIADDR_BYTES_MAX);
    switch (kind) {
    case MULTIADDR_VALUE_IP4:
        *len = 4;
        return ip4_parse(text, out);
    case MULTIADDR_VALUE_IP6:
        *len = 16;
        return ip6_parse(text, out);
    case MULTIADDR_VALUE_PORT:
        *len = 2;
        return parse_port(text, out);
    case MULTIADDR_VALUE_NAME:
        if (text.len == 0 || text.len > DNS_NAME_MAX)
            return ERR_FORMAT;
        memcpy(out, text.ptr, text.len);
        *len = text.len;
        return OK;
    case MULTIADDR_VALUE_PEER:
        return parse_peer(text, out, len);
    case MULTIADDR_VALUE_NONE:
        break;
    }
    *len = 0;
    return OK;
}

static void peer_text(struct span value, char *out)
{
    struct peer_id id;
    enum err err = peer_id_from_bytes(value, &id);

    assert(err == OK);
    peer_id_text(&id, out);
}

size_t multiaddr_value_text(enum multiaddr_kind kind, struct span value, char *out)
{
    uint8_t ip[16];

    out[0] = '\0';
    switch (kind) {
    case MULTIADDR_VALUE_IP4:
        ip_from_v4(value.ptr, ip);
        ip_text(ip, out);
        break;
    case MULTIADDR_VALUE_IP6:
        ip6_text(value.ptr, out);
        break;
    case MULTIADDR_VALUE_PORT:
        snprintf(out, 6, "%u", (unsigned)value.ptr[0] << 8 | value.ptr[1]);
        break;
    case MULTIADDR_VALUE_NAME:
        memcpy(out, value.ptr, value.len);
        out[value.len] = '\0';
        break;
    case MULTIADDR_VALUE_PEER:
        peer_text(value, out);
        break;
    case MULTIADDR_VALUE_NONE:
        break;
    }
    return strlen(out);
}
