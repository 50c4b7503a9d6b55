/* Nodes out of signed lists in DNS. Asks for names, is told TXT records, tells node records. The
 * signer vouches for every entry, and each record for itself; the name server is trusted with
 * nothing but to answer.
 *
 *     root (verified, seq never goes back) --> entries by hash, a few look-ups at a time --> FOUND
 *                 ^                                  '--> links: further lists, each with its key
 *                 '--- again every half hour; after a failure sooner
 *
 * Bounds: params.h: lists, entries and depth of each, look-ups under way. What a list says beyond
 * them is left out, and counted.
 *
 * @source EIP-1459
 */
#pragma once

#include "crypto/base/env.h"
#include "net/wire/enr.h"

struct dns;

enum dns_out_kind {
    DNS_OUT_LOOKUP, /* query, name: its TXT records */
    DNS_OUT_FOUND,  /* enr */
};

struct dns_out { /* borrowed until the next call on the engine */
    enum dns_out_kind kind;
    uint64_t query;
    const char *name;
    const struct enr *enr;
};

#define DNS_COUNTERS(X)                                                                            \
    X(lookups)                                                                                     \
    X(failures) /* no answer, or none that could be used */                                        \
    X(forged)   /* a wrong hash or signature, or a seq that went back */                           \
    X(limited)  /* entries, links or depth over a bound */                                         \
    X(found)

struct dns_counters {
#define X(name) uint64_t name;
    DNS_COUNTERS(X)
#undef X
};

/** OK; ERR_MEMORY. */
enum err dns_new(struct dns **out, const struct env *env) MUST_CHECK;
void dns_free(struct dns *d);

/** Is this "enrtree://KEY@domain", with a key that is one? OK; ERR_FORMAT. */
enum err dns_url_check(struct span url) MUST_CHECK;

/** Follow a list, "enrtree://KEY@domain". OK; ERR_FORMAT; ERR_FULL; ERR_MEMORY. */
enum err dns_add(struct dns *d, const struct env *env, struct span url) MUST_CHECK;

/** The end of a look-up; `texts` are the TXT records, borrowed during the call. */
void dns_answer(struct dns *d, const struct env *env, uint64_t query, enum err err,
                const struct span *texts, size_t count);
void dns_tick(struct dns *d, const struct env *env);
struct mono dns_deadline(const struct dns *d);
bool dns_poll(struct dns *d, struct dns_out *out);
const struct dns_counters *dns_counters(const struct dns *d);
