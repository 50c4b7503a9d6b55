/* Everything that was said, as text on standard output: history FOLDER
 *
 * One line an entry: time (UTC), conversation, author, text. Control characters are replaced, so
 * the output may go to a terminal. The account must not be open elsewhere. */
#include <sotto.h>

#include <stdio.h>
#include <time.h>

/* Bytes below a blank drive terminals, and a line feed would forge a line. C1 controls begin with
 * 0xc2 in UTF-8. */
static void put_clean(struct sotto_text t)
{
    for (size_t i = 0; i < t.len; i++) {
        unsigned char c = (unsigned char)t.ptr[i];
        int c1 = c == 0xc2 && i + 1 < t.len && (unsigned char)t.ptr[i + 1] < 0xa0;
        if (c1)
            i++;
        putchar(c < 0x20 || c == 0x7f || c1 ? '?' : c);
    }
}

static void put_name(struct sotto *s, const struct sotto_id *account)
{
    struct sotto_person p;

    if (sotto_person(s, account, &p) != SOTTO_OK)
        printf("?");
    else
        put_clean(sotto_str(p.name[0] != '\0'         ? p.name
                            : p.calls_self[0] != '\0' ? p.calls_self
                                                      : p.text));
}

static void put_entry(struct sotto *s, const char *conversation, const struct sotto_entry *e)
{
    time_t seconds = (time_t)(e->time_ns / 1000000000);
    struct sotto_text text = e->text; /* borrowed until the next call */
    char when[32], copy[65536];
    size_t len = text.len < sizeof copy ? text.len : sizeof copy;

    for (size_t i = 0; i < len; i++)
        copy[i] = text.ptr[i];
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime(&seconds));
    printf("%s\t", when);
    put_clean(sotto_str(conversation));
    putchar('\t');
    put_name(s, &e->author);
    putchar('\t');
    put_clean((struct sotto_text){copy, len});
    puts(e->deleted ? " (deleted)" : e->edited ? " (edited)" : "");
}

int main(int argc, char **argv)
{
    struct sotto_options o = SOTTO_OPTIONS;
    struct sotto_conversation c;
    struct sotto *s;

    if (argc != 2)
        return fprintf(stderr, "usage: %s FOLDER\n", argv[0]), 2;
    o.folder = argv[1];
    int r = sotto_open(&s, &o);
    if (r != SOTTO_OK)
        return fprintf(stderr, "%s %s\n", sotto_error_text(r), sotto_why()), 1;
    for (size_t cursor = 0; sotto_conversations(s, &cursor, &c) == 1;) {
        struct sotto_entry e;
        struct sotto_entry_id at;
        r = sotto_history(s, &c.id, NULL, 0, &e);
        while (r == SOTTO_OK) {
            at = e.id;
            put_entry(s, c.name, &e);
            r = sotto_history(s, &c.id, &at, 0, &e);
        }
    }
    sotto_close(s);
    return 0;
}
