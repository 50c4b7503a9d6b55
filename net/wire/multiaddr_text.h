/* The kinds of values in multiaddrs, and their text. Part of multiaddr.c, not for other rooms. */
#pragma once

#include "net/wire/multiaddr.h"

enum multiaddr_kind {
    MULTIADDR_VALUE_NONE,
    MULTIADDR_VALUE_IP4,
    MULTIADDR_VALUE_IP6,
    MULTIADDR_VALUE_PORT,
    MULTIADDR_VALUE_NAME,
    MULTIADDR_VALUE_PEER,
};

struct multiaddr_proto {
    enum multiaddr_code code;
    uint8_t size; /* bytes of the value; 0xff: a length precedes it */
    enum multiaddr_kind kind;
    const char *name;
};

/** Read a value of a kind that has one. OK; ERR_FORMAT; ERR_UNSUPPORTED; ERR_LIMIT. */
enum err multiaddr_value_parse(enum multiaddr_kind kind, struct span text, uint8_t *out, size_t cap,
                               size_t *len) MUST_CHECK;

/** Write a checked value and NUL; returns its chars. */
size_t multiaddr_value_text(enum multiaddr_kind kind, struct span value, char *out);
