/* What the figures of a report mean, for people who have not read docs/simulator.md. */
#include "sim/lab/page.h"

static const struct {
    const char *metric, *words;
} words[] = {
    {"delivery.ratio", "of the deliveries owed: a message to each node that was up and subscribed"},
    {"delivery.missing", "deliveries owed that never came"},
    {"delivery.twice", "messages that a node handed to its application a second time"},
    {"delivery.light_ratio", "the same for light clients, which get messages by filter"},
    {"messages.published", "by all people of the scenario"},
    {"messages.refused", "which the node did not take, or gave up"},
    {"queries.asked", "to store nodes"},
    {"queries.refused", "which a store turned down or did not answer"},
    {"latency.p50", "from publishing to delivery: half of them took at most so long"},
    {"latency.mean", "from publishing to delivery"},
    {"bytes.per_node_s", "what a node sends, and about as much is received, all protocols"},
    {"bytes.per_message_node", "everything sent, shared among messages and nodes"},
    {"gossip.duplicates_per_delivery", "copies that came beside the first one"},
    {"gossip.transmissions", "messages on links"},
    {"gossip.ihave", "ids told to nodes outside the mesh"},
    {"gossip.iwant", "ids asked for after that"},
    {"gossip.graft", "links that joined the mesh: what churn costs"},
    {"mesh.degree", "mesh links of a node"},
    {"closed.duplicates", "what the mesh degree makes expect (sim/run/closed.c)"},
    {"closed.first_sent", "what the law of the mesh makes expect of first-sent"},
    {"closed.spy_in_mesh", "messages with a spy in their author's mesh"},
    {"closed.author_degree", "mesh links of authors when they write"},
    {"stem.failsafe", "messages whose stem was silent, so that their author spread them itself"},
    {"stem.direct", "messages that had no stem to go by"},
};

static const struct {
    const char *ending, *words;
} endings[] = {
    {".precision", "of the adversary's claims that are right"},
    {".recall", "of what there was to find, so much was claimed rightly"},
    {".inverse_rank",
     "1: the right answer is always the adversary's first, 0.5: on average as if second"},
    {".entropy", "what the adversary does not know after its guess; 0: it is certain"},
    {".set", "anonymity set, 2^entropy: among so many the right answer hides after the guess"},
};

const char *words_of(const char *metric)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i].metric, metric) == 0)
            return words[i].words;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t len = strlen(metric), tail = strlen(endings[i].ending);
        if (len > tail && strcmp(metric + len - tail, endings[i].ending) == 0)
            return endings[i].words;
    }
    return "";
}

const struct attack *words_attack(const char *metric)
{
    char name[64];
    const char *dot = strrchr(metric, '.');

    if (dot == NULL || (size_t)(dot - metric) >= sizeof name)
        return NULL;
    memcpy(name, metric, (size_t)(dot - metric));
    name[dot - metric] = '\0';
    return attack_find(name);
}
