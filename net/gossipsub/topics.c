#include "net/gossipsub/state.h"

#include <stdlib.h>

struct span topic_name(const struct topic *t)
{
    return span_of(t->name, t->name_len);
}

struct topic *topic_get(const struct gossipsub *g, struct span name)
{
    return map_get(&g->topics, name);
}

struct topic *topic_ref(struct topic *t)
{
    t->refs++;
    return t;
}

struct topic *topic_make(struct gossipsub *g, struct span name, bool own)
{
    struct topic *t = topic_get(g, name);

    if (t != NULL)
        return topic_ref(t);
    if (name.len == 0 || name.len > GOSSIPSUB_TOPIC_BYTES_MAX)
        return NULL;
    if (!own && map_count(&g->topics) >= GOSSIPSUB_TOPICS_MAX)
        return NULL; /* what strangers invent leaves room for what we are in */
    t = calloc(1, sizeof *t + name.len);
    if (t == NULL)
        return NULL;
    t->serial = ++g->topic_serial;
    t->name_len = (uint16_t)name.len;
    memcpy(t->name, name.ptr, name.len);
    if (map_put(&g->topics, name, t) != OK) {
        free(t);
        return NULL;
    }
    return topic_ref(t);
}

void topic_unref(struct gossipsub *g, struct topic *t)
{
    assert(t->refs > 0);
    if (--t->refs > 0)
        return;
    (void)map_take(&g->topics, topic_name(t));
    free(t->members);
    free(t->mesh);
    free(t->score);
    free(t);
}

const struct gossipsub_topic_score *topic_weights(const struct gossipsub *g, const struct topic *t)
{
    return t->score != NULL ? t->score : &g->params.topic_score;
}

enum err gossipsub_topic_score(struct gossipsub *g, const struct env *env, struct span topic,
                               const struct gossipsub_topic_score *score)
{
    (void)env;
    struct topic *t = topic_make(g, topic, true);

    if (t == NULL)
        return ERR_FULL;
    if (t->score == NULL) {
        t->score = malloc(sizeof *t->score);
        if (t->score == NULL) {
            topic_unref(g, t);
            return ERR_MEMORY;
        }
        topic_ref(t); /* the weights keep the topic until the end */
    }
    *t->score = *score;
    topic_unref(g, t);
    return OK;
}

/* --- watching ----------------------------------------------------------------------------------
 */

static void view(const struct topic *t, struct gossipsub_topic_view *out)
{
    *out = (struct gossipsub_topic_view){.name = topic_name(t),
                                         .subscribed = t->subscribed,
                                         .members = t->member_count,
                                         .mesh = t->mesh_count,
                                         .messages = t->messages,
                                         .message_bytes = t->message_bytes};
    for (uint32_t i = 0; i < t->member_count; i++)
        out->fanout += t->members[i]->fanout;
}

bool gossipsub_topic_next(const struct gossipsub *g, size_t *cursor,
                          struct gossipsub_topic_view *out)
{
    const struct topic *t = map_next(&g->topics, cursor, NULL);

    if (t != NULL)
        view(t, out);
    return t != NULL;
}

bool gossipsub_topic_get(const struct gossipsub *g, struct span topic,
                         struct gossipsub_topic_view *out)
{
    const struct topic *t = topic_get(g, topic);

    if (t != NULL)
        view(t, out);
    return t != NULL;
}

bool gossipsub_topic_peer(const struct gossipsub *g, struct span topic, bool mesh, size_t i,
                          uint64_t *peer)
{
    const struct topic *t = topic_get(g, topic);

    if (t == NULL || i >= (mesh ? t->mesh_count : t->member_count))
        return false;
    *peer = (mesh ? t->mesh : t->members)[i]->peer->number;
    return true;
}
