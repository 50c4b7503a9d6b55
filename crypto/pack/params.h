/* Bounds of everything that is packed. */
#pragma once

#define PACK_DEPTH_MAX      8u         /* arrays within arrays; CHAT.md 1 */
#define PACK_BYTES_MAX      (1u << 26) /* one object: 64 MiB, the largest store export part */
#define PACK_ITEMS_MAX      65535u     /* elements of one array */
#define PACK_EXTENSIONS_MAX 32u        /* entries of an extension array */
#define PACK_EXTENSION_MAX  16384u     /* bytes of one entry */
