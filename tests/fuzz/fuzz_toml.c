/* The TOML reader, and the configuration that takes its keys. */
#include "node/conf/conf.h"
#include "node/conf/toml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct arena arena;
    struct toml_value *root = NULL;
    struct toml_error error;
    arena_init(&arena, 4u << 20);
    enum err err = toml_read(span_of(data, len), &arena, &root, &error);
    assert(err == OK || err == ERR_MEMORY || (error.line > 0 && error.reason[0] != '\0'));
    arena_clear(&arena);
    struct conf c;
    if (conf_init(&c) != OK)
        return 0;
    err = conf_file(&c, span_of(data, len), "fuzz");
    assert(err != ERR_ARGUMENT || c.error[0] != '\0');
    conf_clear(&c);
    return 0;
}
