/* Every option of the node in one table: the flags of nwaku 0.37 and logos-delivery 0.38, and our
 * own. From it come the parser, the variables, the TOML keys, --help and docs/configuration.md.
 *
 * X(id, flag, type, many, status, group, ours, theirs, allowed, help, why)
 *
 * flag     "tcp-port": --tcp-port, WAKUNODE2_TCP_PORT, TOML key tcp-port
 * many     ONE: a later value of one source replaces the earlier; MANY: they add up
 * status   DONE; ACCEPTED: taken, one warning, no effect; REFUSED: an error unless harmless
 * ours     default as text; NULL: unset (MANY: separated by commas)
 * theirs   default of nwaku 0.37 / 0.38 for the document; NULL: not an option of theirs
 * allowed  NUMBER, SIZE: "least..most"; CHOICE: "a|b"; REFUSED: values that are harmless, "a|b*"
 * why      DONE: why our default differs; else: why it has no effect, or is refused
 */
#pragma once

/* clang-format off */
#define CONF_TABLE(X) \
X(CONFIG_FILE, "config-file", TEXT, ONE, DONE, NODE, NULL, "", NULL, "read a TOML file; flags and variables take precedence over it", NULL) \
X(DATA_DIR, "data-dir", TEXT, ONE, DONE, NODE, NULL, NULL, NULL, "folder of node key and archive", "unset: $XDG_DATA_HOME/sotto, or ~/.local/share/sotto") \
X(LOCAL_STORAGE_PATH, "local-storage-path", TEXT, ONE, DONE, NODE, NULL, "./data", NULL, "another name of --data-dir, which takes precedence", "our folder does not depend on where the node was started") \
X(LOG_LEVEL, "log-level", CHOICE, ONE, DONE, NODE, "INFO", "INFO", "TRACE|DEBUG|INFO|NOTICE|WARN|ERROR|FATAL", "least level that is logged", NULL) \
X(LOG_FORMAT, "log-format", CHOICE, ONE, DONE, NODE, "TEXT", "TEXT", "TEXT|JSON", "form of the log lines", NULL) \
X(NODEKEY, "nodekey", KEY, ONE, DONE, NODE, NULL, "", NULL, "secp256k1 key of the host identity, 64 hexadecimal digits", "unset: made once and kept in --data-dir, so that the peer id stays") \
X(CLUSTER_ID, "cluster-id", NUMBER, ONE, DONE, NODE, "66", "0", "0..65535", "network; peers of another one are disconnected", "0 has no network, and 1 demands RLN; 66 is ours") \
X(AGENT_STRING, "agent-string", TEXT, ONE, DONE, NODE, "sotto", "nwaku-VERSION / logos-delivery-VERSION", NULL, "name in identify", "the version is not told to strangers") \
X(PRESET, "preset", CHOICE, ONE, DONE, NODE, "", "", "|sotto|status.prod|logos.dev|logos.test", "network preset: the values at the end of this document", "twn (The Waku Network, cluster 1) needs RLN proofs, which this node cannot make or check") \
X(MAX_MSG_SIZE, "max-msg-size", SIZE, ONE, DONE, NODE, "150KiB", "150KiB", "1B..1MiB", "largest encoded message that is relayed: KiB, KB, B", NULL) \
X(PROTECTED_SHARD, "protected-shard", TEXT, MANY, REFUSED, NODE, NULL, "", "", "shard:pubkey whose messages must be signed", "signed shards are not checked yet, and ignoring this would take the protection away silently") \
X(EXECUTE, "execute", BOOL, ONE, ACCEPTED, NODE, "false", "false", NULL, "part of the subcommand generateRlnKeystore", "there is no RLN") \
X(ENTRY_LAYER, "entry-layer", TEXT, ONE, ACCEPTED, NODE, NULL, "channels (after 0.38)", NULL, "top API layer to run", "the layers above the Waku node have no counterpart here") \
X(MODE, "mode", TEXT, ONE, ACCEPTED, NODE, NULL, "noMode", NULL, "operating mode Core or Edge", "choose protocols by --relay, --store, --filter, --lightpush") \
X(LISTEN_ADDRESS, "listen-address", IP, MANY, DONE, TRANSPORT, "0.0.0.0,::", "0.0.0.0", NULL, "addresses to listen on for libp2p", "IPv6 too, where there is IPv6") \
X(TCP_PORT, "tcp-port", NUMBER, ONE, DONE, TRANSPORT, "60000", "60000", "0..65535", "TCP port; 0: any free one", NULL) \
X(PORTS_SHIFT, "ports-shift", NUMBER, ONE, DONE, TRANSPORT, "0", "0", "0..65535", "added to all port numbers", NULL) \
X(NAT, "nat", TEXT, ONE, DONE, TRANSPORT, "any", "any", NULL, "public address: any, upnp[:<our address>], pmp[:<gateway>] ask the gateway to forward our ports; extip:<IP>; none", NULL) \
X(EXT_MULTIADDR, "ext-multiaddr", TEXT, MANY, DONE, TRANSPORT, NULL, "", NULL, "multiaddr to announce besides our own", NULL) \
X(EXT_MULTIADDR_ONLY, "ext-multiaddr-only", BOOL, ONE, DONE, TRANSPORT, "false", "false", NULL, "announce nothing but --ext-multiaddr", NULL) \
X(DNS4_DOMAIN_NAME, "dns4-domain-name", TEXT, ONE, DONE, TRANSPORT, NULL, "", NULL, "announce /dns4/<name>/tcp/<port>", NULL) \
X(AUTONAT, "autonat", BOOL, ONE, DONE, TRANSPORT, "true", NULL, NULL, "ask peers whether they can dial us, and dial those back who ask", "nwaku does both, without a flag") \
X(PRIVATE_ADDRESSES, "private-addresses", BOOL, ONE, DONE, TRANSPORT, "false", NULL, NULL, "take private and loopback addresses for public ones: for closed networks and tests", NULL) \
X(CIRCUIT_RELAY, "circuit-relay", BOOL, ONE, DONE, TRANSPORT, "true", NULL, NULL, "relay circuits for nodes behind a NAT: 128 reservations, circuits of 2 minutes and 128 KiB each way", "nwaku relays, within the same limits, unless --relay-client") \
X(DNS_ADDRS_NAME_SERVER, "dns-addrs-name-server", SERVER, MANY, DONE, TRANSPORT, NULL, "1.1.1.1,1.0.0.1", NULL, "name servers for dns multiaddrs", "unset: those of the system; no third party learns whom we dial") \
X(MAX_CONNECTIONS, "max-connections", NUMBER, ONE, DONE, TRANSPORT, "150", "50 / 150", "1..100000", "most libp2p connections", NULL) \
X(IP_COLOCATION_LIMIT, "ip-colocation-limit", NUMBER, ONE, DONE, TRANSPORT, "5", "5", "0..100000", "most connections from one address, loopback exempt; 0: no limit", NULL) \
X(MAX_RELAY_PEERS, "max-relay-peers", NUMBER, ONE, DONE, TRANSPORT, NULL, "unset (0.37)", "1..100000", "relay peers among --max-connections; goes before --relay-service-ratio", NULL) \
X(RELAY_SERVICE_RATIO, "relay-service-ratio", TEXT, ONE, DONE, TRANSPORT, "60:40", "60:40 / 50:50", NULL, "shares of relay and service peers; of the relay peers one third is dialed by us", NULL) \
X(PEER_STORE_CAPACITY, "peer-store-capacity", NUMBER, ONE, DONE, TRANSPORT, "1000", "unset", "10..1000000", "peers that are known besides those connected", "theirs is 1.25 times --max-connections") \
X(PEER_PERSISTENCE, "peer-persistence", BOOL, ONE, DONE, TRANSPORT, "true", "false", NULL, "remember peers that worked in --data-dir", "a node that comes back needs nobody to find its peers again") \
X(RELAY_CLIENT, "relay-client", BOOL, ONE, DONE, TRANSPORT, "false", "false", NULL, "be reached through circuit relays, of connected peers: for nodes behind a NAT; then --circuit-relay is off", NULL) \
X(WEBSOCKET_SUPPORT, "websocket-support", BOOL, ONE, DONE, TRANSPORT, "false", "false", NULL, "listen for WebSockets", NULL) \
X(WEBSOCKET_PORT, "websocket-port", NUMBER, ONE, DONE, TRANSPORT, "8000", "8000", "0..65535", "WebSocket port; 0: any free one", NULL) \
X(WEBSOCKET_SECURE_SUPPORT, "websocket-secure-support", BOOL, ONE, DONE, TRANSPORT, "false", "false", NULL, "listen for WebSockets over TLS, in place of plain ones", NULL) \
X(WEBSOCKET_SECURE_KEY_PATH, "websocket-secure-key-path", TEXT, ONE, DONE, TRANSPORT, NULL, "", NULL, "PEM file of the TLS key; read again when it changes", NULL) \
X(WEBSOCKET_SECURE_CERT_PATH, "websocket-secure-cert-path", TEXT, ONE, DONE, TRANSPORT, NULL, "", NULL, "PEM file of the TLS certificate and its chain; read again when it changes", NULL) \
X(WEBSOCKET_SECURE_CA_PATH, "websocket-secure-ca-path", TEXT, ONE, DONE, TRANSPORT, NULL, NULL, NULL, "PEM file of certificates to trust besides the system's when dialing wss", NULL) \
X(QUIC_SUPPORT, "quic-support", BOOL, ONE, ACCEPTED, TRANSPORT, "false", "false (after 0.38)", NULL, "listen for QUIC", "QUIC is not there yet") \
X(QUIC_PORT, "quic-port", NUMBER, ONE, ACCEPTED, TRANSPORT, "60000", "60000 (after 0.38)", "0..65535", "QUIC port", "QUIC is not there yet") \
X(RELAY, "relay", BOOL, ONE, DONE, RELAY, "true", "true", NULL, "mount relay", NULL) \
X(SHARD_BANDWIDTH, "shard-bandwidth", SIZE, ONE, DONE, RELAY, "0B", NULL, "0B..1GiB", "most bytes a second that relay takes of one shard: KiB, KB, B; what comes beyond is ignored; 0B: no limit", "64/WAKU2-NETWORK has 1 Mbps for messages without RLN proof; here none has one, so it is for the operator to say") \
X(NUM_SHARDS_IN_NETWORK, "num-shards-in-network", NUMBER, ONE, DONE, RELAY, "8", "1 / 0", "0..1024", "shards for autosharding; 0: static sharding only", "autosharded content topics work without further flags") \
X(SHARD, "shard", NUMBER, MANY, DONE, RELAY, NULL, "", "0..1023", "shards to subscribe to; unset: all of the network", NULL) \
X(CONTENT_TOPIC, "content-topic", TEXT, MANY, DONE, RELAY, NULL, "", NULL, "content topics whose shards to subscribe to", NULL) \
X(STATICNODE, "staticnode", TEXT, MANY, DONE, RELAY, NULL, "", NULL, "multiaddr of a peer to stay connected with", NULL) \
X(ENTRY_NODE, "entry-node", TEXT, MANY, DONE, RELAY, NULL, "unset (0.38)", NULL, "a multiaddr as --staticnode, enr: as --discv5-bootstrap-node, or enrtree: as --dns-discovery-url", NULL) \
X(FLOOD_PUBLISH, "flood-publish", BOOL, ONE, DONE, RELAY, "false", NULL, NULL, "send own messages to all peers instead of the mesh", "nwaku floods always; whoever floods is seen to be the sender") \
X(RELAY_PEER_EXCHANGE, "relay-peer-exchange", BOOL, ONE, ACCEPTED, RELAY, "false", "false", NULL, "peer exchange of gossipsub", "peers are exchanged within the limits of gossipsub 1.1") \
X(RELAY_SHARD_MANAGER, "relay-shard-manager", BOOL, ONE, ACCEPTED, RELAY, "false", "false", NULL, "shard-aware choice of peers", "there is one way to choose peers") \
X(KEEP_ALIVE, "keep-alive", BOOL, ONE, ACCEPTED, RELAY, "true", "true", NULL, "ping idle peers", "always on; nwaku ignores it too") \
X(RELIABILITY, "reliability", BOOL, ONE, ACCEPTED, RELAY, "false", "false / true", NULL, "end-to-end reliability of the library", "it belongs to the application, not to a node") \
X(RLN_RELAY, "rln-relay", BOOL, ONE, REFUSED, RLN, "false", "false", "false", "spam protection by RLN proofs", "this node cannot make or check RLN proofs; it would relay what an RLN network rejects") \
X(RLN_RELAY_DYNAMIC, "rln-relay-dynamic", BOOL, ONE, REFUSED, RLN, "false", "false", "false", "RLN with group management on a chain", "this node cannot make or check RLN proofs") \
X(RLN_RELAY_CRED_PATH, "rln-relay-cred-path", TEXT, ONE, ACCEPTED, RLN, NULL, "", NULL, "file of RLN credentials", "there is no RLN") \
X(RLN_RELAY_CRED_PASSWORD, "rln-relay-cred-password", TEXT, ONE, ACCEPTED, RLN, NULL, "", NULL, "password of the RLN credentials", "there is no RLN") \
X(RLN_RELAY_MEMBERSHIP_INDEX, "rln-relay-membership-index", NUMBER, ONE, ACCEPTED, RLN, NULL, "unset", "0..4294967295", "index of the RLN membership", "there is no RLN") \
X(RLN_RELAY_ETH_CLIENT_ADDRESS, "rln-relay-eth-client-address", TEXT, MANY, ACCEPTED, RLN, NULL, "http://localhost:8540/", NULL, "Ethereum client", "there is no RLN") \
X(RLN_RELAY_ETH_CONTRACT_ADDRESS, "rln-relay-eth-contract-address", TEXT, ONE, ACCEPTED, RLN, NULL, "", NULL, "membership contract", "there is no RLN") \
X(RLN_RELAY_ETH_PRIVATE_KEY, "rln-relay-eth-private-key", TEXT, ONE, ACCEPTED, RLN, NULL, "", NULL, "key for transactions", "there is no RLN") \
X(RLN_RELAY_CHAIN_ID, "rln-relay-chain-id", NUMBER, ONE, ACCEPTED, RLN, NULL, "0", "0..4294967295", "chain of the contract", "there is no RLN") \
X(RLN_RELAY_USER_MESSAGE_LIMIT, "rln-relay-user-message-limit", NUMBER, ONE, ACCEPTED, RLN, NULL, "1", "0..4294967295", "messages per epoch", "there is no RLN") \
X(RLN_RELAY_EPOCH_SEC, "rln-relay-epoch-sec", NUMBER, ONE, ACCEPTED, RLN, NULL, "1", "0..4294967295", "length of an epoch", "there is no RLN") \
X(STORE, "store", BOOL, ONE, DONE, STORE, "true", "false", NULL, "mount store and archive what is relayed", "a node without an archive has nothing to tell who comes later") \
X(STORE_MESSAGE_RETENTION_POLICY, "store-message-retention-policy", TEXT, ONE, DONE, STORE, "time:172800", "time:172800", NULL, "what to keep: time:<seconds>;size:<n>GB;capacity:<count>, or none", NULL) \
X(STORE_QUEUE_MB, "store-queue-mb", NUMBER, ONE, DONE, STORE, "64", NULL, "1..4096", "MiB of messages that may wait for their commit", NULL) \
X(STORE_OVERFLOW, "store-overflow", CHOICE, ONE, DONE, STORE, "wait", NULL, "wait|drop", "at that bound: read more slowly, or relay without archiving and count", NULL) \
X(STORENODE, "storenode", TEXT, ONE, DONE, STORE, NULL, "", NULL, "peer that /store/v3/messages asks when --store=false", NULL) \
X(STORE_MESSAGE_DB_URL, "store-message-db-url", TEXT, ONE, REFUSED, STORE, NULL, "sqlite://store.sqlite3", "|sqlite://*", "database of the archive", "the archive is built in (LMDB, in --data-dir); there is no postgres behind it") \
X(STORE_MESSAGE_DB_VACUUM, "store-message-db-vacuum", BOOL, ONE, ACCEPTED, STORE, "false", "false", NULL, "vacuum the database at start", "retention removes whole files; nothing is to be vacuumed") \
X(STORE_MESSAGE_DB_MIGRATION, "store-message-db-migration", BOOL, ONE, ACCEPTED, STORE, "true", "true", NULL, "migrate the database at start", "the archive has one format") \
X(STORE_MAX_NUM_DB_CONNECTIONS, "store-max-num-db-connections", NUMBER, ONE, ACCEPTED, STORE, NULL, "50", "0..100000", "connections to postgres", "there is no postgres") \
X(LEGACY_STORE, "legacy-store", BOOL, ONE, ACCEPTED, STORE, "false", "false (0.37)", NULL, "store protocol 2.0.0-beta4", "only store-query 3.0.0 is spoken") \
X(STORE_RESUME, "store-resume", BOOL, ONE, DONE, STORE, "false", "false", NULL, "at start ask other stores for what came since the last run, 6 h at most", NULL) \
X(STORE_SYNC, "store-sync", BOOL, ONE, DONE, STORE, "false", "false", NULL, "compare the archive with those of peers, and exchange what either lacks", NULL) \
X(STORE_SYNC_INTERVAL, "store-sync-interval", NUMBER, ONE, DONE, STORE, "300", "300", "0..4294967295", "seconds between two reconciliations that we begin, a tenth more or less; 0: only peers begin", NULL) \
X(STORE_SYNC_RANGE, "store-sync-range", NUMBER, ONE, DONE, STORE, "3600", "3600", "1..31536000", "seconds that are reconciled, at most a million messages", NULL) \
X(STORE_SYNC_RELAY_JITTER, "store-sync-relay-jitter", NUMBER, ONE, DONE, STORE, "20", "20", "0..86400", "youngest seconds that are left out: relay may still bring them", NULL) \
X(FILTER, "filter", BOOL, ONE, DONE, SERVICES, "true", "false", NULL, "serve filter: push messages to light clients that subscribed", "64/WAKU2-NETWORK wants it of every relay node; it costs nothing while nobody subscribes") \
X(FILTERNODE, "filternode", TEXT, ONE, DONE, SERVICES, NULL, "", NULL, "peer that /filter/v2 subscribes with, and that we stay connected with; unset: any connected one that serves filter", NULL) \
X(FILTER_SUBSCRIPTION_TIMEOUT, "filter-subscription-timeout", NUMBER, ONE, DONE, SERVICES, "300", "300", "1..65535", "seconds without a ping or subscribe until a subscription ends", NULL) \
X(FILTER_MAX_PEERS_TO_SERVE, "filter-max-peers-to-serve", NUMBER, ONE, DONE, SERVICES, "1000", "1000", "0..100000", "most filter clients; those beyond are told 503", NULL) \
X(FILTER_MAX_CRITERIA, "filter-max-criteria", NUMBER, ONE, DONE, SERVICES, "1000", "1000", "0..1000000", "most pairs of pubsub and content topic per filter client", NULL) \
X(STEM, "stem", BOOL, ONE, DONE, RELAY, "true", NULL, NULL, "send own messages, and those pushed to us, along a few single peers before they enter relay", "who sees a message first in relay is then not who wrote it (docs/privacy.md); costs about 0.3 s") \
X(LIGHTPUSH, "lightpush", BOOL, ONE, DONE, SERVICES, "true", "false", NULL, "serve lightpush 3.0.0 and 2.0.0-beta1, with --relay", "light clients can publish anywhere, and nodes hide among each other's messages: the stem travels by lightpush") \
X(LIGHTPUSHNODE, "lightpushnode", TEXT, ONE, DONE, SERVICES, NULL, "", NULL, "multiaddr of the peer that /lightpush publishes through", "unset: our own relay; without --relay any connected peer that serves lightpush") \
X(PEER_EXCHANGE, "peer-exchange", BOOL, ONE, DONE, SERVICES, "true", "true", NULL, "serve peer exchange: records that discovery found, for who has none", NULL) \
X(PEER_EXCHANGE_NODE, "peer-exchange-node", TEXT, ONE, DONE, SERVICES, NULL, "", NULL, "peer to stay connected with and ask for peers", NULL) \
X(RENDEZVOUS, "rendezvous", BOOL, ONE, DONE, SERVICES, "true", "true", NULL, "be a meeting point (rendezvous) and leave our record with others", NULL) \
X(RATE_LIMIT, "rate-limit", TEXT, MANY, DONE, SERVICES, NULL, "", NULL, "requests that a service takes: [store|lightpush|px|filter:]<volume>/<period><h|m|s|ms>, without a name for those not named; filter is 30/1m per peer unless given; 0/1s: no limit", NULL) \
X(MIX, "mix", BOOL, ONE, REFUSED, SERVICES, "false", "false", "false", "mix protocol", "there is no mix protocol here; without it messages would go out in the open") \
X(MIXKEY, "mixkey", TEXT, ONE, ACCEPTED, SERVICES, NULL, "unset", NULL, "key of a mix node", "there is no mix protocol") \
X(MIXNODE, "mixnode", TEXT, MANY, ACCEPTED, SERVICES, NULL, "", NULL, "mix nodes", "there is no mix protocol") \
X(DNS_DISCOVERY, "dns-discovery", BOOL, ONE, DONE, DISCOVERY, "false", "false", NULL, "find nodes through DNS", NULL) \
X(DNS_DISCOVERY_URL, "dns-discovery-url", TEXT, ONE, DONE, DISCOVERY, NULL, "", NULL, "enrtree:// of a node list", NULL) \
X(DNS_DISCOVERY_NAME_SERVER, "dns-discovery-name-server", SERVER, MANY, DONE, DISCOVERY, NULL, "1.1.1.1,1.0.0.1 (before 0.36)", NULL, "more name servers; they are asked for all names, as --dns-addrs-name-server", "unset: those of the system") \
X(DISCV5_DISCOVERY, "discv5-discovery", BOOL, ONE, DONE, DISCOVERY, "false", "unset", NULL, "find nodes through discv5, and be found; needs a secp256k1 node key", "off: a node speaks with strangers when it was told to") \
X(DISCV5_UDP_PORT, "discv5-udp-port", NUMBER, ONE, DONE, DISCOVERY, "9000", "9000", "0..65535", "UDP port of discv5; 0: any free one", NULL) \
X(DISCV5_BOOTSTRAP_NODE, "discv5-bootstrap-node", TEXT, MANY, DONE, DISCOVERY, NULL, "", NULL, "ENR to begin with", NULL) \
X(DISCV5_ENR_AUTO_UPDATE, "discv5-enr-auto-update", BOOL, ONE, DONE, DISCOVERY, "false", "false", NULL, "our ENR names the address at which most others see us", NULL) \
X(DISCV5_TABLE_IP_LIMIT, "discv5-table-ip-limit", NUMBER, ONE, DONE, DISCOVERY, "10", "10", "0..100000", "nodes of one address (IPv6: one /64) in the table; 0: any number", NULL) \
X(DISCV5_BUCKET_IP_LIMIT, "discv5-bucket-ip-limit", NUMBER, ONE, DONE, DISCOVERY, "2", "2", "0..100000", "nodes of one address in a bucket; 0: any number", NULL) \
X(DISCV5_BITS_PER_HOP, "discv5-bits-per-hop", NUMBER, ONE, ACCEPTED, DISCOVERY, "1", "1", "0..256", "Kademlia's b", "the table has a bucket for each bit of distance, which is b = 1") \
X(MDNS, "mdns", BOOL, ONE, DONE, DISCOVERY, "false", NULL, NULL, "find peers on the local network, and be found there", "off: it tells all who share the network that this node is here") \
X(ENABLE_KAD_DISCOVERY, "enable-kad-discovery", BOOL, ONE, ACCEPTED, DISCOVERY, "false", "false (0.38)", NULL, "Kademlia discovery", "not there yet; give --staticnode") \
X(KAD_BOOTSTRAP_NODE, "kad-bootstrap-node", TEXT, MANY, ACCEPTED, DISCOVERY, NULL, "unset (0.38)", NULL, "Kademlia nodes to begin with", "not there yet") \
X(KAD_RANDOM_LOOKUP_INTERVAL, "kad-random-lookup-interval", NUMBER, ONE, ACCEPTED, DISCOVERY, "60", "60 (after 0.38)", "0..4294967295", "seconds between lookups", "not there yet") \
X(KAD_SERVICE_LOOKUP_INTERVAL, "kad-service-lookup-interval", NUMBER, ONE, ACCEPTED, DISCOVERY, "60", "60 (after 0.38)", "0..4294967295", "seconds between lookups of services", "not there yet") \
X(REST, "rest", BOOL, ONE, DONE, REST, "true", "true / false", NULL, "serve the REST API", NULL) \
X(REST_ADDRESS, "rest-address", IP, ONE, DONE, REST, "127.0.0.1", "127.0.0.1", NULL, "address of the REST API", NULL) \
X(REST_PORT, "rest-port", NUMBER, ONE, DONE, REST, "8645", "8645", "0..65535", "port of the REST API; 0: any free one", NULL) \
X(REST_ADMIN, "rest-admin", BOOL, ONE, DONE, REST, "false", "false", NULL, "serve /admin", NULL) \
X(REST_ALLOW_ORIGIN, "rest-allow-origin", TEXT, MANY, DONE, REST, NULL, "", NULL, "origins of web pages that may use the API; * and ? match", "nwaku answers every page; we refuse those that are not named here") \
X(REST_RELAY_CACHE_CAPACITY, "rest-relay-cache-capacity", NUMBER, ONE, DONE, REST, "50", "50", "1..100000", "messages kept for each topic subscribed through REST", NULL) \
X(REST_RATE, "rest-rate", NUMBER, ONE, DONE, REST, "10000", NULL, "0..1000000", "requests a second that are answered, then 429; 0: no limit", NULL) \
X(CHAT, "chat", TEXT, MANY, DONE, CHAT, NULL, NULL, NULL, "host this account, kept in <data folder>/chat/<name>, and serve /chat/v1 for it", NULL) \
X(CHAT_CREATE, "chat-create", BOOL, ONE, DONE, CHAT, "false", NULL, NULL, "make accounts of --chat that are missing; their 24 words are printed once, on standard output", NULL) \
X(CHAT_PASSPHRASE_FILE, "chat-passphrase-file", TEXT, ONE, DONE, CHAT, NULL, NULL, NULL, "file (mode 0600) with the passphrase of the accounts; unset: their key files", NULL) \
X(CHAT_KEY_FILE, "chat-key-file", TEXT, ONE, DONE, CHAT, NULL, NULL, NULL, "file (mode 0600) with at least 32 random bytes that opens the accounts", "unset: the file `key` in the folder of each account, made with it") \
X(CHAT_TOKEN_FILE, "chat-token-file", TEXT, ONE, DONE, CHAT, NULL, NULL, NULL, "file (mode 0600) with the token that programs show to /chat/v1; made when it is missing", "unset: chat/token in the data folder") \
X(NAME, "name", TEXT, ONE, DONE, CHAT, NULL, NULL, NULL, "account that `sotto chat` opens or makes: 1 to 32 of a-z, 0-9, _ and -", "unset: the only one there is, else its screens ask") \
X(PLAIN, "plain", BOOL, ONE, DONE, CHAT, "false", NULL, NULL, "`sotto chat` reads commands line by line and writes a JSON object a line", NULL) \
X(METRICS_SERVER, "metrics-server", BOOL, ONE, DONE, METRICS, "false", "false", NULL, "serve /metrics on a port of its own (the REST port has it too)", NULL) \
X(METRICS_SERVER_ADDRESS, "metrics-server-address", IP, ONE, DONE, METRICS, "127.0.0.1", "127.0.0.1", NULL, "address of the metrics server", NULL) \
X(METRICS_SERVER_PORT, "metrics-server-port", NUMBER, ONE, DONE, METRICS, "8008", "8008", "0..65535", "port of the metrics server", NULL) \
X(METRICS_LOGGING, "metrics-logging", BOOL, ONE, ACCEPTED, METRICS, "true", "true", NULL, "log metrics now and then", "ask /metrics")

#define CONF_GROUPS(X) \
X(NODE, "Node") \
X(TRANSPORT, "Addresses and connections") \
X(RELAY, "Relay") \
X(STORE, "Archive and store") \
X(REST, "REST API") \
X(CHAT, "Chat") \
X(METRICS, "Metrics") \
X(SERVICES, "Other services") \
X(DISCOVERY, "Discovery") \
X(RLN, "RLN")
/* clang-format on */
