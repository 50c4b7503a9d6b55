/* The inside of a view: private to view*.c. */
#pragma once

#include "crypto/base/map.h"
#include "node/chat/view.h"

struct view_change { /* an entry that changes its target */
    struct entry_place place;
    struct entry_author author;
    struct buf bytes;
    struct content content; /* borrows from bytes */
};

struct view_node { /* a line, or what waits for one */
    struct entry_place place;
    struct entry_author author;
    struct buf bytes, expanded;
    struct content content;
    bool here, expired, deleted;
    struct view_change *edit;       /* owned: the one that holds */
    struct view_change **reactions; /* owned: the last of each account and emoji */
    size_t reactions_count;
    struct view_change **waiting; /* owned: until the line is here */
    size_t waiting_count;
};

struct view_timer {
    struct entry_place place;
    uint64_t seconds;
};

struct view {
    uint8_t self[32];
    struct view_rights rights;
    struct map nodes;         /* id -> node, also those that only wait */
    struct map changes;       /* ids of changes that were applied -> any */
    struct map profiles;      /* account -> change */
    struct view_node **lines; /* owned list by place */
    size_t count, cap;
    struct view_timer timers[VIEW_TIMERS_MAX]; /* by place */
    size_t timers_count;
};

void view_change_free(struct view_change *c); /* accepts NULL */
/** Let a change do what it does to a line that is here; takes it. */
void view_change_take(struct view *v, struct view_node *n, struct view_change *c);
void view_reactions_show(const struct view *v, const struct view_node *n, struct view_line *out);
