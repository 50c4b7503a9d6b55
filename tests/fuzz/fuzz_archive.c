/* Bytes choose commits, queries, retention and reopening; the archive on disk must answer as the
 * model does. In the ordinary test run few inputs are mutated: each costs real fdatasyncs. */
#include "tests/lib/archive_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct model model;
static struct archive_page page;
static char folder[64];

struct bytes {
    const uint8_t *ptr;
    size_t len;
};

static unsigned next(struct bytes *b)
{
    if (b->len == 0)
        return 0;
    b->len--;
    return *b->ptr++;
}

static void commit(struct archive *a, struct bytes *in)
{
    struct archive_batch *b = archive_batch_new(1u << 20);
    uint64_t from = next(in) * 8, to = from + next(in);
    struct model_entry e;
    for (uint64_t n = from; n < to; n++) {
        model_make(&e, n, 5);
        if (model_add(b, &e) != OK)
            abort();
    }
    if (archive_commit(a, b) != OK)
        abort();
    for (uint64_t n = from; n < to; n++) {
        model_make(&e, n, 5);
        bool fresh = model_put(&model, &e);
        if (archive_batch_outcome(b, n - from) != (fresh ? ARCHIVE_STORED : ARCHIVE_DUPLICATE))
            abort();
    }
    archive_batch_free(b);
}

static void query(struct archive *a, struct bytes *in)
{
    struct archive_query q = ARCHIVE_QUERY_ALL;
    struct span topics[2] = {SPAN_LIT("/test/1/1/proto"), SPAN_LIT("/test/1/3/proto")};
    unsigned how = next(in);
    q.forward = how & 1;
    q.include_data = how & 2;
    q.limit = next(in);
    if (how & 4)
        q.time_start_ns = (int64_t)next(in) * 4 - 16;
    if (how & 8)
        q.time_end_ns = (int64_t)next(in) * 4 - 16;
    if (how & 16)
        q.pubsub_topic = SPAN_LIT("/waku/2/rs/66/2");
    if (how & 32) {
        q.content_topics = topics;
        q.content_topics_count = next(in) % 2 + 1;
    }
    if (how & 64 && model.count > 0)
        q.cursor = model.entries[next(in) * 32u % model.count].hash;
    if (how & 128 && model.count > 0) {
        q.hashes = (const uint8_t(*)[32]) & model.entries[next(in) * 32u % model.count].hash;
        q.hashes_count = 1;
    }
    if (!model_agrees(&model, a, &q, &page))
        abort();
}

static void run(struct archive **a, struct bytes *in, const struct retention *keep)
{
    switch (next(in) % 8) {
    case 0:
    case 1:
        commit(*a, in);
        break;
    case 2:
        if (next(in) % 8 != 0)
            break;
        archive_close(*a);
        if (archive_open_lmdb(a, folder, keep) != OK)
            abort();
        break;
    default:
        query(*a, in);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static unsigned runs;
    struct bytes in = {data, len < 512 ? len : 512};
    struct retention keep = {.capacity = 2000};
    struct archive *a;
    const char *all = getenv("SOTTO_FUZZ_ALL"); /* set it when libFuzzer drives */
    if (all == NULL && runs++ % 100 != 0)
        return 0;
    model.count = 0;
    archive_page_init(&page);
    model_folder(folder);
    if (archive_open_lmdb(&a, folder, &keep) != OK)
        abort();
    while (in.len > 0)
        run(&a, &in, &keep);
    struct archive_report report;
    if (archive_verify(a, NULL, NULL, &report) != OK || report.broken > 0 ||
        report.entries != model.count)
        abort();
    archive_close(a);
    archive_page_clear(&page);
    model_folder_remove(folder);
    return 0;
}
