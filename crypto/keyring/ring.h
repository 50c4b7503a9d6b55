/* Inside crypto/keyring: a ring's keys. */
#pragma once

#include "crypto/keyring/keyring.h"

/* one key; immutable, counted: by its ring and by every handle */
struct keyring_item {
    _Atomic uint32_t refs;
    enum keyring_kind kind;
    unsigned may;
    uint8_t name_len, public_len;
    uint8_t name[KEYRING_NAME_BYTES_MAX];
    uint8_t secret[KEYRING_SECRET_BYTES];
    uint8_t public[33];
};

struct keyring {
    struct keyring_item *items[KEYRING_KEYS_MAX];
    size_t count;
};
