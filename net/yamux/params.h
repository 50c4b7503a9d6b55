/* Bounds of net/yamux. */
#pragma once

#define YAMUX_WINDOW_BYTES     262144u   /* initial, both ways; libp2p/specs yamux "Flow Control" */
#define YAMUX_WINDOW_BYTES_MAX 4194304u  /* ours of one stream, after growing */
#define YAMUX_GROWN_BYTES_MAX  16777216u /* all growth of one connection together */
#define YAMUX_WINDOW_RTTS      4 /* a half window used up within so many round trips: grow */
#define YAMUX_SEND_WINDOW_MAX  (1ull << 40) /* where the peer's grants saturate */
#define YAMUX_ACK_BACKLOG_MAX  256u         /* opened and not answered; libp2p/specs yamux */
