/* What arrived: a node owes a message when it was up from RUN_MARGIN_NS before to RUN_MARGIN_NS
 * after it. Nobody owes one whose author was told that it did not go out (a light client whose
 * service had just left), or died while it alone had the message (in the first seconds of a stem).
 * It is watched from outside; the nodes know nothing of it. */
#include "net/services/lightpush.h"
#include "sim/run/inside.h"

#include <stdio.h>
#include <stdlib.h>

#define STAYS_NS (7 * NS_PER_S) /* the longest fail-safe of a stem, and its way into relay */

void delivery_life(struct run *r, uint32_t node, bool up)
{
    struct person *p = &r->people[node];

    if (up) {
        p->up_from_ns = sim_now(r->sim);
        return;
    }
    p->was_up_ns = p->up_from_ns;
    p->down_at_ns = sim_now(r->sim);
    p->up_from_ns = INT64_MAX;
}

void delivery_pushed(struct run *r, const struct core_event *ev)
{
    if (ev->pushed->status == LIGHTPUSH_STATUS_OK || ev->ticket == 0 ||
        ev->ticket > r->messages_count)
        return;
    r->messages[ev->ticket - 1].refused = true;
    r->refused++;
}

static bool follows(const struct run *r, uint32_t node, const struct message *m)
{
    const struct person *p = &r->people[node];

    if (p->spy && r->sc->adversary_drop != 0)
        return false;
    if (p->role == ROLE_RELAY)
        return true;
    for (uint32_t i = 0; i < p->conversations_count && i < RUN_TOPICS_OF_MAX; i++)
        if (p->conversations[i] == m->conversation)
            return true;
    return false;
}

void delivery_event(struct run *r, uint32_t node, const struct core_event *ev)
{
    struct core_message m;
    uint32_t number;
    bool light = r->people[node].role == ROLE_LIGHT;

    if (ev->kind != (light ? CORE_EVENT_FILTERED : CORE_EVENT_MESSAGE) ||
        core_message_read(ev->message, &m) != OK || !tap_mark_read(m.payload, &number) ||
        number >= r->messages_count)
        return;
    struct message *msg = &r->messages[number];
    if (msg->got != NULL) {
        if (msg->got[node] < UINT8_MAX)
            msg->got[node]++;
        if (msg->got[node] == 1 && msg->post > 0)
            f2_arrived(r, node, msg->post - 1);
        if (node != msg->author && msg->got[node] == 1)
            histogram_add(&r->out->latency, sim_now(r->sim) - msg->at_ns);
    }
    r->delivered++;
    receipts_due(r, node, msg);
}

bool delivery_was_there(const struct run *r, uint32_t node, int64_t at_ns)
{
    const struct person *p = &r->people[node];
    int64_t from = at_ns - RUN_MARGIN_NS, to = at_ns + RUN_MARGIN_NS;

    return p->up_from_ns <= from || (p->was_up_ns <= from && p->down_at_ns >= to);
}

static bool owes(const struct run *r, uint32_t node, const struct message *m)
{
    return delivery_was_there(r, node, m->at_ns) && follows(r, node, m);
}

static bool author_stayed(const struct run *r, const struct message *m)
{
    const struct person *p = &r->people[m->author];

    return p->up_from_ns <= m->at_ns ||
           (p->was_up_ns <= m->at_ns && p->down_at_ns >= m->at_ns + STAYS_NS);
}

static void judge_one(struct run *r, uint32_t number, struct message *m)
{
    if (m->cut || m->refused || !author_stayed(r, m))
        return;
    for (uint32_t i = 0; i < r->nodes; i++) {
        if (!owes(r, i, m) || (r->people[i].role == ROLE_LIGHT && i == m->author))
            continue;
        r->owed++;
        r->missing += m->got[i] == 0;
        r->twice += m->got[i] > 1;
        if (r->people[i].role == ROLE_LIGHT) {
            r->light_owed++;
            r->light_delivered += m->got[i] > 0;
        }
        if (m->got[i] != 1 && r->out->broken[0] == '\0')
            snprintf(r->out->broken, sizeof r->out->broken,
                     "node %u got %u times message %u, which node %u published at %.3f s", i,
                     m->got[i], number, m->author, (double)m->at_ns / 1e9);
    }
}

void delivery_judge(struct run *r, bool all)
{
    for (; r->judged < r->messages_count; r->judged++) {
        struct message *m = &r->messages[r->judged];
        if (m->at_ns + RUN_MARGIN_NS > sim_now(r->sim) && !all)
            return;
        if (m->at_ns + RUN_MARGIN_NS <= sim_now(r->sim))
            judge_one(r, r->judged, m);
        free(m->got);
        m->got = NULL;
    }
}
