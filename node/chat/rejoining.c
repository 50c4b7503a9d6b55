/* Let in again: a member that cannot follow the branch that holds asks another one of it. */
#include "node/chat/talk.h"

enum err rejoin_asked(struct chat *c, const struct env *env, const struct invite *i)
{
    (void)c, (void)env, (void)i;
    return ERR_UNSUPPORTED;
}

enum err inviting_rejoin(struct chat *c, const struct env *env, struct talk *t,
                         const struct eid *winner)
{
    (void)c, (void)env, (void)t, (void)winner;
    return OK;
}
