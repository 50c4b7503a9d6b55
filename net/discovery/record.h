/* Our own node record. */
#pragma once

#include "crypto/keyring/keyring.h"
#include "net/wire/enr.h"

/** Sign a record; `content->public_key` is filled in. The key does not leave its handle.
 *
 * @return OK; ERR_UNSUPPORTED the host key is not secp256k1: such a node has no record; ERR_LIMIT;
 *         ERR_ARGUMENT; ERR_MEMORY
 */
enum err record_sign(const struct keyring_host *key, struct enr_content *content,
                     struct enr *out) MUST_CHECK;
