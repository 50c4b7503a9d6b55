#include "node/chat/acquaint.h"

#include "node/chat/inside.h"

enum err acquaint_bundle(struct chat *c, const struct env *env, struct buf *out)
{
    struct buf log = BUF_INIT(IDENTITY_SENT_BYTES_MAX);
    struct prekey *k = NULL;

    step_open(c);
    c->bundle_at = MONO_NEVER;
    enum err err = prekeys_current(c, env, &k);
    if (err == OK)
        err = identity_log_write(c->me->log, &log);
    if (err == OK)
        err = bundle_encode(
            &(struct bundle){.log = buf_span(&log), .parts = {buf_span(&k->part)}, .count = 1},
            out);
    buf_clear(&log);
    enum err stored = step_close(c, env);
    return err == OK ? stored : err;
}

/* Whose bundle it is, by its log. */
static enum err owner(struct span bundle, uint8_t account[ACCOUNT_ID_BYTES])
{
    struct identity_log *log;
    struct bundle b;

    TRY(bundle_decode(bundle, &b));
    TRY(identity_log_read(b.log, &log));
    memcpy(account, identity_log_now(log)->account, ACCOUNT_ID_BYTES);
    identity_log_free(log);
    return OK;
}

static enum err take(struct chat *c, const struct env *env, struct person *p, struct span bundle)
{
    if (p->found == NULL)
        TRY(found_new(p->account, &p->found));
    TRY(found_add(p->found, bundle));
    TRY(people_learn_log(c, env, found_log(p->found)));
    p->consent = CHAT_CONSENT_GIVEN;
    p->changed = true;
    return OK;
}

enum err acquaint_take(struct chat *c, const struct env *env, struct span bundle,
                       struct chat_account *who)
{
    TRY(owner(bundle, who->bytes));
    if (memcmp(who->bytes, c->self.account, sizeof who->bytes) == 0)
        return ERR_ARGUMENT;
    step_open(c);
    struct person *p = people_get(c, who->bytes);
    enum err err = p == NULL ? ERR_FULL : take(c, env, p, bundle);
    enum err stored = step_close(c, env);
    return err == OK ? stored : err;
}
