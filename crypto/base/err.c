#include "crypto/base/err.h"

#include <stddef.h>

static const struct {
    enum err err;
    enum err_actor actor;
    const char *name;
} table[] = {
#define X(name, code, actor) {name, ERR_ACTOR_##actor, #name},
    ERR_TABLE(X)
#undef X
};

const char *err_name(enum err err)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].err == err)
            return table[i].name;
    return "ERR_?";
}

enum err_actor err_actor(enum err err)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].err == err)
            return table[i].actor;
    return ERR_ACTOR_LOCAL;
}

const char *err_text(enum err err)
{
    switch (err) {
    case OK:
        return "done";
    case ERR_MORE:
        return "more input is needed";
    case ERR_BUSY:
        return "busy, try again later";
    case ERR_FORMAT:
        return "malformed input";
    case ERR_LIMIT:
        return "a protocol limit was passed";
    case ERR_AUTH:
        return "authentication failed";
    case ERR_PROTOCOL:
        return "not allowed in this state";
    case ERR_UNSUPPORTED:
        return "not supported";
    case ERR_CLOSED:
        return "the other side closed";
    case ERR_TIMEOUT:
        return "no answer in time";
    case ERR_REFUSED:
        return "refused";
    case ERR_FULL:
        return "a bound is reached, try again later";
    case ERR_MEMORY:
        return "out of memory";
    case ERR_DISK_FULL:
        return "no space left on the disk";
    case ERR_IO:
        return "an input or output operation failed";
    case ERR_CORRUPT:
        return "stored data is damaged";
    case ERR_LOCKED:
        return "in use by another process";
    case ERR_CRYPTO:
        return "the crypto library failed";
    case ERR_ARGUMENT:
        return "a value is out of range";
    case ERR_NOT_FOUND:
        return "not found";
    case ERR_EXISTS:
        return "exists already";
    }
    return "unknown error";
}
