/* Every way a function of sotto can fail, in one table: name, code, who has to act.
 *
 * WAIT  nothing is wrong, call again with more input or later
 * PEER  the other side misbehaved: reset the stream, lower its score
 * LOCAL our own bounds, disk or memory; the caller decides what to shed
 * USER  bad arguments or configuration: tell the person what to change
 */
#pragma once

#include <assert.h>

#define MUST_CHECK __attribute__((warn_unused_result))

#define ERR_TABLE(X)                                                                               \
    X(OK, 0, WAIT)                 /* done */                                                      \
    X(ERR_MORE, -1, WAIT)          /* input ends too early: feed more, call again */               \
    X(ERR_BUSY, -2, WAIT)          /* in progress elsewhere, retry later */                        \
    X(ERR_FORMAT, -100, PEER)      /* malformed bytes */                                           \
    X(ERR_LIMIT, -101, PEER)       /* a named protocol limit was passed by the peer */             \
    X(ERR_AUTH, -102, PEER)        /* decryption or signature failure; one code on purpose */      \
    X(ERR_PROTOCOL, -103, PEER)    /* well-formed, but not allowed in this state */                \
    X(ERR_UNSUPPORTED, -104, PEER) /* known kind of thing, not one that we speak */                \
    X(ERR_CLOSED, -105, PEER)      /* the other side went away */                                  \
    X(ERR_TIMEOUT, -106, PEER)     /* the other side did not answer in time */                     \
    X(ERR_REFUSED, -107, PEER)     /* the other side or a policy said no */                        \
    X(ERR_FULL, -200, LOCAL)       /* our bound is reached: backpressure, retry later */           \
    X(ERR_MEMORY, -201, LOCAL)     /* an allocation failed */                                      \
    X(ERR_DISK_FULL, -202, LOCAL)  /* no space left on the device */                               \
    X(ERR_IO, -203, LOCAL)         /* a file or socket operation failed */                         \
    X(ERR_CORRUPT, -204, LOCAL)    /* our own stored bytes are not what we wrote */                \
    X(ERR_LOCKED, -205, LOCAL)     /* another process holds it */                                  \
    X(ERR_CRYPTO, -206, LOCAL)     /* the crypto library refused an operation that must work */    \
    X(ERR_ARGUMENT, -300, USER)    /* a value out of its documented range */                       \
    X(ERR_NOT_FOUND, -301, USER)   /* no such thing */                                             \
    X(ERR_EXISTS, -302, USER)      /* it is there already */

enum err {
#define X(name, code, actor) name = (code),
    ERR_TABLE(X)
#undef X
};

enum err_actor {
    ERR_ACTOR_WAIT,
    ERR_ACTOR_PEER,
    ERR_ACTOR_LOCAL,
    ERR_ACTOR_USER
};

/** Name of an error, e.g. "ERR_FULL". Static storage; "ERR_?" for a value outside the table. */
const char *err_name(enum err err);

/** One English clause for people, e.g. "our bound is reached". Static storage. */
const char *err_text(enum err err);

/** Who has to act on it. */
enum err_actor err_actor(enum err err);

/** Return from the enclosing function when `expr` is not OK. Only where nothing needs undoing. */
#define TRY(expr)                                                                                  \
    do {                                                                                           \
        enum err try_err_ = (expr);                                                                \
        if (try_err_ != OK)                                                                        \
            return try_err_;                                                                       \
    } while (0)
