/* Transport frames: two bytes of length, then a Noise message. Private to the room. */
#pragma once

#include "crypto/noise/noise.h"
#include "net/noise/params.h"

/** Write the length of a message, at most NOISE_FRAME_MAX. */
void noise_frame_head(uint8_t head[NOISE_FRAME_HEAD_BYTES], size_t len);

/** Open whole frames from `in` at *used on, straight into `plain`.
 *
 * @return OK all is consumed; ERR_MORE the tail is an incomplete frame; ERR_FULL; ERR_AUTH;
 * ERR_LIMIT
 */
enum err noise_transport_open(struct noise_cipher *c, struct span in, size_t *used,
                              struct buf *plain) MUST_CHECK;

/** Seal the concatenation of the parts into frames. OK; ERR_FULL and ERR_MEMORY: nothing happened;
 * ERR_LIMIT; ERR_CRYPTO. */
enum err noise_transport_seal(struct noise_cipher *c, const struct span *parts, size_t count,
                              struct buf *wire) MUST_CHECK;
