/* What is done to a line: each change is a register in which the last one holds. */
#include "node/chat/view_inside.h"

#include <stdlib.h>

void view_change_free(struct view_change *c)
{
    if (c == NULL)
        return;
    buf_clear(&c->bytes);
    free(c);
}

static bool same_account(const struct entry_author *a, const struct entry_author *b)
{
    return memcmp(a->account, b->account, 32) == 0;
}

static void take_edit(struct view_node *n, struct view_change *c)
{
    bool holds = same_account(&n->author, &c->author) && !n->deleted && !n->expired &&
                 (n->edit == NULL || entry_place_cmp(&n->edit->place, &c->place) < 0);

    if (holds) {
        view_change_free(n->edit);
        n->edit = c;
    } else {
        view_change_free(c);
    }
}

static void take_delete(const struct view *v, struct view_node *n, struct view_change *c)
{
    bool holds =
        same_account(&n->author, &c->author) ||
        (v->rights.may_delete != NULL && v->rights.may_delete(v->rights.state, c->author.account));

    view_change_free(c);
    if (!holds)
        return;
    n->deleted = true;
    view_change_free(n->edit);
    n->edit = NULL;
    for (size_t i = 0; i < n->reactions_count; i++)
        view_change_free(n->reactions[i]);
    n->reactions_count = 0;
    n->content = (struct content){0};
    buf_clear(&n->bytes);
    buf_clear(&n->expanded);
}

/* The place for the reaction of this account with this emoji: its own, or a new one. */
static struct view_change **slot_of(struct view_node *n, const struct view_change *c)
{
    for (size_t i = 0; i < n->reactions_count; i++)
        if (same_account(&n->reactions[i]->author, &c->author) &&
            span_eq(n->reactions[i]->content.text, c->content.text))
            return &n->reactions[i];
    if (n->reactions_count == VIEW_REACTIONS_MAX)
        return NULL;
    struct view_change **list =
        realloc(n->reactions, (n->reactions_count + 1) * sizeof(struct view_change *));
    if (list == NULL)
        return NULL;
    n->reactions = list;
    n->reactions[n->reactions_count] = NULL;
    return &n->reactions[n->reactions_count++];
}

static void take_reaction(struct view_node *n, struct view_change *c)
{
    struct view_change **slot = n->deleted || n->expired ? NULL : slot_of(n, c);

    if (slot == NULL || (*slot != NULL && entry_place_cmp(&(*slot)->place, &c->place) >= 0)) {
        view_change_free(c);
        return;
    }
    view_change_free(*slot);
    *slot = c;
}

void view_change_take(struct view *v, struct view_node *n, struct view_change *c)
{
    if (c->content.tag == CONTENT_EDIT)
        take_edit(n, c);
    else if (c->content.tag == CONTENT_DELETE)
        take_delete(v, n, c);
    else
        take_reaction(n, c);
}

static struct view_reaction *shown_of(struct view_line *out, struct span emoji)
{
    for (size_t i = 0; i < out->reactions_count; i++)
        if (span_eq(out->reactions[i].emoji, emoji))
            return &out->reactions[i];
    if (out->reactions_count == VIEW_REACTIONS_SHOWN)
        return NULL;
    struct view_reaction *r = &out->reactions[out->reactions_count++];
    *r = (struct view_reaction){.emoji = emoji};
    return r;
}

static int by_count(const void *a, const void *b)
{
    const struct view_reaction *x = a, *y = b;

    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return span_cmp(x->emoji, y->emoji);
}

void view_reactions_show(const struct view *v, const struct view_node *n, struct view_line *out)
{
    for (size_t i = 0; i < n->reactions_count; i++) {
        const struct view_change *c = n->reactions[i];
        struct view_reaction *r = c->content.on ? shown_of(out, c->content.text) : NULL;
        if (r == NULL)
            continue;
        r->count++;
        r->mine = r->mine || memcmp(c->author.account, v->self, 32) == 0;
    }
    if (out->reactions_count > 1)
        qsort(out->reactions, out->reactions_count, sizeof *out->reactions, by_count);
}
