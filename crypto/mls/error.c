#include "crypto/mls/error.h"

struct rule {
    int code;
    enum err house;
    const char *name, *section, *text;
};

static const struct rule rules[] = {
#define X(name, code, house, section, text) {(code), (house), #name, (section), (text)},
    MLS_ERROR_TABLE(X)
#undef X
};

static const struct rule *find(enum err err)
{
    for (unsigned i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (rules[i].code == (int)err)
            return &rules[i];
    return (const struct rule *)0;
}

const char *mls_err_name(enum err err)
{
    const struct rule *r = find(err);
    return r ? r->name : err_name(err);
}

const char *mls_err_text(enum err err)
{
    const struct rule *r = find(err);
    return r ? r->text : err_text(err);
}

const char *mls_err_section(enum err err)
{
    const struct rule *r = find(err);
    return r ? r->section : "-";
}

enum err mls_err_class(enum err err)
{
    const struct rule *r = find(err);
    return r ? r->house : err;
}
