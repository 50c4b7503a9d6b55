/* The screens in a real terminal over the scripted chat of the unit tests, for tests/tui/run.sh and
 * for looking at them: what is sent is shown, everything else stands still. */
#include "node/evio/terminal.h"
#include "tests/unit/node/tui/fake.h"

struct demo {
    struct evio *evio;
    struct terminal *terminal;
    struct tui *tui;
    struct chat chat;
};

static enum err send_one(struct chat *c, const struct env *env, const struct chat_conversation *id,
                         struct span text, const struct chat_entry_id *reply_to,
                         struct chat_entry_id *out)
{
    char copy[400];
    (void)env;
    snprintf(copy, sizeof copy, "%.*s", (int)text.len, (const char *)text.ptr);
    size_t talk = 0;
    while (talk + 1 < c->talks_count && memcmp(&c->talks[talk].id, id, sizeof *id) != 0)
        talk++;
    if (c->entries_count == FAKE_ENTRIES)
        return ERR_FULL;
    struct chat_entry *e = fake_says(c, talk, &c->people[0], 60 + (int64_t)c->entries_count, copy);
    if (reply_to != NULL)
        e->reply_to = *reply_to;
    *out = e->id;
    return OK;
}

static void fill(struct chat *c)
{
    struct chat_person *raya = fake_person(c, "sotto1raya", "", "Raya");
    struct chat_person *sam = fake_person(c, "sotto1sam", "Sam", "Samuel");
    raya->self = true;
    c->talks[0] = (struct chat_summary){.id = {{1}},
                                        .type = CHAT_DIRECT,
                                        .state = CHAT_JOINED,
                                        .with = sam->account,
                                        .name = "Sam"};
    c->talks[1] = (struct chat_summary){
        .id = {{2}}, .type = CHAT_GROUP, .state = CHAT_JOINED, .unread = 2, .name = "Climbing"};
    c->talks_count = 2;
    fake_says(c, 0, sam, 0, "hello over there");
    fake_says(c, 0, sam, 1, "\033]2;OWNED\007\033[2J 你好 \xe2\x80\xae");
    fake_says(c, 1, sam, 2, "who comes?");
}

static void draw(struct demo *d)
{
    if (d->terminal != NULL)
        terminal_draw(d->terminal, tui_draw(d->tui, evio_env(d->evio)));
}

static void on_key(void *ctx, const struct tui_key *key)
{
    static const char words[] = "alpha bravo charlie delta echo foxtrot golf hotel india juliet "
                                "kilo lima mike november oscar papa quebec romeo sierra tango "
                                "uniform victor whiskey xray";
    struct demo *d = ctx;
    struct tui_out out;
    tui_key(d->tui, evio_env(d->evio), key);
    while (tui_poll(d->tui, &out))
        if (out.kind == TUI_OUT_QUIT)
            evio_break(d->evio);
        else if (out.kind == TUI_OUT_CREATE)
            tui_opened(d->tui, evio_env(d->evio), &d->chat, SPAN_LIT(words));
        else if (out.kind == TUI_OUT_OPEN)
            tui_opened(d->tui, evio_env(d->evio), &d->chat, SPAN_EMPTY);
    tui_tick(d->tui, evio_env(d->evio));
    draw(d);
}

static void on_resized(void *ctx, unsigned cols, unsigned rows)
{
    struct demo *d = ctx;
    if (tui_resize(d->tui, cols, rows) == OK)
        draw(d);
}

static void on_closed(void *ctx)
{
    struct demo *d = ctx;
    evio_break(d->evio);
}

int main(void)
{
    static struct demo d;
    struct tui_source source = fake_source;
    const struct evio_owner owner = {.ctx = &d};
    const struct terminal_owner terminal = {&d, on_key, on_resized, on_closed};
    source.send = send_one;
    fill(&d.chat);
    const struct tui_config config = {.source = &source, .account = "raya"};
    if (evio_new(&d.evio, NULL, &owner) != OK || tui_new(&d.tui, &config, false) != OK)
        return 1;
    enum err err = terminal_open(&d.terminal, d.evio, &terminal);
    if (err == OK) {
        draw(&d);
        evio_run(d.evio);
    }
    terminal_close(d.terminal);
    tui_free(d.tui);
    evio_free(d.evio);
    return err == OK ? 0 : 1;
}
