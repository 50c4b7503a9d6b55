/* The page of secrets that must die, as a file: overwritten in place, then fdatasync.
 *
 * Its place on the disk is its inode and its time of birth: both change when the file is copied or
 * restored from a backup, and neither when the machine starts again or the folder is renamed.
 */
#pragma once

#include "node/chat/vault/wipe_file.h"

struct wipe_disk {
    struct wipe_file file; /* what vault_open takes */
    char *path;            /* owned */
    int fd;                /* -1 while there is no file */
};

/** Prepare the file `folder`/wipe.key; it is made by the first write, readable by its owner only.
 *
 * @return OK; ERR_MEMORY; ERR_IO it is there and cannot be opened, or is no file of ours
 */
enum err wipe_disk_open(struct wipe_disk *w, const char *folder) MUST_CHECK;

/** Close; harmless on a cleared struct. */
void wipe_disk_close(struct wipe_disk *w);
