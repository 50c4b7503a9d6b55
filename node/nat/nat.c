#include "node/nat/nat.h"

#include "net/wire/ip.h"
#include "node/nat/inside.h"

bool nat_public(const char *text, uint8_t ip[16])
{
    return ip_parse(span_str(text), ip) == OK && ip_v4(ip) != NULL && !ip_is_private(ip);
}

void nat_ask(const struct portmap_request *request, struct portmap_answer *answer)
{
    *answer = (struct portmap_answer){.err = ERR_UNSUPPORTED};
    if (request->method == PORTMAP_UPNP)
        nat_upnp(request, answer);
    else if (request->method == PORTMAP_PMP)
        nat_pmp(request, answer);
}
