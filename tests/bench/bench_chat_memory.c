/* Memory of a chat: what is freed when it is closed, that is what it holds of the heap; for one
 * more conversation, and for 1,000 messages of 100 characters. What the store maps (LMDB) is the
 * kernel's to give back and is not counted. */
#include "tests/bench/figures.h"

#include "tests/bench/chat_people.h"

#include <malloc.h>

#define BENCH    "chat"
#define FEW      3
#define MANY     23 /* direct conversations of one person */
#define MESSAGES 1000

static double heap(void)
{
    struct mallinfo2 m = mallinfo2();
    return (double)(m.uordblks + m.hblkhd);
}

/* It is closed for a moment, as at the end of a process. `opened`: what it holds when it was opened
 * again and has done nothing yet. */
static double held(struct world *w, struct world_person *p, double *opened)
{
    struct chat_config config = world_config(p);
    double before = heap();
    chat_close(p->chat);
    double closed = heap();
    assert_ok(chat_open(&p->chat, &config, &w->t.env));
    *opened = heap() - closed;
    world_online(w, p, p->online);
    world_run(w, 60);
    return before - closed;
}

static void one(const char *metric, const char *peer, double value)
{
    figure(BENCH, metric, "B", peer, &value, 1);
}

static void of_conversations(void)
{
    struct world *w = calloc(1, sizeof *w);
    double few = 0, few_opened = 0, many, many_opened;
    assert_non_null(w);
    world_init(w, 9);
    w->by_topic = true;
    struct world_person *hub = world_born(w);
    world_online(w, hub, true);
    for (size_t i = 0; i < MANY; i++) {
        struct world_person *p = world_born(w);
        struct chat_entry_id entry;
        world_online(w, p, true);
        world_run(w, 60);
        struct chat_conversation id = meet(w, hub, p);
        assert_ok(chat_send(hub->chat, &w->t.env, &id, SPAN_LIT("hello"), NULL, &entry));
        world_run(w, 60);
        if (i + 1 == FEW)
            few = held(w, hub, &few_opened);
    }
    many = held(w, hub, &many_opened);
    one("memory_of_a_chat_with_3_conversations", "direct", few);
    one("memory_of_a_conversation", "direct", (many - few) / (MANY - FEW));
    one("memory_of_a_conversation_just_opened", "direct",
        (many_opened - few_opened) / (MANY - FEW));
    world_clear(w);
    free(w);
}

/* Beside that of a chat that has none. */
static void of_a_group(size_t count)
{
    struct world *w = calloc(1, sizeof *w);
    char peer[32];
    double opened, member;
    assert_non_null(w);
    snprintf(peer, sizeof peer, "group of %zu", count);
    world_init(w, 10);
    w->by_topic = true;
    struct chat_conversation id = gather(w, count);
    struct world_person *none = world_born(w);
    world_online(w, none, true);
    world_run(w, 60);
    for (size_t i = 0; i < count; i++) {
        (void)say(w, i, &id, (unsigned)i);
        world_run(w, 60);
    }
    world_run(w, 1200);
    member = held(w, &w->people[count / 2], &opened);
    one("memory_of_a_conversation", peer, member - held(w, none, &opened));
    world_clear(w);
    free(w);
}

static void of_messages(void)
{
    struct world *w = calloc(1, sizeof *w);
    double before[2], opened[2], after[2], opened_after[2];
    assert_non_null(w);
    world_init(w, 11);
    w->by_topic = true;
    struct chat_conversation id = gather(w, 2);
    for (size_t i = 0; i < 2; i++)
        before[i] = held(w, &w->people[i], &opened[i]);
    for (unsigned i = 0; i < MESSAGES; i++) {
        (void)say(w, 0, &id, i);
        world_run(w, 2);
    }
    world_run(w, 1200);
    for (size_t i = 0; i < 2; i++)
        after[i] = held(w, &w->people[i], &opened_after[i]);
    one("heap_of_1000_messages_written", "direct", after[0] - before[0]);
    one("heap_of_1000_messages_read", "direct", after[1] - before[1]);
    one("heap_of_1000_messages_just_opened", "direct", opened_after[1] - opened[1]);
    world_clear(w);
    free(w);
}

int main(void)
{
    of_conversations();
    of_a_group(5);
    of_a_group(20);
    of_messages();
    return 0;
}
