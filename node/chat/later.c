/* What the door offers and this version cannot do yet: each says so by ERR_UNSUPPORTED. */
#include "node/chat/inside.h"

enum err chat_rekey(struct chat *c, const struct env *env)
{
    (void)c, (void)env;
    return ERR_UNSUPPORTED;
}
