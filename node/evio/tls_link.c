/* One SSL over a nonblocking socket, with the manners of recv and send. */
#include "node/evio/tls.h"

#include <errno.h>
#include <openssl/err.h>

enum tls_shake tls_shake(SSL *tls)
{
    ERR_clear_error();
    int r = SSL_do_handshake(tls);
    if (r == 1)
        return TLS_SHAKEN;
    switch (SSL_get_error(tls, r)) {
    case SSL_ERROR_WANT_READ:
        return TLS_WANTS_READ;
    case SSL_ERROR_WANT_WRITE:
        return TLS_WANTS_WRITE;
    default:
        return TLS_FAILED;
    }
}

const char *tls_why(SSL *tls)
{
    long verified = SSL_get_verify_result(tls);
    const char *reason = ERR_reason_error_string(ERR_peek_error());

    if (verified != X509_V_OK)
        return X509_verify_cert_error_string(verified);
    return reason != NULL ? reason : "the other side hung up";
}

static ssize_t ended(SSL *tls, int r, bool *wants_write)
{
    switch (SSL_get_error(tls, r)) {
    case SSL_ERROR_WANT_WRITE: /* an answer to a key update */
        *wants_write = true;
        __attribute__((fallthrough));
    case SSL_ERROR_WANT_READ:
        errno = EAGAIN;
        return -1;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    default:
        errno = ECONNRESET;
        return -1;
    }
}

ssize_t tls_read(SSL *tls, uint8_t *out, size_t len, bool *again, bool *wants_write)
{
    size_t got = 0, n;

    *again = *wants_write = false;
    while (got < len) {
        ERR_clear_error();
        int r = SSL_read_ex(tls, out + got, len - got, &n);
        if (r != 1 && got == 0)
            return ended(tls, r, wants_write);
        if (r != 1) {
            *again = ended(tls, r, wants_write) == 0 || errno != EAGAIN;
            break;
        }
        got += n;
    }
    *again = *again || got == len;
    return (ssize_t)got;
}

ssize_t tls_write(SSL *tls, const uint8_t *bytes, size_t len)
{
    size_t sent = 0, n;
    bool wants_write = false;

    while (sent < len) {
        ERR_clear_error();
        int r = SSL_write_ex(tls, bytes + sent, len - sent, &n);
        if (r != 1)
            break;
        sent += n;
    }
    if (sent > 0 || len == 0)
        return (ssize_t)sent;
    if (ended(tls, 0, &wants_write) == 0)
        errno = ECONNRESET;
    return -1;
}

void tls_bye(SSL *tls)
{
    ERR_clear_error();
    (void)SSL_shutdown(tls);
}
