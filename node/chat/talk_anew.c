/* A conversation that we were out of, and that somebody has let us into again: its states and its
 * DAG begin anew, as of a newcomer; what was said stays, and so does its place in the list. */
#include "crypto/base/wipe.h"
#include "node/chat/doors.h"
#include "node/chat/rejoining.h"

static enum err drop_rows(struct chat *c, enum vault_table table, struct span prefix)
{
    struct vault_key key = {0};
    enum err err;

    while ((err = vault_next(c->vault, table, prefix, &key, NULL)) == OK)
        step_put(c, table, span_of(key.bytes, key.len), NULL);
    return err == ERR_NOT_FOUND ? OK : err;
}

/* What the conversation was before opens nothing of what it is now. */
static enum err forget(struct chat *c, struct talk *t)
{
    struct row_key rejoin = row_key_of(SPAN_LIT("rejoin"), SPAN_ARRAY(t->id.bytes), SPAN_EMPTY);
    struct row_key let_in = row_key_of(SPAN_LIT("let-in"), SPAN_ARRAY(t->id.bytes), SPAN_EMPTY);
    struct row_key door = row_key_of(SPAN_LIT("door"), SPAN_ARRAY(t->id.bytes), SPAN_EMPTY);

    branches_free(t->branches);
    t->branches = NULL;
    rejoining_free(t->rejoining);
    t->rejoining = NULL;
    healing_free(t->healing);
    t->healing = NULL;
    doors_free(t->doors);
    t->doors = NULL;
    wipe(t->keys, sizeof t->keys);
    t->keys_count = 0;
    t->keys_changed = true;
    t->since_count = 0; /* what was said before is handed to nobody: all have come now */
    TRY(drop_rows(c, VAULT_T_GROUPS, SPAN_ARRAY(t->id.bytes)));
    TRY(drop_rows(c, VAULT_T_DAGS, SPAN_ARRAY(t->id.bytes)));
    TRY(drop_rows(c, VAULT_T_SECRETS, row_span(&let_in)));
    TRY(drop_rows(c, VAULT_T_SECRETS, row_span(&door)));
    return drop_rows(c, VAULT_T_SECRETS, row_span(&rejoin));
}

enum err talk_anew(struct chat *c, const struct env *env, struct talk *t,
                   const struct talk_world *w, struct mls_group *first)
{
    enum err err = forget(c, t);

    if (err != OK) {
        mls_group_free(first);
        return err;
    }
    TRY(branches_new(&t->branches, env, &w->branches, first));
    struct eid eid = branches_head(t->branches);
    TRY(keys_note(c, env, t, branches_group(t->branches, &eid)));
    delivery_joined(t->delivery, talk_silent(c, t));
    t->changed = t->active = true;
    TRY(talk_adopt(c, env, t));
    network_listen(c);
    return OK;
}
