/* A chat of node/chat as the core calls it. A file of its own: only who attaches one links it. */
#include "node/core/chatting.h"

static const struct chat_calls calls = {
    .poll = chat_poll,
    .received = chat_received,
    .published = chat_published,
    .fetched = chat_fetched,
    .online = chat_online,
    .tick = chat_tick,
    .deadline = chat_deadline,
};

enum err core_attach_chat(struct core *c, const struct env *env, struct chat *chat)
{
    return chatting_attach(c, env, chat, &calls);
}
