/* sotto chat: a node of its own on free ports, an account on it, and node/tui in front. Several run
 * side by side, each with a node folder of its own, and dial one another on this machine. */
#include "node/main/chat.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* ---- the screens ---- */

static void drain(struct session *s);

static void draw(struct session *s)
{
    struct evio *e = s->node->evio;
    if (s->plain) {
        struct buf *written = tui_written(s->tui);
        if (written->len > 0 && script_write(written) != OK)
            node_stop(s->node);
    } else if (s->terminal != NULL) {
        terminal_draw(s->terminal, tui_draw(s->tui, evio_env(e)));
    }
}

/* After whatever has called the tui or the chat. */
static void settle(struct session *s)
{
    tui_tick(s->tui, evio_env(s->node->evio));
    drain(s);
    draw(s);
    evio_touch(s->node->evio);
}

static void take_name(struct session *s, struct span wanted)
{
    size_t len = 0;
    if (s->name[0] != '\0')
        return;
    for (size_t i = 0; i < wanted.len && len < 32; i++) {
        char c = (char)wanted.ptr[i];
        c = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
        char one[2] = {c, '\0'};
        if (local_is_name(one))
            s->name[len++] = c;
    }
    s->name[len] = '\0';
    if (len == 0)
        snprintf(s->name, sizeof s->name, "me");
    char plain[32];
    snprintf(plain, sizeof plain, "%.24s", s->name);
    for (unsigned i = 2; local_exists(s, s->name) && i < 100; i++)
        snprintf(s->name, sizeof s->name, "%s-%u", plain, i);
}

static void change_account(struct session *s, struct span name)
{
    char wanted[CHAT_LOCAL_NAME];
    snprintf(wanted, sizeof wanted, "%.*s", (int)(name.len < 33 ? name.len : 33),
             (const char *)name.ptr);
    local_close(s);
    snprintf(s->name, sizeof s->name, "%s", wanted);
    tui_account(s->tui, s->name, true);
    if (local_has_key(s))
        local_open(s, ACCOUNT_OPEN, SPAN_EMPTY, SPAN_EMPTY);
}

static void begin(struct session *s, enum account_begin how, const struct tui_out *out)
{
    take_name(s, out->name);
    local_open(s, how, out->passphrase, out->words);
}

/* Nodes that know the card's owner: without one he may not be found. */
static void follow_hints(struct session *s, struct span card)
{
    const struct env *env = evio_env(s->node->evio);
    struct buf keep = BUF_INIT(CHAT_CARD_TEXT_MAX);
    struct span hints[CHAT_HINTS_MAX];
    size_t count = 0;
    if (chat_card_hints(card, &keep, hints, CHAT_HINTS_MAX, &count) == OK)
        for (size_t i = 0; i < count; i++)
            if (core_hint(s->node->core, env, hints[i]) != OK)
                log_debug(env, "main", "a record in a card is malformed");
    buf_clear(&keep);
}

static void drain(struct session *s)
{
    struct tui_out out;
    while (tui_poll(s->tui, &out))
        switch (out.kind) {
        case TUI_OUT_CREATE:
            begin(s, ACCOUNT_CREATE, &out);
            break;
        case TUI_OUT_RECOVER:
            begin(s, ACCOUNT_RECOVER, &out);
            break;
        case TUI_OUT_PAIR:
            begin(s, ACCOUNT_PAIR, &out);
            break;
        case TUI_OUT_OPEN:
            local_open(s, ACCOUNT_OPEN, out.passphrase, SPAN_EMPTY);
            break;
        case TUI_OUT_LOCK:
            local_close(s);
            break;
        case TUI_OUT_ACCOUNT:
            change_account(s, out.name);
            break;
        case TUI_OUT_READ:
            local_read(s, out.path);
            break;
        case TUI_OUT_WRITE:
            local_write(s, out.path, out.bytes);
            break;
        case TUI_OUT_MET:
            follow_hints(s, out.bytes);
            break;
        case TUI_OUT_BELL:
            if (s->terminal != NULL)
                terminal_bell(s->terminal);
            break;
        case TUI_OUT_REDRAW:
            if (s->terminal != NULL)
                terminal_forget(s->terminal);
            break;
        case TUI_OUT_QUIT:
            node_stop(s->node);
            break;
        }
}

static void on_key(void *ctx, const struct tui_key *key)
{
    struct session *s = ctx;
    tui_key(s->tui, evio_env(s->node->evio), key);
    settle(s);
}

static void on_line(void *ctx, struct span line)
{
    struct session *s = ctx;
    tui_line(s->tui, evio_env(s->node->evio), line);
    settle(s);
}

static void on_resized(void *ctx, unsigned cols, unsigned rows)
{
    struct session *s = ctx;
    if (tui_resize(s->tui, cols, rows) == OK)
        draw(s);
}

static void on_closed(void *ctx)
{
    struct session *s = ctx;
    node_stop(s->node);
}

/* The pump may have brought something; drawing calls nothing that needs another pump. */
static void on_pumped(void *ctx)
{
    struct session *s = ctx;
    if (s->drawing || s->tui == NULL)
        return;
    s->drawing = true;
    tui_tick(s->tui, evio_env(s->node->evio));
    drain(s);
    draw(s);
    s->drawing = false;
}

static void on_second(void *ctx)
{
    struct session *s = ctx;
    struct core_peer peer;
    unsigned peers = 0;
    for (size_t cursor = 0; core_peers(s->node->core, &cursor, &peer) && peer.connected;)
        peers++;
    neighbours_meet(s);
    tui_network(s->tui, peers > 0, peers);
    settle(s);
}

/* ---- the node under it ---- */

/* Where the accounts are, before the node's own folder takes --data-dir's place. */
static enum err find_base(struct session *s, int argc, char **argv)
{
    struct conf *c = &s->node->conf;
    enum err err = settings_load(c, argc, argv);
    if (err == OK)
        err = data_path(c, "chat", s->base);
    if (err == OK)
        s->plain = conf_bool(c, CONF_PLAIN);
    if (err == OK)
        snprintf(s->name, sizeof s->name, "%.60s", conf_text(c, CONF_NAME));
    conf_clear(c);
    return err;
}

/* Defaults of a chat, then the person's flags, then what must be so. */
static enum err configure(struct session *s, int argc, char **argv, const char *folder)
{
    static char defaults[][64] = {"--tcp-port=0", "--discv5-udp-port=0", "--rest=false",
                                  "--store-message-retention-policy=time:604800;size:1GB",
                                  "--log-level=WARN"}; /* with a store, so that two of them on one
                                                          machine find what the other left */
    static char dir[DATA_PATH_MAX + 16];
    static char *all[CHAT_FLAGS_MAX];
    size_t count = 0;

    for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++)
        all[count++] = defaults[i];
    for (int i = 0; i < argc && count < CHAT_FLAGS_MAX - 1; i++)
        all[count++] = argv[i];
    snprintf(dir, sizeof dir, "--data-dir=%s", folder);
    all[count++] = dir;
    s->node->argc = (int)count;
    s->node->argv = all;
    return settings_load(&s->node->conf, (int)count, all);
}

/* ---- the start ---- */

static int64_t utc_offset(void)
{
    time_t now = time(NULL);
    struct tm local, utc;
    if (localtime_r(&now, &local) == NULL || gmtime_r(&now, &utc) == NULL)
        return 0;
    int64_t days =
        local.tm_year != utc.tm_year ? local.tm_year - utc.tm_year : local.tm_yday - utc.tm_yday;
    return days * 86400 + (local.tm_hour - utc.tm_hour) * 3600 + (local.tm_min - utc.tm_min) * 60;
}

static enum err make_screens(struct session *s)
{
    const char *names[CHAT_ACCOUNTS_MAX];
    for (size_t i = 0; i < s->names_count; i++)
        names[i] = s->names[i];
    const struct tui_config config = {.source = &tui_source_chat,
                                      .account = s->name,
                                      .accounts = names,
                                      .accounts_count = s->names_count,
                                      .utc_offset_s = utc_offset(),
                                      .plain = s->plain};
    bool exists = s->name[0] != '\0' && local_exists(s, s->name);
    TRY(tui_new(&s->tui, &config, exists));
    if (exists && !s->plain && local_has_key(s))
        local_open(s, ACCOUNT_OPEN, SPAN_EMPTY, SPAN_EMPTY);
    return OK;
}

/* A script cannot be asked: flags say what opens the account. */
static enum err open_plain(struct session *s)
{
    const struct conf *c = &s->node->conf;
    const char *path = conf_text(c, CONF_CHAT_PASSPHRASE_FILE);
    struct buf passphrase = BUF_INIT(4096);
    enum err err = *path == '\0' ? OK : account_read_secret(path, true, &passphrase);
    bool exists = local_exists(s, s->name);
    if (err != OK) {
        err = node_say(err, "--chat-passphrase-file", path);
    } else if (!exists && !conf_bool(c, CONF_CHAT_CREATE)) {
        fprintf(stderr, "sotto: chat: there is no account '%s'; --chat-create makes it\n", s->name);
        err = ERR_NOT_FOUND;
    } else {
        local_open(s, exists ? ACCOUNT_OPEN : ACCOUNT_CREATE, buf_span(&passphrase), SPAN_EMPTY);
        draw(s);
        err = s->account.chat != NULL ? OK : ERR_AUTH;
    }
    buf_clear(&passphrase);
    return err;
}

static enum err show(struct session *s)
{
    struct evio *e = s->node->evio;
    if (s->plain) {
        TRY(open_plain(s));
        return script_open(&s->script, e,
                           &(struct script_owner){.ctx = s,
                                                  .line_bytes_max = TUI_PLAIN_LINE_MAX + 1,
                                                  .line = on_line,
                                                  .closed = on_closed});
    }
    enum err err =
        terminal_open(&s->terminal, e,
                      &(struct terminal_owner){
                          .ctx = s, .key = on_key, .resized = on_resized, .closed = on_closed});
    if (err == ERR_ARGUMENT)
        fprintf(stderr, "sotto: chat: this is no terminal; --plain is for scripts\n");
    else if (err == OK)
        draw(s);
    return err;
}

/* Nobody writes over the screens: the log goes into a file, and with it what libraries say. */
static void keep_off_screen(struct session *s, const char *log)
{
    int to = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (to < 0)
        to = open("/dev/null", O_WRONLY | O_CLOEXEC);
    s->said = dup(STDERR_FILENO);
    if (to >= 0 && s->said >= 0)
        (void)!dup2(to, STDERR_FILENO);
    if (to >= 0)
        close(to);
}

static void back_on_screen(struct session *s)
{
    fflush(stderr);
    if (s->said >= 0)
        (void)!dup2(s->said, STDERR_FILENO);
    if (s->said >= 0)
        close(s->said);
}

static enum err start(struct session *s, int argc, char **argv)
{
    char folder[DATA_PATH_MAX], log[DATA_PATH_MAX + 16];
    struct node *n = s->node;

    TRY(find_base(s, argc, argv));
    TRY(local_list(s));
    if (s->name[0] == '\0' && s->names_count == 1)
        snprintf(s->name, sizeof s->name, "%s", s->names[0]);
    if (s->name[0] == '\0' && s->plain)
        snprintf(s->name, sizeof s->name, "me");
    if (s->name[0] != '\0' && !local_is_name(s->name)) {
        fprintf(stderr, "sotto: --name=%s: a name has 1 to 32 of a-z, 0-9, _ and -\n", s->name);
        return ERR_ARGUMENT;
    }
    TRY(neighbours_folder(s, folder));
    TRY(configure(s, argc, argv, folder));
    enum log_level level = LOG_UNUSUAL;
    (void)logs_level(conf_text(&n->conf, CONF_LOG_LEVEL), &level);
    logs_init(&n->logs, stderr, level, false);
    TRY(node_begin(n));
    node_leave_address(n);
    TRY(make_screens(s));
    TRY(show(s));
    snprintf(log, sizeof log, "%s/log", folder);
    if (!s->plain)
        keep_off_screen(s, log);
    n->pumped = on_pumped;
    n->pumped_ctx = s;
    neighbours_meet(s);
    evio_touch(n->evio);
    return evio_every(n->evio, NS_PER_S, on_second, s);
}

int command_chat(int argc, char **argv)
{
    struct session *s = calloc(1, sizeof *s);
    struct node *n = calloc(1, sizeof *n);
    enum err err = ERR_MEMORY;
    if (s != NULL && n != NULL) {
        n->lock = -1;
        s->node = n;
        s->account = ACCOUNT_NONE;
        s->said = -1;
        err = start(s, argc, argv);
        if (err == OK)
            evio_run(n->evio);
        terminal_close(s->terminal);
        back_on_screen(s);
        script_close(s->script);
        if (n->core != NULL)
            local_close(s);
        tui_free(s->tui);
        node_take_apart(n);
    }
    free(n);
    free(s);
    return err == OK ? EXIT_DONE : err == ERR_ARGUMENT ? EXIT_USAGE : EXIT_FAILED;
}
