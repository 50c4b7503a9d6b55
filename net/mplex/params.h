/* Bounds of net/mplex. */
#pragma once

#define MPLEX_FRAME_BYTES_MAX 1048576u           /* libp2p/specs mplex: 1 MiB */
#define MPLEX_ID_MAX          ((1ull << 60) - 1) /* the same */
#define MPLEX_SKIPPED_FRAMES  4096u /* for a stream that we reset, ours: no window bounds them */
