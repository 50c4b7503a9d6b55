/* Bounds of node/nat. */
#pragma once

#define NAT_DISCOVER_MS                                                                            \
    2000 /* for UPnP gateways to answer a search; nim-eth 200 ms, miniupnpc's client 2 s */
#define NAT_PMP_MS     2000 /* for one answer of a NAT-PMP gateway; RFC 6886 3.1 repeats longer */
#define NAT_UPNP_TRIES 4    /* outside ports that are tried when others have them */
#define NAT_UPNP_STEP  1009 /* from one of these to the next */
