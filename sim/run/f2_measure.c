/* What members had, how late, which epoch they are in, and what it cost. */
#include "sim/run/f2.h"

#include <stdio.h>

static void quantiles(struct run *r, const char *name, const struct histogram *h)
{
    static const struct {
        const char *name;
        double part;
    } rows[] = {{"p50", .5}, {"p95", .95}, {"p99", .99}};
    char full[64];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(full, sizeof full, "%s.%s", name, rows[i].name);
        measure_add(r, full, "ms", (double)histogram_quantile(h, rows[i].part) / 1e6);
    }
    snprintf(full, sizeof full, "%s.max", name);
    measure_add(r, full, "ms", (double)h->max_ns / 1e6);
}

/* Of those who are up in the end, after they asked a store for what they lacked. */
static void epochs(struct run *r)
{
    struct members *k = r->members;
    double up = 0, same = 0, depth = 0, lower, upper;

    for (uint32_t c = 0; c < k->crowds_count; c++) {
        uint32_t tip = f2_tip(r, c);
        depth += k->epochs[tip].depth;
        for (uint32_t i = k->crowds[c].first; i < k->crowds[c].first + k->crowds[c].count; i++) {
            if (!f2_up(r, i, sim_now(r->sim)))
                continue;
            f2_settle(r, i, k->crowds[c].posts_count);
            up++;
            same += k->all[i].epoch == tip;
        }
    }
    num_wilson95(up > 0 ? same / up : 0, up, &lower, &upper);
    measure_share(r, "members.in_one_epoch", up > 0 ? same / up : 0, up, lower, upper);
    measure_add(r, "members.epochs", "on the chain that stands", depth);
}

static void commits(struct run *r)
{
    const struct members *k = r->members;
    double n = k->commits > 0 ? (double)k->commits : 1;

    measure_add(r, "members.commits", "commits", (double)k->commits);
    measure_add(r, "members.forks", "epochs with rival commits", (double)k->forks);
    measure_add(r, "members.rewinds", "of all members", (double)k->rewinds);
    measure_add(r, "members.commit_bytes", "bytes, mean", k->commit_bytes / n);
    measure_add(r, "members.commit_bytes_max", "bytes", k->largest);
    measure_add(r, "members.commit_seals", "ciphertexts, mean", k->commit_seals / n);
    measure_add(r, "members.commit_made_ms", "ms of the author's processor, mean",
                k->making_ns / n / 1e6);
    quantiles(r, "members.entering", &k->entering);
}

void f2_measure(struct run *r)
{
    struct members *k = r->members;
    double lower, upper, bytes = 0, cpu = 0;

    if (k == NULL)
        return;
    epochs(r);
    for (uint32_t i = 0; i < k->count; i++) {
        bytes += (double)k->all[i].bytes;
        cpu += (double)k->all[i].cpu_ns;
    }
    double got = (double)(k->owed - k->missing), share = k->owed > 0 ? got / (double)k->owed : 0;
    measure_add(r, "members.count", "members, abstract (tier F2)", k->count);
    measure_add(r, "members.conversations", "conversations", k->crowds_count);
    measure_add(r, "members.texts", "messages", (double)k->texts);
    measure_add(r, "members.refused", "nobody was up", (double)k->refused);
    num_wilson95(share, (double)k->owed, &lower, &upper);
    measure_share(r, "members.delivery", share, (double)k->owed, lower, upper);
    measure_add(r, "members.missing", "deliveries", (double)k->missing);
    measure_add(r, "members.fetched", "posts, from stores", (double)k->fetched);
    measure_add(r, "members.lost", "posts that no store had", (double)k->lost);
    measure_add(r, "members.early", "texts before their commit", (double)k->early);
    quantiles(r, "members.latency", &k->latency);
    commits(r);
    measure_add(r, "members.bytes", "bytes in, mean of a member", bytes / k->count);
    measure_add(r, "members.cpu_ms", "ms, mean of a member", cpu / k->count / 1e6);
    measure_add(r, "members.struct_bytes", "bytes that a member takes here",
                (double)sizeof(struct member));
}
