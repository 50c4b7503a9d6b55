/* The first screens: choosing, passphrases, the 24 words and whether they were written down,
 * pairing, the lock. One row of a table for each: what it says, and what Enter does. */
#include "crypto/base/wipe.h"
#include "node/tui/inside.h"

#include <stdio.h>

#define WORDS 24u

struct step {
    const char *title, *text;
    bool hidden; /* what is typed is a secret */
    void (*enter)(struct tui *t, struct span typed);
};

static const char asks_new[] = "A passphrase for this account. It seals everything that is kept on "
                               "this disk. Empty: a key file beside it, which protects nothing if "
                               "the disk is stolen.";

void start_ask(struct tui *t, enum goal goal)
{
    t->goal = goal;
    t->screen = SCREEN_PASSPHRASE;
    line_reset(&t->input);
    buf_reset(&t->secret);
}

/* ---- what Enter does ---- */

static bool is(struct span typed, const char *word)
{
    return typed.len == 1 ? typed.ptr[0] == (uint8_t)word[0] : span_eq(typed, span_str(word));
}

static void on_choose(struct tui *t, struct span typed)
{
    size_t number = typed.len == 1 && typed.ptr[0] >= '1' ? typed.ptr[0] - (size_t)'0' : 0;
    t->status[0] = '\0';
    if (is(typed, "new")) {
        t->screen = SCREEN_NAME;
        (void)!line_set(&t->input, span_str(t->name));
        return;
    }
    line_reset(&t->input);
    if (is(typed, "recover")) {
        t->screen = SCREEN_RECOVER;
    } else if (is(typed, "pair")) {
        start_ask(t, GOAL_PAIR);
    } else if (is(typed, "quit")) {
        tui_out(t, &(struct tui_out){.kind = TUI_OUT_QUIT});
    } else if (number > 0 && number <= t->accounts_count) {
        tui_out(t, &(struct tui_out){.kind = TUI_OUT_ACCOUNT,
                                     .name = span_str(t->accounts[number - 1])});
    } else {
        tui_alarm(t, "new, recover, pair or quit%s.", t->accounts_count > 0 ? ", or a number" : "");
    }
}

static void on_name(struct tui *t, struct span typed)
{
    snprintf(t->name, sizeof t->name, "%.*s", (int)(typed.len < 200 ? typed.len : 200),
             typed.len > 0 ? (const char *)typed.ptr : "");
    start_ask(t, GOAL_CREATE);
}

static void on_recover(struct tui *t, struct span typed)
{
    buf_reset(&t->words);
    for (struct span word; (word = word_next(&typed)).len > 0;) {
        bool ok = t->words.len == 0 || buf_append(&t->words, SPAN_LIT(" ")) == OK;
        if (!ok || buf_append(&t->words, word) != OK)
            break;
    }
    start_ask(t, GOAL_RECOVER);
}

static void on_passphrase(struct tui *t, struct span typed)
{
    buf_reset(&t->secret);
    if (buf_append(&t->secret, typed) != OK) {
        tui_alarm(t, "That is too long.");
        return;
    }
    line_reset(&t->input);
    t->screen = SCREEN_AGAIN;
    if (t->goal == GOAL_IMPORT) {
        t->screen = SCREEN_MAIN;
        t->reading_import = true;
        tui_out(t, &(struct tui_out){.kind = TUI_OUT_READ, .path = buf_span(&t->out_path)});
    }
}

static void on_old(struct tui *t, struct span typed)
{
    buf_reset(&t->words);
    if (buf_append(&t->words, typed) == OK)
        start_ask(t, GOAL_CHANGE);
}

static void change(struct tui *t)
{
    /* words holds the old one: what was typed with /passphrase */
    enum err err =
        t->source->passphrase(t->chat, t->env, buf_span(&t->words), buf_span(&t->secret));
    tui_enter(t, t->env);
    if (err == OK)
        tui_say(t, "The passphrase is changed.");
    else
        tui_alarm(t, "Not changed: %s.",
                  err == ERR_AUTH ? "the old one is another" : err_text(err));
}

static void export(struct tui *t)
{
    buf_reset(&t->out_bytes);
    enum err err = t->source->export_to(t->chat, t->env, buf_span(&t->secret), &t->out_bytes);
    tui_enter(t, t->env);
    if (err != OK) {
        tui_alarm(t, "Not exported: %s.", err_text(err));
        return;
    }
    tui_out(t, &(struct tui_out){.kind = TUI_OUT_WRITE,
                                 .path = buf_span(&t->out_path),
                                 .bytes = buf_span(&t->out_bytes)});
}

static void on_again(struct tui *t, struct span typed)
{
    static const enum tui_out_kind kinds[] = {[GOAL_CREATE] = TUI_OUT_CREATE,
                                              [GOAL_RECOVER] = TUI_OUT_RECOVER,
                                              [GOAL_PAIR] = TUI_OUT_PAIR};
    if (!span_eq(typed, buf_span(&t->secret))) {
        tui_alarm(t, "The two are different. Once more.");
        start_ask(t, t->goal);
        return;
    }
    line_reset(&t->input);
    t->status[0] = '\0';
    switch (t->goal) {
    case GOAL_CREATE:
    case GOAL_RECOVER:
    case GOAL_PAIR:
        tui_out(t, &(struct tui_out){.kind = kinds[t->goal],
                                     .passphrase = buf_span(&t->secret),
                                     .words = buf_span(&t->words),
                                     .name = span_str(t->name)});
        break;
    case GOAL_CHANGE:
        change(t);
        break;
    case GOAL_EXPORT:
        export(t);
        break;
    case GOAL_IMPORT: /* asked once */
        break;
    }
}

static void on_words(struct tui *t, struct span typed)
{
    (void)typed;
    t->asked[0] = (unsigned)rng_below(t->env->rng, WORDS);
    t->asked[1] = (t->asked[0] + 1 + (unsigned)rng_below(t->env->rng, WORDS - 1)) % WORDS;
    t->answered = 0;
    t->screen = SCREEN_CHECK;
    line_reset(&t->input);
}

static struct span nth_word(struct span words, unsigned n)
{
    struct span word = word_next(&words);
    while (n-- > 0)
        word = word_next(&words);
    return word;
}

static void on_check(struct tui *t, struct span typed)
{
    bool right = span_eq(word_next(&typed), nth_word(buf_span(&t->words), t->asked[t->answered]));
    line_reset(&t->input);
    if (!right) {
        t->screen = SCREEN_WORDS;
        tui_alarm(t, "That is another word. Look once more; nobody can give them back to you.");
        return;
    }
    t->status[0] = '\0';
    if (++t->answered < 2)
        return;
    tui_enter(t, t->env);
    if (t->name[0] != '\0')
        (void)!t->source->set_profile(t->chat, t->env, span_str(t->name));
    pane_card(t, SPAN_EMPTY);
}

static void on_locked(struct tui *t, struct span typed)
{
    buf_reset(&t->secret);
    if (buf_append(&t->secret, typed) == OK)
        tui_out(t, &(struct tui_out){.kind = TUI_OUT_OPEN, .passphrase = buf_span(&t->secret)});
    line_reset(&t->input);
}

static void on_pairing(struct tui *t, struct span typed)
{
    (void)t;
    (void)typed;
}

static const struct step steps[SCREENS] = {
    [SCREEN_CHOOSE] = {"Welcome to sotto",
                       "Talking with people, without anybody in between who knows with whom.\n\n"
                       "  new      make an identity\n"
                       "  recover  take yours back with its 24 words\n"
                       "  pair     add this device to an identity that you have\n"
                       "  quit\n",
                       false, on_choose},
    [SCREEN_NAME] = {"Your name",
                     "As those you talk with will see it. It need not be unique, it is told to "
                     "nobody else, and it may be empty.",
                     false, on_name},
    [SCREEN_PASSPHRASE] = {"Passphrase", asks_new, true, on_passphrase},
    [SCREEN_AGAIN] = {"Passphrase", "The same once more.", true, on_again},
    [SCREEN_RECOVER] = {"Recover",
                        "Type the 24 words with blanks between them. All former devices are "
                        "revoked when you go on.",
                        false, on_recover},
    [SCREEN_WORDS] = {"The 24 words",
                      "Write them on paper, in this order. They are shown once and kept nowhere: "
                      "who has them is you, and without them a lost device is a lost identity.",
                      false, on_words},
    [SCREEN_CHECK] = {"The 24 words", "", false, on_check},
    [SCREEN_PAIRING] = {"Pairing",
                        "Give this text to your first device: /pair TEXT there, or let it read the "
                        "picture. It ends when that device lets this one in.",
                        false, on_pairing},
    [SCREEN_OLD] = {"Passphrase", "The old one first; empty if there is none.", true, on_old},
    [SCREEN_LOCKED] = {"Locked", "The passphrase, please.", true, on_locked},
};

/* ---- drawing ---- */

static unsigned wrapped(struct tui *t, struct tui_area a, unsigned row, struct span text)
{
    size_t at = 0;
    enum tui_style style;
    struct span line;
    lines_reset(&t->entry);
    lines_wrap(&t->entry, TUI_PLAIN, 0, a.cols, text);
    while (lines_next(&t->entry, &at, &style, &line))
        grid_text(&t->grid, a, 0, row++, style, line);
    return row;
}

static unsigned draw_words(struct tui *t, struct tui_area a, unsigned row)
{
    struct span words = buf_span(&t->words), word;
    unsigned across = a.cols >= 64 ? 4 : a.cols >= 32 ? 2 : 1, down = WORDS / across;
    for (unsigned i = 0; (word = word_next(&words)).len > 0; i++) {
        char text[40];
        snprintf(text, sizeof text, "%2u %.*s", i + 1, (int)word.len, (const char *)word.ptr);
        grid_text(&t->grid, a, i / down * 16, row + i % down, TUI_BOLD, span_str(text));
        wipe(text, sizeof text);
    }
    return row + down + 1;
}

static unsigned draw_pairing(struct tui *t, struct tui_area a, unsigned row)
{
    size_t at = 0;
    enum tui_style style;
    struct span line;
    row = wrapped(t, a, row, buf_span(&t->words)) + 1;
    if (t->six[0] != '\0') {
        row = wrapped(t, a, row, SPAN_LIT("Both devices must show these words now:"));
        grid_text(&t->grid, a, 2, row, TUI_GOOD, span_str(t->six));
        return row + 2;
    }
    lines_reset(&t->entry);
    if (qr_lines(&t->entry, buf_span(&t->words)) == OK && row + t->entry.count <= a.rows)
        while (lines_next(&t->entry, &at, &style, &line))
            grid_text(&t->grid, a, 0, row++, style, line);
    return row;
}

static unsigned draw_accounts(struct tui *t, struct tui_area a, unsigned row)
{
    for (size_t i = 0; i < t->accounts_count && i < 9; i++) {
        char text[CHAT_NAME_MAX + 16];
        snprintf(text, sizeof text, "%zu  open %s", i + 1, t->accounts[i]);
        grid_text(&t->grid, a, 2, row++, TUI_PLAIN, span_str(text));
    }
    return row;
}

static void draw_input(struct tui *t, struct tui_area a, unsigned row, bool hidden)
{
    struct span rest = line_span(&t->input), line;
    unsigned cols = a.cols > 3 ? a.cols - 3 : 1, at_row, at_col, i = 0;
    struct tui_area body = {a.col + 2, a.row, a.cols > 2 ? a.cols - 2 : 0, a.rows};

    line_rows(&t->input, cols, &at_row, &at_col);
    grid_text(&t->grid, a, 0, row, TUI_BOLD, SPAN_LIT("> "));
    if (hidden) /* not even how long it is */
        grid_text(&t->grid, body, 0, row, TUI_DIM,
                  rest.len > 0 ? SPAN_LIT("(hidden)") : SPAN_EMPTY);
    else
        for (; wrap_next(&rest, cols, &line); i++)
            grid_text(&t->grid, body, 0, row + i, TUI_PLAIN, line);
    t->grid.cursor = row + at_row < a.rows;
    t->grid.cursor_col = hidden ? body.col : body.col + at_col;
    t->grid.cursor_row = a.row + row + (hidden ? 0 : at_row);
}

void start_draw(struct tui *t)
{
    const struct step *step = &steps[t->screen];
    unsigned margin = t->grid.cols >= 60 ? 4 : 1;
    struct tui_area a = {margin, 0, t->grid.cols > margin ? t->grid.cols - margin : 1,
                         t->grid.rows > 1 ? t->grid.rows - 1 : 1};
    unsigned row = t->grid.rows >= 20 ? 2 : 1;
    char head[CHAT_NAME_MAX + 32], asks[64];

    a.cols = a.cols > 76 ? 76 : a.cols;
    grid_fill(&t->grid, (struct tui_area){0, 0, t->grid.cols, 1}, TUI_TITLE);
    snprintf(head, sizeof head, " sotto  %s", t->account);
    grid_text(&t->grid, (struct tui_area){0, 0, t->grid.cols, 1}, 0, 0, TUI_TITLE, span_str(head));
    grid_text(&t->grid, a, 0, row, TUI_BOLD, span_str(step->title));
    row = wrapped(t, a, row + 2, span_str(step->text)) + 1;
    if (t->screen == SCREEN_CHOOSE)
        row = draw_accounts(t, a, row - 1) + 1;
    if (t->screen == SCREEN_WORDS)
        row = draw_words(t, a, row);
    if (t->screen == SCREEN_CHECK) {
        snprintf(asks, sizeof asks, "Word number %u:", t->asked[t->answered] + 1);
        row = wrapped(t, a, row - 2, span_str(asks)) + 1;
    }
    if (t->screen == SCREEN_PAIRING)
        draw_pairing(t, a, row);
    else if (t->screen == SCREEN_WORDS)
        grid_text(&t->grid, a, 0, row, TUI_DIM, SPAN_LIT("Enter: I have written them down"));
    else
        draw_input(t, a, row, step->hidden);
    grid_text(&t->grid, (struct tui_area){0, 0, t->grid.cols, t->grid.rows}, 1, t->grid.rows - 1,
              t->alarm ? TUI_ALARM : TUI_GOOD, span_str(t->status));
}

void start_key(struct tui *t, const struct tui_key *key)
{
    if (key->kind == TUI_KEY_INTERRUPT) {
        tui_out(t, &(struct tui_out){.kind = TUI_OUT_QUIT});
    } else if (key->kind == TUI_KEY_ENTER) {
        struct buf typed = BUF_INIT(TUI_INPUT_BYTES_MAX);
        if (buf_append(&typed, line_span(&t->input)) == OK)
            steps[t->screen].enter(t, buf_span(&typed));
        buf_clear(&typed);
    } else if (key->kind == TUI_KEY_ESCAPE) {
        if (t->chat != NULL && t->screen != SCREEN_WORDS && t->screen != SCREEN_CHECK &&
            t->screen != SCREEN_PAIRING)
            tui_enter(t, t->env);
        else if (t->chat == NULL && t->screen != SCREEN_LOCKED)
            tui_account(t, t->account, false);
    } else if (key->kind == TUI_KEY_NEWLINE) {
        return;
    } else {
        (void)tui_edit_key(t, key);
    }
}
