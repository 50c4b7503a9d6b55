/* Every record that a chat keeps: one row of a lived-in folder is replaced by other bytes, then the
 * chat is opened again. It says what is wrong, or goes on: looked at, for an hour, and closed; it
 * never breaks. (A vault gives back what was written: this is for our own mistakes, for exports
 * made by others, and for folders of a later version.) First bytes: table, row, how. */
#include "tests/lib/chat_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

extern const unsigned fuzz_mutations;
const unsigned fuzz_mutations = 20;

#define PEOPLE 2u

static struct world base;
static struct chat_conversation direct, group;

/* Two people who have done a little of everything. */
static void begin(void)
{
    char card[CHAT_CARD_TEXT_MAX];
    struct chat_entry_id entry;
    struct chat_account other;
    static const uint8_t bytes[3000] = {1, 2, 3};
    world_init(&base, 1);
    struct world_person *a = world_born(&base), *b = world_born(&base);
    const struct env *env = &base.t.env;
    world_online(&base, a, true);
    world_online(&base, b, true);
    world_run(&base, 30);
    assert_ok(chat_card(a->chat, env, true, card));
    assert_ok(chat_contact(b->chat, env, span_str(card), &direct));
    assert_ok(chat_send(b->chat, env, &direct, SPAN_LIT("hello"), NULL, &entry));
    world_run(&base, 60);
    assert_ok(chat_accept(a->chat, env, &direct));
    assert_ok(chat_react(a->chat, env, &direct, &entry, SPAN_LIT("+1"), true));
    world_run(&base, 60);
    assert_ok(chat_edit(b->chat, env, &direct, &entry, SPAN_LIT("hello again")));
    assert_ok(chat_send_file(a->chat, env, &direct, SPAN_LIT("a.bin"), SPAN_LIT("a/b"),
                             SPAN_ARRAY(bytes), &entry));
    memcpy(other.bytes, b->chat->self.account, 32);
    assert_ok(chat_set_name(a->chat, env, &other, SPAN_LIT("Ben")));
    assert_ok(chat_found(a->chat, env, CHAT_GROUP, SPAN_LIT("tea"), &other, 1, &group));
    world_run(&base, 120);
    assert_ok(chat_send(b->chat, env, &group, SPAN_LIT("in the group"), NULL, &entry));
    world_run(&base, 60);
    world_online(&base, b, false); /* something waits */
    world_run(&base, 5);
    assert_ok(chat_send(a->chat, env, &group, SPAN_LIT("for later"), NULL, &entry));
    world_run(&base, 60);
}

/* The row, as the bytes say; false: the table is empty. */
static bool find(struct chat *c, uint8_t table, uint8_t row, struct vault_key *key,
                 struct buf *value)
{
    struct vault_key k = {.len = 0};
    bool any = false;
    for (unsigned i = 0; i <= row; i++) {
        struct buf v = BUF_INIT(VAULT_VALUE_BYTES_MAX);
        if (vault_next(c->vault, (enum vault_table)table, SPAN_EMPTY, &k, &v) != OK) {
            buf_clear(&v);
            break;
        }
        any = true;
        *key = k;
        buf_clear(value);
        *value = v;
    }
    return any;
}

static void spoil(struct buf *value, uint8_t how, struct span in)
{
    if (how % 4 == 0) { /* other bytes altogether */
        buf_reset(value);
        (void)!buf_append(value, in);
        return;
    }
    if (how % 4 == 1 && value->len > 0)
        buf_truncate(value, value->len - 1 - how / 4 % value->len);
    for (size_t i = 0; i + 2 < in.len && value->len > 0; i += 3) /* here and there */
        value->ptr[((size_t)in.ptr[i] << 8 | in.ptr[i + 1]) % value->len] ^= in.ptr[i + 2];
}

static void look(struct world *w, struct world_person *p, const struct chat_conversation *id)
{
    struct chat_summary s;
    struct chat_entry e;
    struct chat_entry_id at;
    const struct chat_entry_id *from = NULL;
    size_t cursor = 0;
    struct chat_member m;
    (void)!chat_conversation(p->chat, id, &s);
    while (chat_members(p->chat, id, &cursor, &m))
        ;
    for (unsigned i = 0; i < 50 && chat_history(p->chat, id, from, true, &e) == OK; i++) {
        at = e.id;
        from = &at;
    }
    struct chat_entry_id entry;
    (void)!chat_send(p->chat, &w->t.env, id, SPAN_LIT("still?"), NULL, &entry);
}

static void live(struct world *w, struct world_person *p)
{
    struct chat_summary s;
    struct chat_event ev;
    struct chat_person who;
    size_t cursor = 0;
    while (chat_conversations(p->chat, &cursor, &s))
        ;
    (void)!chat_self(p->chat, &who);
    while (world_event(p, CHAT_EVENT_ENTRY, &ev))
        ;
    look(w, p, &direct);
    look(w, p, &group);
    world_online(w, p, true);
    world_run(w, 3600);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct buf value = BUF_INIT(VAULT_VALUE_BYTES_MAX);
    struct vault_key key = {.len = 0};

    if (base.count == 0)
        begin();
    if (len < 3)
        return 0;
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    world_init(w, 2);
    w->t.env.now = base.t.env.now;
    w->t.env.wall = base.t.env.wall;
    struct world_copy copy = world_copy(&base.people[0]);
    struct world_person *p = world_place(w);
    kv_close(p->kv);
    p->kv = copy.kv;
    p->wipe = copy.wipe;
    p->wipe.file.state = &p->wipe;
    struct chat_config config = world_config(p);
    assert_ok(chat_open(&p->chat, &config, &w->t.env));
    uint8_t table = 1 + data[0] % (VAULT_TABLES_COUNT - 1);
    if (table != VAULT_T_RING && find(p->chat, table, data[1], &key, &value)) {
        spoil(&value, data[2], span_of(data + 3, len - 3));
        vault_begin(p->chat->vault);
        assert_ok(vault_put(p->chat->vault, (enum vault_table)table, span_of(key.bytes, key.len),
                            buf_span(&value)));
        assert_ok(vault_commit(p->chat->vault, &w->t.env));
    }
    buf_clear(&value);
    vault_drop(p->chat->vault);
    p->chat->vault = NULL;
    chat_close(p->chat);
    p->chat = NULL;
    if (chat_open(&p->chat, &config, &w->t.env) == OK)
        live(w, p);
    else
        p->chat = NULL;
    world_clear(w);
    free(w);
    return 0;
}
