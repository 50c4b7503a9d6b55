/* A whole conversation with a member that does not run our program. Three honest members and the
 * insider are made once; each input begins with copies of their folders. The bytes choose what the
 * insider signs, seals and publishes: any plaintext, parcels and entries, tickets, acks,
 * withdrawals, beacons, rejoin requests and answers, commits that no policy judged, double ones
 * too, any frame, what others published once more and bent; and what the honest ones do meanwhile.
 * Then it falls silent, and of the honest ones: nobody was removed, all come into one epoch and
 * read what each says, and what it cost them is bounded. */
#include "crypto/base/reader.h"
#include "node/chat/commits/answer.h"
#include "node/chat/commits/ticket.h"
#include "node/chat/rejoining.h"
#include "tests/lib/insider.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* The corpus runner mutates each input so often: a conversation takes a while. */
extern const unsigned fuzz_mutations;
const unsigned fuzz_mutations = 1;

#define HONEST         3u
#define PEOPLE         (HONEST + 1u)
#define OPS_MAX        24u
#define SETTLE_ROUNDS  90 /* minutes; docs/protocol/commits.md */
#define FIRST_SETTLE_S 120
#define ROWS_MAX       4000u
#define PUBLISHED_MAX  1500u /* of the honest ones, each input */
#define JOURNAL_MAX    400u
#define PLAIN_MAX      (ENTRY_BYTES_MAX + 8192u)

static struct world base;
static struct chat_conversation group;
static struct chat_account accounts[PEOPLE];

#define must(holds) must_hold((holds), #holds)

static void must_hold(bool holds, const char *what)
{
    if (holds)
        return;
    (void)fprintf(stderr, "does not hold: %s\n", what);
    abort();
}

/* ---- the conversation, once ---- */

static void befriend(struct world *w, struct world_person *a, struct world_person *b)
{
    char card[CHAT_CARD_TEXT_MAX];
    struct chat_conversation id;
    struct chat_entry_id entry;
    world_online(w, a, true);
    world_online(w, b, true);
    world_run(w, 30);
    assert_ok(chat_card(a->chat, &w->t.env, false, card));
    assert_ok(chat_contact(b->chat, &w->t.env, span_str(card), &id));
    assert_ok(chat_send(b->chat, &w->t.env, &id, SPAN_LIT("hello"), NULL, &entry));
    world_run(w, 60);
    assert_ok(chat_accept(a->chat, &w->t.env, &id));
    world_run(w, 60);
}

static void begin(void)
{
    struct chat_entry_id entry;
    world_init(&base, 1);
    for (size_t i = 0; i < PEOPLE; i++) {
        struct world_person *p = world_born(&base);
        memcpy(accounts[i].bytes, p->chat->self.account, 32);
        if (i > 0)
            befriend(&base, &base.people[0], p);
    }
    struct world_person *first = &base.people[0];
    assert_ok(chat_found(first->chat, &base.t.env, CHAT_GROUP, SPAN_LIT("tea"), &accounts[1],
                         PEOPLE - 1, &group));
    world_run(&base, 120);
    assert_ok(chat_set_role(first->chat, &base.t.env, &group, &accounts[1], CHAT_ADMIN));
    world_run(&base, 120);
    for (size_t i = 0; i < PEOPLE; i++)
        assert_ok(
            chat_send(base.people[i].chat, &base.t.env, &group, SPAN_LIT("here"), NULL, &entry));
    world_run(&base, 900);
}

/* ---- each time anew ---- */

static void wake(struct world *w, size_t i)
{
    struct world_copy copy = world_copy(&base.people[i]);
    struct world_person *p = world_place(w);
    kv_close(p->kv);
    p->kv = copy.kv;
    p->wipe = copy.wipe;
    p->wipe.file.state = &p->wipe;
    struct chat_config config = world_config(p);
    assert_ok(chat_open(&p->chat, &config, &w->t.env));
    world_online(w, p, true);
}

static struct talk *talk_of(struct world_person *p)
{
    return talks_find(p->chat, group.bytes);
}

/* ---- what the bytes say ---- */

struct play {
    struct world w;
    struct insider m;
    struct reader r;
    bool left; /* an honest member was asked to remove it, or it left */
    uint8_t last[ENTRY_ID_BYTES];
};

static uint8_t byte(struct play *p)
{
    return p->r.rest.len > 0 ? read_u8(&p->r) : 0;
}

static struct span some(struct play *p, size_t max)
{
    size_t n = byte(p);
    n = n < 250 ? n : (n - 249) * 700u; /* long ones too */
    n = n < p->r.rest.len ? n : p->r.rest.len;
    return read_bytes(&p->r, n < max ? n : max);
}

/* An epoch: the head of somebody, one before, or none at all. */
static struct eid epoch(struct play *p, uint8_t arg)
{
    struct talk *t = talk_of(&p->w.people[arg % PEOPLE]);
    struct eid eid = {{arg}};
    if (t == NULL || t->keys_count == 0 || arg >= 240)
        return eid;
    size_t back = (arg >> 4) % t->keys_count;
    return t->keys[t->keys_count - 1 - back].eid;
}

static void key_or_other(struct play *p, uint8_t arg, uint8_t key[32])
{
    if (arg > 200)
        memcpy(key, p->w.people[arg % PEOPLE].chat->self.installation, 32);
}

static void object(struct play *p, uint64_t kind, enum err err, struct buf *bytes)
{
    struct eid under = epoch(p, byte(p));
    if (err == OK && bytes->len > 0)
        (void)insider_frame(&p->m, &under, kind, buf_span(bytes));
    buf_clear(bytes);
}

/* Bent after it was signed, sometimes. */
static void bend(struct play *p, struct buf *b)
{
    uint8_t how = byte(p);
    if (how > 200 && b->len > 0)
        b->ptr[(size_t)(how - 200) * 37u % b->len] ^= byte(p);
}

static void ticket_op(struct play *p)
{
    struct buf out = BUF_INIT(TICKET_BYTES_MAX);
    struct ticket t = {.parent = epoch(p, byte(p)), .eid = epoch(p, byte(p))};
    memcpy(t.group, group.bytes, sizeof t.group);
    t.epoch = byte(p);
    t.cls = (enum commit_class)(1 + byte(p) % COMMIT_CLASS_MAX);
    t.role = byte(p) % 4;
    t.leaf = byte(p) % 6;
    if (byte(p) > 128)
        t.eid.bytes[0] ^= byte(p);
    enum err err = ticket_sign(&t, p->m.me->chat->installation);
    key_or_other(p, byte(p), t.key);
    if (err == OK)
        err = ticket_encode(&t, &out);
    bend(p, &out);
    object(p, FRAME_TICKET, err, &out);
}

static void acks_op(struct play *p)
{
    struct buf out = BUF_INIT(ACKS_BYTES_MAX);
    struct acks a = {.count = 1 + byte(p) % 5};
    memcpy(a.group, group.bytes, sizeof a.group);
    for (size_t i = 0; i < a.count; i++)
        a.eids[i] = epoch(p, byte(p));
    enum err err = acks_sign(&a, p->m.me->chat->installation);
    key_or_other(p, byte(p), a.key);
    if (err == OK)
        err = acks_encode(&a, &out);
    bend(p, &out);
    object(p, FRAME_ACKS, err, &out);
}

static void withdrawal_op(struct play *p)
{
    struct buf out = BUF_INIT(TICKET_BYTES_MAX);
    struct withdrawal d = {.parent = epoch(p, byte(p)), .eid = epoch(p, byte(p))};
    memcpy(d.group, group.bytes, sizeof d.group);
    enum err err = withdrawal_sign(&d, p->m.me->chat->installation);
    if (err == OK)
        err = withdrawal_encode(&d, &out);
    object(p, FRAME_WITHDRAW, err, &out);
}

static void beacon_op(struct play *p)
{
    struct buf out = BUF_INIT(BEACON_BYTES_MAX);
    struct talk *t = talk_of(&p->w.people[byte(p) % PEOPLE]);
    struct eid from = epoch(p, byte(p));
    struct beacon b = {.certified = from};
    if (t != NULL && t->branches != NULL && byte(p) > 40)
        dag_beacon_fill(branches_dag(t->branches), &from, &b);
    memcpy(b.group, group.bytes, sizeof b.group);
    b.head = epoch(p, byte(p));
    uint8_t drop = byte(p);
    if (b.tickets_count > 0 && drop > 128)
        b.tickets[drop % b.tickets_count] = b.tickets[--b.tickets_count];
    if (drop % 8 == 0)
        b.acks_count = 0;
    enum err err = beacon_sign(&b, p->m.me->chat->installation);
    key_or_other(p, byte(p), b.key);
    if (err == OK)
        err = beacon_encode(&b, &out);
    bend(p, &out);
    object(p, FRAME_BEACON, err, &out);
}

static void rejoin_op(struct play *p)
{
    struct buf out = BUF_INIT(REJOIN_BYTES_MAX), package = BUF_INIT(REJOIN_PACKAGE_MAX);
    struct rejoin q = {.count = 1 + byte(p) % 3};
    struct talk_world w;
    struct mls_package_keys keys;
    enum err err = talk_world_init(&w, p->m.me->chat, &p->w.t.env);
    if (err != OK)
        return;
    memcpy(q.group, group.bytes, sizeof q.group);
    for (size_t i = 0; i < q.count; i++)
        q.eids[i] = epoch(p, byte(p));
    if (byte(p) > 40)
        err = profile_package(&w.us, &w.mls,
                              byte(p) > 220 ? MLS_SUITE_X25519_CHACHA : MLS_SUITE_XWING, &keys,
                              &package);
    else
        err = buf_append(&package, some(p, 4000));
    bend(p, &package);
    q.key_package = buf_span(&package);
    if (err == OK)
        err = rejoin_sign(&q, p->m.me->chat->installation);
    key_or_other(p, byte(p), q.key);
    if (err == OK)
        err = rejoin_encode(&q, &out);
    buf_clear(&package);
    talk_world_clear(&w);
    object(p, FRAME_REJOIN, err, &out);
}

/* To somebody who asks, or to nobody. */
static void answer_op(struct play *p)
{
    struct buf out = BUF_INIT(ENVELOPE_BYTES_MAX);
    struct answer_part part = {.count = 1 + byte(p) % 4, .bytes = some(p, 4000)};
    memcpy(part.group, group.bytes, sizeof part.group);
    struct talk *t = talk_of(&p->w.people[byte(p) % PEOPLE]);
    part.number = byte(p) % part.count;
    part.guest[0] = byte(p);
    part.answer[0] = byte(p);
    if (t != NULL && t->rejoining != NULL && t->rejoining->package.len > 0)
        answer_guest(buf_span(&t->rejoining->package), part.guest);
    object(p, FRAME_ANSWER, answer_part_encode(&part, &out), &out);
}

static void content(struct play *p, struct buf *out)
{
    struct span bytes = some(p, CONTENT_TEXT_MAX);
    struct content c = {.tag = 1 + byte(p) % 15,
                        .text = bytes,
                        .name = SPAN_LIT("name"),
                        .media_type = SPAN_LIT("a/b"),
                        .bytes = bytes,
                        .on = byte(p) & 1,
                        .lamport = (uint64_t)byte(p) << byte(p) % 56,
                        .seconds = (uint64_t)byte(p) << byte(p) % 24,
                        .size = (uint64_t)byte(p) << byte(p) % 32,
                        .vanishes_s = byte(p) > 200 ? byte(p) : 0};
    memcpy(c.target.bytes, p->last, sizeof p->last);
    switch (byte(p) % 4) {
    case 0:
        if (content_encode(&c, out) == OK)
            return;
        break;
    case 1:
        c.domain = byte(p) + 2u;
        c.version = byte(p);
        c.payload = bytes;
        c.fallback = SPAN_LIT("of something new");
        if (content_encode_foreign(&c, out) == OK)
            return;
        break;
    default:
        break;
    }
    buf_reset(out);
    (void)!buf_append(out, bytes);
}

static void entry_op(struct play *p)
{
    struct buf said = BUF_INIT(ENTRY_CONTENT_MAX), bytes = BUF_INIT(ENTRY_BYTES_MAX);
    struct entry e = {0};
    struct entry_id id = {{0}};
    struct parcel parcel = {0};
    struct eid in = epoch(p, byte(p));
    int64_t now_ms = p->w.t.env.wall.ns / NS_PER_MS;
    content(p, &said);
    uint8_t when = byte(p);
    e.lamport = when < 100   ? (uint64_t)now_ms
                : when < 150 ? (uint64_t)now_ms + (uint64_t)byte(p) * 100000u
                : when < 200 ? (uint64_t)now_ms - (uint64_t)byte(p) * 10000000u
                : when < 220 ? INT64_MAX
                             : byte(p);
    e.content = buf_span(&said);
    uint8_t parents = byte(p);
    if (parents > 100) {
        memcpy(e.parents[0].bytes, p->last, ENTRY_ID_BYTES);
        e.parents[0].bytes[15] ^= parents & 3;
        e.parents_count = 1;
    }
    bool sound = insider_entry(&p->m, &e, &bytes, &id);
    bend(p, &bytes);
    struct entry_author author = p->m.me->chat->self;
    uint8_t whose = byte(p);
    if (whose > 230)
        author = p->w.people[whose % PEOPLE].chat->self; /* in another's mouth */
    if (whose > 180)
        parcel.carried[parcel.carried_count++] = (struct parcel_carried){author, buf_span(&bytes)};
    else
        parcel.entries[parcel.entries_count++] = buf_span(&bytes);
    uint8_t also = byte(p);
    if (also & 1)
        parcel.heads.list[parcel.heads.count++] = id;
    if (also & 2)
        memcpy(parcel.wanted.list[parcel.wanted.count++].bytes, p->last, ENTRY_ID_BYTES);
    if (also & 4)
        memcpy(parcel.withheld.list[parcel.withheld.count++].bytes, p->last, ENTRY_ID_BYTES);
    if (also & 8)
        parcel.passing[parcel.passing_count++] = buf_span(&said);
    if (sound && bytes.len > 0)
        (void)insider_parcel(&p->m, &in, &parcel);
    memcpy(p->last, id.bytes, sizeof p->last);
    buf_clear(&said);
    buf_clear(&bytes);
}

static void plain_op(struct play *p)
{
    struct eid in = epoch(p, byte(p));
    struct span plain = some(p, PLAIN_MAX);
    (void)insider_says(&p->m, &in, plain, some(p, 600));
}

static void frame_op(struct play *p)
{
    struct eid under = epoch(p, byte(p));
    uint64_t kind = byte(p) % 12;
    (void)insider_frame(&p->m, &under, kind, some(p, 4000));
}

static void content_op(struct play *p)
{
    struct eid under = epoch(p, byte(p));
    (void)insider_content(&p->m, &under, some(p, 4000));
}

static void propose_some(struct play *p, struct buf *list)
{
    struct talk_world w;
    struct mls_package_keys keys;
    struct buf package = BUF_INIT(PROFILE_PACKAGE_BYTES_MAX);
    for (unsigned n = byte(p) % 3; n > 0; n--) {
        switch (byte(p) % 4) {
        case 0:
            (void)!mls_make_remove(byte(p) % 5, list);
            break;
        case 1: /* itself once more, or as a guest */
            if (talk_world_init(&w, p->m.me->chat, &p->w.t.env) != OK)
                break;
            if (profile_package(&w.us, &w.mls, MLS_SUITE_XWING, &keys, &package) == OK)
                (void)!mls_make_add(buf_span(&package), list);
            talk_world_clear(&w);
            break;
        case 2:
            (void)!mls_make_extensions(some(p, 600), list);
            break;
        default:
            (void)!buf_append(list, some(p, 600));
        }
        buf_clear(&package);
    }
}

static void commit_op(struct play *p)
{
    struct buf list = BUF_INIT(65536);
    struct insider_commit c;
    struct eid parent = epoch(p, (uint8_t)(byte(p) % 64 / 4 * 4 + 3)); /* of its own */
    propose_some(p, &list);
    struct span evidence = byte(p) > 128 ? some(p, 600) : SPAN_EMPTY;
    if (insider_commits(&p->m, &parent, buf_span(&list), evidence, &c)) {
        uint8_t lie = byte(p);
        if (lie & 1)
            c.ticket.cls = (enum commit_class)(1 + byte(p) % COMMIT_CLASS_MAX);
        if (lie & 2)
            c.ticket.role = byte(p) % 3;
        if (lie & 4)
            c.ticket.leaf = byte(p) % 5;
        if (lie & 8)
            c.ticket.eid.bytes[3] ^= 1;
        if (lie & 16)
            c.ticket.parent = epoch(p, byte(p));
        (void)insider_sends_commit(&p->m, &c, lie & 32);
    }
    mls_commit_out_clear(&c.out);
    buf_clear(&list);
}

static void propose_op(struct play *p)
{
    struct talk *t = insider_talk(&p->m);
    struct talk_world w;
    struct buf list = BUF_INIT(65536), message = BUF_INIT(MESSAGE_BYTES_MAX);
    if (t == NULL || t->branches == NULL || talk_world_init(&w, p->m.me->chat, &p->w.t.env) != OK)
        return;
    w.mls.proposal = NULL;
    w.mls.credential = NULL;
    struct eid head = branches_head(t->branches);
    propose_some(p, &list);
    step_open(p->m.me->chat);
    if (branches_propose(t->branches, &w.branches, buf_span(&list), NULL, &message) == OK)
        (void)insider_frame(&p->m, &head, FRAME_MLS, buf_span(&message));
    talk_world_clear(&w);
    buf_clear(&list);
    buf_clear(&message);
}

/* What was published before, once more: as it was, elsewhere, or bent. */
static void again_op(struct play *p)
{
    if (p->w.messages_count == 0)
        return;
    const struct world_message *was = &p->w.messages[byte(p) % p->w.messages_count];
    struct buf bytes = BUF_INIT(ENVELOPE_BYTES_MAX);
    char topic[ENVELOPE_TOPIC_BYTES];
    memcpy(topic, was->topic, sizeof topic);
    assert_ok(buf_append(&bytes, span_of(was->payload, was->len)));
    uint8_t how = byte(p);
    if (how > 200)
        topic[10] = (char)('0' + how % 10);
    if (how > 100 && how < 200)
        bytes.ptr[how % bytes.len] ^= 1;
    insider_payload(&p->m, topic, buf_span(&bytes));
    buf_clear(&bytes);
}

static void honest_op(struct play *p)
{
    struct chat_entry_id entry;
    uint8_t arg = byte(p);
    size_t i = arg % HONEST;
    struct world_person *who = &p->w.people[i];
    const struct env *env = &p->w.t.env;
    switch (arg >> 5) {
    case 0:
        world_restart(&p->w, who);
        break;
    case 1:
        (void)!chat_set_group_name(who->chat, env, &group, SPAN_LIT("another name"));
        break;
    case 2:
        if (byte(p) > 200) {
            (void)!chat_remove(who->chat, env, &group, &accounts[HONEST]);
            p->left = true;
        }
        break;
    case 3:
        world_online(&p->w, who, !who->online);
        break;
    default:
        (void)!chat_send(who->chat, env, &group, SPAN_LIT("an honest word"), NULL, &entry);
    }
}

static void time_op(struct play *p)
{
    uint8_t arg = byte(p);
    world_run(&p->w, arg < 128 ? arg % 8 : arg < 250 ? arg : 900);
}

static void op(struct play *p)
{
    static void (*const ops[])(struct play *) = {
        ticket_op, acks_op,  withdrawal_op, beacon_op, rejoin_op,  answer_op, entry_op,  entry_op,
        plain_op,  frame_op, content_op,    commit_op, propose_op, again_op,  honest_op, time_op};
    ops[byte(p) % (sizeof ops / sizeof *ops)](p);
}

/* ---- what has to hold ---- */

static bool together(struct world *w)
{
    struct talk *first = talk_of(&w->people[0]);
    if (first == NULL || first->branches == NULL)
        return false;
    struct eid head = branches_head(first->branches);
    for (size_t i = 1; i < HONEST; i++) {
        struct talk *t = talk_of(&w->people[i]);
        struct eid other = t != NULL && t->branches != NULL ? branches_head(t->branches) : head;
        if (t == NULL || t->state != first->state || !eid_eq(&head, &other))
            return false;
    }
    return first->state == CHAT_JOINED;
}

static bool all_read(struct world *w, const char *const *texts)
{
    for (size_t i = 0; i < HONEST; i++)
        for (size_t k = 0; k < HONEST; k++)
            if (!world_reads(&w->people[i], &group, texts[k]))
                return false;
    return true;
}

static size_t rows_of(struct world_person *p)
{
    size_t rows = 0;
    struct kv_txn *txn;
    struct span key, value, found;
    uint8_t last[KV_KEY_BYTES_MAX];
    assert_ok(kv_begin(p->kv, false, &txn));
    for (unsigned i = 0; chat_tables[i] != NULL; i++) {
        enum err err = kv_seek(txn, i, SPAN_EMPTY, &key, &value);
        while (err == OK) {
            rows++;
            memcpy(last, key.ptr, key.len);
            err = kv_next(txn, i, span_of(last, key.len), &found, &value);
            key = found;
        }
    }
    kv_abort(txn);
    return rows;
}

/* What is wrong, before it is given up. */
static void tell(struct world *w, const char *const *texts)
{
    for (size_t i = 0; i < HONEST; i++) {
        struct talk *t = talk_of(&w->people[i]);
        struct eid head = branches_head(t->branches);
        (void)fprintf(stderr, "%zu: state %d head %02x%02x reads", i, (int)t->state, head.bytes[0],
                      head.bytes[1]);
        for (size_t k = 0; k < HONEST; k++)
            (void)fprintf(stderr, " %d", world_reads(&w->people[i], &group, texts[k]));
        struct chat_entry e;
        struct chat_entry_id at, *from = NULL;
        enum err err;
        while ((err = chat_history(w->people[i].chat, &group, from, true, &e)) == OK) {
            (void)fprintf(stderr, " [%.*s]", (int)e.text.len, (const char *)e.text.ptr);
            at = e.id;
            from = &at;
        }
        (void)fprintf(stderr, " then %s\n", err_name(err));
    }
}

static void settle(struct play *p, size_t journal[HONEST])
{
    static const char *const texts[HONEST] = {"after all 0", "after all 1", "after all 2"};
    struct world *w = &p->w;
    struct chat_entry_id entry;
    world_online(w, p->m.me, false);
    for (size_t i = 0; i < HONEST; i++)
        if (!w->people[i].online)
            world_online(w, &w->people[i], true);
    world_run(w, FIRST_SETTLE_S);
    /* any member may have set a timer: it may not make this test wait for what is gone */
    must(chat_set_disappearing(w->people[0].chat, &w->t.env, &group, 0) == OK);
    world_run(w, FIRST_SETTLE_S);
    for (size_t i = 0; i < HONEST; i++)
        must(chat_send(w->people[i].chat, &w->t.env, &group, span_str(texts[i]), NULL, &entry) ==
             OK);
    int rounds = 0;
    while (!(together(w) && all_read(w, texts))) {
        if (rounds++ >= SETTLE_ROUNDS)
            tell(w, texts);
        must(rounds <= SETTLE_ROUNDS);
        world_run(w, 60);
    }
    must(w->messages_count < PUBLISHED_MAX);
    for (size_t i = 0; i < HONEST; i++) {
        struct world_person *who = &w->people[i];
        must(who->chat->failed == OK);
        must(rows_of(who) < ROWS_MAX);
        must(chat_event_last(who->chat) - journal[i] < JOURNAL_MAX);
        world_restart(w, who); /* what it wrote can be read */
        must(world_reads(who, &group, texts[0]));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct play *p = calloc(1, sizeof *p);
    size_t journal[HONEST];
    must(p != NULL);
    if (base.count == 0)
        begin();
    world_init(&p->w, 2);
    p->w.t.env.now = base.t.env.now;
    p->w.t.env.wall = base.t.env.wall;
    p->r = reader_of(span_of(data, len));
    for (size_t i = 0; i < PEOPLE; i++)
        wake(&p->w, i);
    for (size_t i = 0; i < HONEST; i++)
        journal[i] = chat_event_last(p->w.people[i].chat);
    insider_init(&p->m, &p->w, &p->w.people[HONEST], &group);
    world_run(&p->w, 1);
    for (unsigned i = 0; i < OPS_MAX && p->r.rest.len > 0; i++) {
        op(p);
        if (byte(p) & 1)
            world_run(&p->w, 1);
    }
    settle(p, journal);
    insider_clear(&p->m);
    world_clear(&p->w);
    free(p);
    return 0;
}
