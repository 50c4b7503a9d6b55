/* Inside: the two ends of an export. */
#pragma once

#include "node/chat/vault/vault_export.h"
#include "node/chat/vault/vault_inside.h"

#define EXPORT_MAGIC       SPAN_LIT("sottoexp")
#define EXPORT_VERSION     1u
#define EXPORT_HEAD_FIXED  (8u + 1u + 1u + 2u) /* then the lock */
#define EXPORT_CHUNK_HEAD  5u
#define EXPORT_RECORD_HEAD 6u /* table, two lengths */
#define EXPORT_LOCK_MAX    WIPE_LOCK_BYTES_MAX
#define EXPORT_PAD         512u
#define EXPORT_SECRET_NAME SPAN_LIT("export")

/** The stream's key from its head and the ring in it. */
enum err export_key(const struct keyring *ring, struct span head, uint8_t out[32]) MUST_CHECK;

/** Append a chunk. OK; ERR_FULL; ERR_MEMORY; ERR_CRYPTO. */
enum err export_chunk_seal(const uint8_t key[32], uint64_t number, bool last, struct span plain,
                           struct buf *out) MUST_CHECK;

/** Append the plaintext of a chunk's sealed part. OK; ERR_AUTH; ERR_FULL; ERR_MEMORY. */
enum err export_chunk_open(const uint8_t key[32], uint64_t number, bool last, struct span sealed,
                           struct buf *out) MUST_CHECK;
