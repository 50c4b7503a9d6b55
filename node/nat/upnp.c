/* UPnP Internet Gateway Device: found by SSDP, asked by SOAP (WANIPConnection:1 and 2). */
#include "node/nat/inside.h"

#include <miniupnpc/miniupnpc.h>
#include <miniupnpc/upnpcommands.h>
#include <miniupnpc/upnperrors.h>
#include <stdio.h>

#define IGD_CONNECTED  1   /* UPNP_GetValidIGD */
#define PERMANENT_ONLY 725 /* WANIPConnection: OnlyPermanentLeasesSupported */
#define CONFLICT       718 /* ConflictInMappingEntry */

struct gateway {
    struct UPNPUrls urls;
    struct IGDdatas data;
    char lan[64]; /* our address on its side */
};

static enum err find(const struct portmap_request *request, struct gateway *g)
{
    const char *side = request->gateway[0] != '\0' ? request->gateway : NULL;
    int error = 0;
    struct UPNPDev *found = upnpDiscover(NAT_DISCOVER_MS, side, NULL, 0, 0, 2, &error);

    if (found == NULL)
        return ERR_NOT_FOUND;
    int kind = UPNP_GetValidIGD(found, &g->urls, &g->data, g->lan, sizeof g->lan);
    freeUPNPDevlist(found);
    if (kind == IGD_CONNECTED)
        return OK;
    if (kind > 0)
        FreeUPNPUrls(&g->urls);
    return kind > 0 ? ERR_UNSUPPORTED : ERR_NOT_FOUND;
}

static int add(const struct gateway *g, const struct portmap_port *port, unsigned external,
               const char *lease)
{
    char in[8], out[8];

    snprintf(in, sizeof in, "%u", port->internal);
    snprintf(out, sizeof out, "%u", external);
    return UPNP_AddPortMapping(g->urls.controlURL, g->data.first.servicetype, out, in, g->lan,
                               "sotto", port->udp ? "UDP" : "TCP", NULL, lease);
}

static enum err map(const struct gateway *g, const struct portmap_port *port, uint32_t lease_s,
                    uint16_t *external, uint32_t *given_s)
{
    unsigned wanted = port->external != 0 ? port->external : port->internal;
    char lease[16];

    snprintf(lease, sizeof lease, "%u", lease_s);
    for (int i = 0; i < NAT_UPNP_TRIES; i++) {
        int result = add(g, port, wanted, *given_s == 0 ? "0" : lease);
        if (result == PERMANENT_ONLY) {
            *given_s = 0;
            result = add(g, port, wanted, "0");
        }
        if (result == UPNPCOMMAND_SUCCESS) {
            *external = (uint16_t)wanted;
            return OK;
        }
        if (result != CONFLICT)
            return ERR_REFUSED;
        wanted = 1024 + (wanted - 1024 + NAT_UPNP_STEP) % (65536 - 1024);
    }
    return ERR_REFUSED;
}

static void unmap(const struct gateway *g, const struct portmap_port *port)
{
    char out[8];

    snprintf(out, sizeof out, "%u", port->external != 0 ? port->external : port->internal);
    UPNP_DeletePortMapping(g->urls.controlURL, g->data.first.servicetype, out,
                           port->udp ? "UDP" : "TCP", NULL);
}

static enum err map_all(const struct gateway *g, const struct portmap_request *request,
                        struct portmap_answer *answer)
{
    char outside[64] = "";

    if (UPNP_GetExternalIPAddress(g->urls.controlURL, g->data.first.servicetype, outside) !=
        UPNPCOMMAND_SUCCESS)
        return ERR_REFUSED;
    if (!nat_public(outside, answer->ip))
        return ERR_UNSUPPORTED; /* behind another NAT: of no use */
    answer->lease_s = request->lease_s;
    for (size_t i = 0; i < request->count; i++)
        TRY(map(g, &request->ports[i], request->lease_s, &answer->external[i], &answer->lease_s));
    return OK;
}

void nat_upnp(const struct portmap_request *request, struct portmap_answer *answer)
{
    struct gateway g;

    answer->err = find(request, &g);
    if (answer->err != OK)
        return;
    if (request->unmap)
        for (size_t i = 0; i < request->count; i++)
            unmap(&g, &request->ports[i]);
    else
        answer->err = map_all(&g, request, answer);
    FreeUPNPUrls(&g.urls);
}
