/* Bounds of net/ws. */
#pragma once

#define WS_HEAD_BYTES_MAX    8192u     /* an HTTP head with its fields; nim-websock has 8192 */
#define WS_FIELDS_MAX        100u      /* lines of one; Apache httpd has 100 */
#define WS_CONTROL_BYTES_MAX 125u      /* RFC 6455 5.5 */
#define WS_HEADER_BYTES_MAX  14u       /* of a frame; RFC 6455 5.2 */
#define WS_MESSAGE_BYTES_MAX 16777216u /* with all frames; js-libp2p sends 64 KiB */
#define WS_HOST_BYTES_MAX    272u      /* Host of our request: a DNS name and a port */
