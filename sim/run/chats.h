/* People with real chats in a scenario: what chats.c, storm.c and freeze.c share. Private to
 * sim/run. */
#pragma once

#include "crypto/base/map.h"
#include "sim/chat/chat.h"
#include "sim/run/inside.h"

#define CHATS_KINDS 32u

struct said { /* a text in a group */
    struct chat_entry_id id;
    int64_t at_ns;
    uint32_t author, owed, got;
    uint8_t *by; /* member of the group -> 1: owes it, 2: has it */
};

struct group {
    uint32_t first, count; /* of chats.people; the first founds */
    struct chat_conversation id;
    int64_t founded_ns;
};

struct chats {
    struct sim_chat **people;
    uint32_t *place; /* node -> the first on it, its place in people + 1 */
    uint32_t count, per_node;
    struct group *groups;
    uint32_t groups_count, size;
    int64_t *joined_ns; /* -1: not yet */
    struct map said;    /* entry -> struct said */
    struct histogram joining, latency;
    uint64_t refused, bad;      /* sends that failed; people and groups that could not be made */
    uint64_t told[CHATS_KINDS]; /* events of all journals, by enum chat_event_kind */
    struct storms *storms;      /* storm.c; NULL: none */
    struct thieves *thieves;    /* freeze.c; NULL: none */
};

/* chats.c */
struct group *chats_group_of(const struct chats *k, uint32_t person);
bool chats_can(struct run *r, uint32_t person); /* its node is up and it has joined */
void chats_find_stores(struct run *r, uint32_t node);
void chats_times(struct run *r, const char *name, const struct histogram *h, double unit_ns,
                 const char *unit);

/* storm.c: several members commit at once, again and again */
void storm_plan(struct run *r);
void storm_look(struct run *r); /* twice a second */
void storm_measure(struct run *r);
void storm_free(struct run *r);

/* freeze.c: somebody has a copy of a person's disk and its 24 words */
void freeze_plan(struct run *r);
void freeze_told(struct run *r, uint32_t person, const struct chat_event *e);
void freeze_event(struct run *r, uint32_t node);
void freeze_measure(struct run *r);
void freeze_free(struct run *r);
