#include "net/gossipsub/protocols.h"

#include "net/gossipsub/gossipsub.h"

/* Waku's own id first: js-waku knows only that one. */
static const struct gossipsub_protocol rows[] = {
    {"/vac/waku/relay/2.0.0", .mesh = true, .px = true, .idontwant = false},
    {"/meshsub/1.2.0", .mesh = true, .px = true, .idontwant = true},
    {"/meshsub/1.1.0", .mesh = true, .px = true, .idontwant = false},
    {"/meshsub/1.0.0", .mesh = true, .px = false, .idontwant = false},
    {"/floodsub/1.0.0", .mesh = false, .px = false, .idontwant = false},
};

/* floodsub peers are served when the host registers that id as well, but it is not proposed */
const char *const gossipsub_protocols[] = {"/vac/waku/relay/2.0.0", "/meshsub/1.2.0",
                                           "/meshsub/1.1.0", "/meshsub/1.0.0", NULL};

const struct gossipsub_protocol *gossipsub_protocol_find(const char *id)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].id, id) == 0)
            return &rows[i];
    return NULL;
}
