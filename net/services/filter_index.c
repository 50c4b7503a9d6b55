/* Who wants what. A message finds its subscribers by one look-up; both ends of a membership know
 * their place at the other, so that leaving costs the same however many there are. */
#include "net/services/filter_server.h"

#include <stdlib.h>

#define KEY_BYTES_MAX (2 + 2 * FILTER_TOPIC_BYTES_MAX)

/* of bookkeeping: entries of maps and lists, rounded up */
#define CRITERION_COST 128u
#define WISH_COST      (sizeof(struct wish) + sizeof(struct member))

static struct span key_of(struct span pubsub, struct span topic, uint8_t out[KEY_BYTES_MAX])
{
    assert(pubsub.len <= FILTER_TOPIC_BYTES_MAX && topic.len <= FILTER_TOPIC_BYTES_MAX);
    out[0] = (uint8_t)(pubsub.len >> 8);
    out[1] = (uint8_t)pubsub.len;
    if (pubsub.len > 0)
        memcpy(out + 2, pubsub.ptr, pubsub.len);
    if (topic.len > 0)
        memcpy(out + 2 + pubsub.len, topic.ptr, topic.len);
    return span_of(out, 2 + pubsub.len + topic.len);
}

static struct span key_again(const struct criterion *c, uint8_t out[KEY_BYTES_MAX])
{
    return key_of(span_of(c->topics, c->pubsub_len),
                  span_of(c->topics + c->pubsub_len, c->content_len), out);
}

struct criterion *filter_index_find(const struct filter_server *s, struct span pubsub,
                                    struct span topic)
{
    uint8_t key[KEY_BYTES_MAX];

    if (pubsub.len > FILTER_TOPIC_BYTES_MAX || topic.len > FILTER_TOPIC_BYTES_MAX)
        return NULL;
    return map_get(&s->criteria, key_of(pubsub, topic, key));
}

static size_t criterion_cost(struct span pubsub, struct span topic)
{
    return CRITERION_COST + 2 * (pubsub.len + topic.len); /* key and copy */
}

/* What a criterion costs for one subscriber, as if nobody shared it. */
static size_t wish_cost(const struct criterion *c)
{
    return WISH_COST + CRITERION_COST + 2 * ((size_t)c->pubsub_len + c->content_len);
}

/* The subscriber's wish for a criterion, looked for in the shorter list. */
static struct wish *wish_for(const struct subscriber *b, const struct criterion *c)
{
    if (c == NULL)
        return NULL;
    if (c->count < b->wishes_count) {
        for (uint32_t i = 0; i < c->count; i++)
            if (c->members[i].subscriber == b)
                return &b->wishes[c->members[i].place];
        return NULL;
    }
    for (uint32_t i = 0; i < b->wishes_count; i++)
        if (b->wishes[i].criterion == c)
            return &b->wishes[i];
    return NULL;
}

static enum err grow(void **list, uint32_t count, uint32_t *cap, size_t item_bytes)
{
    if (count < *cap)
        return OK;
    uint32_t more = *cap == 0 ? 1 : 2 * *cap;
    void *grown = realloc(*list, more * item_bytes);
    if (grown == NULL)
        return ERR_MEMORY;
    *list = grown;
    *cap = more;
    return OK;
}

static void criterion_free(struct filter_server *s, struct criterion *c)
{
    uint8_t key[KEY_BYTES_MAX];

    map_take(&s->criteria, key_again(c, key));
    s->index_bytes -= CRITERION_COST + 2 * ((size_t)c->pubsub_len + c->content_len);
    free(c->members);
    free(c);
}

static struct criterion *criterion_new(struct filter_server *s, struct span pubsub,
                                       struct span topic)
{
    uint8_t key[KEY_BYTES_MAX];
    struct criterion *c = calloc(1, sizeof *c + pubsub.len + topic.len);

    if (c == NULL)
        return NULL;
    c->pubsub_len = (uint32_t)pubsub.len;
    c->content_len = (uint32_t)topic.len;
    memcpy(c->topics, pubsub.ptr, pubsub.len);
    memcpy(c->topics + pubsub.len, topic.ptr, topic.len);
    if (map_put(&s->criteria, key_of(pubsub, topic, key), c) != OK) {
        free(c);
        return NULL;
    }
    s->index_bytes += criterion_cost(pubsub, topic);
    return c;
}

static enum err join(struct filter_server *s, struct subscriber *b, struct criterion *c)
{
    void *members = c->members, *wishes = b->wishes;
    enum err err = grow(&members, c->count, &c->cap, sizeof *c->members);

    c->members = members;
    if (err == OK)
        err = grow(&wishes, b->wishes_count, &b->wishes_cap, sizeof *b->wishes);
    b->wishes = wishes;
    TRY(err);
    c->members[c->count] = (struct member){b, b->wishes_count};
    b->wishes[b->wishes_count++] = (struct wish){c, c->count++};
    s->index_bytes += WISH_COST;
    b->index_bytes += wish_cost(c);
    s->counters.criteria++;
    return OK;
}

/* The last of each list takes the place that becomes free. */
static void part(struct filter_server *s, struct subscriber *b, uint32_t at)
{
    struct wish w = b->wishes[at];
    struct criterion *c = w.criterion;
    struct member last_member = c->members[--c->count];
    struct wish last_wish = b->wishes[--b->wishes_count];

    if (w.place < c->count) {
        c->members[w.place] = last_member;
        last_member.subscriber->wishes[last_member.place].place = w.place;
    }
    if (at < b->wishes_count) {
        b->wishes[at] = last_wish;
        last_wish.criterion->members[last_wish.place].place = at;
    }
    s->index_bytes -= WISH_COST;
    b->index_bytes -= wish_cost(c);
    s->counters.criteria--;
    if (c->count == 0)
        criterion_free(s, c);
}

static enum err add_one(struct filter_server *s, struct subscriber *b, struct span pubsub,
                        struct span topic)
{
    struct criterion *c = filter_index_find(s, pubsub, topic);

    if (wish_for(b, c) != NULL)
        return OK;
    if (b->wishes_count >= s->params.criteria_max ||
        b->index_bytes + WISH_COST + criterion_cost(pubsub, topic) > FILTER_CRITERIA_PEER_BYTES_MAX)
        return ERR_LIMIT;
    if (s->index_bytes + WISH_COST + (c == NULL ? criterion_cost(pubsub, topic) : 0) >
        FILTER_CRITERIA_BYTES_MAX)
        return ERR_FULL;
    if (c == NULL && (c = criterion_new(s, pubsub, topic)) == NULL)
        return ERR_MEMORY;
    enum err err = join(s, b, c);
    if (err != OK && c->count == 0)
        criterion_free(s, c);
    return err;
}

enum err filter_index_add(struct filter_server *s, struct subscriber *b, struct span pubsub,
                          const struct span *topics, size_t count)
{
    uint32_t before = b->wishes_count;

    for (size_t i = 0; i < count; i++) {
        enum err err = add_one(s, b, pubsub, topics[i]);
        if (err == OK)
            continue;
        while (b->wishes_count > before) /* none of them, then */
            part(s, b, b->wishes_count - 1);
        return err;
    }
    return OK;
}

bool filter_index_remove(struct filter_server *s, struct subscriber *b, struct span pubsub,
                         struct span topic)
{
    struct wish *w = wish_for(b, filter_index_find(s, pubsub, topic));

    if (w == NULL)
        return false;
    part(s, b, (uint32_t)(w - b->wishes));
    return true;
}

void filter_index_remove_all(struct filter_server *s, struct subscriber *b)
{
    while (b->wishes_count > 0)
        part(s, b, b->wishes_count - 1);
    free(b->wishes);
    b->wishes = NULL;
    b->wishes_cap = 0;
}

/* cursor: subscriber (as map_next has it), wish */
bool filter_server_next(const struct filter_server *s, size_t cursor[2],
                        struct filter_criterion_view *out)
{
    for (;;) {
        size_t after = cursor[0];
        const struct subscriber *b = map_next(&s->by_id, &after, NULL);
        if (b == NULL)
            return false;
        if (cursor[1] < b->wishes_count) {
            const struct criterion *c = b->wishes[cursor[1]++].criterion;
            *out =
                (struct filter_criterion_view){&b->id, span_of(c->topics, c->pubsub_len),
                                               span_of(c->topics + c->pubsub_len, c->content_len)};
            return true;
        }
        cursor[0] = after;
        cursor[1] = 0;
    }
}
