/* Whole chats: files on bad networks, entries that disappear, history taken elsewhere. */
#include "tests/lib/chat_world.h"

static struct chat_entry_id say(struct world *w, struct world_person *p,
                                const struct chat_conversation *id, const char *text)
{
    struct chat_entry_id entry;
    assert_ok(chat_send(p->chat, &w->t.env, id, span_str(text), NULL, &entry));
    return entry;
}

/* Two who know each other, online. */
static struct chat_conversation friends(struct world *w, struct world_person *a,
                                        struct world_person *b)
{
    char card[CHAT_CARD_TEXT_MAX];
    struct chat_conversation id;
    world_online(w, a, true);
    world_online(w, b, true);
    world_run(w, 30);
    assert_ok(chat_card(a->chat, &w->t.env, false, card));
    assert_ok(chat_contact(b->chat, &w->t.env, span_str(card), &id));
    (void)say(w, b, &id, "hello");
    world_run(w, 60);
    assert_ok(chat_accept(a->chat, &w->t.env, &id));
    (void)say(w, a, &id, "hello yourself");
    world_run(w, 60);
    assert_true(world_reads(b, &id, "hello yourself"));
    return id;
}

/* ---- files ---- */

static struct buf picture(size_t len)
{
    struct buf out = BUF_INIT(CONTENT_ATTACHMENT_MAX);
    uint8_t *at;
    uint32_t x = 2463534242u;
    assert_ok(buf_extend(&out, len, &at));
    for (size_t i = 0; i < len; i++) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        at[i] = (uint8_t)x;
    }
    return out;
}

static struct chat_entry_id send_file(struct world *w, struct world_person *p,
                                      const struct chat_conversation *id, const struct buf *bytes)
{
    struct chat_entry_id entry;
    assert_ok(chat_send_file(p->chat, &w->t.env, id, SPAN_LIT("a.png"), SPAN_LIT("image/png"),
                             buf_span(bytes), &entry));
    return entry;
}

static void assert_has_file(struct world_person *p, const struct chat_conversation *id,
                            const struct chat_entry_id *entry, const struct buf *bytes)
{
    struct buf got = BUF_INIT(CONTENT_ATTACHMENT_MAX);
    struct chat_entry e;
    assert_ok(chat_entry(p->chat, id, entry, &e));
    assert_int_equal(e.content, CHAT_ATTACHMENT);
    assert_span_equal(e.file_name, SPAN_LIT("a.png"));
    assert_span_equal(e.file_type, SPAN_LIT("image/png"));
    assert_int_equal(e.file_bytes, bytes->len);
    assert_true(e.file_here);
    assert_ok(chat_file(p->chat, id, entry, &got));
    assert_true(span_eq(buf_span(&got), buf_span(bytes)));
    buf_clear(&got);
}

static bool lacks_file(struct world_person *p, const struct chat_conversation *id,
                       const struct chat_entry_id *entry)
{
    struct buf got = BUF_INIT(CONTENT_ATTACHMENT_MAX);
    enum err err = chat_file(p->chat, id, entry, &got);
    buf_clear(&got);
    return err == ERR_NOT_FOUND;
}

/* Rows of segments and marks that are left. */
static size_t rows_left(struct world_person *p)
{
    struct vault_key key = {0};
    size_t n = p->chat->files_count;
    while (vault_next(p->chat->vault, VAULT_T_FILES, SPAN_EMPTY, &key, NULL) == OK)
        n += key.bytes[key.len - 4] >= 0x80;
    return n;
}

static void a_large_file_comes_whole_although_messages_are_lost(void **state)
{
    (void)state;
    struct world w;
    struct chat_event ev;
    struct buf bytes = picture(5000000);
    world_init(&w, 11);
    struct world_person *a = world_born(&w), *b = world_born(&w);
    struct chat_conversation id = friends(&w, a, b);
    w.loss_percent = 10;
    struct chat_entry_id file = send_file(&w, a, &id, &bytes);
    assert_has_file(a, &id, &file, &bytes); /* at once, for who sent it */
    world_run(&w, 300);
    assert_true(world_event(b, CHAT_EVENT_FILE, &ev));
    assert_memory_equal(ev.entry.bytes, file.bytes, sizeof file.bytes);
    assert_has_file(b, &id, &file, &bytes);
    assert_err(chat_file_fetch(b->chat, &w.t.env, &id, &file), ERR_EXISTS);
    assert_int_equal(rows_left(a), 0);
    assert_int_equal(rows_left(b), 0);
    buf_clear(&bytes);
    world_clear(&w);
}

/* Let a few outputs of one person go, the others' messages wait. */
static void publish_some(struct world *w, struct world_person *p, unsigned count)
{
    struct chat_out out;
    while (count > 0 && chat_poll(p->chat, &w->t.env, &out)) {
        if (out.kind != CHAT_OUT_PUBLISH) {
            chat_fetched(p->chat, &w->t.env, out.ticket, ERR_NOT_FOUND);
            continue;
        }
        world_keep(w, p, &out);
        chat_published(p->chat, &w->t.env, out.ticket, OK);
        count--;
    }
}

static size_t segments_published(const struct world *w)
{
    size_t n = 0;
    for (size_t i = 0; i < w->messages_count; i++)
        n += w->messages[i].len == 65536 || w->messages[i].len == 81920;
    return n;
}

static void both_are_killed_in_the_middle_of_a_file(void **state)
{
    (void)state;
    struct world w;
    struct chat_event ev;
    struct buf bytes = picture(1500000); /* 24 segments and 3 of parity */
    world_init(&w, 12);
    struct world_person *a = world_born(&w), *b = world_born(&w);
    struct chat_conversation id = friends(&w, a, b);
    struct chat_entry_id file = send_file(&w, a, &id, &bytes);
    world_restart(&w, a); /* before anything could leave */
    publish_some(&w, a, 12);
    assert_true(lacks_file(b, &id, &file));
    while (world_hear(&w, b) || world_pump(&w, b))
        ;
    world_restart(&w, b);
    assert_int_equal(b->chat->files_count, 1);
    publish_some(&w, a, 5);
    world_restart(&w, a);
    world_run(&w, 300);
    assert_true(world_event(b, CHAT_EVENT_FILE, &ev));
    assert_has_file(b, &id, &file, &bytes);
    assert_true(segments_published(&w) <= 27 + 2 * FILE_UNDER_WAY_MAX);
    assert_int_equal(rows_left(a), 0);
    assert_int_equal(rows_left(b), 0);
    buf_clear(&bytes);
    world_clear(&w);
}

static void what_stores_have_lost_is_published_again(void **state)
{
    (void)state;
    struct world w;
    struct chat_event ev;
    struct buf bytes = picture(700000);
    world_init(&w, 13);
    struct world_person *a = world_born(&w), *b = world_born(&w);
    struct chat_conversation id = friends(&w, a, b);
    world_online(&w, b, false);
    struct chat_entry_id file = send_file(&w, a, &id, &bytes);
    world_run(&w, 300);
    for (size_t i = w.messages_count, lost = 0; i-- > 0 && lost < 6;)
        if (w.messages[i].len > 60000) {
            w.messages[i].topic[0] = 'x';
            lost++;
        }
    world_online(&w, b, true);
    world_run(&w, 20);
    assert_true(lacks_file(b, &id, &file));
    world_run(&w, 1800);
    assert_true(world_event(b, CHAT_EVENT_FILE, &ev));
    assert_has_file(b, &id, &file, &bytes);
    buf_clear(&bytes);
    world_clear(&w);
}

static void a_strangers_file_is_fetched_when_it_is_wanted(void **state)
{
    (void)state;
    struct world w;
    struct chat_event ev;
    char card[CHAT_CARD_TEXT_MAX];
    struct chat_conversation id;
    struct chat_entry e;
    struct buf bytes = picture(100);
    world_init(&w, 14);
    struct world_person *a = world_born(&w), *b = world_born(&w);
    world_online(&w, a, true);
    world_online(&w, b, true);
    world_run(&w, 30);
    assert_ok(chat_card(a->chat, &w.t.env, false, card));
    assert_ok(chat_contact(b->chat, &w.t.env, span_str(card), &id));
    struct chat_entry_id file = send_file(&w, b, &id, &bytes);
    world_run(&w, 600);
    assert_ok(chat_entry(a->chat, &id, &file, &e));
    assert_false(e.file_here);
    assert_true(lacks_file(a, &id, &file));
    assert_ok(chat_accept(a->chat, &w.t.env, &id));
    assert_ok(chat_file_fetch(a->chat, &w.t.env, &id, &file));
    world_run(&w, 120);
    assert_true(world_event(a, CHAT_EVENT_FILE, &ev));
    assert_has_file(a, &id, &file, &bytes);
    assert_ok(chat_delete(b->chat, &w.t.env, &id, &file));
    world_run(&w, 30);
    assert_true(lacks_file(a, &id, &file));
    assert_true(lacks_file(b, &id, &file));
    buf_clear(&bytes);
    world_clear(&w);
}

static void what_is_no_file_is_refused(void **state)
{
    (void)state;
    struct world w;
    struct chat_entry_id entry, line;
    struct buf bytes = picture(CONTENT_ATTACHMENT_MAX);
    world_init(&w, 15);
    struct world_person *a = world_born(&w), *b = world_born(&w);
    struct chat_conversation id = friends(&w, a, b), none = {{1}};
    const struct env *env = &w.t.env;
    struct span ok = SPAN_LIT("a"), whole = buf_span(&bytes), one = span_of(whole.ptr, 1);
    uint8_t large[CONTENT_ATTACHMENT_MAX / 1024] = {0};
    assert_err(chat_send_file(a->chat, env, &none, ok, ok, one, &entry), ERR_NOT_FOUND);
    assert_err(chat_send_file(a->chat, env, &id, ok, ok, SPAN_EMPTY, &entry), ERR_ARGUMENT);
    assert_err(chat_send_file(a->chat, env, &id, ok, ok, span_of(whole.ptr, whole.len + 1), &entry),
               ERR_LIMIT);
    assert_err(chat_send_file(a->chat, env, &id, SPAN_ARRAY(large), ok, one, &entry), ERR_LIMIT);
    assert_err(chat_send_file(a->chat, env, &id, SPAN_LIT("\xff"), ok, one, &entry), ERR_FORMAT);
    line = say(&w, a, &id, "no file");
    assert_err(chat_file_fetch(a->chat, env, &id, &line), ERR_ARGUMENT);
    assert_err(chat_file_fetch(a->chat, env, &id, &(struct chat_entry_id){{1}}), ERR_NOT_FOUND);
    buf_clear(&bytes);
    world_clear(&w);
}

/* ---- disappearing ---- */

static void assert_gone(struct world_person *p, const struct chat_conversation *id,
                        const struct chat_entry_id *entry)
{
    struct chat_entry e;
    struct chat_event ev;
    bool told = false;
    while (world_event(p, CHAT_EVENT_ENTRY, &ev))
        told = told || memcmp(ev.entry.bytes, entry->bytes, sizeof entry->bytes) == 0;
    assert_true(told);
    assert_err(chat_entry(p->chat, id, entry, &e), ERR_NOT_FOUND);
    assert_false(world_reads(p, id, "burn this"));
    assert_true(world_reads(p, id, "hello yourself"));
}

static void a_text_disappears_on_both_sides(void **state)
{
    (void)state;
    struct world w;
    struct chat_event ev;
    struct chat_summary s;
    struct buf bytes = picture(100);
    world_init(&w, 16);
    struct world_person *a = world_born(&w), *b = world_born(&w);
    struct chat_conversation id = friends(&w, a, b);
    assert_ok(chat_set_disappearing(a->chat, &w.t.env, &id, 3600));
    world_run(&w, 30);
    struct chat_entry_id line = say(&w, a, &id, "burn this");
    struct chat_entry_id file = send_file(&w, a, &id, &bytes);
    world_run(&w, 60);
    assert_true(world_reads(b, &id, "burn this"));
    assert_has_file(b, &id, &file, &bytes);
    while (world_event(a, CHAT_EVENT_ENTRY, &ev) || world_event(b, CHAT_EVENT_ENTRY, &ev))
        ;
    world_restart(&w, b); /* the time goes on */
    world_run(&w, 3400);
    assert_true(world_reads(a, &id, "burn this"));
    assert_true(world_reads(b, &id, "burn this"));
    world_run(&w, 300);
    assert_gone(a, &id, &line);
    assert_gone(b, &id, &line);
    assert_true(lacks_file(a, &id, &file));
    assert_true(lacks_file(b, &id, &file));
    assert_ok(chat_conversation(b->chat, &id, &s));
    assert_string_equal(s.last, "hello yourself");
    /* it comes back neither by a restart nor from stores or the other one */
    world_restart(&w, a);
    world_restart(&w, b);
    assert_ok(chat_set_disappearing(b->chat, &w.t.env, &id, 0));
    (void)say(&w, b, &id, "this stays");
    world_run(&w, 7200);
    assert_false(world_reads(a, &id, "burn this"));
    assert_false(world_reads(b, &id, "burn this"));
    assert_true(world_reads(a, &id, "this stays"));
    buf_clear(&bytes);
    world_clear(&w);
}

/* ---- elsewhere ---- */

/* The same account by its 24 words; its log is in the export. */
static struct world_person *recovered(struct world *w, const struct world_person *from)
{
    struct world_person *p = world_place(w);
    struct chat_config config = world_config(p);
    assert_ok(chat_recover(&p->chat, &config, &w->t.env, span_str(from->words)));
    p->chat->cost = from->chat->cost;
    world_online(w, p, true);
    return p;
}

static void history_goes_to_another_installation_of_the_account(void **state)
{
    (void)state;
    struct world w;
    struct chat_entry e;
    struct chat_summary s;
    struct chat_person who;
    struct chat_account account;
    struct buf bytes = picture(3000000), out = BUF_INIT(CHAT_EXPORT_BYTES_MAX);
    struct span pass = SPAN_LIT("raya");
    world_init(&w, 17);
    struct world_person *a = world_born(&w), *b = world_born(&w);
    a->chat->cost = b->chat->cost = (struct scrypt_cost){4, 8, 1};
    struct chat_conversation id = friends(&w, a, b);
    struct chat_entry_id file = send_file(&w, a, &id, &bytes);
    struct chat_entry_id line = say(&w, b, &id, "look at that");
    memcpy(account.bytes, b->chat->self.account, sizeof account.bytes);
    assert_ok(chat_set_name(a->chat, &w.t.env, &account, SPAN_LIT("Bo")));
    assert_ok(chat_react(a->chat, &w.t.env, &id, &line, SPAN_LIT("+1"), true));
    world_run(&w, 60);
    assert_err(chat_export(a->chat, &w.t.env, SPAN_EMPTY, &out), ERR_ARGUMENT);
    assert_ok(chat_export(a->chat, &w.t.env, pass, &out));
    world_online(&w, a, false);
    struct world_person *c = recovered(&w, a);
    struct span in = buf_span(&out);
    assert_err(chat_import(c->chat, &w.t.env, SPAN_LIT("rays"), in), ERR_AUTH);
    assert_err(chat_import(c->chat, &w.t.env, pass, span_of(in.ptr, in.len / 2)), ERR_FORMAT);
    out.ptr[in.len / 2] ^= 1;
    assert_err(chat_import(c->chat, &w.t.env, pass, in), ERR_AUTH);
    out.ptr[in.len / 2] ^= 1;
    assert_err(chat_import(b->chat, &w.t.env, pass, in), ERR_ARGUMENT);
    assert_err(chat_conversation(c->chat, &id, &s), ERR_NOT_FOUND); /* nothing was taken yet */
    for (int i = 0; i < 2; i++) {
        assert_ok(chat_import(c->chat, &w.t.env, pass, in));
        assert_true(world_reads(c, &id, "hello yourself"));
        assert_ok(chat_entry(c->chat, &id, &line, &e));
        assert_span_equal(e.text, SPAN_LIT("look at that"));
        assert_int_equal(e.reactions_count, 1);
        assert_has_file(c, &id, &file, &bytes);
        assert_ok(chat_person(c->chat, &account, &who));
        assert_string_equal(who.name, "Bo");
        world_restart(&w, c);
    }
    assert_ok(chat_conversation(c->chat, &id, &s));
    assert_memory_equal(s.with.bytes, account.bytes, sizeof account.bytes);
    buf_clear(&bytes);
    buf_clear(&out);
    world_clear(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_large_file_comes_whole_although_messages_are_lost),
        cmocka_unit_test(both_are_killed_in_the_middle_of_a_file),
        cmocka_unit_test(what_stores_have_lost_is_published_again),
        cmocka_unit_test(a_strangers_file_is_fetched_when_it_is_wanted),
        cmocka_unit_test(what_is_no_file_is_refused),
        cmocka_unit_test(a_text_disappears_on_both_sides),
        cmocka_unit_test(history_goes_to_another_installation_of_the_account),
    };
    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
