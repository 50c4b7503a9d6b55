/* The real world: implements net/host/port.h with libevent, sockets, c-ares and two job threads,
 * and fills struct env from the system. Everything above is in node/core, and knows none of this.
 *
 *     event_base_loop: all that is ready   sockets -> core_bytes, timers -> core_tick,
 *             |                            names -> core_resolved, jobs -> core_job_done
 *             v
 *     once:  core_pump -> one send() per link;  core_poll -> the owner's `told`
 *             v
 *     the timer is set to core_deadline; back to sleep
 *
 * Files: loop.c (this cycle, env, timers, signals), driving.c (the cycle by hand), addresses.c,
 * listeners.c and links.c (sockets), datagrams.c (UDP), tls.c and tls_link.c (OpenSSL on wss),
 * names.c (c-ares), jobs.c (threads), http.c, clients.c, stream.c (REST, metrics, events), logs.c
 * (text and JSON lines).
 *
 * Bounds: params.h. One thread runs the loop and the core; job threads see jobs only.
 */
#pragma once

#include "node/api/api.h"

struct event_base;
struct evio;

struct evio_owner { /* who is told what the core tells; may change nothing but through core calls */
    void *ctx;
    void (*told)(void *ctx, const struct core_event *ev);
    void (*pumped)(void *ctx);             /* after every pump; may call the core and evio_touch */
    void (*signal)(void *ctx, int number); /* SIGTERM, SIGINT, SIGHUP; on the loop's thread. NULL:
                                              signals are the program's */
};

/** A loop without a core.
 *
 * @param log    borrowed; may be NULL
 * @return OK; ERR_MEMORY; ERR_IO no event mechanism or no randomness from the system
 */
enum err evio_new(struct evio **out, const struct log *log,
                  const struct evio_owner *owner) MUST_CHECK;

/** Close everything, end the threads after their current job. Accepts NULL. The core must be freed
 * before, by evio_detach. */
void evio_free(struct evio *e);

/** Clocks, randomness, log, scratch: for core_new and whoever calls the core from outside the
 * cycle. The clocks are those of the current wake-up. */
const struct env *evio_env(struct evio *e);

/** Drive this core from now on; borrowed until evio_detach. */
void evio_attach(struct evio *e, struct core *core);

/** Hand back: waits for running jobs, drops the queued ones, forgets the links. */
void evio_detach(struct evio *e);

/** Accept links at an address.
 *
 * @param ip     "0.0.0.0", "127.0.0.1", "::", ... (in)
 * @param port   0: the system chooses (in)
 * @param kind   what the core is told that they are (in)
 * @param bound  the port that it is (out)
 * @return OK; ERR_ARGUMENT no address; ERR_EXISTS the port is taken; ERR_REFUSED not allowed;
 *         ERR_IO; ERR_FULL over EVIO_LISTENERS_MAX
 */
enum err evio_listen(struct evio *e, const char *ip, uint16_t port, enum link_kind kind,
                     uint16_t *bound) MUST_CHECK;

/** Receive and send datagrams at an address. As evio_listen; ERR_FULL over
 * EVIO_UDP_MAX. */
enum err evio_listen_udp(struct evio *e, const char *ip, uint16_t port, uint16_t *bound) MUST_CHECK;

#define EVIO_TLS_WHY 400 /* bytes of a reason with its NUL */

/** What listeners of LINK_WSS show. The files are looked at every EVIO_TLS_LOOK_MS and read again
 * when they were changed; connections that are up keep what they have, and a pair that cannot be
 * used changes nothing and is logged. Once, before evio_listen.
 *
 * @param key   PEM file of the private key (in)
 * @param cert  PEM file of the certificate and its chain (in)
 * @param why   what is wrong with them (out)
 * @return OK; ERR_ARGUMENT see `why`; ERR_MEMORY
 */
enum err evio_tls_serve(struct evio *e, const char *key, const char *cert,
                        char why[EVIO_TLS_WHY]) MUST_CHECK;

/** Look at the files now, and read them in any case. Without evio_tls_serve: nothing. */
void evio_tls_reload(struct evio *e);

/** Trust the certificates of this PEM file besides the system's when dialing LINK_WSS. Once, before
 * the first dial. As evio_tls_serve. */
enum err evio_tls_trust(struct evio *e, const char *file, char why[EVIO_TLS_WHY]) MUST_CHECK;

/** Belong to a multicast group, over the interface that has the address `via` (0.0.0.0: the system
 * chooses), sharing the port. Datagrams to it come to core_multicast.
 * OK; ERR_ARGUMENT no IPv4, or one is joined already; ERR_EXISTS; ERR_REFUSED; ERR_IO */
enum err evio_join(struct evio *e, const char *group, uint16_t port, const char *via) MUST_CHECK;

/** Ask these name servers instead of the system's. Before the first look-up.
 *
 * @param servers  "192.0.2.1,192.0.2.2:5353,[::1]:53" (in)
 * @return OK; ERR_ARGUMENT not a list of addresses; ERR_MEMORY
 */
enum err evio_name_servers(struct evio *e, const char *servers) MUST_CHECK;

/** The core was called from outside: pump it before the next sleep. */
void evio_touch(struct evio *e);

/** Run until evio_break, or until the core has stopped after core_stop and its last bytes were
 * read. */
void evio_run(struct evio *e);

/** One cycle, for a loop of another: do what is ready, or wait for it at most wait_ns (0: not at
 * all). False: the core has stopped. */
bool evio_step(struct evio *e, int64_t wait_ns);

/** Becomes readable when evio_step has something to do; timers do not show in it, see
 * evio_wait_ns. -1: this system's kind of loop has none. Of the loop, not to be closed. */
int evio_fd(struct evio *e);

/** How long until evio_step has to be called even if evio_fd stays quiet; -1: for ever. */
int64_t evio_wait_ns(struct evio *e);

/** Call fn(ctx) on the loop's thread again and again; at most EVIO_CLOCKS_MAX of these, for the
 * life of the loop. ERR_FULL. */
enum err evio_every(struct evio *e, int64_t period_ns, void (*fn)(void *ctx), void *ctx) MUST_CHECK;

/** Let evio_run return. */
void evio_break(struct evio *e);

/** How long jobs of a lane wait and run; borrowed for the life of the loop. */
struct api_lane evio_lane(const struct evio *e, enum job_lane lane);

/** Raise the soft limit of open files to the hard one; the new one. */
uint64_t evio_raise_files(void);
