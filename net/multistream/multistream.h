/* Protocol negotiation: multistream-select 1.0, both roles.
 *
 * Spec: libp2p/specs connections/README.md "multistream-select"; multiformats/multistream-select.
 *
 * In:      received bytes (multistream_feed), cut anywhere, with the next layer's data glued on.
 * Out:     bytes to send, appended to a buffer of the caller; the protocol that was chosen.
 * Drivers: feed until it does not answer ERR_MORE; time-outs are the caller's.
 * Bounds:  lines of MULTISTREAM_LINE_BYTES_MAX; MULTISTREAM_PROPOSALS_MAX lines.
 *
 *     dialer:    [header + 1st proposal sent] -- header --> -- echo --> done
 *                                                          -- na ----> next proposal |
 * ERR_UNSUPPORTED listener:  -- header --> [header] -- proposal --> [echo] done | [na] | -- ls -->
 * [list]
 */
#pragma once

#include "crypto/base/buf.h"
#include "net/multistream/params.h"

struct multistream {
    const char *const *protocols; /* NULL-terminated, borrowed: proposals, or what we speak */
    const char *chosen;           /* one of `protocols`, after OK */
    struct buf partial;           /* a line of which not all has arrived; mostly never allocated */
    uint8_t proposal;             /* dialer: which one waits for its answer */
    uint8_t lines;                /* seen after the header */
    uint8_t lists;                /* `ls` answered */
    bool dialer;
    bool greeted; /* their header was seen */
};

/** Begin as dialer: appends header and first proposal to `out`, in one piece as js does.
 *
 * @param protocols  in order of preference, at least one, at most MULTISTREAM_PROPOSALS_MAX,
 *                   borrowed until the end of the negotiation
 * @return OK; ERR_FULL, ERR_MEMORY from `out`
 */
enum err multistream_dial(struct multistream *m, const char *const *protocols,
                          struct buf *out) MUST_CHECK;

/** Begin as listener. Says nothing before the dialer's header. */
void multistream_listen(struct multistream *m, const char *const *protocols);

/** Only one outcome is left: a dialer with one proposal. Data may follow that at once, and is for
 * nothing when it is refused. */
static inline bool multistream_is_certain(const struct multistream *m)
{
    return m->dialer && m->protocols[1] == NULL;
}

/** Free what was kept of a partial line. */
void multistream_clear(struct multistream *m);

/** Received bytes.
 *
 * @param used  bytes of `in` that belong to the negotiation; the rest is the protocol's (out)
 * @param out   answers are appended (in/out)
 * @return OK, m->chosen is set; ERR_MORE all of `in` was used; ERR_UNSUPPORTED all our proposals
 *         were refused; ERR_FORMAT; ERR_PROTOCOL; ERR_LIMIT; ERR_FULL, ERR_MEMORY from `out`
 */
enum err multistream_feed(struct multistream *m, struct span in, size_t *used,
                          struct buf *out) MUST_CHECK;
