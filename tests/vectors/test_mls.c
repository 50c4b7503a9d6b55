/* The vectors of the MLS working group: all fifteen files, or the files named as arguments (any of
 * these formats, recognised by the members of its first object). Last line: N passed, N failed. */
#include "tests/vectors/mls/run.h"

#include "crypto/prim/drbg.h"

#include <stdio.h>

static const struct format {
    const char *member; /* only this format has it; the first match counts */
    vector_runner *run;
} formats[] = {
    {"vlbytes_header", run_deserialization},
    {"n_leaves", run_tree_math},
    {"ref_hash", run_crypto_basics},
    {"initial_init_secret", run_key_schedule},
    {"psks", run_psk_secret},
    {"authenticated_content", run_transcript_hashes},
    {"sender_data", run_secret_tree},
    {"tree_before", run_tree_operations},
    {"resolutions", run_tree_validation},
    {"update_paths", run_treekem},
    {"mls_welcome", run_messages},
    {"application_priv", run_message_protection},
    {"signer_pub", run_welcome},
    {"initial_epoch_authenticator", run_passive_client},
};

static const char *const official[] = {
    "deserialization",
    "tree-math",
    "crypto-basics",
    "key-schedule",
    "secret-tree",
    "message-protection",
    "psk_secret",
    "transcript-hashes",
    "tree-operations",
    "tree-validation",
    "treekem",
    "messages",
    "welcome",
    "passive-client-welcome",
    "passive-client-handling-commit",
};

bool wrong(const char *file, int line, const char *what)
{
    printf("  %s:%d: %s\n", file, line, what);
    return false;
}

bool same(struct span got, struct span wanted, const char *file, int line, const char *what)
{
    return span_eq(got, wanted) || wrong(file, line, what);
}

bool fine(enum err err, const char *file, int line, const char *what)
{
    if (err == OK)
        return true;
    printf("  %s:%d: %s gave %s\n", file, line, what, mls_err_name(err));
    return false;
}

static vector_runner *recognise(const struct json *v)
{
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (json_get(v, formats[i].member) != NULL)
            return formats[i].run;
    return NULL;
}

static void run_one(const char *path, size_t i, const struct json *v, size_t *passed,
                    size_t *failed)
{
    struct arena scratch;
    struct drbg drbg;
    static const uint8_t seed[32] = {1};
    const struct json *suite = json_get(v, "cipher_suite");

    arena_init(&scratch, (size_t)1 << 30);
    drbg_init(&drbg, seed);
    struct rng rng = drbg_rng(&drbg);
    struct vector t = {&scratch, v, &rng,
                       suite == NULL ? NULL : mls_suite((uint16_t)json_u64(v, "cipher_suite"))};
    vector_runner *run = recognise(v);
    bool ok = run != NULL && (suite == NULL || t.s != NULL) && run(&t);
    if (!ok)
        printf("%s: vector %zu failed%s\n", path, i, run == NULL ? ": unknown format" : "");
    *(ok ? passed : failed) += 1;
    arena_clear(&scratch);
}

static void run_file(const char *path, size_t *passed, size_t *failed)
{
    struct arena a;
    size_t i = 0, passed_before = *passed, failed_before = *failed;

    arena_init(&a, (size_t)1 << 30);
    const struct json *file = json_load(&a, path);
    for (JSON_EACH(v, file))
        run_one(path, i++, v, passed, failed);
    printf("%s: %zu passed, %zu failed\n", path, *passed - passed_before, *failed - failed_before);
    arena_clear(&a);
}

int main(int argc, char **argv)
{
    size_t passed = 0, failed = 0;
    char path[128];

    for (int i = 1; i < argc; i++)
        run_file(argv[i], &passed, &failed);
    for (size_t i = 0; argc < 2 && i < sizeof official / sizeof official[0]; i++) {
        snprintf(path, sizeof path, "tests/vectors/mls/%s.json", official[i]);
        run_file(path, &passed, &failed);
    }
    printf("%zu passed, %zu failed\n", passed, failed);
    return failed > 0 || passed == 0;
}
