/* Those whom a commit of ours brings in are invited: each account once, with the Welcome in the
 * invite or, when all copies together are too long for that, one copy beside them (welcomes.h). */
#include "node/chat/welcomes.h"

#include <stdlib.h>

static const struct identity_log *log_of(void *ctx, const uint8_t *account)
{
    const struct person *p = people_find(ctx, account);
    return p == NULL ? NULL : p->log;
}

/* What the invites of one commit share. */
struct invitation {
    const uint8_t *conversation;
    struct invite what;
    bool held, refers;
    struct eid eid;   /* of the commit, when it is waited for */
    uint8_t blob[16]; /* when the Welcome is laid out beside them */
};

static struct waiting *row_for(const struct chat *c, const struct env *env,
                               const struct invitation *with, const struct part *parts,
                               size_t count)
{
    struct card cards[FINDING_CARDS_MAX];
    const struct person *p = people_find(c, parts[0].account);
    struct waiting *r = p == NULL ? NULL : calloc(1, sizeof *r);

    if (r == NULL)
        return NULL;
    (void)finding_cards(c, p, cards);
    *r = (struct waiting){.card = cards[0],
                          .day = (uint32_t)(env->wall.ns / NS_PER_S / INTRO_DAY_S),
                          .bits = parts[0].bits,
                          .held = with->held,
                          .eid = with->eid,
                          .refers = with->refers,
                          .body = BUF_INIT(ENVELOPE_BYTES_MAX)};
    memcpy(r->conversation, with->conversation, 32);
    memcpy(r->blob, with->blob, sizeof r->blob);
    assert(count <= BUNDLE_PARTS_MAX); /* of one account's log */
    for (size_t i = 0; i < count; i++)
        memcpy(r->invited[r->invited_count++], parts[i].installation, sizeof r->invited[0]);
    return r;
}

/* One account's invite for its parts. */
static enum err invite_account(struct chat *c, const struct env *env, struct invitation *with,
                               const struct part *parts, size_t count)
{
    struct waiting *r = row_for(c, env, with, parts, count);

    if (r == NULL)
        return ERR_MEMORY;
    with->what.day = r->day;
    memcpy(with->what.account, parts[0].account, sizeof with->what.account);
    enum err err = invite_seal(&with->what, c->installation, parts, count, env->rng, &r->body);
    if (err != OK) {
        invite_row_free(r);
        return err;
    }
    return invite_row_add(c, env, r);
}

/* The parts of an account stand together: how many from `i` on? */
static size_t parts_of_account(const struct plan *plan, size_t i)
{
    size_t n = 1;
    while (i + n < plan->newcomers_count &&
           memcmp(plan->newcomers[i].account, plan->newcomers[i + n].account, 32) == 0)
        n++;
    return n;
}

static enum err invite_all(struct chat *c, const struct env *env, const struct plan *plan,
                           struct invitation *with)
{
    for (size_t i = 0, n; i < plan->newcomers_count; i += n) {
        n = parts_of_account(plan, i);
        TRY(invite_account(c, env, with, &plan->newcomers[i], n));
    }
    return OK;
}

/* In the invites, or one copy for all of them beside. */
static enum err settle_place(struct chat *c, const struct env *env, const struct plan *plan,
                             struct span welcome, struct invitation *with, struct buf *reference)
{
    size_t accounts = 0;
    for (size_t i = 0; i < plan->newcomers_count; i += parts_of_account(plan, i))
        accounts++;
    with->refers = accounts * welcome.len > WELCOME_INLINE_BYTES;
    with->what.welcome = welcome;
    if (!with->refers)
        return OK;
    TRY(welcomes_add(c, env, welcome, with->blob, reference));
    with->what.welcome = buf_span(reference);
    return OK;
}

enum err inviting_welcome(struct chat *c, const struct env *env, struct talk *t,
                          const struct branches_made *m, const struct plan *plan, bool alone)
{
    struct buf welcome = BUF_INIT(WELCOME_REF_BYTES_MAX), log = BUF_INIT(IDENTITY_SENT_BYTES_MAX);
    struct buf reference = BUF_INIT(512);
    struct invitation with = {.conversation = t->id.bytes, .held = !alone, .eid = m->eid};
    enum err err =
        profile_welcome_write(branches_group(t->branches, &m->eid), buf_span(&m->mls.welcome),
                              &t->address, log_of, c, &welcome);
    if (err == OK)
        err = identity_log_write(c->me->log, &log);
    with.what = (struct invite){.purpose = INVITE_WELCOME, .log = buf_span(&log)};
    if (err == OK)
        err = settle_place(c, env, plan, buf_span(&welcome), &with, &reference);
    if (err == OK)
        err = invite_all(c, env, plan, &with);
    buf_clear(&welcome);
    buf_clear(&log);
    buf_clear(&reference);
    return err;
}
