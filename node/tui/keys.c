/* What keys do: editing is the same everywhere, the rest by screen. */
#include "crypto/base/wipe.h"
#include "node/tui/inside.h"

static const struct {
    enum tui_key_kind key;
    enum line_move to;
    bool erase;
} edits[] = {
    {TUI_KEY_LEFT, LINE_LEFT, false},           {TUI_KEY_RIGHT, LINE_RIGHT, false},
    {TUI_KEY_WORD_LEFT, LINE_WORD_LEFT, false}, {TUI_KEY_WORD_RIGHT, LINE_WORD_RIGHT, false},
    {TUI_KEY_HOME, LINE_HOME, false},           {TUI_KEY_END, LINE_END, false},
    {TUI_KEY_BACKSPACE, LINE_LEFT, true},       {TUI_KEY_DELETE, LINE_RIGHT, true},
    {TUI_KEY_ERASE_WORD, LINE_WORD_LEFT, true}, {TUI_KEY_ERASE_LINE, LINE_HOME, true},
    {TUI_KEY_ERASE_REST, LINE_END, true},
};

bool tui_edit_key(struct tui *t, const struct tui_key *key)
{
    enum err err = OK;
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        if (edits[i].key != key->kind)
            continue;
        if (edits[i].erase)
            line_erase(&t->input, edits[i].to);
        else
            line_move(&t->input, edits[i].to);
        t->input_changed |= edits[i].erase;
        return true;
    }
    if (key->kind == TUI_KEY_TEXT || key->kind == TUI_KEY_PASTE)
        err = line_insert(&t->input, key->text);
    else if (key->kind == TUI_KEY_NEWLINE)
        err = line_insert(&t->input, SPAN_LIT("\n"));
    else
        return false;
    if (err != OK)
        tui_alarm(t, "That is more than one message can hold: send it as a file, /file PATH.");
    t->input_changed = true;
    return true;
}

static void send(struct tui *t)
{
    struct chat_entry_id id;
    enum err err;
    if (!t->open) {
        tui_alarm(t, "Choose a conversation first: Ctrl-N, or /contact CARD.");
        return;
    }
    if (t->editing)
        err = t->source->edit(t->chat, t->env, &t->now, &t->reply_to, line_span(&t->input));
    else
        err = t->source->send(t->chat, t->env, &t->now, line_span(&t->input),
                              t->replying ? &t->reply_to : NULL, &id);
    if (err != OK) { /* what was typed stays */
        tui_alarm(t, "Not sent: %s.",
                  err == ERR_REFUSED ? "accept the request first, or you have left"
                  : err == ERR_LIMIT ? "it is too long; send it as a file: /file PATH"
                                     : err_text(err));
        return;
    }
    t->replying = t->editing = false;
    t->status[0] = '\0';
    line_reset(&t->input);
    t->view = (struct view){.following = true};
    t->input_changed = true; /* the draft goes */
}

/* Two slashes begin a text with one. */
static void enter(struct tui *t)
{
    struct span text = line_span(&t->input);
    struct buf command = BUF_INIT(TUI_INPUT_BYTES_MAX);

    if (text.len == 0) {
        t->pane_title = NULL;
        t->in_list = false;
        return;
    }
    if (text.ptr[0] != '/' || (text.len > 1 && text.ptr[1] == '/')) {
        if (text.ptr[0] == '/') {
            t->input.cursor = 1;
            line_erase(&t->input, LINE_LEFT);
        }
        send(t);
        return;
    }
    if (buf_append(&command, span_after(text, 1)) == OK) {
        line_reset(&t->input);
        t->status[0] = '\0';
        t->input_changed = true;
        command_run(t, buf_span(&command));
    }
    buf_clear(&command);
}

static unsigned page(const struct tui *t)
{
    return t->grid.rows > 8 ? t->grid.rows - 6 : 2;
}

static unsigned pane_cols(const struct tui *t)
{
    unsigned list = t->grid.cols < 60 ? 0 : t->grid.cols >= 100 ? 31 : 27;
    return t->grid.cols - list - (t->grid.cols > list + 1);
}

static void scroll(struct tui *t, bool back)
{
    size_t by = page(t);
    if (t->pane_title == NULL)
        messages_scroll(t, back ? (int)by : -(int)by, pane_cols(t));
    else if (back)
        t->pane_top = t->pane_top > by ? t->pane_top - by : 0;
    else
        t->pane_top += by; /* drawing brings it back */
}

/* Keys on a chosen message; false: it is for the line. */
static bool chosen_key(struct tui *t, const struct tui_key *key)
{
    struct chat_entry e;
    if (!t->view.choosing || key->kind != TUI_KEY_TEXT || key->text.len != 1 ||
        t->input.text.len > 0)
        return false;
    t->reply_to = t->view.chosen;
    switch (key->text.ptr[0]) {
    case 'r':
        t->replying = true;
        tui_say(t, "Answering: type and press Enter. Esc: do not.");
        break;
    case 'e':
        if (t->source->entry(t->chat, &t->now, &t->reply_to, &e) != OK || !e.mine) {
            tui_alarm(t, "Only your own messages can be changed.");
            break;
        }
        t->editing = line_set(&t->input, e.text) == OK;
        break;
    case 'd':
        command_run(t, SPAN_LIT("delete"));
        break;
    case 's':
        command_run(t, SPAN_LIT("save"));
        break;
    case '+':
        (void)!line_set(&t->input, SPAN_LIT("/react "));
        break;
    default:
        return false;
    }
    t->view.choosing = key->text.ptr[0] == '+';
    return true;
}

static void escape(struct tui *t)
{
    if (t->pane_title != NULL) {
        t->pane_title = NULL;
    } else if (t->view.choosing || t->replying || t->editing) {
        if (t->editing)
            line_reset(&t->input);
        t->view = (struct view){.following = true};
        t->replying = t->editing = false;
    } else if (t->status[0] == '\0') {
        t->in_list = !t->in_list;
    }
    t->status[0] = '\0';
}

static void interrupt(struct tui *t)
{
    if (t->input.text.len > 0) {
        line_reset(&t->input);
        t->input_changed = true;
    } else if (t->leaving) {
        tui_out(t, &(struct tui_out){.kind = TUI_OUT_QUIT});
    } else {
        t->leaving = true;
        tui_say(t, "Ctrl-C once more leaves.");
    }
}

static void upright(struct tui *t, const struct tui_key *key)
{
    bool up = key->kind == TUI_KEY_UP;
    if (line_move(&t->input, up ? LINE_UP : LINE_DOWN))
        return;
    if (t->pane_title != NULL)
        t->pane_top = up ? t->pane_top - (t->pane_top > 0) : t->pane_top + 1;
    else if (t->input.text.len == 0 && (up || t->view.choosing))
        messages_choose(t, up);
}

void main_key(struct tui *t, const struct tui_key *key)
{
    if (key->kind != TUI_KEY_INTERRUPT)
        t->leaving = false;
    if (chosen_key(t, key))
        return;
    if (key->kind == TUI_KEY_END && t->input.text.len == 0)
        t->view = (struct view){.following = true};
    if (tui_edit_key(t, key)) {
        if (t->open && t->tell_typing && key->kind == TUI_KEY_TEXT)
            (void)!t->source->typing(t->chat, t->env, &t->now);
        return;
    }
    switch (key->kind) {
    case TUI_KEY_ENTER:
        enter(t);
        break;
    case TUI_KEY_UP:
    case TUI_KEY_DOWN:
        upright(t, key);
        break;
    case TUI_KEY_PAGE_UP:
    case TUI_KEY_PAGE_DOWN:
        scroll(t, key->kind == TUI_KEY_PAGE_UP);
        break;
    case TUI_KEY_NEXT:
    case TUI_KEY_PREVIOUS:
        tui_step(t, key->kind == TUI_KEY_NEXT ? 1 : -1, false);
        break;
    case TUI_KEY_TAB:
    case TUI_KEY_BACKTAB:
        tui_step(t, key->kind == TUI_KEY_TAB ? 1 : -1, true);
        break;
    case TUI_KEY_ESCAPE:
        escape(t);
        break;
    case TUI_KEY_HELP:
        pane_help(t, SPAN_EMPTY);
        break;
    case TUI_KEY_INTERRUPT:
        interrupt(t);
        break;
    default: /* editing was done above */
        break;
    }
}

void tui_key(struct tui *t, const struct env *env, const struct tui_key *key)
{
    t->env = env;
    if (key->kind == TUI_KEY_REDRAW)
        tui_out(t, &(struct tui_out){.kind = TUI_OUT_REDRAW});
    else if (t->screen == SCREEN_MAIN)
        main_key(t, key);
    else
        start_key(t, key);
}
