/* Life, loop and events of libsotto. */
#include "node/sdk/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* ---- results ---- */

static const struct {
    enum err err;
    int result;
} results[] = {
    {OK, SOTTO_OK},
    {ERR_NOT_FOUND, SOTTO_NOT_FOUND},
    {ERR_EXISTS, SOTTO_EXISTS},
    {ERR_FORMAT, SOTTO_INVALID},
    {ERR_ARGUMENT, SOTTO_INVALID},
    {ERR_REFUSED, SOTTO_REFUSED},
    {ERR_PROTOCOL, SOTTO_REFUSED},
    {ERR_LIMIT, SOTTO_LIMIT},
    {ERR_FULL, SOTTO_BUSY},
    {ERR_BUSY, SOTTO_BUSY},
    {ERR_AUTH, SOTTO_AUTH},
    {ERR_LOCKED, SOTTO_LOCKED},
    {ERR_CORRUPT, SOTTO_CORRUPT},
    {ERR_UNSUPPORTED, SOTTO_UNSUPPORTED},
};

static const char *const texts[] = {
    "done",
    "disk, memory or the system failed",
    "there is no such thing",
    "it is there already",
    "malformed, or out of range",
    "not allowed",
    "too many, or too large",
    "too much is under way: again later",
    "wrong passphrase or key file",
    "another process has the folder",
    "the files of the folder are not what was written",
    "of a newer version",
};

int sdk_result(enum err err)
{
    for (size_t i = 0; i < sizeof results / sizeof *results; i++)
        if (results[i].err == err)
            return results[i].result;
    return SOTTO_FAILED;
}

const char *sotto_error_text(int result)
{
    int i = -result;

    return i >= 0 && i < (int)(sizeof texts / sizeof *texts) ? texts[i] : "unknown result";
}

int sotto_abi(void)
{
    return SOTTO_ABI;
}

const char *sotto_version(void)
{
    return SOTTO_VERSION;
}

struct sotto_text sotto_str(const char *text)
{
    return (struct sotto_text){text, strlen(text)};
}

struct sotto_text sdk_text(struct span bytes)
{
    return (struct sotto_text){(const char *)bytes.ptr, bytes.len};
}

static char why[512];

const char *sotto_why(void)
{
    return why;
}

/* ---- the cursor: the number of the last event that is done with, as 8 bytes ---- */

static enum err open_cursor(struct sotto *s, const char *folder)
{
    char path[ACCOUNT_PATH_BYTES_MAX];
    uint64_t number;
    int n = snprintf(path, sizeof path, "%s/cursor", folder);

    if (n <= 0 || (size_t)n >= sizeof path)
        return ERR_ARGUMENT;
    s->cursor_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (s->cursor_fd < 0)
        return ERR_IO;
    if (pread(s->cursor_fd, &number, sizeof number, 0) == (ssize_t)sizeof number)
        s->cursor = number <= chat_event_last(chat_of(s)) ? number : 0; /* of another account */
    s->handed_out = s->cursor;
    return OK;
}

static void keep_cursor(struct sotto *s)
{
    if (s->handed_out == s->cursor)
        return;
    s->cursor = s->handed_out;
    if (pwrite(s->cursor_fd, &s->cursor, sizeof s->cursor, 0) != (ssize_t)sizeof s->cursor)
        log_unusual(ENV(s), "sdk", "cursor not kept errno=%d", errno); /* it comes again */
}

/* ---- life ---- */

/* What a program polls: the loop's own set, and the descriptor of sotto_wake. */
static enum err open_fd(struct sotto *s)
{
    struct epoll_event ev = {.events = EPOLLIN};
    int loop = evio_fd(s->evio);

    s->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    s->fd = epoll_create1(EPOLL_CLOEXEC);
    if (s->wake_fd < 0 || s->fd < 0 || epoll_ctl(s->fd, EPOLL_CTL_ADD, s->wake_fd, &ev) != 0)
        return ERR_IO;
    return loop < 0 || epoll_ctl(s->fd, EPOLL_CTL_ADD, loop, &ev) != 0 ? ERR_IO : OK;
}

static enum err open_account(struct sotto *s, const struct sotto_options *o,
                             enum account_begin begin, const char *words, char *text)
{
    struct account_options a = {
        .folder = o->folder,
        .begin = begin,
        .passphrase = o->passphrase == NULL ? SPAN_EMPTY : span_str(o->passphrase),
        .key_file = o->key_file,
        .light = !conf_bool(&s->conf, CONF_RELAY),
        .words = words == NULL ? SPAN_EMPTY : span_str(words),
        .text = text,
    };

    return account_open(&s->account, &a, ENV(s));
}

static enum err start(struct sotto *s, const struct sotto_options *o, enum account_begin begin,
                      const char *words, char *text)
{
    static const struct evio_owner owner;

    TRY(node_configure(s, o));
    TRY(evio_new(&s->evio, NULL, &owner));
    TRY(open_account(s, o, begin, words, text));
    TRY(open_cursor(s, o->folder));
    TRY(node_start(s, o->folder));
    TRY(core_attach_chat(s->core, ENV(s), chat_of(s)));
    return open_fd(s);
}

static void take_apart(struct sotto *s)
{
    if (s->core != NULL) {
        core_detach_chat(s->core, ENV(s), chat_of(s));
        evio_detach(s->evio);
    }
    core_free(s->core);
    account_close(&s->account);
    evio_free(s->evio);
    keyring_host_free(s->key);
    addresses_clear(&s->addresses);
    conf_clear(&s->conf);
    buf_clear(&s->lent);
    buf_clear(&s->given);
    for (int *fd = (int[]){s->cursor_fd, s->fd, s->wake_fd, -2}; *fd != -2; fd++)
        if (*fd >= 0)
            close(*fd);
    free(s);
}

static int begin(struct sotto **out, const struct sotto_options *given, enum account_begin begin_as,
                 const char *words, char *text)
{
    struct sotto_options o = SOTTO_OPTIONS;
    struct sotto *s = calloc(1, sizeof *s);

    if (s == NULL)
        return SOTTO_FAILED;
    *s = (struct sotto){.account = ACCOUNT_NONE,
                        .cursor_fd = -1,
                        .fd = -1,
                        .wake_fd = -1,
                        .lent = BUF_INIT(SDK_BYTES_MAX),
                        .given = BUF_INIT(SDK_BYTES_MAX)};
    memcpy(&o, given, given->size < sizeof o ? given->size : sizeof o);
    why[0] = '\0';
    enum err err =
        o.folder == NULL || *o.folder == '\0' ? ERR_ARGUMENT : start(s, &o, begin_as, words, text);
    if (err == ERR_ARGUMENT)
        snprintf(why, sizeof why, "%.*s", (int)sizeof why - 1, s->conf.error);
    if (err != OK) {
        take_apart(s);
        return sdk_result(err);
    }
    *out = s;
    return SOTTO_OK;
}

int sotto_open(struct sotto **out, const struct sotto_options *options)
{
    return begin(out, options, ACCOUNT_OPEN, NULL, NULL);
}

int sotto_create(struct sotto **out, const struct sotto_options *options,
                 char words[SOTTO_WORDS_MAX])
{
    return begin(out, options, ACCOUNT_CREATE, NULL, words);
}

int sotto_recover(struct sotto **out, const struct sotto_options *options, const char *words)
{
    return begin(out, options, ACCOUNT_RECOVER, words, NULL);
}

int sotto_pair(struct sotto **out, const struct sotto_options *options, char text[SOTTO_PAIR_MAX])
{
    return begin(out, options, ACCOUNT_PAIR, NULL, text);
}

void sotto_close(struct sotto *s)
{
    if (s == NULL)
        return;
    keep_cursor(s);
    int64_t until = ENV(s)->now.ns + SDK_LEAVE_NS;
    core_stop(s->core, ENV(s));
    evio_touch(s->evio);
    while (evio_step(s->evio, NS_PER_S / 10) && ENV(s)->now.ns < until)
        continue;
    take_apart(s);
}

int sotto_set_passphrase(struct sotto *s, const char *old, const char *fresh)
{
    return sdk_result(chat_passphrase(chat_of(s), ENV(s), old == NULL ? SPAN_EMPTY : span_str(old),
                                      span_str(fresh)));
}

/* ---- loop ---- */

int sdk_done(struct sotto *s, enum err err)
{
    evio_touch(s->evio);
    return sdk_result(err);
}

void sotto_wake(struct sotto *s)
{
    uint64_t one = 1;

    if (write(s->wake_fd, &one, sizeof one) < 0)
        return; /* it is awake already */
}

static bool was_woken(struct sotto *s)
{
    uint64_t count;

    return read(s->wake_fd, &count, sizeof count) == (ssize_t)sizeof count;
}

int sotto_fd(struct sotto *s)
{
    return s->fd;
}

int sotto_wait_ms(struct sotto *s)
{
    int64_t ns = evio_wait_ns(s->evio);

    if (ns < 0)
        return -1;
    return ns / NS_PER_MS < INT32_MAX ? (int)((ns + NS_PER_MS - 1) / NS_PER_MS) : INT32_MAX;
}

/* ---- events ---- */

static void fill(const struct chat_event *from, struct sotto_event *out)
{
    *out = (struct sotto_event){
        .number = from->number, .kind = (int)from->kind, .time_ns = from->time_ns};
    memcpy(out->account.bytes, from->account.bytes, sizeof out->account.bytes);
    memcpy(out->installation.bytes, from->installation.bytes, sizeof out->installation.bytes);
    memcpy(out->conversation.bytes, from->conversation.bytes, sizeof out->conversation.bytes);
    memcpy(out->entry.bytes, from->entry.bytes, sizeof out->entry.bytes);
}

/* 1: there is one. */
static int next(struct sotto *s, struct sotto_event *out)
{
    struct chat_event ev;

    if (chat_event_passing(chat_of(s), &ev)) {
        fill(&ev, out);
        return 1;
    }
    enum err err = chat_event(chat_of(s), s->cursor, &ev);
    if (err == ERR_NOT_FOUND)
        return 0;
    if (err == ERR_LIMIT) { /* those behind the cursor are not kept any more */
        s->handed_out = chat_event_last(chat_of(s));
        *out = (struct sotto_event){.number = s->handed_out, .kind = SOTTO_MISSED};
        return 1;
    }
    if (err != OK)
        return sdk_result(err);
    fill(&ev, out);
    s->handed_out = ev.number;
    return 1;
}

/* Sleep until the loop has work, somebody wakes us, or the time is over. */
static void sleep_ms(struct sotto *s, int64_t ms)
{
    struct epoll_event ev;
    int64_t loop = sotto_wait_ms(s);

    if (loop >= 0 && (ms < 0 || loop < ms))
        ms = loop;
    if (ms != 0)
        (void)!epoll_wait(s->fd, &ev, 1, ms < 0 || ms > INT32_MAX ? -1 : (int)ms);
}

int sotto_next(struct sotto *s, struct sotto_event *out, int timeout_ms)
{
    int64_t until = ENV(s)->now.ns;
    int got;

    keep_cursor(s);
    (void)evio_step(s->evio, 0); /* reads the clocks too */
    until = ENV(s)->now.ns + (int64_t)timeout_ms * NS_PER_MS;
    while ((got = next(s, out)) == 0) {
        int64_t left_ms =
            timeout_ms < 0 ? -1 : (until - ENV(s)->now.ns + NS_PER_MS - 1) / NS_PER_MS;
        if (was_woken(s) || (timeout_ms >= 0 && left_ms <= 0))
            return 0;
        sleep_ms(s, left_ms);
        (void)evio_step(s->evio, 0);
    }
    return got;
}

int sotto_online(struct sotto *s)
{
    struct core_peer p;
    size_t cursor = 0;

    return core_peers(s->core, &cursor, &p) && p.connected;
}

int sotto_address(struct sotto *s, size_t i, char *out, size_t out_len)
{
    const char *at = i < s->addresses.announced_count    ? s->addresses.announced[i]
                     : i == s->addresses.announced_count ? s->addresses.local
                                                         : NULL;

    if (at == NULL)
        return SOTTO_NOT_FOUND;
    int n = snprintf(out, out_len, "%s/p2p/%s", at, core_id(s->core));
    return n > 0 && (size_t)n < out_len ? SOTTO_OK : SOTTO_LIMIT;
}
