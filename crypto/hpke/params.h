/* Limits of crypto/hpke. */
#pragma once

#define HPKE_SECRET_BYTES_MAX 66u    /* bytes; DHKEM(P-521), RFC 9180 7.1 */
#define HPKE_PUBLIC_BYTES_MAX 1216u  /* bytes; X-Wing, draft-connolly-cfrg-xwing-kem-10 5.1 */
#define HPKE_ENC_BYTES_MAX    1120u  /* bytes; X-Wing, draft-connolly-cfrg-xwing-kem-10 5.1 */
#define HPKE_SHARED_BYTES_MAX 64u    /* bytes; DHKEM(X448) and DHKEM(P-521), RFC 9180 7.1 */
#define HPKE_RANDOM_BYTES_MAX 66u    /* bytes; DHKEM(P-521), as long as its secret */
#define HPKE_PSK_BYTES_MIN    32u    /* bytes; RFC 9180 5.1.2 */
#define HPKE_INFO_BYTES_MAX   65535u /* bytes; RFC 9180 7.2.1 allows more, nobody needs it */
