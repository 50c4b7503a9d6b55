/* The page of the wipe file: two slots, of which one is in force.
 *
 *     slot = "sottowip" | version 1 | number 8 | place 16 | wipe key 32 | wipe key 32
 *          | length of lock 2 | lock | check 32 | zeros to WIPE_SLOT_BYTES
 *
 * lock = a sealed ring (crypto/keyring) with one key: the vault's secret. check = label_hash
 * (LABEL_STORE_PAGE) of all before it, so that a slot that was torn by a crash is seen. Numbers are
 * most significant byte first. The database says which number is in force.
 */
#pragma once

#include "crypto/base/buf.h"
#include "node/chat/vault/wipe_file.h"

#define WIPE_KEY_BYTES 32u
#define WIPE_KEYS      2u /* domains that have one */

struct wipe_slot {
    uint64_t number; /* 1, 2, ... */
    uint8_t place[WIPE_PLACE_BYTES];
    uint8_t keys[WIPE_KEYS][WIPE_KEY_BYTES];
    size_t lock_len;
    uint8_t lock[WIPE_LOCK_BYTES_MAX];
};

/** Encode; `out` is all of a slot. OK; ERR_MEMORY. */
enum err wipe_slot_write(const struct wipe_slot *s, uint8_t out[WIPE_SLOT_BYTES]) MUST_CHECK;

/** Decode. OK; ERR_FORMAT zeros, torn or foreign; ERR_UNSUPPORTED of a later version. */
enum err wipe_slot_read(struct wipe_slot *s, const uint8_t in[WIPE_SLOT_BYTES]) MUST_CHECK;
