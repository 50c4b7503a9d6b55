/* What the door offers and this version cannot do yet: each says so by ERR_UNSUPPORTED. */
#include "node/chat/inside.h"

enum err chat_pair(struct chat **out, const struct chat_config *config, const struct env *env,
                   char text[CHAT_PAIR_TEXT_MAX])
{
    (void)out, (void)config, (void)env, (void)text;
    return ERR_UNSUPPORTED;
}

enum err chat_pair_accept(struct chat *c, const struct env *env, struct span text,
                          char words[CHAT_SIX_WORDS_MAX])
{
    (void)c, (void)env, (void)text, (void)words;
    return ERR_UNSUPPORTED;
}

enum err chat_pair_words(struct chat *c, char words[CHAT_SIX_WORDS_MAX])
{
    (void)c, (void)words;
    return ERR_UNSUPPORTED;
}

enum err chat_rekey(struct chat *c, const struct env *env)
{
    (void)c, (void)env;
    return ERR_UNSUPPORTED;
}
