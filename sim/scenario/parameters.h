/* Every parameter of a scenario file, once: reader, --set, documentation and report come from here.
 *
 *     X(section, key, type, default, least, most, choices, help)
 *
 * Numbers are doubles whatever their type; a choice is its place in `choices`, a truth 0 or 1.
 */
#pragma once

/* clang-format off */
#define SCENARIO_NUMBERS(X) \
X(scenario, seed, INTEGER, 1, 0, 9007199254740991, NULL, "root of all randomness; --seed replaces it") \
X(net, tier, CHOICE, 1, 0, 1, "f0|f1", "f0: every byte through Noise and yamux; f1: the same nodes on a stream pipe that adds those bytes by a cost function") \
X(net, nodes, INTEGER, 200, 2, 1000000, NULL, "nodes in all, of all roles") \
X(net, connections, INTEGER, 6, 1, 1000, NULL, "connections that each node makes; it has about twice as many") \
X(net, capacity, INTEGER, 300, 1, 100000, NULL, "most connections of a node") \
X(net, shards, INTEGER, 1, 1, 1024, NULL, "shards of the network, by autosharding; each relay is in all of them") \
X(net, warm_up_s, NUMBER, 30, 0, 100000, NULL, "seconds before the first message, for meshes to form") \
X(net, seconds, NUMBER, 120, 1, 10000000, NULL, "seconds in which people speak: the time that metrics are about") \
X(net, cool_down_s, NUMBER, 15, 0, 100000, NULL, "seconds afterwards, for the last messages to arrive") \
X(links, model, CHOICE, 0, 0, 3, "uniform|regions|classes|matrix", "uniform: delay_ms to delay_max_ms for each pair; regions: six regions of the world (sim/links_regions.c); classes: five classes of 40 to 130 ms and 50 to 150 Mbit/s; matrix: links.file") \
X(links, delay_ms, NUMBER, 50, 0, 600000, NULL, "one-way delay, milliseconds") \
X(links, delay_max_ms, NUMBER, 0, 0, 600000, NULL, "the longest, when pairs differ; 0: all have delay_ms") \
X(links, access_ms, NUMBER, 0, 0, 10000, NULL, "median one-way delay of a node's own access, log-normal, added at both ends") \
X(links, jitter_ms, NUMBER, 10, 0, 600000, NULL, "uniform, plus or minus") \
X(links, jitter_percent, NUMBER, 0, 0, 100, NULL, "of the delay, uniform, plus or minus; added to jitter_ms") \
X(links, loss_percent, NUMBER, 0, 0, 100, NULL, "of segments; a loss costs one more round trip, as TCP would make it") \
X(links, up_mbit, NUMBER, 0, 0, 1000000, NULL, "uplink of every node, Mbit/s; 0: unlimited, or what the model says") \
X(links, down_mbit, NUMBER, 0, 0, 1000000, NULL, "downlink of every node, Mbit/s") \
X(roles, stores, NUMBER, 0, 0, 1, NULL, "share of the relays that archive and answer store queries") \
X(roles, services, NUMBER, 0, 0, 1, NULL, "share of the relays that serve filter and lightpush to light clients") \
X(roles, light, NUMBER, 0, 0, 1, NULL, "share of all nodes that are light clients: no relay, filter and lightpush through a service") \
X(roles, unreachable, NUMBER, 0, 0, 1, NULL, "share of the relays behind NAT: they dial, nobody dials them") \
X(churn, model, CHOICE, 0, 0, 1, "leavers|sessions", "leavers: a share of the nodes leaves each minute; sessions: log-normal times up and down") \
X(churn, percent_per_minute, NUMBER, 0, 0, 100, NULL, "leavers: of the nodes that leave in a minute") \
X(churn, away_s, NUMBER, 20, 0.1, 100000, NULL, "leavers: seconds until they are back") \
X(churn, up_median_s, NUMBER, 7200, 1, 10000000, NULL, "sessions: median time up") \
X(churn, up_sigma, NUMBER, 1.5, 0, 10, NULL, "sessions: deviation of its logarithm") \
X(churn, down_median_s, NUMBER, 600, 1, 10000000, NULL, "sessions: median time down") \
X(churn, down_sigma, NUMBER, 1, 0, 10, NULL, "sessions: deviation of its logarithm") \
X(node, stem, BOOL, 1, 0, 1, NULL, "own messages go along a stem before they enter relay, as --stem") \
X(node, flood_publish, BOOL, 0, 0, 1, NULL, "own messages go to every peer and not to the mesh only") \
X(node, d, INTEGER, 6, 1, 50, NULL, "mesh degree; d_low, d_high, d_score and d_out follow in the proportions of the default") \
X(node, d_low, INTEGER, 0, 0, 50, NULL, "fewest mesh peers before more are grafted; 0: follows node.d") \
X(node, d_high, INTEGER, 0, 0, 100, NULL, "most mesh peers before some are pruned; 0: follows node.d") \
X(node, d_out, INTEGER, -1, -1, 50, NULL, "mesh peers that a node dialed itself, at the least; gossipsub 1.0 has 0; -1: follows node.d") \
X(node, d_lazy, INTEGER, 6, 0, 50, NULL, "peers that hear gossip (IHAVE)") \
X(node, idontwant_bytes, INTEGER, 4096, 1, 10000000, NULL, "data of messages this long are announced by IDONTWANT") \
X(node, heartbeat_ms, NUMBER, 1000, 100, 60000, NULL, "of gossipsub") \
X(steady, per_minute, NUMBER, 0, 0, 10000000, NULL, "messages in the whole network, evenly spaced, each by somebody else") \
X(steady, poisson, BOOL, 0, 0, 1, NULL, "at random times instead") \
X(direct, pairs_per_person, NUMBER, 0, 0, 100, NULL, "one-to-one conversations that a person takes part in, on average half of them begun by each") \
X(direct, bursts_per_hour, NUMBER, 2, 0, 3600, NULL, "per conversation: how often it flares up (Poisson)") \
X(direct, burst_median, NUMBER, 6, 1, 1000, NULL, "messages in a burst, log-normal: heavy-tailed") \
X(direct, burst_sigma, NUMBER, 1, 0, 5, NULL, "deviation of its logarithm") \
X(direct, gap_median_s, NUMBER, 15, 0.1, 10000, NULL, "from message to message within a burst, log-normal") \
X(direct, gap_sigma, NUMBER, 1.2, 0, 5, NULL, "deviation of its logarithm") \
X(groups, count, INTEGER, 0, 0, 100000, NULL, "group conversations") \
X(groups, size_min, INTEGER, 3, 2, 1000000, NULL, "smallest group") \
X(groups, size_max, INTEGER, 1000000, 2, 1000000, NULL, "largest group; never more than there are people") \
X(groups, size_exponent, NUMBER, 1.3, 0.1, 10, NULL, "sizes are Pareto: P(size > x) = (x / size_min)^-exponent") \
X(groups, sender_exponent, NUMBER, 1.1, 0, 5, NULL, "share of the i-th talkative member is 1 / i^exponent (Zipf)") \
X(groups, per_minute, NUMBER, 60, 0, 1000000, NULL, "messages in all groups together, Poisson; larger groups have more") \
X(chat, people, INTEGER, 0, 0, 100000, NULL, "people with a real chat of node/chat (real keys, real MLS, vault in memory)") \
X(chat, per_node, INTEGER, 1, 1, 8, NULL, "people on one node, each with a chat of its own") \
X(chat, group, INTEGER, 50, 2, 64, NULL, "members of each of their groups, which its first founds; a CHAT_GROUP holds 64") \
X(chat, found_s, NUMBER, 10, 0, 100000, NULL, "seconds after the start when the first group is founded") \
X(chat, found_every_s, NUMBER, 5, 0, 100000, NULL, "seconds from that to the founding of the next") \
X(chat, per_minute, NUMBER, 0, 0, 1000000, NULL, "texts in all groups together, Poisson; the talkative of a group as groups.sender_exponent says") \
X(chat, storm_every_s, NUMBER, 0, 0, 100000, NULL, "fork storms: so often chat.storm_members of each group rename it in the same moment; 0: never") \
X(chat, storm_members, INTEGER, 3, 2, 64, NULL, "who does: its founder and the next, made admins before") \
X(chat, thefts_at_s, NUMBER, -1, -1, 100000, NULL, "seconds after the warm-up when the disk and the words of the last of each group are copied, and owner and thief both change the root key; -1: never") \
X(members, count, INTEGER, 0, 0, 1048576, NULL, "tier F2: abstract members, 64 bytes each, behind the relays that serve (all relays when roles.services is 0)") \
X(members, conversation, INTEGER, 0, 0, 1048576, NULL, "of them in one conversation; 0: all are in one") \
X(members, online, NUMBER, 1, 0, 1, NULL, "share of them that is up at any time") \
X(members, session_s, NUMBER, 300, 20, 10000000, NULL, "seconds between one's turns of being up or away") \
X(members, access_ms, NUMBER, 20, 0, 10000, NULL, "median one-way delay from its service, log-normal with deviation 0.5") \
X(members, down_mbit, NUMBER, 10, 0, 1000000, NULL, "downlink of a member; 0: unlimited") \
X(members, slowness, NUMBER, 5, 0.1, 1000, NULL, "times slower than the processor on which the costs of MLS were measured (sim/run/f2.h)") \
X(members, per_minute, NUMBER, 0, 0, 100000, NULL, "texts in all conversations together, Poisson; senders as groups.sender_exponent says") \
X(members, active, NUMBER, 0.01, 0, 1, NULL, "share of the members of a conversation that ever write") \
X(members, commits_per_minute, NUMBER, 0, 0, 10000, NULL, "commits with a path (key updates) in all conversations together, Poisson, each by somebody else") \
X(members, warm, NUMBER, 0, 0, 10, NULL, "commits that the tree has seen before the start, per member") \
X(commits, per_hour, NUMBER, 0, 0, 3600, NULL, "of each group: something happens that a commit must answer (Poisson)") \
X(commits, racers, INTEGER, 1, 1, 64, NULL, "members that commit at each") \
X(commits, spread_s, NUMBER, 0, 0, 3600, NULL, "each of them within so long, uniform") \
X(commits, bytes, INTEGER, 6000, 16, 140000, NULL, "of a commit") \
X(spam, spammers, NUMBER, 0, 0, 1, NULL, "share of the relays that send spam") \
X(spam, per_minute, NUMBER, 60, 0, 100000, NULL, "messages of each spammer") \
X(spam, payload_bytes, INTEGER, 1000, 16, 140000, NULL, "of each") \
X(spam, from_s, NUMBER, 0, 0, 10000000, NULL, "after the warm-up") \
X(spam, for_s, NUMBER, 10000000, 0, 10000000, NULL, "how long") \
X(payload, sizes, CHOICE, 0, 0, 1, "fixed|mixed", "mixed: 0.1, 1, 2, 4, 10, 25, 100 kB with the weights of sim/run/sizes.c") \
X(payload, bytes, INTEGER, 200, 16, 140000, NULL, "of a payload when fixed") \
X(payload, buckets, BOOL, 0, 0, 1, NULL, "pad payloads to 512, 1024, 2048, 4096, ... bytes") \
X(day, length_s, NUMBER, 0, 0, 1000000, NULL, "people are awake and asleep in a day of this length; 0: always the same") \
X(day, peak, NUMBER, 4, 1, 1000, NULL, "times as many messages at noon as at midnight (sinusoid; the phase by region)") \
X(topics, model, CHOICE, 0, 0, 2, "one|static|bucket", "content topics. one: the same for all; static: one per conversation, for life; bucket: one of topics.buckets") \
X(topics, buckets, INTEGER, 64, 1, 65536, NULL, "buckets") \
X(topics, epoch_s, NUMBER, 0, 0, 10000000, NULL, "a conversation moves to another bucket after so many seconds; 0: never") \
X(topics, cover, INTEGER, 0, 0, 64, NULL, "light clients follow, and ask stores for, so many buckets: others beside their own, the same ones always; 0: their own") \
X(receipts, share, NUMBER, 0, 0, 1, NULL, "part of the receivers of a direct message that answer with a receipt") \
X(receipts, delay_ms, NUMBER, 500, 0, 100000000, NULL, "mean time until they do, exponential") \
X(receipts, delay_max_ms, NUMBER, 0, 0, 100000000, NULL, "uniform from delay_ms to this instead; 0: exponential") \
X(fetch, per_hour, NUMBER, 0, 0, 3600, NULL, "store queries of each light client, Poisson, for the topics of its conversations") \
X(fetch, cover, INTEGER, 0, 0, 1024, NULL, "topics that it asks for besides, the same at each query (drawn once for a node)") \
X(adversary, spies, NUMBER, 0, 0, 1, NULL, "share of the relays that are spies and put together what they see") \
X(adversary, services, NUMBER, 0, 0, 1, NULL, "share of the stores and services that tell what they are asked") \
X(adversary, links, BOOL, 0, 0, 1, NULL, "all links are watched: times and sizes") \
X(adversary, drop, BOOL, 0, 0, 1, NULL, "spies swallow what they should forward") \
X(adversary, hold, BOOL, 0, 0, 1, NULL, "spies swallow what is pushed to them, stems and light clients alike; they relay") \
X(adversary, eclipsed, NUMBER, 0, 0, 1, NULL, "share of the honest relays whose connections all end at spies") \
X(adversary, insiders, NUMBER, 0, 0, 1, NULL, "share of the groups of which a member tells what it reads")

#define SCENARIO_TEXTS(X) \
X(scenario, name, "", "one word; names the results") \
X(scenario, about, "", "one or two sentences for the report: what is asked, what is shown") \
X(links, file, "", "delays between places, as CSV or GraphML; beside the scenario file") \
X(adversary, attacks, "", "names of attacks (sotto-sim attacks lists them), as an array")

/* at the top of an [[event]]: X(key, least, most, default, help) */
#define SCENARIO_EVENT_NUMBERS(X) \
X(at_s, 0, 10000000, -1, "seconds after the warm-up; required") \
X(for_s, 0, 10000000, 0, "how long; 0: for good") \
X(share, 0, 1, 0.5, "of the nodes") \
X(region, 0, 63, 0, "number of a region, for region-loss") \
X(factor, 0, 1000, 1, "what delays are multiplied with, for slow")
/* clang-format on */
