#include "crypto/prim/dh.h"

#include "crypto/base/wipe.h"

enum err dh_public(const struct dh *d, const uint8_t *secret, uint8_t *pub)
{
    return d->public_of(d, secret, pub);
}

enum err dh_agree(const struct dh *d, const uint8_t *secret, const uint8_t *pub, uint8_t *out)
{
    enum err err = d->agree(d, secret, pub, out);

    if (err != OK)
        wipe(out, d->shared_bytes);
    return err;
}

enum err dh_check_public(const struct dh *d, const uint8_t *pub)
{
    return d->check == NULL ? OK : d->check(d, pub);
}
