/* The data folder: where it is, its lock, the node key in it. */
#pragma once

#include "crypto/keyring/keyring.h"
#include "node/conf/conf.h"

#define DATA_PATH_MAX 4096u

/** Path of the folder, or of `name` in it (may be NULL). ERR_ARGUMENT: too long, or no home. */
enum err data_path(const struct conf *c, const char *name, char out[DATA_PATH_MAX]) MUST_CHECK;

/** Make the folder and its parents, and lock it for this process; `lock` is closed to unlock.
 * OK; ERR_LOCKED; ERR_IO. */
enum err data_open(const struct conf *c, int *lock) MUST_CHECK;

/** The host key: --nodekey, else that of the folder, else a new one kept there.
 * OK; ERR_ARGUMENT no key; ERR_CORRUPT the file is none; ERR_IO; ERR_MEMORY */
enum err data_key(const struct conf *c, struct rng *rng, struct keyring_host **out) MUST_CHECK;
