#include "crypto/mls/x509.h"

enum {
    DER_INTEGER = 0x02,
    DER_BIT_STRING = 0x03,
    DER_SEQUENCE = 0x30,
    DER_VERSION = 0xa0 /* [0] EXPLICIT */
};

/* One DER element; poisons the reader unless its tag is `tag`. */
static struct span der(struct reader *r, uint8_t tag)
{
    if (read_u8(r) != tag)
        r->failed = true;
    size_t len = read_u8(r);
    if (len >= 0x80) {
        size_t bytes = len & 0x7f;
        if (bytes == 0 || bytes > 3)
            r->failed = true;
        len = r->failed ? 0 : read_be(r, bytes);
    }
    return read_bytes(r, len);
}

enum err mls_x509_check(struct span certificates, struct span key)
{
    struct reader list = reader_of(certificates);
    struct reader in = reader_of(mls_read_vector(&list));
    struct reader certificate = reader_of(der(&in, DER_SEQUENCE));
    struct reader tbs = reader_of(der(&certificate, DER_SEQUENCE));

    if (tbs.rest.len > 0 && tbs.rest.ptr[0] == DER_VERSION)
        der(&tbs, DER_VERSION);
    der(&tbs, DER_INTEGER);  /* serialNumber */
    der(&tbs, DER_SEQUENCE); /* signature algorithm */
    der(&tbs, DER_SEQUENCE); /* issuer */
    der(&tbs, DER_SEQUENCE); /* validity */
    der(&tbs, DER_SEQUENCE); /* subject */
    struct reader spki = reader_of(der(&tbs, DER_SEQUENCE));
    der(&spki, DER_SEQUENCE); /* algorithm */
    struct span bits = der(&spki, DER_BIT_STRING);
    bool read = !list.failed && !in.failed && !certificate.failed && !tbs.failed && !spki.failed;

    /* the first octet counts unused bits */
    if (!read || bits.len < 1 || bits.ptr[0] != 0 || !span_eq(span_after(bits, 1), key))
        return mls_fail(MLS_CERTIFICATE_KEY_DIFFERS);
    return OK;
}
