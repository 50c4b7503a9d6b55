/* Bounds of net/multistream. */
#pragma once

#define MULTISTREAM_LINE_BYTES_MAX 1024u  /* with its newline; js-libp2p has 1024, go 64 KiB */
#define MULTISTREAM_PROPOSALS_MAX  64u    /* lines of one negotiation, ours */
#define MULTISTREAM_LS_MAX         4u     /* answered `ls` in one negotiation, ours */
#define MULTISTREAM_OUT_BYTES_MAX  16384u /* answers not yet taken by the caller, ours */
