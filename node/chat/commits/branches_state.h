/* Inside of branches*.c. */
#pragma once

#include "crypto/base/fifo.h"
#include "node/chat/commits/branches.h"

#define BRANCHES_PARTS 3u

struct branches_epoch {
    struct eid eid;
    struct mls_group *group;            /* owned */
    bool dirty[BRANCHES_PARTS];         /* by enum mls_part */
    struct buf loading[BRANCHES_PARTS]; /* while loading */
};

struct branches {
    struct dag *dag;
    struct branches_epoch *list; /* owned, in order of arrival */
    size_t count, cap;
    struct fifo gone; /* struct branches_record */
};

struct branches_epoch *branches_find(const struct branches *b, const struct eid *eid);
/** Room for one more; its `group` is the caller's to fill in. */
enum err branches_slot(struct branches *b, const struct eid *eid, struct branches_epoch **out);
void branches_forget(struct branches *b, const struct eid *eid);
void branches_touch(struct branches_epoch *e); /* its receive state changed, and its proposals */
