/* What an implementation sees of a batch, and the table of functions that it is. */
#pragma once

#include "store/archive.h"

struct batch_item {
    uint8_t hash[ARCHIVE_HASH_BYTES];
    int64_t timestamp_ns;
    struct blob *holder; /* referenced */
    struct span message; /* lies inside it */
    size_t names;        /* offset in the batch's names: pubsub topic, then content topic */
    uint16_t pubsub_len, content_len;
    enum archive_outcome outcome;
};

struct archive_batch {
    struct batch_item *items; /* owned */
    size_t count, cap;
    size_t bytes, bytes_max;
    struct buf names;
};

struct archive_ops {
    enum err (*commit)(struct archive *a, struct archive_batch *b);
    enum err (*query)(struct archive *a, const struct archive_query *q, struct archive_page *p);
    enum err (*stats)(struct archive *a, struct archive_stats *out);
    enum err (*segment_stats)(struct archive *a, size_t *cursor, struct archive_stats *out,
                              char name[64]);
    enum err (*retain)(struct archive *a, const struct retention *keep, int64_t now_ns,
                       struct archive_stats *removed);
    enum err (*verify)(struct archive *a, archive_check *check, void *state,
                       struct archive_report *out);
    void (*close)(struct archive *a);
};

struct archive {
    const struct archive_ops *ops;
};

/** The entries of a batch sorted by (time, hash), with those that come twice marked.
 *
 * @param sorted  room for all of them; receives indexes of first occurrences (out)
 * @param twice   per item: its hash was added before (out)
 * @return how many in `sorted`; SIZE_MAX when memory is out
 */
size_t batch_sort(const struct archive_batch *b, size_t *sorted, bool *twice);

/** Order of entries: time, then hash. */
int entry_cmp(int64_t a_ns, const uint8_t *a_hash, int64_t b_ns, const uint8_t *b_hash);

/** Does the topic filter of a query let this pair through? */
bool query_topics_match(const struct archive_query *q, struct span content, struct span pubsub);

/* One entry of an answer before it is copied into the page. */
struct found {
    int64_t timestamp_ns;
    const uint8_t *hash;
    struct span pubsub_topic, content_topic, message;
};

/** Limits of a page, from a query. */
size_t query_limit(const struct archive_query *q);
size_t query_page_bytes(const struct archive_query *q);

/** Does it ask for topics, with messages or without? */
bool query_wants_topics(const struct archive_query *q);

/** Copy what was found, in the query's direction, into a page. */
enum err page_fill(struct archive_page *p, const struct archive_query *q, const struct found *f,
                   size_t count, bool more) MUST_CHECK;

/** Note what is broken in a report: counts, and keeps the first text. */
void report_broken(struct archive_report *r, const char *text, const uint8_t *hash);
