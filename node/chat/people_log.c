/* The identity logs of the accounts that we know: learned, merged, what of it is told. */
#include "node/chat/notices.h"
#include "node/chat/self.h"

static bool event_adds(const struct identity_event *e, const uint8_t key[32])
{
    if (e->type == IDENTITY_INSTALL_ADD)
        return memcmp(e->installation, key, 32) == 0;
    for (size_t i = 0; i < e->installations.count; i++)
        if (memcmp(e->installations.list[i].key, key, 32) == 0)
            return true;
    return false;
}

bool people_author(const void *chat, const struct entry_author *who)
{
    const struct chat *c = chat;
    const struct person *p = people_find(c, who->account);
    struct identity_event e;

    if (p == NULL || p->log == NULL)
        return false;
    const struct identity *now = identity_log_now(p->log);
    if (identity_has(now, who->installation, NULL))
        return true;
    for (uint64_t seq = 0; seq <= now->seq; seq++)
        if (identity_event_decode(identity_log_event(p->log, seq), &e) == OK &&
            event_adds(&e, who->installation))
            return true;
    return false;
}

static void tell(struct chat *c, const struct env *env, enum chat_event_kind kind,
                 const uint8_t account[32], const uint8_t *installation)
{
    journal_add(c, env,
                &(struct happened){.kind = kind, .account = account, .installation = installation});
}

/* What a person has to know of the difference. */
static void tell_changes(struct chat *c, const struct env *env, const struct identity *before,
                         const struct identity *after)
{
    static const struct {
        enum identity_status status;
        enum chat_event_kind kind;
    } turns[] = {{IDENTITY_FROZEN, CHAT_EVENT_FROZEN},
                 {IDENTITY_LOST, CHAT_EVENT_LOST},
                 {IDENTITY_ENDED, CHAT_EVENT_ENDED},
                 {IDENTITY_MOVED, CHAT_EVENT_ENDED}};
    bool recovered = memcmp(before->recovery, after->recovery, 32) != 0;
    for (size_t i = 0; i < after->installations.count; i++)
        if (!identity_has(before, after->installations.list[i].key, NULL))
            tell(c, env, CHAT_EVENT_DEVICE_ADDED, after->account, after->installations.list[i].key);
    for (size_t i = 0; i < before->installations.count; i++)
        if (!identity_has(after, before->installations.list[i].key, NULL))
            tell(c, env, CHAT_EVENT_DEVICE_REVOKED, after->account,
                 before->installations.list[i].key);
    if (recovered)
        tell(c, env, CHAT_EVENT_RECOVERED, after->account, NULL);
    else if (after->rotations != before->rotations)
        tell(c, env, CHAT_EVENT_ROTATED, after->account, NULL);
    for (size_t i = 0; i < sizeof turns / sizeof turns[0]; i++)
        if (after->status == turns[i].status && before->status != turns[i].status)
            tell(c, env, turns[i].kind, after->account, NULL);
}

static enum err merge_log(struct chat *c, const struct env *env, struct person *p,
                          const struct identity_log *theirs)
{
    struct identity before = *identity_log_now(p->log);
    struct identity_fork fork = {0};
    enum identity_verdict verdict;

    TRY(identity_log_merge(p->log, theirs, &verdict, &fork));
    uint64_t news = verdict == IDENTITY_REPLACED ? fork.seq : before.seq + 1;
    identity_fork_clear(&fork);
    p->confirmed_ns = env->wall.ns;
    if (verdict == IDENTITY_SAME || verdict == IDENTITY_OLDER || verdict == IDENTITY_KEPT)
        return OK;
    step_open(c);
    p->changed = p->log_changed = true;
    tell_changes(c, env, &before, identity_log_now(p->log));
    notices_log(c, env, p, news);
    if (p == c->me)
        bundles_renew(c, env); /* parts name the log that they know */
    if (p == c->me && c->phase == CHAT_PHASE_READY &&
        !identity_has(identity_log_now(p->log), c->self.installation, NULL))
        talks_revoked(c, env);
    talks_log_changed(c, env, p);
    return OK;
}

enum err people_learn_log(struct chat *c, const struct env *env, const struct identity_log *theirs)
{
    const struct identity *now = identity_log_now(theirs);
    struct person *p = people_find(c, now->account);
    struct buf copy = BUF_INIT(IDENTITY_SENT_BYTES_MAX);

    if (p != NULL && p->log != NULL)
        return merge_log(c, env, p, theirs);
    if (p == NULL)
        p = people_get(c, now->account);
    if (p == NULL)
        return ERR_FULL;
    enum err err = identity_log_write(theirs, &copy);
    if (err == OK)
        err = identity_log_read(buf_span(&copy), &p->log);
    buf_clear(&copy);
    step_open(c);
    p->changed = p->log_changed = true;
    p->confirmed_ns = env->wall.ns;
    return err;
}

enum err people_learn(struct chat *c, const struct env *env, struct span bytes)
{
    struct identity_log *log;
    TRY(identity_log_read(bytes, &log));
    enum err err = people_learn_log(c, env, log);
    identity_log_free(log);
    return err;
}
