/* TLS under links that are wss: contexts of the loop, and one SSL a link over its nonblocking
 * socket.
 *
 * Versions 1.2 and 1.3, no renegotiation, no tickets, no compression. Records are read ahead and
 * buffers given back as soon as they are empty, so that a connection at rest costs little. The
 * server's context is replaced when its files change; links that are up keep the one they have.
 */
#pragma once

#include "node/evio/inside.h"

#include <openssl/ssl.h>
#include <sys/types.h>

enum tls_shake {
    TLS_SHAKEN,
    TLS_WANTS_READ,
    TLS_WANTS_WRITE,
    TLS_FAILED,
};

/** For an accepted socket; evio_tls_serve was called. NULL: no memory. */
SSL *tls_accept(struct evio *e, int fd);

/** For a connected one; `to->host`, or else the address, must be in the certificate. NULL: no
 * memory, or no store of certificates. */
SSL *tls_connect(struct evio *e, int fd, const struct endpoint *to);

/** Go on with the handshake. */
enum tls_shake tls_shake(SSL *tls);

/** Why it failed; borrowed static text or of OpenSSL. */
const char *tls_why(SSL *tls);

/** As recv: fills `out` as far as records have come. errno EAGAIN: nothing for now.
 *
 * @param again  call again without waiting: more is buffered, or the end is (out)
 * @param wants_write  not before the socket is writable (out)
 */
ssize_t tls_read(SSL *tls, uint8_t *out, size_t len, bool *again, bool *wants_write);

/** As send: whole records, maybe fewer than all. errno EAGAIN: none; the same bytes come first in
 * the next call. */
ssize_t tls_write(SSL *tls, const uint8_t *bytes, size_t len);

/** Say good-bye if the socket takes it. */
void tls_bye(SSL *tls);

void tls_clear(struct evio *e);
