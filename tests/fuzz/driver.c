/* Runs a fuzz target over files and folders of inputs, where libFuzzer is not linked, and over a
 * thousand seeded mutations of each, so that the ordinary test run notices a careless decoder. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define INPUT_BYTES_MAX (1u << 20)
#define MUTATIONS       1000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A target whose inputs take long says how many mutations of each are enough. */
extern const unsigned fuzz_mutations __attribute__((weak));

static uint64_t state = 1;

static uint64_t next(void)
{
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* An exact-size copy, so that the address sanitizer sees a read of one byte too many. */
static void run_one(const uint8_t *data, size_t len)
{
    uint8_t *copy = malloc(len == 0 ? 1 : len);
    if (copy == NULL)
        abort();
    memcpy(copy, data, len);
    LLVMFuzzerTestOneInput(copy, len);
    free(copy);
}

static void mutate(uint8_t *data, size_t *len)
{
    for (uint64_t n = next() % 4 + 1; n > 0 && *len > 0; n--) {
        size_t at = next() % *len;
        switch (next() % 4) {
        case 0:
            data[at] = (uint8_t)next();
            break;
        case 1:
            data[at] ^= (uint8_t)(1u << next() % 8);
            break;
        case 2:
            *len = at;
            break;
        case 3:
            data[at] = next() % 2 ? 0xff : 0;
            break;
        }
    }
}

static int run_file(const char *path)
{
    static uint8_t data[INPUT_BYTES_MAX], mutant[INPUT_BYTES_MAX];
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        perror(path);
        return 1;
    }
    size_t len = fread(data, 1, sizeof data, f);
    fclose(f);
    run_one(data, len);
    size_t mutations = &fuzz_mutations != NULL ? fuzz_mutations : len > 65536 ? 20 : MUTATIONS;
    for (size_t i = 0; i < mutations; i++) {
        size_t mutant_len = len;
        memcpy(mutant, data, len);
        mutate(mutant, &mutant_len);
        run_one(mutant, mutant_len);
    }
    return 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

int main(int argc, char **argv)
{
    int bad = 0, files = 0;

    for (int i = 1; i < argc; i++) {
        struct stat st;
        struct dirent **list;
        if (stat(argv[i], &st) == 0 && !S_ISDIR(st.st_mode)) {
            bad += run_file(argv[i]);
            files++;
            continue;
        }
        int n = scandir(argv[i], &list, NULL, by_name);
        if (n < 0) {
            perror(argv[i]);
            return 1;
        }
        for (int k = 0; k < n; k++) {
            char path[4096];
            if (list[k]->d_name[0] != '.') {
                snprintf(path, sizeof path, "%s/%s", argv[i], list[k]->d_name);
                bad += run_file(path);
                files++;
            }
            free(list[k]);
        }
        free(list);
    }
    printf("%d inputs with mutations\n", files);
    return bad > 0 || files == 0;
}
