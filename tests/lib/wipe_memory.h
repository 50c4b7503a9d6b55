/* The wipe file in memory, with faults: writes that fail or are torn. */
#pragma once

#include "node/chat/vault/wipe_file.h"

struct wipe_memory {
    struct wipe_file file;
    uint8_t page[WIPE_PAGE_BYTES];
    uint8_t place[WIPE_PLACE_BYTES];
    bool there;
    int writes_left; /* until one is torn and fails; negative: never */
    unsigned writes;
};

static inline enum err wipe_memory_read(void *state, uint8_t page[WIPE_PAGE_BYTES],
                                        uint8_t place[WIPE_PLACE_BYTES])
{
    struct wipe_memory *m = state;
    if (!m->there)
        return ERR_NOT_FOUND;
    memcpy(page, m->page, WIPE_PAGE_BYTES);
    memcpy(place, m->place, WIPE_PLACE_BYTES);
    return OK;
}

static inline enum err wipe_memory_write(void *state, size_t offset, struct span bytes)
{
    struct wipe_memory *m = state;
    bool torn = m->writes_left == 0;
    assert(offset + bytes.len <= WIPE_PAGE_BYTES);
    m->writes++;
    if (m->writes_left >= 0)
        m->writes_left--;
    m->there = true;
    memcpy(m->page + offset, bytes.ptr, torn ? bytes.len / 16 : bytes.len);
    return torn ? ERR_IO : OK;
}

static inline void wipe_memory_init(struct wipe_memory *m)
{
    *m = (struct wipe_memory){
        .file = {m, wipe_memory_read, wipe_memory_write}, .place = {1}, .writes_left = -1};
}
