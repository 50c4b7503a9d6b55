/* The one thing MLS itself says about X.509 credentials: the end-entity certificate holds the
 * leaf's signature key. Chains, names and validity are the application's (Authentication Service).
 */
#pragma once

#include "crypto/mls/codec.h"

/** Compare the public key of the first certificate with `key` (EdDSA: raw; ECDSA: uncompressed
 * point).
 *
 * @param certificates  content of the Certificate list, DER each (in)
 * @return OK; MLS_CERTIFICATE_KEY_DIFFERS, also when it cannot be parsed or the list is empty
 * @source RFC 9420 5.3; RFC 5280 4.1
 */
enum err mls_x509_check(struct span certificates, struct span key) MUST_CHECK;
