/* A bot that gathers people in a group: group FOLDER NAME [FLAG OF THE NODE...]
 *
 * Whoever writes to it becomes a member of its one group, and is told so. In the group "who" lists
 * the members. It prints its card. */
#include <sotto.h>

#include <stdio.h>
#include <string.h>

static int is_ours(struct sotto *s, const struct sotto_id *id)
{
    struct sotto_conversation c;

    return sotto_conversation(s, id, &c) == SOTTO_OK && c.type == SOTTO_GROUP;
}

/* The group of the last run, or a new one with its first member. */
static int find_group(struct sotto *s, const char *name, const struct sotto_id *first,
                      struct sotto_id *group)
{
    struct sotto_conversation c;

    for (size_t cursor = 0; sotto_conversations(s, &cursor, &c) == 1;)
        if (c.type == SOTTO_GROUP && strcmp(c.name, name) == 0) {
            *group = c.id;
            return sotto_add(s, group, first, 1);
        }
    return sotto_found(s, SOTTO_GROUP, name, first, 1, group);
}

static void take_in(struct sotto *s, const char *name, const struct sotto_event *ev)
{
    struct sotto_conversation talk;
    struct sotto_id group;
    char text[512];

    if (sotto_accept(s, &ev->conversation) != SOTTO_OK ||
        sotto_conversation(s, &ev->conversation, &talk) != SOTTO_OK)
        return;
    int r = find_group(s, name, &talk.with, &group);
    if (r == SOTTO_OK || r == SOTTO_EXISTS)
        snprintf(text, sizeof text, "Welcome. You are in \"%s\" now.", name);
    else
        snprintf(text, sizeof text, "That did not work: %s.", sotto_error_text(r));
    sotto_send(s, &ev->conversation, sotto_str(text), NULL, NULL);
}

static void list_members(struct sotto *s, const struct sotto_id *group)
{
    struct sotto_member m;
    char text[4096] = "";
    size_t used = 0;

    for (size_t cursor = 0; sotto_members(s, group, &cursor, &m) == 1 && used < 3500;) {
        const char *name = m.person.calls_self[0] != '\0' ? m.person.calls_self : m.person.text;
        used +=
            (size_t)snprintf(text + used, sizeof text - used, "%s%s", used > 0 ? "\n" : "", name);
    }
    sotto_send(s, group, sotto_str(text), NULL, NULL);
}

static void answer(struct sotto *s, const struct sotto_event *ev)
{
    struct sotto_entry e;

    if (sotto_entry(s, &ev->conversation, &ev->entry, &e) != SOTTO_OK || e.mine || e.edited ||
        e.content != SOTTO_TEXT || !is_ours(s, &ev->conversation))
        return;
    if (e.text.len == 3 && memcmp(e.text.ptr, "who", 3) == 0)
        list_members(s, &ev->conversation);
}

int main(int argc, char **argv)
{
    struct sotto_options o = SOTTO_OPTIONS;
    char words[SOTTO_WORDS_MAX], card[SOTTO_CARD_MAX];
    struct sotto_event ev;
    struct sotto *s;
    int r;

    if (argc < 3)
        return fprintf(stderr, "usage: %s FOLDER NAME [FLAG...]\n", argv[0]), 2;
    o.folder = argv[1];
    o.flags = (const char *const *)(argv + 3);
    r = sotto_open(&s, &o);
    if (r == SOTTO_NOT_FOUND && (r = sotto_create(&s, &o, words)) == SOTTO_OK)
        printf("Write these words down:\n%s\n", words);
    if (r != SOTTO_OK)
        return fprintf(stderr, "%s %s\n", sotto_error_text(r), sotto_why()), 1;
    if (sotto_card(s, 0, card) == SOTTO_OK)
        printf("%s\n", card);
    fflush(stdout);
    while ((r = sotto_next(s, &ev, -1)) >= 0)
        if (r == 1 && ev.kind == SOTTO_REQUEST)
            take_in(s, argv[2], &ev);
        else if (r == 1 && ev.kind == SOTTO_ENTRY)
            answer(s, &ev);
    sotto_close(s);
    return 1;
}
