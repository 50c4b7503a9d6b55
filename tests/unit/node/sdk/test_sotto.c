/* libsotto over a played chat and a real node: life, events and their cursor, loops of others, and
 * what the forms of its structs are. */
#include "node/sdk/account.h"
#include "node/sdk/sotto.h"
#include "tests/lib/fake_room.h"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static const char *const flags[] = {"--listen-address=127.0.0.1", "--tcp-port=0", "--cluster-id=66",
                                    "--num-shards-in-network=8", NULL};

static struct sotto_options options(void)
{
    struct sotto_options o = SOTTO_OPTIONS;
    o.folder = folder;
    o.flags = flags;
    return o;
}

static int begin(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/sotto-sdk-XXXXXX");
    return mkdtemp(folder) == NULL;
}

static int end(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static struct sotto *create(void)
{
    struct sotto_options o = options();
    struct sotto *s = NULL;
    char words[SOTTO_WORDS_MAX];
    assert_int_equal(sotto_create(&s, &o, words), SOTTO_OK);
    assert_string_equal(words, "one two three secret words");
    return s;
}

static void an_account_is_made_once_and_opened_again(void **state)
{
    (void)state;
    struct sotto_options o = options();
    struct sotto *s = NULL;
    char words[SOTTO_WORDS_MAX], path[96];
    struct stat st;
    assert_int_equal(sotto_open(&s, &o), SOTTO_NOT_FOUND);
    snprintf(path, sizeof path, "%s/key", folder);
    assert_int_not_equal(stat(path, &st), 0); /* nothing was made */
    s = create();
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    struct sotto *second = NULL;
    assert_int_equal(sotto_open(&second, &o), SOTTO_LOCKED);
    sotto_close(s);
    assert_int_equal(sotto_create(&s, &o, words), SOTTO_EXISTS);
    assert_int_equal(sotto_open(&s, &o), SOTTO_OK);
    sotto_close(s);
    o.passphrase = "wrong";
    assert_int_equal(sotto_open(&s, &o), SOTTO_AUTH);
    assert_int_equal(chmod(path, 0644), 0);
    o.passphrase = NULL;
    assert_int_equal(sotto_open(&s, &o), SOTTO_REFUSED); /* others can read the key */
}

static void wrong_options_are_explained(void **state)
{
    (void)state;
    static const char *const bad[] = {"--staticnode", NULL};
    struct sotto_options o = options();
    struct sotto *s = NULL;
    o.flags = bad;
    assert_int_equal(sotto_open(&s, &o), SOTTO_INVALID);
    assert_non_null(strstr(sotto_why(), "staticnode"));
    o.folder = NULL;
    assert_int_equal(sotto_open(&s, &o), SOTTO_INVALID);
    assert_int_equal(sotto_abi(), SOTTO_ABI);
    for (int i = SOTTO_UNSUPPORTED; i <= 0; i++)
        assert_string_not_equal(sotto_error_text(i), "unknown result");
    assert_string_equal(sotto_error_text(-99), "unknown result");
}

static void events_come_once_and_the_last_again_after_a_crash(void **state)
{
    (void)state;
    struct sotto_event ev;
    struct sotto *s = create();
    struct chat *c = fake_last_chat;
    assert_int_equal(sotto_next(s, &ev, 0), 0);
    size_t talk = fake_talk_new(c, CHAT_DIRECT, "bea", CHAT_REQUESTED);
    fake_say(c, talk, "hello");
    assert_int_equal(sotto_next(s, &ev, 0), 1);
    assert_int_equal(ev.kind, SOTTO_REQUEST);
    assert_int_equal(ev.number, 1);
    assert_int_equal(sotto_next(s, &ev, -1), 1);
    assert_int_equal(ev.kind, SOTTO_ENTRY);
    assert_int_equal(ev.number, 2);
    struct sotto_entry e;
    assert_int_equal(sotto_entry(s, &ev.conversation, &ev.entry, &e), SOTTO_OK);
    assert_int_equal(e.text.len, 5);
    assert_memory_equal(e.text.ptr, "hello", 5);
    assert_int_equal(e.content, SOTTO_TEXT);
    char path[96];
    uint64_t kept = 0; /* what a process that dies now would find: the first is done with */
    snprintf(path, sizeof path, "%s/cursor", folder);
    FILE *f = fopen(path, "rb");
    assert_int_equal(fread(&kept, sizeof kept, 1, f), 1);
    fclose(f);
    assert_int_equal(kept, 1);
    assert_int_equal(sotto_next(s, &ev, 0), 0);
    c->passing = (struct chat_event){.kind = CHAT_EVENT_TYPING, .account = fake_other};
    c->has_passing = true;
    assert_int_equal(sotto_next(s, &ev, 0), 1);
    assert_int_equal(ev.kind, SOTTO_TYPING);
    assert_int_equal(ev.number, 0);
    for (int i = 0; i < 10; i++)
        fake_say(c, talk, "more");
    c->events_dropped = 9;
    assert_int_equal(sotto_next(s, &ev, 0), 1);
    assert_int_equal(ev.kind, SOTTO_MISSED);
    assert_int_equal(sotto_next(s, &ev, 0), 0); /* it goes on at the end */
    sotto_close(s);
}

static void a_loop_of_another_can_drive_it(void **state)
{
    (void)state;
    struct sotto_event ev;
    struct sotto *s = create();
    while (sotto_next(s, &ev, 0) > 0)
        continue;
    struct pollfd p = {.fd = sotto_fd(s), .events = POLLIN};
    assert_true(p.fd >= 0);
    int wait = sotto_wait_ms(s);
    assert_true(wait != 0); /* a loop that spins is none */
    assert_true(poll(&p, 1, 0) == 0);
    /* somebody connects to our node: the descriptor tells */
    char at[256], command[320];
    unsigned port;
    assert_int_equal(sotto_address(s, 0, at, sizeof at), SOTTO_OK);
    assert_int_equal(sscanf(at, "/ip4/127.0.0.1/tcp/%u", &port), 1);
    snprintf(command, sizeof command, "bash -c 'exec 3<>/dev/tcp/127.0.0.1/%u; sleep 0.1' &", port);
    assert_int_equal(system(command), 0);
    assert_int_equal(poll(&p, 1, 5000), 1);
    assert_int_equal(sotto_next(s, &ev, 0), 0);
    sotto_wake(s);
    assert_int_equal(sotto_next(s, &ev, -1), 0);
    sotto_close(s);
}

static void two_nodes_meet(void **state)
{
    (void)state;
    char at[256];
    struct sotto_event ev;
    struct sotto *a = create(), *b = NULL;
    assert_int_equal(sotto_address(a, 0, at, sizeof at), SOTTO_OK);
    char flag[300], second[80], words[SOTTO_WORDS_MAX];
    snprintf(flag, sizeof flag, "--staticnode=%s", at);
    snprintf(second, sizeof second, "%s/second", folder);
    const char *const more[] = {flags[0], flags[1], flags[2], flags[3], flag, NULL};
    struct sotto_options o = options();
    o.folder = second;
    o.flags = more;
    o.light = 1;
    assert_int_equal(sotto_create(&b, &o, words), SOTTO_OK);
    for (int i = 0; i < 500 && !(sotto_online(a) && sotto_online(b)); i++) {
        assert_int_equal(sotto_next(a, &ev, 10), 0);
        assert_int_equal(sotto_next(b, &ev, 10), 0);
    }
    assert_true(sotto_online(a) && sotto_online(b));
    sotto_close(b);
    sotto_close(a);
}

static void what_is_asked_is_what_the_chat_says(void **state)
{
    (void)state;
    struct sotto *s = create();
    struct chat *c = fake_last_chat;
    struct sotto_person p;
    struct sotto_id id, none = {{0xee}};
    struct sotto_entry_id entry, reply;
    struct sotto_entry e;
    struct sotto_conversation t;
    struct sotto_text text;
    char card[SOTTO_CARD_MAX];
    size_t cursor = 0;
    assert_int_equal(sotto_set_profile(s, "Ada"), SOTTO_OK);
    assert_int_equal(sotto_self(s, &p), SOTTO_OK);
    assert_true(p.self && p.account.bytes[0] == 0x5e);
    assert_string_equal(p.calls_self, "Ada");
    assert_int_equal(sotto_person(s, &none, &p), SOTTO_NOT_FOUND);
    assert_int_equal(sotto_card(s, 1, card), SOTTO_OK);
    assert_int_equal(sotto_contact(s, "nonsense", &id), SOTTO_INVALID);
    assert_int_equal(sotto_contact(s, card, &id), SOTTO_OK);
    assert_int_equal(sotto_send(s, &id, sotto_str("hi"), NULL, &entry), SOTTO_OK);
    assert_int_equal(sotto_send(s, &id, sotto_str("again"), &entry, &reply), SOTTO_OK);
    assert_int_equal(sotto_send(s, &none, sotto_str("hi"), NULL, NULL), SOTTO_NOT_FOUND);
    assert_int_equal(sotto_history(s, &id, NULL, 1, &e), SOTTO_OK);
    assert_memory_equal(&e.id, &reply, sizeof reply);
    assert_memory_equal(&e.reply_to, &entry, sizeof entry);
    assert_int_equal(e.state, SOTTO_QUEUED);
    assert_int_equal(sotto_history(s, &id, &e.id, 1, &e), SOTTO_OK);
    assert_int_equal(sotto_history(s, &id, &e.id, 1, &e), SOTTO_NOT_FOUND);
    assert_int_equal(sotto_react(s, &id, &entry, "+1", 1), SOTTO_OK);
    assert_int_equal(sotto_entry(s, &id, &entry, &e), SOTTO_OK);
    assert_int_equal(e.reactions_count, 1);
    assert_string_equal(e.reactions[0].text, "+1");
    assert_int_equal(sotto_send_file(s, &id, "a.txt", "text/plain", "12345", 5, &entry), SOTTO_OK);
    assert_int_equal(sotto_file(s, &id, &entry, &text), SOTTO_OK);
    assert_int_equal(text.len, 5);
    assert_memory_equal(text.ptr, "12345", 5);
    assert_int_equal(sotto_conversations(s, &cursor, &t), 1);
    assert_int_equal(t.type, SOTTO_DIRECT);
    assert_int_equal(sotto_conversations(s, &cursor, &t), 0);
    assert_int_equal(sotto_set_policy(s, 7), SOTTO_INVALID);
    assert_int_equal(sotto_set_role(s, &id, &none, 3), SOTTO_INVALID);
    assert_int_equal(sotto_revoke(s, &none, 0), SOTTO_INVALID);
    assert_int_equal(sotto_export(s, "x", &text), SOTTO_OK);
    assert_int_equal(text.len, 8);
    assert_int_equal(sotto_import(s, "x", text.ptr, text.len), SOTTO_OK);
    assert_int_equal(c->policy, 0);
    sotto_close(s);
}

/* The numbers of sotto.h are part of its ABI, and they are those of the chat. */
static void the_numbers_are_the_same(void **state)
{
    (void)state;
    assert_int_equal(SOTTO_ENTRY, CHAT_EVENT_ENTRY);
    assert_int_equal(SOTTO_FILE, CHAT_EVENT_FILE);
    assert_int_equal(SOTTO_TYPING, CHAT_EVENT_TYPING);
    assert_int_equal(SOTTO_REJOINED, CHAT_EVENT_REJOINED);
    assert_int_equal(SOTTO_EXPELLED, CHAT_EVENT_EXPELLED);
    assert_int_equal(SOTTO_UNKNOWN, CHAT_EVENT_UNSUPPORTED);
    assert_int_equal(SOTTO_NEWER, CHAT_UNKNOWN);
    assert_int_equal(SOTTO_GIVEN_UP, CHAT_ENTRY_FAILED);
    assert_int_equal(SOTTO_SELF, CHAT_SELF);
    assert_int_equal(SOTTO_OWNER, CHAT_OWNER);
    assert_int_equal(SOTTO_WORDS_MAX, CHAT_WORDS_TEXT_MAX);
    assert_int_equal(SOTTO_PAIR_MAX, CHAT_PAIR_TEXT_MAX);
    assert_int_equal(SOTTO_CARD_MAX, CHAT_CARD_TEXT_MAX);
    assert_int_equal(SOTTO_ACCOUNT_MAX, CHAT_ACCOUNT_TEXT_MAX);
    assert_int_equal(SOTTO_SIX_MAX, CHAT_SIX_WORDS_MAX);
    assert_int_equal(SOTTO_SAFETY_MAX, CHAT_SAFETY_MAX);
    assert_int_equal(SOTTO_NAME_MAX, CHAT_NAME_MAX);
    assert_int_equal(sizeof(struct sotto_id), sizeof(struct chat_account));
    assert_int_equal(sizeof(struct sotto_entry_id), sizeof(struct chat_entry_id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_account_is_made_once_and_opened_again, begin, end),
        cmocka_unit_test_setup_teardown(wrong_options_are_explained, begin, end),
        cmocka_unit_test_setup_teardown(events_come_once_and_the_last_again_after_a_crash, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_loop_of_another_can_drive_it, begin, end),
        cmocka_unit_test_setup_teardown(two_nodes_meet, begin, end),
        cmocka_unit_test_setup_teardown(what_is_asked_is_what_the_chat_says, begin, end),
        cmocka_unit_test(the_numbers_are_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
