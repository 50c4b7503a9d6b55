/* Private to node/api: every metric in one table. X(name, GAUGE|COUNTER, help, value), where the
 * value is an expression over `n` (struct api_numbers) and `s` (struct sample). The rows of
 * gossipsub are in net/gossipsub/gossipsub.h; those with labels are in metrics.c. */
#pragma once

struct writer;
struct api_numbers;

/** The rows of store sync. */
void metrics_sync(struct writer *w, const struct api_numbers *n);

/* clang-format off */
#define METRICS(X) \
X("process_start_time_seconds", GAUGE, "start of the process, unix time", (double)s->a->config.started_s) \
X("process_resident_memory_bytes", GAUGE, "resident memory", (double)n->resident_bytes) \
X("process_virtual_memory_bytes", GAUGE, "virtual memory", (double)n->virtual_bytes) \
X("process_open_fds", GAUGE, "open file descriptors", (double)n->open_fds) \
X("process_max_fds", GAUGE, "limit of open file descriptors", (double)n->max_fds) \
X("process_cpu_seconds_total", COUNTER, "processor time, user and system", n->cpu_seconds) \
X("nim_gc_mem_bytes", GAUGE, "heap taken from the system (nwaku's name; there is no Nim here)", (double)n->heap_bytes) \
X("nim_gc_mem_occupied_bytes", GAUGE, "heap in use", (double)n->heap_used_bytes) \
X("nim_gc_heap_instance_occupied_summed_bytes", GAUGE, "heap in use", (double)n->heap_used_bytes) \
X("sotto_clock_offset_seconds", GAUGE, "how far our clock is ahead of its peers'; 0 while too few have told", s->clock_offset) \
X("libp2p_peers", GAUGE, "connected peers", s->peers) \
X("libp2p_total_dial_attempts_total", COUNTER, "endpoints dialed", SWARM(dials_started)) \
X("libp2p_failed_dials_total", COUNTER, "endpoints that could not be reached", SWARM(dials_failed)) \
X("libp2p_successful_dials_total", COUNTER, "connections that we dialed", SWARM(conns_opened_out)) \
X("waku_peer_store_size", GAUGE, "known peers", s->known) \
X("waku_store_peers", GAUGE, "connected peers that serve store", s->store_peers) \
X("waku_filter_peers", GAUGE, "connected peers that serve filter", s->filter_peers) \
X("waku_lightpush_peers", GAUGE, "connected peers that serve lightpush", s->lightpush_peers) \
X("waku_px_peers", GAUGE, "connected peers that serve peer exchange", s->px_peers) \
X("waku_total_unique_peers", GAUGE, "known peers", s->known) \
X("waku_archive_messages", GAUGE, "messages in the archive", (double)n->archive_messages) \
X("waku_store_messages", GAUGE, "messages in the archive (older name)", (double)n->archive_messages) \
X("sotto_archive_bytes", GAUGE, "size of the archive on disk", (double)n->archive_bytes) \
X("sotto_archive_segments", GAUGE, "files of the archive", (double)n->archive_segments) \
X("sotto_archive_waiting_messages", GAUGE, "messages waiting for their commit", (double)n->archive_waiting_messages) \
X("sotto_archive_waiting_bytes", GAUGE, "bytes waiting for their commit", (double)n->archive_waiting_bytes) \
X("waku_filter_subscriptions", GAUGE, "filter clients that we serve", FILTER(subscribers)) \
X("waku_filter_subscribers", GAUGE, "the same (older name)", FILTER(subscribers)) \
X("waku_filter_messages", GAUGE, "messages that some filter client had asked for (older name)", FILTER(messages)) \
X("sotto_filter_criteria", GAUGE, "pairs of topics that filter clients asked for", FILTER(criteria)) \
X("sotto_filter_queued_bytes", GAUGE, "messages that wait for filter clients, each once", FILTER(queued_bytes)) \
X("sotto_filter_pushes_total", COUNTER, "pushes to filter clients", FILTER(pushes)) \
X("sotto_filter_pushes_failed_total", COUNTER, "pushes that were refused, reset or timed out", FILTER(pushes_failed)) \
X("sotto_filter_pushes_dropped_total", COUNTER, "pushes dropped at a full queue", FILTER(pushes_dropped)) \
X("sotto_filter_duplicates_total", COUNTER, "messages that were not pushed a second time", FILTER(duplicates)) \
X("sotto_filter_timed_out_total", COUNTER, "subscriptions that ended because nothing was heard", FILTER(timed_out)) \
X("sotto_filter_unreachable_total", COUNTER, "subscriptions that ended because the client was away", FILTER(unreachable)) \
X("sotto_filter_received_total", COUNTER, "messages that our filter service pushed to us", FCLIENT(messages)) \
X("sotto_filter_received_unwanted_total", COUNTER, "messages pushed to us that we had not asked for", FCLIENT(unwanted)) \
X("waku_store_queries_total", COUNTER, "store queries received", STORE(queries)) \
X("sotto_store_entries_total", COUNTER, "messages in answers to store queries", STORE(entries))

/* names of parts that this node has not: a dashboard shows 0 instead of a gap */
#define METRICS_ABSENT(X) \
X("waku_legacy_filter_messages", GAUGE, "messages of the first filter protocol") \
X("waku_legacy_filter_subscribers", GAUGE, "clients of the first filter protocol") \
X("waku_legacy_filter_errors", GAUGE, "errors of the first filter protocol") \
X("waku_node_filters", GAUGE, "filters (older name)") \
X("waku_bridge_transfers_total", COUNTER, "messages bridged to the first Waku") \
X("envelopes_valid_total", COUNTER, "envelopes of the first Waku") \
X("envelopes_dropped_total", COUNTER, "envelopes of the first Waku") \
X("connected_peers", GAUGE, "peers of the first Waku") \
X("waku_rln_valid_messages_total_count", GAUGE, "messages with a valid RLN proof") \
X("waku_rln_invalid_messages_total_total", COUNTER, "messages with an invalid RLN proof") \
X("waku_rln_spam_messages_total_total", COUNTER, "messages over the RLN limit") \
X("waku_rln_number_registered_memberships", GAUGE, "RLN memberships") \
X("waku_rln_proof_verification_duration_seconds", GAUGE, "time to verify a proof")
/* clang-format on */
