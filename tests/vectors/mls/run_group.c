#include "tests/vectors/mls/run.h"
bool run_message_protection(struct vector *t)
{
    (void)t;
    return false;
}
bool run_welcome(struct vector *t)
{
    (void)t;
    return false;
}
bool run_passive_client(struct vector *t)
{
    (void)t;
    return false;
}
