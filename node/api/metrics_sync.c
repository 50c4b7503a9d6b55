/* Metrics of store sync, under the names of nwaku 0.35 to 0.38 and those of logos-delivery after
 * it, which differ by a prefix. */
#include "crypto/base/writer.h"
#include "net/sync/sync.h"
#include "node/api/metrics.h"
#include "node/api/room.h"

#include <stdarg.h>
#include <stdio.h>

static void line(struct writer *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void line(struct writer *w, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    write_bytes(w, span_str(text));
}

static void head(struct writer *w, const char *prefix, const char *name, const char *type,
                 const char *help)
{
    line(w, "# HELP %s%s %s\n# TYPE %s%s %s\n", prefix, name, help, prefix, name, type);
}

static void histogram(struct writer *w, const char *prefix, const char *name, const char *help,
                      const struct sync_histogram *h, const uint64_t *bounds, size_t count)
{
    uint64_t sum = 0;
    head(w, prefix, name, "histogram", help);
    for (size_t i = 0; i < count; i++) {
        sum += h->buckets[i];
        line(w, "%s%s_bucket{le=\"%llu.0\"} %llu\n", prefix, name, (unsigned long long)bounds[i],
             (unsigned long long)sum);
    }
    line(w, "%s%s_bucket{le=\"+Inf\"} %llu\n%s%s_sum %llu\n%s%s_count %llu\n", prefix, name,
         (unsigned long long)h->count, prefix, name, (unsigned long long)h->sum, prefix, name,
         (unsigned long long)h->count);
}

static void directions(struct writer *w, const char *prefix, const struct sync_counters *c)
{
    const struct {
        const char *protocol, *direction;
        uint64_t bytes;
    } rows[] = {{"reconciliation", "receive", c->payload_bytes_in},
                {"reconciliation", "sent", c->payload_bytes_out},
                {"transfer", "receive", c->transfer_bytes_in},
                {"transfer", "sent", c->transfer_bytes_out}};
    head(w, prefix, "total_bytes_exchanged_total", "counter", "bytes of store sync");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        line(w, "%stotal_bytes_exchanged_total{protocol=\"%s\",direction=\"%s\"} %llu\n", prefix,
             rows[i].protocol, rows[i].direction, (unsigned long long)rows[i].bytes);
    head(w, prefix, "total_transfer_messages_exchanged_total", "counter", "messages of store sync");
    line(w, "%stotal_transfer_messages_exchanged_total{direction=\"receive\"} %llu\n", prefix,
         (unsigned long long)c->messages_in);
    line(w, "%stotal_transfer_messages_exchanged_total{direction=\"sent\"} %llu\n", prefix,
         (unsigned long long)c->messages_out);
}

void metrics_sync(struct writer *w, const struct api_numbers *n)
{
    static const uint64_t rounds[] = SYNC_ROUND_BOUNDS, differences[] = SYNC_DIFFERENCE_BOUNDS;
    static const char *const prefixes[] = {"", "logos_delivery_"};
    static const struct sync_counters none;
    const struct sync_counters *c = n->sync == NULL ? &none : n->sync;
    for (size_t i = 0; i < 2; i++) {
        histogram(w, prefixes[i], "reconciliation_roundtrips", "payloads received in a session",
                  &c->rounds, rounds, sizeof rounds / sizeof *rounds);
        histogram(w, prefixes[i], "reconciliation_differences", "ids that differed in a session",
                  &c->differences, differences, sizeof differences / sizeof *differences);
        directions(w, prefixes[i], c);
        head(w, prefixes[i], "total_messages_cached", "gauge", "ids that store sync compares");
        line(w, "%stotal_messages_cached %llu\n", prefixes[i], (unsigned long long)n->sync_ids);
    }
    head(w, "", "sotto_sync_sessions_total", "counter",
         "sessions of store sync, by how they ended");
    line(w, "sotto_sync_sessions_total{end=\"done\"} %llu\n", (unsigned long long)c->sessions_done);
    line(w, "sotto_sync_sessions_total{end=\"failed\"} %llu\n",
         (unsigned long long)c->sessions_failed);
    line(w, "sotto_sync_sessions_total{end=\"refused\"} %llu\n",
         (unsigned long long)c->sessions_refused);
    head(w, "", "sotto_sync_lies_total", "counter",
         "peers that sent what they did not announce, or announced what they did not send");
    line(w, "sotto_sync_lies_total %llu\n", (unsigned long long)c->lies);
    head(w, "", "sotto_sync_ready", "gauge", "1: the ids of the archive are read");
    line(w, "sotto_sync_ready %d\n", n->sync_ready);
}
