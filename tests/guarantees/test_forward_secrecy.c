/* Promise: forward secrecy once the epoch is certified, at most 10 min, and 10 min more on disk
 * (CHAT.md 0): the folder of a whole client, copied at t, opens nothing that was sent before t - 20
 * min and acknowledged, with its key file at hand. Here: a client on a real LMDB folder and page,
 * everything that was published recorded. Its thief has the folder of t, and a second time the
 * database of an earlier day beside the page of t: as if every page that LMDB gave up were still on
 * the disk. He gives all that was recorded to the program itself.
 *
 * Fails without its mechanism: the same database beside the page of that day opens what was
 * recorded, here. Seen to fail besides: README.md. */
#include "node/chat/talk.h"
#include "node/evio/wipe_file.h"
#include "tests/lib/archive_model.h"
#include "tests/lib/chat_people.h"

struct disk {
    char folder[64];
    struct kv *kv;
    struct wipe_disk page;
};

static void disk_open(struct disk *d)
{
    assert_ok(kv_open_lmdb(&d->kv, d->folder, chat_tables));
    assert_ok(wipe_disk_open(&d->page, d->folder));
}

static void disk_close(struct disk *d)
{
    kv_close(d->kv);
    wipe_disk_close(&d->page);
}

static struct chat_config config_of(struct disk *d)
{
    static const uint8_t key_file[32] = {7, 7, 7};
    return (struct chat_config){
        .kv = d->kv, .wipe = &d->page.file, .key_file = SPAN_ARRAY(key_file)};
}

static void copy_file(const char *from, const char *to, const char *name)
{
    static uint8_t bytes[1u << 16];
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", from, name);
    FILE *in = fopen(path, "rb");
    (void)snprintf(path, sizeof path, "%s/%s", to, name);
    FILE *out = fopen(path, "wb");
    assert_true(in != NULL && out != NULL);
    for (size_t n; (n = fread(bytes, 1, sizeof bytes, in)) > 0;)
        assert_int_equal(fwrite(bytes, 1, n, out), n);
    (void)fclose(in);
    assert_int_equal(fclose(out), 0);
}

/* The database of one folder and the page of another, as a folder of its own. */
static void stolen(struct disk *d, const char *database, const char *page)
{
    *d = (struct disk){.kv = NULL};
    model_folder(d->folder);
    copy_file(database, d->folder, "kv.mdb");
    copy_file(page, d->folder, "wipe.key");
}

/* MLS messages with something in them that were opened, new or known. */
static uint64_t opened(struct chat *c, const struct chat_conversation *id)
{
    const struct talk *t = talks_find(c, id->bytes);
    if (t == NULL || t->delivery == NULL)
        return 0;
    const struct delivery_counters *n = delivery_counters(t->delivery);
    return n->entries + n->duplicates + n->refused;
}

/* How much of what was recorded the program opens with a copy; -1: not even the account. */
static int thief(struct world *w, struct disk *d, const struct chat_conversation *id, size_t from,
                 size_t to)
{
    struct chat *c;
    disk_open(d);
    struct chat_config config = config_of(d);
    enum err err = chat_open(&c, &config, &w->t.env);
    uint64_t before = err == OK ? opened(c, id) : 0, after = before;
    for (int again = 0; err == OK && again < 2; again++)
        for (size_t i = from; i < to; i++)
            chat_received(c, &w->t.env, span_str(w->messages[i].topic),
                          span_of(w->messages[i].payload, w->messages[i].len));
    if (err == OK) {
        after = opened(c, id);
        print_message("  keys of %zu epochs; opened %u\n", talks_find(c, id->bytes)->keys_count,
                      (unsigned)(after - before));
        vault_drop(c->vault);
        c->vault = NULL;
        chat_close(c);
    } else {
        print_message("  the copy does not open: %s\n", err_name(err));
    }
    disk_close(d);
    model_folder_remove(d->folder);
    return err == OK ? (int)(after - before) : -1;
}

static void talk_for_a_while(struct world *w, struct world_person *a, struct world_person *b,
                             const struct chat_conversation *id)
{
    for (unsigned i = 0; i < 3; i++) {
        people_say(w, a, id, "and then");
        world_run(w, 300);
        people_say(w, b, id, "indeed");
        world_run(w, 300);
    }
}

static void a_copied_folder_opens_nothing_of_twenty_minutes_ago(void **state)
{
    (void)state;
    struct world w;
    struct disk disk = {.kv = NULL}, earlier, copy;
    world_init(&w, people_seed(51));
    struct world_person *a = world_born(&w), *b = &w.people[w.count++];
    model_folder(disk.folder);
    disk_open(&disk);
    *b = (struct world_person){.heard = w.messages_count};
    struct chat_config config = config_of(&disk);
    assert_ok(chat_create(&b->chat, &config, &w.t.env, b->words));
    struct chat_conversation id = people_meet(&w, a, b);
    talk_for_a_while(&w, a, b, &id);

    world_online(&w, b, false);
    size_t from = w.messages_count;
    for (unsigned i = 0; i < 3; i++) {
        people_say(&w, a, &id, "words of then");
        world_run(&w, 20);
    }
    size_t to = w.messages_count;
    assert_true(to >= from + 3);
    stolen(&earlier, disk.folder, disk.folder); /* before they were read */
    world_online(&w, b, true);
    world_run(&w, 60);
    assert_true(world_reads(b, &id, "words of then"));
    people_say(&w, b, &id, "I have read it"); /* acknowledged */
    talk_for_a_while(&w, a, b, &id);          /* 30 minutes */

    print_message("the folder of now:\n");
    stolen(&copy, disk.folder, disk.folder);
    assert_int_equal(thief(&w, &copy, &id, from, to), 0);
    print_message("the database of then, the page of now:\n");
    stolen(&copy, earlier.folder, disk.folder);
    assert_true(thief(&w, &copy, &id, from, to) <= 0);
    print_message("the folder of then:\n");
    stolen(&copy, earlier.folder, earlier.folder);
    assert_true(thief(&w, &copy, &id, from, to) >= 3);

    model_folder_remove(earlier.folder);
    chat_close(b->chat);
    b->chat = NULL;
    disk_close(&disk);
    model_folder_remove(disk.folder);
    world_clear(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copied_folder_opens_nothing_of_twenty_minutes_ago),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
