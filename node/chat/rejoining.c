/* A member that cannot follow the branch that holds should be let in again by another one of it.
 * Not in this version: it stays where it is, and what the others say is not read there. */
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
