/* What the inbox remembers (inbox_state.c): stamps, invites, who waits, rates. Private to inbox*.
 */
#pragma once

#include "node/chat/intro/inbox.h"

#define INBOX_MARK_BYTES 20u /* day, 16 bytes of a hash */

struct inbox_marks { /* a ring: the newest `max` */
    uint8_t (*list)[INBOX_MARK_BYTES];
    size_t count, next, max;
};

struct inbox {
    struct inbox_marks stamps, invites;
    struct inbox_asker {
        uint8_t account[ACCOUNT_ID_BYTES];
        unsigned invites;
    } asking[INBOX_ASKING_MAX];
    size_t asking_count;
    struct inbox_rate {
        int64_t tokens, at_ns; /* in thousandths; monotonic */
        bool begun;
    } rates[INBOX_ADDRESSES_MAX];
};

bool inbox_marked(const struct inbox_marks *m, uint32_t day, const uint8_t hash[32]);
void inbox_mark(struct inbox_marks *m, uint32_t day, const uint8_t hash[32]);
/** Take back the newest. */
void inbox_unmark(struct inbox_marks *m);
/** Forget those before `day`, which no envelope of is opened any more. */
void inbox_forget_before(struct inbox_marks *m, uint32_t day);

/** May one more be decapsulated at this address now? */
bool inbox_pace(struct inbox *in, const struct env *env, unsigned address);

/** Is there room for one more invite of this account? */
bool inbox_has_room(const struct inbox *in, const uint8_t account[ACCOUNT_ID_BYTES]);
void inbox_asks(struct inbox *in, const uint8_t account[ACCOUNT_ID_BYTES]);
