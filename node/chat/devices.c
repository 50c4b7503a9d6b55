/* Installations: seen, revoked; the account taken back. */
#include "node/chat/account.h"
#include "node/chat/talk.h"

bool chat_devices(struct chat *c, const struct chat_account *account, size_t *cursor,
                  struct chat_device *out)
{
    const struct person *p = people_find(c, account->bytes);
    if (p == NULL || p->log == NULL)
        return false;
    const struct identity *now = identity_log_now(p->log);
    if (*cursor >= now->installations.count)
        return false;
    const uint8_t *key = now->installations.list[*cursor].key;
    *out =
        (struct chat_device){.this_one = p == c->me && memcmp(key, c->self.installation, 32) == 0};
    out->keeper = out->this_one && account_is_keeper(c);
    memcpy(out->installation.bytes, key, sizeof out->installation.bytes);
    ++*cursor;
    return true;
}

enum err chat_revoke(struct chat *c, const struct env *env, const struct chat_installation *which,
                     enum chat_reason why)
{
    struct identity_event e = {.type = IDENTITY_INSTALL_REVOKE, .reason = why};

    if (!account_is_keeper(c) || memcmp(which->bytes, c->self.installation, 32) == 0)
        return ERR_REFUSED;
    if (!identity_has(identity_log_now(c->me->log), which->bytes, NULL))
        return ERR_NOT_FOUND;
    TRY(account_may_sign(c));
    step_open(c);
    memcpy(e.installation, which->bytes, sizeof e.installation);
    TRY(account_event(c, env, &e));
    journal_add(c, env,
                &(struct happened){.kind = CHAT_EVENT_DEVICE_REVOKED,
                                   .account = c->self.account,
                                   .installation = which->bytes});
    bundles_renew(c, env);
    talks_log_changed(c, env, c->me);
    return step_close(c, env);
}

enum err chat_rekey(struct chat *c, const struct env *env)
{
    (void)c, (void)env;
    return ERR_UNSUPPORTED; /* CHAT.md 4: not built; chat.h says what to do instead */
}

/* Stores were read: with the longest log that was found we take the account back. */
void recovering_found(struct chat *c, const struct env *env)
{
    enum err err = c->me->log == NULL ? ERR_NOT_FOUND : account_recover(c, env);
    step_open(c);
    if (err == ERR_NOT_FOUND && c->me->log == NULL) {
        c->me->look_at = mono_add(env->now, FINDING_RETRY_S * NS_PER_S);
        return; /* not there yet, or our stores do not have it */
    }
    if (err != OK) {
        log_unusual(env, "chat", "account not taken back err=%s", err_name(err));
        return;
    }
    settings_save(c);
    journal_add(c, env,
                &(struct happened){.kind = CHAT_EVENT_RECOVERED, .account = c->self.account});
    bundles_renew(c, env);
}
