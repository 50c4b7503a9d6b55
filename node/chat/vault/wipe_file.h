/* One page outside the database that can really be overwritten: where the keys of secrets that must
 * die are kept. LMDB never overwrites in place, so a value that was deleted is still on the disk
 * for a long time; it is gone when the key that it was sealed under is gone.
 *
 * node/evio implements it with a file and fdatasync, tests and the simulator in memory. What lies
 * in the page: wipe_page.h.
 */
#pragma once

#include "crypto/base/span.h"
#include "node/chat/envelope/params.h"

struct wipe_file {
    void *state; /* the implementation's */

    /** Read all of it.
     *
     * @param place  what names this file on this disk: another after the file was copied or
     *               restored, the same after a restart (out)
     * @return OK; ERR_NOT_FOUND there is none; ERR_IO
     */
    enum err (*read)(void *state, uint8_t page[WIPE_PAGE_BYTES], uint8_t place[WIPE_PLACE_BYTES]);

    /** Overwrite `bytes` at `offset` in place, durably; makes the file (of WIPE_PAGE_BYTES zeros)
     * if there is none.
     *
     * @return OK; ERR_DISK_FULL; ERR_IO: then any part of `bytes` may have been written
     */
    enum err (*write_sync)(void *state, size_t offset, struct span bytes);
};
