/* Bounds and periods of net/discovery: unit and source. */
#pragma once

/* packets and messages: discv5-wire.md */
#define DISCV5_PACKET_MIN     63u   /* bytes of a datagram; "minimum size" */
#define DISCV5_PACKET_MAX     1280u /* bytes of a datagram; "maximum size" */
#define DISCV5_REQUEST_ID_MAX 8u    /* bytes */
#define DISCV5_NODES_MAX      16u   /* records of all answers to one FINDNODE; recommended limit */
#define DISCV5_TOTAL_MAX      16u   /* NODES messages of one answer; own bound, one record each */
#define DISCV5_DISTANCES_MAX  8u    /* of one FINDNODE that we look at; own bound */
#define DISCV5_AUTHDATA_MAX   (34u + 64u + 33u + 300u)

/* sessions: discv5-theory.md */
#define DISCV5_SESSIONS_MAX    1024u /* kept keys, least recently used first out; own choice */
#define DISCV5_CHALLENGES_MAX  2048u /* WHOAREYOUs without their handshake, oldest first out */
#define DISCV5_CHALLENGE_MS    2000  /* a handshake may come so long; "1s for the handshake" */
#define DISCV5_CHALLENGE_TRIES 3u    /* handshakes that are looked at per WHOAREYOU; own choice */

/* requests of ours */
#define DISCV5_REQUESTS_MAX 64u   /* under way */
#define DISCV5_REQUEST_MS   1000  /* two round trips at first: 500 ms each, discv5-wire.md */
#define DISCV5_OUT_MAX      1024u /* outputs that wait for discv5_poll; more datagrams are lost */

/* what strangers may cost: own choices */
#define DISCV5_UNKNOWN_PER_IP_S 10u /* WHOAREYOUs and handshakes of one address, a second */
#define DISCV5_UNKNOWN_BURST    60u /* and at once: a node that starts asks all whom it knows */
#define DISCV5_NEWCOMERS_BURST                                                                     \
    16u                          /* names that one address may introduce itself under at once ... */
#define DISCV5_NEWCOMERS_S    1u /* ... and a second after that; own choice */
#define DISCV5_UNKNOWN_ALL_S  1000u /* of all addresses but those of the table */
#define DISCV5_SERVE_PER_IP_S 50u   /* requests answered to one address, a second */
#define DISCV5_SERVE_BURST    200u
#define DISCV5_LIMITS_MAX     1024u /* addresses whose allowance is kept */

/* table */
#define DISCV5_BUCKETS       256u
#define DISCV5_BUCKET_NODES  16u /* k; discv5-theory.md "Node Table" */
#define DISCV5_BUCKET_SPARES 8u  /* replacement cache; own choice */
#define DISCV5_FAILS_MAX     3u  /* PINGs without PONG until a proven node is dropped */

/* lookups */
#define DISCV5_ALPHA          3u    /* FINDNODEs at a time; discv5-theory.md "Lookup" */
#define DISCV5_LOOKUP_NODES   32u   /* candidates that are kept, closest first */
#define DISCV5_LOOKUP_MS      5000  /* between walks while few nodes are known; nwaku's period */
#define DISCV5_LOOKUP_CALM_MS 30000 /* when enough are */
#define DISCV5_LOOKUP_FEW     32u   /* nodes in the table */

/* upkeep */
#define DISCV5_PROVE_MS       100   /* between PINGs to nodes that never answered */
#define DISCV5_PROVE_MAX      16u   /* such PINGs under way */
#define DISCV5_CHECK_MS       10000 /* between PINGs to nodes that have answered */
#define DISCV5_BOOTSTRAP_MS   5000  /* before an empty table is filled from the bootstrap list */
#define DISCV5_BOOTSTRAP_MAX  64u
#define DISCV5_VOTERS_MAX     32u /* PONGs that say where we are */
#define DISCV5_VOTES_MIN      3u  /* voters at other addresses that must agree, and be most */
#define DISCV5_VOTE_MS        300000
#define DISCV5_FOUND_MAX      4096u  /* records that were told, by node id */
#define DISCV5_FOUND_AGAIN_MS 600000 /* then all are told again */

/* our own record */
#define RECORD_CONTENT_MAX 8192u /* bytes before what does not fit is left out */

/* lists in DNS: EIP-1459 */
#define DNS_HASH_CHARS_MAX 52u     /* base 32 of a whole hash; usual are 26 */
#define DNS_CHILDREN_MAX   64u     /* of a branch; a TXT record of usual size has 13 */
#define DNS_LISTS_MAX      8u      /* named and linked together; own choice */
#define DNS_ENTRIES_MAX    2000u   /* of one list in one walk; own choice */
#define DNS_DEPTH_MAX      8u      /* branches above an entry: 13^8 of them; own choice */
#define DNS_LOOKUPS_MAX    4u      /* under way; own choice */
#define DNS_AGAIN_MS       1800000 /* between two looks at a root; go-ethereum's recheck interval */
#define DNS_RETRY_MS_MIN   10000   /* after a failure; doubles up to the former */

/* mDNS */
#define MDNS_BYTES_MAX      9000u /* of a message; RFC 6762 17 */
#define MDNS_TEXT_BYTES_MAX 1100u /* of TXT data that we send: one Ethernet frame; own choice */
#define MDNS_NAME_MAX       255u  /* bytes of a name; RFC 1035 2.3.4 */
#define MDNS_RECORDS_MAX    256u  /* questions, or records, of a message; own bound */
#define MDNS_ADDRS_MAX      16u   /* addresses that we tell, or take from one record; own bound */
#define MDNS_OUT_MAX        256u  /* outputs that wait for mdns_poll */
#define MDNS_PEERS_S_MAX    64u   /* addresses told a second; own bound */
#define MDNS_TTL_S          120u  /* seconds; RFC 6762 10 */
#define MDNS_ANSWER_MS      1000  /* between two answers; RFC 6762 6 */
#define MDNS_ASK_MS_MIN     1000  /* between two questions; four times as long each time */
#define MDNS_ASK_MS_MAX     60000
