/* Bounds of net/conn. */
#pragma once

#define CONN_UPGRADE_TIMEOUT_MS   15000 /* carrier up to muxer chosen; js-libp2p has 10 s */
#define CONN_NEGOTIATE_TIMEOUT_MS 30000 /* of one stream; js-libp2p has 30 s */
#define CONN_CLOSE_TIMEOUT_MS     5000  /* for queues to be flushed */
#define CONN_DRAIN_TIMEOUT_MS     10000 /* for paused streams to be read after the carrier ended */
#define CONN_IDLE_PING_MS         30000 /* nothing heard for so long: ping; yamux's own 30 s */
#define CONN_IDLE_DEAD_MS         90000 /* still nothing: the peer is gone */
#define CONN_STREAMS_IN_MAX       1000u /* js-yamux and js-mplex have 1000 and 1024 */
#define CONN_STREAMS_OUT_MAX      1000u
#define CONN_SEND_LOW             524288u   /* a full stream is writable again below this */
#define CONN_UNSENT_MAX           16777216u /* queues of all streams of a peer that does not read */
#define CONN_UNSENT_LOW           8388608u  /* who was refused then may write again below this */
#define CONN_HELD_BYTES_MAX       4194304u  /* received on paused streams; then reading stops */
#define CONN_PLAIN_BYTES_MAX      8388608u /* decrypted, not parsed; the world reads less at once */
#define CONN_PLAIN_PAUSE          262144u  /* from here on reading stops */
#define CONN_WIRE_BYTES_HIGH      262144u  /* sealed, not accepted by the carrier: seal no more */
#define CONN_WIRE_BYTES_MAX       1048576u
#define CONN_SEAL_BYTES           65519u /* plaintext of a full noise frame, 65535 - 16 */
#define CONN_SEAL_PARTS           512u
