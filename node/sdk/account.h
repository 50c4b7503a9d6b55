/* An account in a folder: the sealed database, the page of secrets that must die, and what opens
 * them, a passphrase or a key file. Part of the door of node/sdk: `sotto node --chat`, `sotto chat`
 * and libsotto host accounts alike.
 *
 *     FOLDER/            0700, one process at a time
 *         lock           locked while it is open (store/kv.h)
 *         key            32 random bytes, 0600; made when neither passphrase nor key file is given
 *         wipe.key       node/chat/vault/wipe_file.h
 *         kv.mdb ...   LMDB, values sealed
 */
#pragma once

#include "node/chat/chat.h"
#include "node/evio/wipe_file.h"

#define ACCOUNT_KEY_BYTES      32u   /* of a key file that we make */
#define ACCOUNT_KEY_BYTES_MAX  4096u /* of one that is given */
#define ACCOUNT_PATH_BYTES_MAX 4096u

enum account_begin { /* how it comes to be */
    ACCOUNT_OPEN,    /* it is there */
    ACCOUNT_CREATE,  /* words out */
    ACCOUNT_RECOVER, /* words in */
    ACCOUNT_PAIR,    /* text out */
};

struct account_options { /* borrowed during the call */
    const char *folder;
    enum account_begin begin;
    struct span passphrase; /* empty: the key file */
    const char *key_file;   /* NULL, "": FOLDER/key, made when it is missing */
    bool light;
    const struct span *hints; /* encoded ENRs for new cards */
    size_t hints_count;
    struct span words; /* ACCOUNT_RECOVER */
    char *text;        /* out; CREATE: CHAT_WORDS_TEXT_MAX, PAIR: CHAT_PAIR_TEXT_MAX bytes */
};

struct account {
    struct chat *chat;
    struct kv *kv;
    struct wipe_disk wipe;
};

#define ACCOUNT_NONE ((struct account){.wipe = {.fd = -1}})

/** Open the folder and the account in it; the folder is made when it is missing.
 *
 * @param out  ACCOUNT_NONE (in); account_close it in any case
 * @return OK; ERR_LOCKED another process has it; ERR_NOT_FOUND ACCOUNT_OPEN and there is none, or
 * no such key file; ERR_EXISTS the others and there is one; ERR_ARGUMENT words that are none, a key
 * file of less than 32 bytes; ERR_AUTH; ERR_CORRUPT; ERR_IO; ERR_MEMORY
 */
enum err account_open(struct account *out, const struct account_options *o,
                      const struct env *env) MUST_CHECK;

/** Close; harmless on ACCOUNT_NONE. The chat must have been detached from its core. */
void account_close(struct account *a);

/** The bytes of a small file that only its owner may read: of a key or passphrase. A last newline
 * is left out when `text`.
 *
 * @return OK; ERR_NOT_FOUND; ERR_REFUSED others may read it; ERR_IO; ERR_LIMIT too long
 */
enum err account_read_secret(const char *path, bool text, struct buf *out) MUST_CHECK;

/** The same, making it of ACCOUNT_KEY_BYTES random bytes when it is missing. */
enum err account_make_secret(const char *path, const struct env *env, struct buf *out) MUST_CHECK;
