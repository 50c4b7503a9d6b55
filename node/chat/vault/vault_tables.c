#include "node/chat/vault/vault_inside.h"

static const struct vault_table_spec specs[VAULT_TABLES_COUNT] = {
#define X(number, name, domain, export) [name] = {domain, export},
    VAULT_TABLE(X)
#undef X
};

const struct vault_table_spec *vault_table_spec(enum vault_table t)
{
    assert((unsigned)t < VAULT_TABLES_COUNT);
    return &specs[t];
}
