/* In the place of chats.c while node/chat has no chat_open (tests/cmake/rooms.cmake). */
#include "node/main/node.h"

#include <stdio.h>

enum err node_open_chats(struct node *n)
{
    if (conf_count(&n->conf, CONF_CHAT) == 0)
        return OK;
    fprintf(stderr, "sotto: --chat: this build has no chat\n");
    return ERR_UNSUPPORTED;
}

enum err node_serve_chats(struct node *n)
{
    (void)n;
    return OK;
}

void node_close_chats(struct node *n)
{
    (void)n;
}
