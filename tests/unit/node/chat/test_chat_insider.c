/* A whole conversation with a member that does not run our program: each thing that it can do is
 * refused by its name, and the others read each other as if nothing was; and what a newer version
 * may send: seen as such, kept, handed on. (Whatever bytes choose: tests/fuzz/fuzz_chat_insider.c.)
 */
#include "node/chat/commits/answer.h"
#include "node/chat/profile/evidence.h"
#include "tests/lib/insider.h"

#define PEOPLE 3u /* the last one is the insider */

static struct world w;
static struct insider m;
static struct world_person *a, *b;
static struct chat_conversation group;
static char said[1u << 16]; /* what was logged */

static void note(void *sink, enum log_level level, const struct env *env, const char *room,
                 const char *text)
{
    size_t used = strlen(said);
    (void)sink, (void)env, (void)room;
    assert_true(level < LOG_BROKEN);
    if (used + strlen(text) + 2 < sizeof said)
        (void)snprintf(said + used, sizeof said - used, "%s\n", text);
}

static void befriend(struct world_person *with)
{
    char card[CHAT_CARD_TEXT_MAX];
    struct chat_conversation id;
    struct chat_entry_id entry;
    world_run(&w, 30);
    assert_ok(chat_card(a->chat, &w.t.env, false, card));
    assert_ok(chat_contact(with->chat, &w.t.env, span_str(card), &id));
    assert_ok(chat_send(with->chat, &w.t.env, &id, SPAN_LIT("hello"), NULL, &entry));
    world_run(&w, 60);
    assert_ok(chat_accept(a->chat, &w.t.env, &id));
    world_run(&w, 60);
}

/* One world for many tests: it has to stand them one after another. */
static int begin(void **state)
{
    struct chat_account members[PEOPLE - 1];
    (void)state;
    world_init(&w, 1 + (getenv("SEED") != NULL ? strtoull(getenv("SEED"), NULL, 10) : 0));
    for (size_t i = 0; i < PEOPLE; i++) {
        struct world_person *p = world_born(&w);
        world_online(&w, p, true);
        if (i == 0)
            a = p;
        else
            befriend(p);
        if (i > 0)
            memcpy(members[i - 1].bytes, p->chat->self.account, 32);
    }
    b = &w.people[1];
    assert_ok(
        chat_found(a->chat, &w.t.env, CHAT_GROUP, SPAN_LIT("tea"), members, PEOPLE - 1, &group));
    world_run(&w, 900);
    insider_init(&m, &w, &w.people[PEOPLE - 1], &group);
    w.t.log.line = note;
    w.t.log.min = LOG_INFO;
    said[0] = '\0';
    return 0;
}

static int end(void **state)
{
    (void)state;
    insider_clear(&m);
    world_clear(&w);
    return 0;
}

static struct eid head(void)
{
    return branches_head(talks_find(a->chat, group.bytes)->branches);
}

/* Two who do as they should are in one epoch, and read each other. */
static void all_is_well(void)
{
    struct chat_entry_id entry;
    static unsigned number;
    char text[2][32];
    world_run(&w, 120);
    for (unsigned i = 0; i < 2; i++) {
        (void)snprintf(text[i], sizeof text[i], "well %u", number++);
        assert_ok(chat_send(w.people[i].chat, &w.t.env, &group, span_str(text[i]), NULL, &entry));
    }
    world_run(&w, 60);
    for (unsigned i = 0; i < 4; i++)
        assert_true(world_reads(&w.people[i / 2], &group, text[i % 2]));
    struct eid one = head(), two = branches_head(talks_find(b->chat, group.bytes)->branches);
    assert_true(eid_eq(&one, &two));
    assert_ok(a->chat->failed);
}

static void named(const char *name)
{
    world_run(&w, 2);
    if (strstr(said, name) == NULL)
        fail_msg("\"%s\" was not said, but:\n%s", name, said);
    said[0] = '\0';
}

/* ---- what is said ---- */

static struct entry text_of(const char *text, struct buf *keep)
{
    struct content c = {.tag = CONTENT_TEXT, .text = span_str(text)};
    buf_reset(keep);
    assert_ok(content_encode(&c, keep));
    return (struct entry){.lamport = (uint64_t)(w.t.env.wall.ns / NS_PER_MS),
                          .content = buf_span(keep)};
}

static void hand_on(const struct entry_author *author, struct span entry)
{
    struct eid at = head();
    struct parcel p = {.carried = {{*author, entry}}, .carried_count = 1};
    assert_true(insider_parcel(&m, &at, &p));
}

static void words_in_anothers_mouth(void)
{
    struct buf keep = BUF_INIT(ENTRY_CONTENT_MAX), bytes = BUF_INIT(ENTRY_BYTES_MAX);
    struct entry_id id;
    struct entry e = text_of("I resign", &keep);
    assert_true(insider_entry(&m, &e, &bytes, &id));
    hand_on(&b->chat->self, buf_span(&bytes));
    named("parcel refused err=ERR_AUTH");
    const struct entry_author nobody = {{1}, {2}};
    hand_on(&nobody, buf_span(&bytes));
    named("parcel refused err=ERR_AUTH");
    struct insider elsewhere = m; /* signed for another conversation */
    elsewhere.in.bytes[0] ^= 1;
    buf_reset(&bytes);
    assert_true(insider_entry(&elsewhere, &e, &bytes, &id));
    hand_on(&m.me->chat->self, buf_span(&bytes));
    named("parcel refused err=ERR_AUTH");
    assert_false(world_reads(a, &group, "I resign"));
    buf_clear(&keep);
    buf_clear(&bytes);
}

static void malformed_plaintexts(void)
{
    struct eid at = head();
    assert_true(insider_says(&m, &at, SPAN_LIT("\x93\x01"), SPAN_EMPTY));
    named("parcel refused err=ERR_FORMAT");
    const struct parcel p = {.entries = {SPAN_LIT("no entry")}, .entries_count = 1};
    assert_true(insider_parcel(&m, &at, &p));
    named("parcel refused err=ERR_FORMAT");
    struct parcel stays = {.passing_count = 1};
    struct buf keep = BUF_INIT(ENTRY_CONTENT_MAX);
    (void)text_of("in passing", &keep);
    stays.passing[0] = buf_span(&keep); /* what is to stay comes as an entry */
    assert_true(insider_parcel(&m, &at, &stays));
    named("parcel refused err=ERR_PROTOCOL");
    assert_true(insider_content(&m, &at, SPAN_LIT("no frames")));
    named("content refused err=ERR_FORMAT");
    assert_true(insider_frame(&m, &at, FRAME_LOG, SPAN_LIT("no log")));
    named("evidence that is no log");
    assert_true(insider_frame(&m, &at, FRAME_MLS, SPAN_LIT("no message")));
    named("frame refused kind=1 err=MLS_WRONG_VERSION");
    buf_clear(&keep);
}

/* Far ahead: nobody's clock follows, and it is seen when its time has come, not before. */
static void entries_of_next_year(void)
{
    struct buf keep = BUF_INIT(ENTRY_CONTENT_MAX);
    struct entry_id id;
    struct eid at = head();
    for (unsigned i = 0; i < TIMELINE_HELD_AUTHOR_MAX + 2; i++) {
        struct entry e = text_of("from the future", &keep);
        e.lamport += 365ull * 86400 * 1000 + i;
        assert_true(insider_says_entry(&m, &at, &e, &id));
    }
    named("parcel refused err=ERR_LIMIT");
    assert_false(world_reads(a, &group, "from the future"));
    buf_clear(&keep);
}

static void what_is_said_has_to_be_ones_own_and_sound(void **state)
{
    (void)state;
    words_in_anothers_mouth();
    malformed_plaintexts();
    entries_of_next_year();
    all_is_well();
}

/* ---- what is signed about commits ---- */

static void object(uint64_t kind, const struct buf *bytes, const char *name)
{
    struct eid at = head();
    assert_true(insider_frame(&m, &at, kind, buf_span(bytes)));
    named(name);
}

static void acks_and_tickets(void)
{
    struct buf out = BUF_INIT(ACKS_BYTES_MAX);
    struct eid at = head();
    struct acks acks = {.eids = {at}, .count = 1};
    memcpy(acks.group, group.bytes, 32);
    assert_ok(acks_sign(&acks, m.me->chat->installation));
    memcpy(acks.key, b->chat->self.installation, 32); /* another's vote */
    assert_ok(acks_encode(&acks, &out));
    object(FRAME_ACKS, &out, "frame refused kind=3 err=ERR_AUTH");
    buf_reset(&out);
    acks.group[0] ^= 1; /* of another conversation */
    assert_ok(acks_sign(&acks, m.me->chat->installation));
    assert_ok(acks_encode(&acks, &out));
    object(FRAME_ACKS, &out, "frame refused kind=3 err=ERR_PROTOCOL");
    buf_reset(&out);
    struct ticket t = {.parent = at, .eid = {{7}}, .cls = COMMIT_UPDATES, .leaf = 0};
    memcpy(t.group, group.bytes, 32);
    assert_ok(ticket_sign(&t, m.me->chat->installation)); /* the leaf is another's */
    assert_ok(ticket_encode(&t, &out));
    object(FRAME_TICKET, &out, "frame refused kind=2 err=ERR_AUTH");
    buf_clear(&out);
}

static void beacons_and_requests(void)
{
    struct buf out = BUF_INIT(BEACON_BYTES_MAX);
    struct eid at = head();
    struct beacon beacon = {.certified = at, .head = at};
    memcpy(beacon.group, group.bytes, 32);
    assert_ok(beacon_sign(&beacon, m.me->chat->installation));
    memcpy(beacon.key, b->chat->self.installation, 32);
    assert_ok(beacon_encode(&beacon, &out));
    object(FRAME_BEACON, &out, "frame refused kind=4 err=ERR_AUTH");
    buf_reset(&out);
    struct rejoin q = {.eids = {at}, .count = 1, .key_package = SPAN_LIT("no package")};
    memcpy(q.group, group.bytes, 32);
    assert_ok(rejoin_sign(&q, m.me->chat->installation));
    assert_ok(rejoin_encode(&q, &out));
    object(FRAME_REJOIN, &out, "frame refused kind=8 err=");
    buf_reset(&out);
    memcpy(q.key, b->chat->self.installation, 32); /* for another */
    assert_ok(rejoin_encode(&q, &out));
    object(FRAME_REJOIN, &out, "frame refused kind=8 err=ERR_AUTH");
    buf_clear(&out);
}

static void what_is_signed_speaks_for_oneself_alone(void **state)
{
    (void)state;
    acks_and_tickets();
    beacons_and_requests();
    all_is_well();
}

static unsigned unsupported(struct world_person *p)
{
    struct chat_event ev;
    unsigned n = 0;
    for (uint64_t at = 0; chat_event(p->chat, at, &ev) == OK; at = ev.number)
        n += ev.kind == CHAT_EVENT_UNSUPPORTED;
    return n;
}

/* ---- commits ---- */

static void commits(struct span proposals, struct span evidence, const char *rule)
{
    struct insider_commit c;
    struct eid at = head();
    assert_true(insider_commits(&m, &at, proposals, evidence, &c));
    assert_true(insider_sends_commit(&m, &c, false));
    named(rule);
    mls_commit_out_clear(&c.out);
}

static void a_commit_beyond_ones_rights(void)
{
    struct buf list = BUF_INIT(65536), package = BUF_INIT(PROFILE_PACKAGE_BYTES_MAX);
    struct talk_world tw;
    struct mls_package_keys keys;
    assert_ok(mls_make_remove(0, &list)); /* who founded it */
    commits(buf_span(&list), SPAN_EMPTY, policy_text(POLICY_MAY_NOT_REMOVE));
    buf_reset(&list);
    assert_ok(talk_world_init(&tw, m.me->chat, &w.t.env)); /* its own key once more */
    assert_ok(profile_package(&tw.us, &tw.mls, MLS_SUITE_XWING, &keys, &package));
    talk_world_clear(&tw);
    struct profile_data data = talks_find(a->chat, group.bytes)->data;
    struct buf extensions = BUF_INIT(PROFILE_DATA_BYTES_MAX);
    assert_ok(profile_data_set_role(&data, m.me->chat->self.account, PROFILE_OWNER));
    assert_ok(profile_data_extensions(&data, &extensions));
    assert_ok(mls_make_extensions(buf_span(&extensions), &list));
    commits(buf_span(&list), SPAN_EMPTY, policy_text(POLICY_MAY_NOT_RULE));
    buf_reset(&list);
    commits(SPAN_EMPTY, SPAN_LIT("no evidence"), policy_text(POLICY_EVIDENCE));
    buf_clear(&list);
    buf_clear(&package);
    buf_clear(&extensions);
}

static void a_commit_whose_ticket_lies(void)
{
    struct insider_commit c;
    struct eid at = head();
    assert_true(insider_commits(&m, &at, SPAN_EMPTY, SPAN_EMPTY, &c));
    c.ticket.cls = COMMIT_REMOVES_OTHER; /* so that it would win */
    assert_true(insider_sends_commit(&m, &c, false));
    named("frame refused kind=1 err=ERR_PROTOCOL");
    struct frames f = {.count = 0};
    assert_ok(frames_add(&f, FRAME_MLS, buf_span(&c.out.commit))); /* no ticket at all */
    assert_true(insider_frames(&m, &at, &f));
    named("frame refused kind=1 err=ERR_FORMAT");
    mls_commit_out_clear(&c.out);
}

static void a_commit_is_judged_by_all_alike(void **state)
{
    (void)state;
    a_commit_beyond_ones_rights();
    a_commit_whose_ticket_lies();
    commits(SPAN_EMPTY, SPAN_LIT("\x93\x32\x02\x90"), policy_text(POLICY_NEWER));
    assert_int_equal(unsupported(a), 1); /* evidence [50, 2, []] */
    all_is_well();
}

/* The commit after that of a Remove which it proposes to itself alone. */
static void a_commit_of_what_nobody_has(struct insider *by)
{
    struct insider_commit c;
    struct talk_world tw;
    struct eid at = head();
    struct buf remove = BUF_INIT(64), message = BUF_INIT(MESSAGE_BYTES_MAX);
    if (by->fork == NULL || !eid_eq(&by->fork_of, &at)) {
        assert_true(insider_commits(by, &at, SPAN_EMPTY, SPAN_EMPTY, &c)); /* makes the fork */
        mls_commit_out_clear(&c.out);
        assert_ok(talk_world_init(&tw, by->me->chat, &w.t.env));
        tw.mls.proposal = NULL;
        assert_ok(mls_make_remove(0, &remove));
        assert_ok(
            mls_propose(by->fork, &tw.mls, buf_span(&remove), &(struct mls_send){0}, &message));
        talk_world_clear(&tw);
    }
    by->gathers = true;
    assert_true(insider_commits(by, &at, SPAN_EMPTY, SPAN_EMPTY, &c));
    assert_true(insider_sends_commit(by, &c, false));
    by->gathers = false;
    mls_commit_out_clear(&c.out);
    buf_clear(&remove);
    buf_clear(&message);
}

/* One small message a minute does not keep all others reading stores. */
static void commits_of_proposals_that_nobody_has(void **state)
{
    (void)state;
    unsigned before = a->fetches;
    m.me->dead = true; /* its own program would see that it is in doubt */
    for (unsigned i = 0; i < 60; i++) {
        a_commit_of_what_nobody_has(&m);
        world_run(&w, 60);
    }
    assert_in_range(a->fetches - before, 2, 24);
    named("a commit is given up: nobody has its proposals");
    before = a->fetches;
    world_run(&w, 3 * 3600); /* ... nor does what came then */
    assert_in_range(a->fetches - before, 0, 24);
    all_is_well();
}

/* ---- of a newer version ---- */

/* The journal says that this program is too old: once for each kind in a run. */
static void seen_as_new(void)
{
    static unsigned before;
    world_run(&w, 2);
    if (unsupported(a) != before + 1)
        fail_msg("%u told before, %u now:\n%s", before, unsupported(a), said);
    before++;
    talks_find(a->chat, group.bytes)->newer_told = 0; /* as after a start */
    said[0] = '\0';
}

static void things_of_a_newer_version_are_told(void **state)
{
    (void)state;
    struct eid at = head();
    assert_true(insider_frame(&m, &at, 77, SPAN_LIT("a frame")));
    seen_as_new();
    assert_true(insider_says(&m, &at, SPAN_LIT("\x93\x02\x02\x90"), SPAN_EMPTY)); /* [2, 2, []] */
    seen_as_new();
    const struct parcel p = {.entries = {SPAN_LIT("\x93\x01\x02\x90")}, .entries_count = 1};
    assert_true(insider_parcel(&m, &at, &p)); /* an entry [1, 2, []] */
    seen_as_new();
    assert_true(insider_frame(&m, &at, FRAME_TICKET, SPAN_LIT("\x93\x20\x02\x90")));
    seen_as_new();
    all_is_well();
}

/* Content of tomorrow, in an entry of today: kept, shown by its fallback, exported and imported. */
static void content_of_a_newer_version_is_kept(void **state)
{
    (void)state;
    struct span pass = SPAN_LIT("raya");
    struct buf said_new = BUF_INIT(4096), out = BUF_INIT(CHAT_EXPORT_BYTES_MAX);
    struct pack_writer pw = pack_writer_to(&said_new);
    struct eid at = head();
    struct entry_id id;
    pack_write_array(&pw, 6);
    pack_write_uint(&pw, CONTENT_DOMAIN);
    pack_write_uint(&pw, 99); /* a tag that nobody knows */
    pack_write_uint(&pw, 1);
    pack_write_bin(&pw, SPAN_LIT("payload"));
    pack_write_str(&pw, SPAN_LIT("a poll: tea or coffee?"));
    pack_write_extensions(&pw, &(struct pack_extensions){0});
    assert_ok(pack_writer_status(&pw));
    struct entry e = {.lamport = (uint64_t)(w.t.env.wall.ns / NS_PER_MS),
                      .content = buf_span(&said_new)};
    assert_true(insider_says_entry(&m, &at, &e, &id));
    world_run(&w, 60);
    a->chat->cost = (struct scrypt_cost){4, 8, 1};
    assert_ok(chat_export(a->chat, &w.t.env, pass, &out));
    struct world_person *again = world_place(&w);
    struct chat_config config = world_config(again);
    assert_ok(chat_recover(&again->chat, &config, &w.t.env, span_str(a->words)));
    world_online(&w, a, false);
    world_online(&w, again, true);
    world_run(&w, 600);
    assert_ok(chat_import(again->chat, &w.t.env, pass, buf_span(&out)));
    struct world_person *both[] = {a, again};
    for (unsigned i = 0; i < 2; i++) {
        struct chat_entry shown;
        struct chat_entry_id want;
        memcpy(want.bytes, id.bytes, sizeof want.bytes);
        assert_ok(chat_entry(both[i]->chat, &group, &want, &shown));
        assert_int_equal(shown.content, CHAT_UNKNOWN);
        assert_span_equal(shown.text, SPAN_LIT("a poll: tea or coffee?"));
    }
    buf_clear(&said_new);
    buf_clear(&out);
}

int main(void)
{
    const struct CMUnitTest says[] = {
        cmocka_unit_test(what_is_said_has_to_be_ones_own_and_sound),
        cmocka_unit_test(what_is_signed_speaks_for_oneself_alone),
        cmocka_unit_test(things_of_a_newer_version_are_told),
        cmocka_unit_test(content_of_a_newer_version_is_kept),
    };
    const struct CMUnitTest lacks[] = {cmocka_unit_test(commits_of_proposals_that_nobody_has)};
    const struct CMUnitTest makes[] = {cmocka_unit_test(a_commit_is_judged_by_all_alike)};
    cmocka_set_test_filter(getenv("TEST")); /* one alone, by name */
    return cmocka_run_group_tests(says, begin, end) + cmocka_run_group_tests(makes, begin, end) +
           cmocka_run_group_tests(lacks, begin, end);
}
