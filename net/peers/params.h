/* Bounds and periods of net/peers. Those an operator may change are fields of struct peers_params.
 */
#pragma once

#define PEERS_SHARDS_MAX       1024u /* indexes 0..1023; waku relay sharding, rs and rsv of an ENR */
#define PEERS_CAPACITY         1000u /* peers that are known and not connected; --peer-store-capacity */
#define PEERS_HELD_MAX         101024u /* connected, being dialed or static */
#define PEERS_ADDRS_MAX        8u      /* addresses of one peer; the newest are kept; own choice */
#define PEERS_TELLER_MAX       64u     /* untried peers of one teller; 34/WAKU2-PEER-EXCHANGE: 60 */
#define PEERS_PER_IP           5u    /* connections of one address; nwaku DefaultColocationLimit */
#define PEERS_OUT_MAX          1024u /* outputs that wait for peers_poll */
#define PEERS_DIALS_MAX        10u   /* dials at a time; nwaku MaxParallelDials */
#define PEERS_SHARD_TARGET     6u    /* relay peers of each shard of ours; gossipsub D */
#define PEERS_BALANCE_MAX      16u   /* peers asked to leave in one round; own choice */
#define PEERS_FAILURES_MAX     5u    /* attempts at a stranger; nwaku MaxFailedAttempts */
#define PEERS_FAILURES_KNOWN   12u   /* attempts at a peer that once worked; own choice */
#define PEERS_SAVED_MAX        500u  /* peers that are remembered over a restart; own choice */
#define PEERS_RECORD_BYTES_MAX 8192u /* one of them encoded: eight addresses, 1024 shards */

#define PEERS_ROUND_MS       100     /* between two looks at the slots */
#define PEERS_BACKOFF_MS_MIN 5000    /* after a first failure; doubles, with jitter of a half */
#define PEERS_BACKOFF_MS_MAX 3600000 /* one hour */
#define PEERS_STATIC_MS_MIN  1000    /* the same for peers that the operator named */
#define PEERS_STATIC_MS_MAX  60000
#define PEERS_STEADY_MS      30000   /* a connection that lasted so long broke by accident */
#define PEERS_LEFT_MS        600000  /* we asked it to leave: not dialed again for so long */
#define PEERS_FOREIGN_MS     3600000 /* of another cluster: not dialed and not learned again */
#define PEERS_HOPELESS_MS    3600000 /* a peer never reached is forgotten so long after we gave up */
#define PEERS_UNTRIED_MS     7200000 /* what was told and never needed is stale; own choice */
#define PEERS_DIAL_MS        60000   /* a dial whose end is not told */
#define PEERS_SWEEP_MS       60000   /* between two looks for stale peers */
#define PEERS_WANT_MS_MIN    1000    /* between two calls for candidates; doubles */
#define PEERS_WANT_MS_MAX    60000
