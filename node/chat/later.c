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

enum err chat_send_file(struct chat *c, const struct env *env, const struct chat_conversation *id,
                        struct span name, struct span type, struct span bytes,
                        struct chat_entry_id *out)
{
    (void)c, (void)env, (void)id, (void)name, (void)type, (void)bytes, (void)out;
    return ERR_UNSUPPORTED;
}

enum err chat_file_fetch(struct chat *c, const struct env *env, const struct chat_conversation *id,
                         const struct chat_entry_id *entry)
{
    (void)c, (void)env, (void)id, (void)entry;
    return ERR_UNSUPPORTED;
}

enum err chat_file(struct chat *c, const struct chat_conversation *id,
                   const struct chat_entry_id *entry, struct buf *out)
{
    (void)c, (void)id, (void)entry, (void)out;
    return ERR_UNSUPPORTED;
}

enum err chat_export(struct chat *c, const struct env *env, struct span passphrase, struct buf *out)
{
    (void)c, (void)env, (void)passphrase, (void)out;
    return ERR_UNSUPPORTED;
}

enum err chat_import(struct chat *c, const struct env *env, struct span passphrase, struct span in)
{
    (void)c, (void)env, (void)passphrase, (void)in;
    return ERR_UNSUPPORTED;
}
