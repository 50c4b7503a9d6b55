#include "tests/unit/node/tui/fake.h"

struct world {
    struct test_env env;
    struct tui *tui;
    struct chat chat;
    struct buf dump;
};

static void key(struct world *w, enum tui_key_kind kind)
{
    tui_key(w->tui, &w->env.env, &(struct tui_key){.kind = kind});
}

static void type(struct world *w, const char *text)
{
    for (; *text != '\0'; text++) /* as a person: one after the other */
        tui_key(w->tui, &w->env.env, &(struct tui_key){TUI_KEY_TEXT, span_of(text, 1)});
}

static void enter(struct world *w, const char *text)
{
    type(w, text);
    key(w, TUI_KEY_ENTER);
}

static const char *screen(struct world *w)
{
    buf_reset(&w->dump);
    assert_ok(grid_dump(tui_draw(w->tui, &w->env.env), &w->dump));
    assert_ok(buf_append(&w->dump, span_of("", 1)));
    if (getenv("TUI_LOOK") != NULL)
        printf("%s----\n", (const char *)w->dump.ptr);
    return (const char *)w->dump.ptr;
}

static void shows(struct world *w, const char *text)
{
    const char *got = screen(w);
    if (strstr(got, text) == NULL)
        fail_msg("the screen does not show '%s':\n%s", text, got);
}

static void hides(struct world *w, const char *text)
{
    const char *got = screen(w);
    if (strstr(got, text) != NULL)
        fail_msg("the screen shows '%s':\n%s", text, got);
}

static void out_is(struct world *w, enum tui_out_kind kind, struct tui_out *out)
{
    assert_true(tui_poll(w->tui, out));
    assert_int_equal(out->kind, kind);
}

static void make(struct world *w, bool plain, bool locked)
{
    static const char *const accounts[] = {"raya", "work"};
    memset(w, 0, sizeof *w);
    test_env_init(&w->env, 7);
    w->dump = BUF_INIT(1u << 20);
    struct tui_config config = {.source = &fake_source,
                                .account = "raya",
                                .accounts = accounts,
                                .accounts_count = 2,
                                .plain = plain};
    assert_ok(tui_new(&w->tui, &config, locked));
}

static void clear(struct world *w)
{
    tui_free(w->tui);
    buf_clear(&w->dump);
    test_env_clear(&w->env);
}

/* Raya, who is us, talks with Sam; a stranger has written; a group is muted. */
static void people_talk(struct world *w)
{
    struct chat *c = &w->chat;
    struct chat_person *raya = fake_person(c, "sotto1raya", "", "Raya");
    raya->self = true;
    struct chat_person *sam = fake_person(c, "sotto1sam", "Sam", "Samuel");
    sam->verified = true;
    struct chat_person *odd = fake_person(c, "sotto1odd", "", "Mallory \033[31m");
    fake_person(c, "sotto1cho", "조", "");
    c->talks[0] = (struct chat_summary){
        .id = {{1}}, .type = CHAT_DIRECT, .state = CHAT_JOINED, .with = sam->account};
    c->talks[1] = (struct chat_summary){.id = {{2}},
                                        .type = CHAT_GROUP,
                                        .state = CHAT_JOINED,
                                        .muted = true,
                                        .unread = 3,
                                        .accounts = 4,
                                        .installations = 7};
    c->talks[2] = (struct chat_summary){.id = {{3}},
                                        .type = CHAT_DIRECT,
                                        .state = CHAT_REQUESTED,
                                        .unread = 1,
                                        .with = odd->account};
    snprintf(c->talks[0].name, CHAT_NAME_MAX, "Sam");
    snprintf(c->talks[1].name, CHAT_NAME_MAX, "저녁 식사와 산책 모임 of all friends");
    snprintf(c->talks[2].name, CHAT_NAME_MAX, "~Mallory \033[31m");
    c->talks_count = 3;
    fake_says(c, 0, sam, 0, "hi, did you see the thing?");
    struct chat_entry *e =
        fake_says(c, 0, raya, 1,
                  "yes! it was great and I would go again tomorrow if only there were tickets");
    e->state = CHAT_ENTRY_DELIVERED;
    e->delivered = 1;
    e->recipients = 2;
    e->reactions_count = 1;
    e->reactions[0] = (struct chat_reaction){"👍", 1, false};
    struct chat_entry_id great = e->id;
    e = fake_says(c, 0, sam, 3, "\033]0;owned\007 你好 \xe2\x80\xae");
    e->reply_to = great;
    e = fake_says(c, 0, sam, 4, "gone");
    e->deleted = true;
    e = fake_says(c, 0, raya, 5, "later");
    e->edited = true;
    e->state = CHAT_ENTRY_FAILED;
    e->why = ERR_TIMEOUT;
    fake_says(c, 2, odd, 2, "buy this");
    fake_says(c, 1, sam, 2, "who brings bread?");
}

static void open_chat(struct world *w)
{
    make(w, false, true);
    people_talk(w);
    tui_opened(w->tui, &w->env.env, &w->chat, SPAN_EMPTY);
    tui_network(w->tui, true, 5);
}

static const char golden[] =
    " sotto  raya  1 unread                                          online, 5 peers\n"
    "  Sam                     │ Sam  verified, 2 devices\n"
    "# 저녁 식사와 산책 …  3 m │\n"
    "? ~Mallory ␛[31m        1 │\n"
    "                          │\n"
    "                          │\n"
    "                          │\n"
    "                          │\n"
    "                          │ ── Thu 01 Jan 2026 ──\n"
    "                          │ Sam  12:00\n"
    "                          │   hi, did you see the thing?\n"
    "                          │ Raya  12:01\n"
    "                          │   yes! it was great and I would go again tomorrow\n"
    "                          │   if only there were tickets\n"
    "                          │   👍 1  ✓ 1/2\n"
    "                          │ Sam  12:03\n"
    "                          │   ┃ Raya: yes! it was great and I\n"
    "                          │   ␛]0;owned␇ 你好\n"
    "                          │   (deleted)\n"
    "                          │ Raya  12:05\n"
    "                          │   later\n"
    "                          │   ✗ failed: no answer in time (edited)\n"
    "> hello\n"
    " F1 help  Ctrl-N/P conversations  Tab unread  PgUp scroll  Up choose\n";

static void the_main_screen_of_80_by_24(void **state)
{
    (void)state;
    struct world w;
    open_chat(&w);
    type(&w, "hello");
    assert_string_equal(screen(&w), golden);
    clear(&w);
}

static void every_size_is_drawn_whole(void **state)
{
    (void)state;
    struct world w;
    open_chat(&w);
    tui_key(w.tui, &w.env.env,
            &(struct tui_key){TUI_KEY_PASTE,
                              span_str("many\nlines\nof\n你好你好你好\nthis\nand that")});
    for (unsigned cols = 1; cols < 130; cols += 3)
        for (unsigned rows = 1; rows < 40; rows++) {
            assert_ok(tui_resize(w.tui, cols, rows));
            const struct tui_grid *g = tui_draw(w.tui, &w.env.env);
            assert_true(!g->cursor || (g->cursor_col < cols && g->cursor_row < rows));
            for (unsigned row = 0; row < rows; row++) {
                unsigned cells = 0;
                for (unsigned col = 0; col < cols; col++)
                    cells += grid_at(g, col, row)->width;
                assert_int_equal(cells, cols);
            }
        }
    assert_ok(tui_resize(w.tui, 40, 12));
    shows(&w, "(deleted)");
    hides(&w, "Mallory"); /* narrow: one of the two */
    key(&w, TUI_KEY_ESCAPE);
    shows(&w, "Mallory");
    clear(&w);
}

static void a_paste_of_many_lines_sends_nothing(void **state)
{
    (void)state;
    struct world w;
    open_chat(&w);
    tui_key(w.tui, &w.env.env,
            &(struct tui_key){TUI_KEY_PASTE, span_str("/quit\r\none\r\n\033[31mtwo")});
    struct tui_out out;
    assert_false(tui_poll(w.tui, &out));
    assert_string_equal(w.chat.last_call, "");
    for (int i = 0; i < 3; i++)
        key(&w, TUI_KEY_HOME), key(&w, TUI_KEY_UP);
    key(&w, TUI_KEY_DELETE);
    key(&w, TUI_KEY_ENTER);
    assert_string_equal(w.chat.last_call, "send");
    assert_string_equal(w.chat.last_text, "quit\none\n[31mtwo");
    clear(&w);
}

static void what_could_not_be_sent_stays(void **state)
{
    (void)state;
    struct world w;
    open_chat(&w);
    w.chat.sends = ERR_FULL;
    enter(&w, "precious");
    shows(&w, "> precious");
    shows(&w, "Not sent: a bound is reached");
    w.chat.sends = OK;
    key(&w, TUI_KEY_ENTER);
    hides(&w, "> precious");
    clear(&w);
}

static void a_request_is_seen_without_telling(void **state)
{
    (void)state;
    struct world w;
    open_chat(&w);
    key(&w, TUI_KEY_NEXT);
    key(&w, TUI_KEY_NEXT);
    shows(&w, "/accept to answer, /block to hear no more.");
    assert_int_equal(w.chat.talks[2].unread, 1); /* no receipt */
    enter(&w, "/accept");
    assert_string_equal(w.chat.last_call, "accept");
    clear(&w);
}

static void drafts_stay_with_their_conversation(void **state)
{
    (void)state;
    struct world w;
    open_chat(&w);
    type(&w, "half a thought");
    key(&w, TUI_KEY_NEXT);
    assert_string_equal(w.chat.drafts[1], "half a thought");
    hides(&w, "half a thought");
    type(&w, "/passphrase"); /* commands may hold secrets */
    key(&w, TUI_KEY_PREVIOUS);
    assert_string_equal(w.chat.drafts[2], "");
    shows(&w, "> half a thought");
    clear(&w);
}

static void what_is_read_stays_where_it_is(void **state)
{
    (void)state;
    struct world w;
    char text[40];
    open_chat(&w);
    for (int i = 0; i < 100; i++) {
        snprintf(text, sizeof text, "line number %d", i);
        fake_says(&w.chat, 0, &w.chat.people[0], 10 + i, text);
    }
    shows(&w, "line number 99");
    key(&w, TUI_KEY_PAGE_UP);
    key(&w, TUI_KEY_PAGE_UP);
    hides(&w, "line number 99");
    char before[16384];
    snprintf(before, sizeof before, "%s", screen(&w));
    struct chat_entry *e = fake_says(&w.chat, 0, &w.chat.people[1], 120, "a new one");
    fake_event(&w.chat, CHAT_EVENT_ENTRY, e, &w.chat.people[1]);
    tui_tick(w.tui, &w.env.env);
    shows(&w, "↓ 1 new");
    hides(&w, "a new one");
    const char *middle = strstr(before, "line number");
    assert_non_null(middle);
    snprintf(text, 16, "%s", middle);
    shows(&w, text);
    key(&w, TUI_KEY_END);
    shows(&w, "a new one");
    clear(&w);
}

static void keys_act_on_a_chosen_message(void **state)
{
    (void)state;
    struct world w;
    open_chat(&w);
    key(&w, TUI_KEY_UP);
    shows(&w, "▶ Raya");
    type(&w, "d");
    assert_string_equal(w.chat.last_call, "delete");
    key(&w, TUI_KEY_UP);
    key(&w, TUI_KEY_UP);
    type(&w, "r");
    enter(&w, "because");
    assert_string_equal(w.chat.last_call, "reply");
    clear(&w);
}

static void people_are_told_of_devices(void **state)
{
    (void)state;
    struct world w;
    open_chat(&w);
    fake_event(&w.chat, CHAT_EVENT_DEVICE_ADDED, NULL, &w.chat.people[1]);
    tui_tick(w.tui, &w.env.env);
    shows(&w, "Sam added a device.");
    enter(&w, "/safety");
    shows(&w, "12345 67890");
    shows(&w, "█");
    enter(&w, "/devices");
    shows(&w, "abcd 0000 0000");
    enter(&w, "/search thing");
    shows(&w, "did you see the thing?");
    enter(&w, "/help");
    shows(&w, "Alt-Enter");
    enter(&w, "/frobnicate");
    shows(&w, "no command frobnicate");
    clear(&w);
}

/* As it comes out of a window that was too narrow for it. */
static void a_card_is_pasted_in_pieces(void **state)
{
    (void)state;
    struct world w;
    struct tui_out out;
    open_chat(&w);
    enter(&w, "/contact sottocard1");
    shows(&w, "That is no card");
    assert_false(tui_poll(w.tui, &out));
    type(&w, "/contact ");
    tui_key(w.tui, &w.env.env,
            &(struct tui_key){TUI_KEY_PASTE,
                              SPAN_LIT(" sottocard1qpzry9x8\n gf2tvdw0s3jn54  \n\tkhce6mua7l\n")});
    key(&w, TUI_KEY_ENTER);
    shows(&w, "Write: it arrives");
    out_is(&w, TUI_OUT_MET, &out); /* its hints are followed */
    assert_span_equal(out.bytes, SPAN_LIT("sottocard1qpzry9x8gf2tvdw0s3jn54khce6mua7l"));
    enter(&w, "/card");
    shows(&w, "sottocard1");
    hides(&w, "│"); /* nothing beside what is selected */
    enter(&w, "/people");
    shows(&w, "│");
    clear(&w);
}

static void names_of_files_stay_in_the_folder(void **state)
{
    (void)state;
    struct world w;
    struct tui_out out;
    open_chat(&w);
    struct chat_entry *e = fake_says(&w.chat, 0, &w.chat.people[1], 30, "");
    e->content = CHAT_ATTACHMENT;
    e->file_name = SPAN_LIT("../../.bashrc\033");
    e->file_here = true;
    enter(&w, "/save");
    out_is(&w, TUI_OUT_WRITE, &out);
    assert_span_equal(out.path, SPAN_LIT("_._.._.bashrc_"));
    clear(&w);
}

static const char twenty_four[] =
    "alpha bravo charlie delta echo foxtrot golf hotel india juliet kilo lima mike november oscar "
    "papa quebec romeo sierra tango uniform victor whiskey xray";

static void answer_words(struct world *w, const char *wrong)
{
    char words[24][12], text[32];
    struct span rest = span_str(twenty_four);
    for (size_t i = 0; i < 24; i++) {
        const char *at = (const char *)rest.ptr;
        size_t len = strcspn(at, " ");
        snprintf(words[i], sizeof words[i], "%.*s", (int)len, at);
        rest = span_after(rest, len + (i < 23));
    }
    for (unsigned i = 0; i < 24; i++) {
        snprintf(text, sizeof text, "Word number %u:", i + 1);
        if (strstr(screen(w), text) != NULL) {
            enter(w, wrong != NULL ? wrong : words[i]);
            return;
        }
    }
    fail_msg("no word is asked for");
}

static void the_first_start_asks_for_two_words(void **state)
{
    (void)state;
    struct world w;
    struct tui_out out;
    make(&w, false, false);
    people_talk(&w);
    w.chat.talks_count = 0;
    shows(&w, "make an identity");
    shows(&w, "2  open work");
    enter(&w, "new");
    key(&w, TUI_KEY_ERASE_LINE);
    enter(&w, "Raya R.");
    enter(&w, "secret");
    hides(&w, "secret");
    enter(&w, "secrets");
    shows(&w, "The two are different");
    enter(&w, "secret");
    enter(&w, "secret");
    out_is(&w, TUI_OUT_CREATE, &out);
    assert_span_equal(out.passphrase, SPAN_LIT("secret"));
    tui_opened(w.tui, &w.env.env, &w.chat, span_str(twenty_four));
    shows(&w, "24 xray");
    key(&w, TUI_KEY_ENTER);
    hides(&w, "xray");
    answer_words(&w, "wrong");
    shows(&w, "24 xray");
    key(&w, TUI_KEY_ENTER);
    answer_words(&w, NULL);
    answer_words(&w, NULL);
    shows(&w, "sottocard1qpzry9x8");
    shows(&w, "▀");
    assert_string_equal(w.chat.people[0].calls_self, "Raya R.");
    clear(&w);
}

static void a_locked_account_asks_and_forgets(void **state)
{
    (void)state;
    struct world w;
    struct tui_out out;
    make(&w, false, true);
    people_talk(&w);
    enter(&w, "hunter2");
    hides(&w, "hunter2");
    out_is(&w, TUI_OUT_OPEN, &out);
    assert_span_equal(out.passphrase, SPAN_LIT("hunter2"));
    tui_refused(w.tui, &w.env.env, ERR_AUTH);
    shows(&w, "That is not the passphrase.");
    tui_opened(w.tui, &w.env.env, &w.chat, SPAN_EMPTY);
    shows(&w, "did you see the thing?");
    enter(&w, "/lock");
    out_is(&w, TUI_OUT_LOCK, &out);
    hides(&w, "did you see the thing?");
    tui_refused(w.tui, &w.env.env, ERR_LOCKED);
    shows(&w, "stop that sotto chat or node");
    clear(&w);
}

static void a_script_reads_json(void **state)
{
    (void)state;
    struct world w;
    make(&w, true, false);
    people_talk(&w);
    tui_opened(w.tui, &w.env.env, &w.chat, SPAN_EMPTY);
    struct buf *written = tui_written(w.tui);
    tui_line(w.tui, &w.env.env, SPAN_LIT("open #1"));
    tui_line(w.tui, &w.env.env, SPAN_LIT("send hello there"));
    assert_string_equal(w.chat.last_text, "hello there");
    buf_reset(written);
    fake_event(&w.chat, CHAT_EVENT_ENTRY, &w.chat.entries[2].e, &w.chat.people[1]);
    tui_tick(w.tui, &w.env.env);
    assert_ok(buf_append(written, span_of("", 1)));
    assert_non_null(strstr((const char *)written->ptr, "{\"event\":\"message\",\"number\":1,"));
    assert_non_null(
        strstr((const char *)written->ptr,
               "\"text\":\"\\u001b]0;owned\\u0007 \\u4f60\\u597d \\u202e\",\"from\":\"Sam\"}\n"));
    buf_reset(written);
    tui_line(w.tui, &w.env.env, SPAN_LIT("list"));
    tui_line(w.tui, &w.env.env, SPAN_LIT("history 2"));
    tui_line(w.tui, &w.env.env, SPAN_LIT("nonsense"));
    size_t lines = 0;
    for (size_t i = 0; i < written->len; i++)
        lines += written->ptr[i] == '\n';
    assert_int_equal(lines, 6);
    clear(&w);
}

/* A longer text than one message holds is refused whole: half of it is not what was said. */
static void a_line_that_is_too_long_sends_nothing(void **state)
{
    (void)state;
    struct world w;
    static char line[TUI_PLAIN_LINE_MAX + 2];
    make(&w, true, false);
    people_talk(&w);
    tui_opened(w.tui, &w.env.env, &w.chat, SPAN_EMPTY);
    struct buf *written = tui_written(w.tui);
    tui_line(w.tui, &w.env.env, SPAN_LIT("open #1"));
    tui_line(w.tui, &w.env.env, SPAN_LIT("send short"));
    buf_reset(written);
    memset(line, 'x', sizeof line - 1);
    memcpy(line, "send ", 5);
    tui_line(w.tui, &w.env.env, span_str(line));
    assert_string_equal(w.chat.last_text, "short");
    assert_ok(buf_append(written, span_of("", 1)));
    assert_non_null(strstr((const char *)written->ptr, "{\"event\":\"error\""));
    assert_non_null(strstr((const char *)written->ptr, "65536 bytes"));
    clear(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_main_screen_of_80_by_24),
        cmocka_unit_test(every_size_is_drawn_whole),
        cmocka_unit_test(a_paste_of_many_lines_sends_nothing),
        cmocka_unit_test(what_could_not_be_sent_stays),
        cmocka_unit_test(a_request_is_seen_without_telling),
        cmocka_unit_test(drafts_stay_with_their_conversation),
        cmocka_unit_test(what_is_read_stays_where_it_is),
        cmocka_unit_test(keys_act_on_a_chosen_message),
        cmocka_unit_test(people_are_told_of_devices),
        cmocka_unit_test(a_card_is_pasted_in_pieces),
        cmocka_unit_test(names_of_files_stay_in_the_folder),
        cmocka_unit_test(the_first_start_asks_for_two_words),
        cmocka_unit_test(a_locked_account_asks_and_forgets),
        cmocka_unit_test(a_script_reads_json),
        cmocka_unit_test(a_line_that_is_too_long_sends_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
