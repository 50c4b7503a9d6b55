/* Limits of the secured channel: unit and source. */
#pragma once

#define NOISE_FRAME_MAX        65535u /* bytes of one Noise message; Noise 3 */
#define NOISE_FRAME_HEAD_BYTES 2u /* length of a frame, big-endian; noise-libp2p "Wire Format" */
#define NOISE_PLAIN_MAX        (NOISE_FRAME_MAX - 16u) /* bytes of plaintext in one frame */
#define NOISE_HANDSHAKE_MAX                                                                        \
    4096u /* bytes of a handshake message; own bound: an 8,192-bit RSA key and signature take 2.2K \
           */
#define NOISE_SEAL_PARTS_MAX 64u /* spans gathered into one frame; own choice */
