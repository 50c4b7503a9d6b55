/* The only place where claims meet the truth. */
#include "sim/attack/attack.h"
#include "sim/random.h"

#define ORIGIN_SLACK_NS                                                                            \
    (250 * NS_PER_MS) /* a message written so long before counts as that one                       \
                       */

static void count(struct score *s, bool right)
{
    s->claims++;
    s->right += right;
}

void claim_author(struct score *s, uint64_t message, uint32_t node)
{
    uint32_t author = s->truth->author(s->truth->ctx, message);

    s->wanted = s->truth->messages;
    if (author != UINT32_MAX)
        count(s, author == node);
}

void claim_origin(struct score *s, int64_t at_ns, uint32_t node)
{
    s->wanted = s->truth->messages;
    count(s, s->truth->wrote(s->truth->ctx, node, at_ns - ORIGIN_SLACK_NS, at_ns));
}

void claim_contact_of_nodes(struct score *s, uint32_t a, uint32_t b)
{
    s->wanted = s->truth->contacts;
    count(s, a != b && s->truth->contact(s->truth->ctx, a, b));
}

void claim_contact(struct score *s, uint64_t a, uint64_t b)
{
    claim_contact_of_nodes(s, s->truth->node_of(s->truth->ctx, a),
                           s->truth->node_of(s->truth->ctx, b));
}

void claim_same(struct score *s, uint64_t a, uint64_t b)
{
    count(s, a != b && s->truth->node_of(s->truth->ctx, a) == s->truth->node_of(s->truth->ctx, b));
}

void claim_receipt(struct score *s, uint64_t message, bool receipt)
{
    count(s, s->truth->receipt(s->truth->ctx, message) == receipt);
}

void score_result(const struct score *s, struct score_result *out)
{
    *out = (struct score_result){.claims = s->claims, .right = s->right, .wanted = s->wanted};
    if (s->claims > 0)
        out->precision = (double)s->right / (double)s->claims;
    num_wilson95(out->precision, (double)s->claims, &out->lower, &out->upper);
    if (s->wanted == 0)
        return;
    out->recall = (double)(s->right < s->wanted ? s->right : s->wanted) / (double)s->wanted;
    num_wilson95(out->recall, (double)s->wanted, &out->recall_lower, &out->recall_upper);
}
