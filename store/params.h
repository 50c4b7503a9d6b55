/* Every bound of the store, with its unit and where it comes from. */
#pragma once

#define ARCHIVE_PAGE_DEFAULT 20u  /* entries, nwaku waku_archive DefaultPageSize */
#define ARCHIVE_PAGE_MAX     100u /* entries, nwaku waku_archive MaxPageSize */
#define ARCHIVE_PAGE_BYTES_MAX                                                                     \
    (960u << 10)                 /* bytes of a page; an answer then fits one stream's queue */
#define ARCHIVE_TOPICS_MAX 100u  /* content topics of one query; nwaku means 10 */
#define ARCHIVE_HASHES_MAX 1000u /* message hashes of one query, own choice */
#define ARCHIVE_TOPIC_BYTES_MAX                                                                    \
    240u /* one topic; two and a length are a key of LMDB, 511 bytes                               \
          */
#define ARCHIVE_MESSAGE_BYTES_MAX                                                                  \
    (4u << 20) /* one entry's message; the network's bound is 150 KiB */
#define ARCHIVE_BATCH_BYTES_MAX (64u << 20) /* bytes of one batch */
#define ARCHIVE_BATCH_MAX       65536u      /* entries of one batch */

#define ARCHIVE_SEGMENT_BYTES_MAX                                                                  \
    (256u << 20)                             /* a segment rolls over it, or sooner by retention    \
                                              */
#define ARCHIVE_SEGMENT_BYTES_MIN (1u << 20) /* whatever retention says */
#define ARCHIVE_SEGMENT_SPAN_NS   (86400ll * 1000000000) /* time from its first to its last entry */
#define ARCHIVE_SEGMENT_SHARE     10u          /* segments that a retention bound is cut into */
#define ARCHIVE_SEGMENTS_MAX      8192u        /* files: one descriptor and one map each */
#define ARCHIVE_SEGMENT_MAP_BYTES (2ull << 30) /* address space: segment, one batch, free pages */

#define ARCHIVE_BLOCK_BYTES   (64u << 10) /* bodies are packed into blocks of about this size */
#define ARCHIVE_BLOCK_ENTRIES 256u        /* bodies in one block: 8 bits of a place */
#define ARCHIVE_BLOCKS_MAX    (1u << 24)  /* blocks in one segment: the other 24 bits */
#define ARCHIVE_LOOSE_BYTES   (16u << 10) /* less than this is not packed into a block */
#define ARCHIVE_RUN_FANOUT    4u          /* runs of one size before they are merged */
#define ARCHIVE_RUNS_MAX      64u         /* runs of one index in one segment */

#define KV_TABLES_MAX      32u         /* tables of one kv */
#define KV_KEY_BYTES_MAX   511u        /* LMDB's bound */
#define KV_VALUE_BYTES_MAX (17u << 20) /* a sealed value of node/chat, VAULT_VALUE_BYTES_MAX */
#define KV_MAP_BYTES_MIN   (16u << 20) /* first size of the map; doubles when half full */

#define PEER_TABLE_ROWS_MAX   4096u /* peers remembered; own choice */
#define PEER_TABLE_RECORD_MAX 8192u /* bytes of a record; net/peers PEERS_RECORD_BYTES_MAX */
