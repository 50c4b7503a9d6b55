/* Bounds of net/swarm. Those an operator may change are fields of struct swarm_params. */
#pragma once

#define SWARM_CONNS_MAX           300u  /* connections; --max-connections of nwaku has 50..300 */
#define SWARM_PER_IP_MAX          8u    /* inbound per address; nwaku --ip-colocation-limit 5 */
#define SWARM_HALF_OPEN_MAX       128u  /* inbound links whose upgrade is not finished */
#define SWARM_PROTOCOLS_MAX       64u   /* ids in the protocol table */
#define SWARM_DIALS_MAX           256u  /* dials under way or waiting */
#define SWARM_DIALED_MAX          4096u /* ends of dials that nobody polled */
#define SWARM_DIAL_ADDRS_MAX      32u   /* endpoints of one dial, after DNS */
#define SWARM_DIAL_LOOKUPS_MAX    16u /* DNS queries of one dial, all levels of dnsaddr together */
#define SWARM_DNSADDR_DEPTH_MAX   4u  /* nested /dnsaddr; go-multiaddr-dns has 32 */
#define SWARM_DIAL_TIMEOUT_MS     15000 /* one address, until the connection is upgraded */
#define SWARM_DIAL_STAGGER_MS     250   /* before the next address is tried too; RFC 8305 8 */
#define SWARM_RESOLVE_TIMEOUT_MS  10000
#define SWARM_BACKOFF_MS_MIN      1000   /* after a first failure; doubles, with jitter of a half */
#define SWARM_BACKOFF_MS_MAX      600000 /* ten minutes */
#define SWARM_BACKOFFS_MAX        1024u  /* addresses remembered; the oldest is forgotten */
#define SWARM_REDUNDANT_GRACE_MS  1000   /* before the lesser of two connections is closed */
#define SWARM_REDUNDANT_WINDOW_MS 10000  /* two that came up within it are one simultaneous dial */
#define SWARM_TRIM_AGE_MS         10000  /* a younger connection is not trimmed */
#define SWARM_CIRCUIT_TIMEOUT_MS  40000  /* a circuit, from its relay being dialed to upgraded */
#define SWARM_CIRCUIT_GRACE_MS    5000   /* before it is closed when there is a direct connection */
#define SWARM_CIRCUITS_IN_MAX     64u    /* incoming ones; own bound */
#define SWARM_CARRIER_CHUNK       65536u /* bytes of a circuit that are queued at once */
#define SWARM_WRITES_MAX          16u    /* writes to one link in one pump: fairness */
