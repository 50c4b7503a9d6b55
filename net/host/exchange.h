/* Request and answer: one varint-framed message each way on a stream of its own, both sides then
 * half-close. This is how metadata, store and (later) filter, lightpush and peer exchange talk.
 *
 * js clients read every answer until the end of the stream, so the server closes its writing side
 * after each; they also keep one idle stream per service open, so a stream without a first byte is
 * no request and has no time-out (the muxer bounds how many there are). A stream whose other side
 * does not end it after the answer is reset after HOST_EXCHANGE_LINGER_MS.
 *
 *     server:  incoming -> (bytes -> one frame) -> serve() -> answer, now or later -> close_write
 *     client:  open -> OPENED: request, close_write -> (bytes -> one frame) -> answered()
 */
#pragma once

#include "net/host/adapter.h"
#include "net/host/rates.h"

struct exchange {
    size_t request_max, answer_max; /* bytes of one message */
    int64_t timeout_ms;             /* 0: HOST_EXCHANGE_TIMEOUT_MS */
    /* A whole request. Answer at once or later with exchange_answer(stream); an error resets. */
    enum err (*serve)(struct host *h, const struct env *env, struct host_stream *s,
                      struct span request);
    enum rate_service rate; /* its row of --rate-limit */
    /* A request over that limit: as serve, answered with the protocol's 429. NULL: reset. */
    enum err (*refuse)(struct host *h, const struct env *env, struct host_stream *s,
                       struct span request);
};

/** What became of a request: `answer` is empty unless err is OK; borrowed. */
typedef void exchange_answered(struct host *h, const struct env *env, void *ctx, enum err err,
                               struct span answer);

/** Send a request on a new stream. `answered` is called exactly once, unless this fails.
 * (And never when the host is freed before.) OK; ERR_NOT_FOUND no such peer; ERR_FULL too many
 * under way; ERR_MEMORY. */
enum err exchange_ask(struct host *h, const struct env *env, const struct adapter *a,
                      const struct exchange *x, uint64_t peer, struct span request,
                      exchange_answered *answered, void *ctx) MUST_CHECK;

/** Open a stream for a later request, which then costs no round trip for it. It waits without a
 * time-out, as those of js-waku do. As exchange_ask. */
enum err exchange_open(struct host *h, const struct env *env, const struct adapter *a,
                       const struct exchange *x, uint64_t peer, uint64_t *stream) MUST_CHECK;

/** Send a request on such a stream. As exchange_ask; ERR_NOT_FOUND: the stream has gone. */
enum err exchange_ask_on(struct host *h, const struct env *env, uint64_t stream,
                         struct span request, exchange_answered *answered, void *ctx) MUST_CHECK;

/** Answer the request of an incoming stream and close our side; ignored when the stream is dead. */
void exchange_answer(struct host *h, const struct env *env, uint64_t stream, struct span answer);

/** The same for a request that has no answer: our side is closed without a message. */
void exchange_silence(struct host *h, const struct env *env, uint64_t stream);

/* The callbacks of struct adapter for a protocol that is one exchange; the adapter's own `bytes`
 * and `end` are exchange_bytes and exchange_end with its `struct exchange`. */
void exchange_incoming(struct host *h, const struct env *env, struct host_stream *s,
                       const struct exchange *x);
void exchange_opened(struct host *h, const struct env *env, struct host_stream *s);
void exchange_bytes(struct host *h, const struct env *env, struct host_stream *s,
                    struct span bytes);
void exchange_end(struct host *h, const struct env *env, struct host_stream *s);
void exchange_broken(struct host *h, const struct env *env, struct host_stream *s, enum err why);
void exchange_ended(struct host *h, struct host_stream *s);

enum err exchanges_new(struct host *h, const struct env *env) MUST_CHECK;
void exchanges_free(struct host *h);
void exchange_tick(struct host *h, const struct env *env);
struct mono exchange_deadline(const struct host *h);
