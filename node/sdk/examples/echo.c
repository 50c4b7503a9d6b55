/* A bot that says what it is told: echo FOLDER [FLAG OF THE NODE...] */
#include <sotto.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    struct sotto_options o = {sizeof o, argc > 1 ? argv[1] : "echo", .flags = (void *)(argv + 2)};
    char words[SOTTO_WORDS_MAX] = "", card[SOTTO_CARD_MAX];
    struct sotto_event ev;
    struct sotto_entry e;
    struct sotto *s;
    int r = sotto_open(&s, &o);
    if (r == SOTTO_NOT_FOUND)
        r = sotto_create(&s, &o, words);
    if (r != SOTTO_OK || sotto_card(s, 0, card) != SOTTO_OK)
        return printf("%s %s\n", sotto_error_text(r), sotto_why()), 1;
    printf("%s\n%s\n", words, card);
    for (fflush(stdout); sotto_next(s, &ev, -1) >= 0;)
        if (ev.kind == SOTTO_REQUEST)
            sotto_accept(s, &ev.conversation);
        else if (ev.kind == SOTTO_ENTRY && !sotto_entry(s, &ev.conversation, &ev.entry, &e) &&
                 !e.mine && !e.edited && !e.deleted && e.content == SOTTO_TEXT)
            sotto_send(s, &ev.conversation, e.text, &e.id, NULL);
}
