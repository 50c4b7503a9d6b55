/* sotto chat: a node of its own on free ports, an account on it, and node/tui in front. Several run
 * side by side, each with a node folder of its own, and dial one another on this machine. */
#include "node/main/chat.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
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
    for (size_t cursor = 0; core_peers(s->node->core, &cursor, &peer);)
        peers++;
    tui_network(s->tui, peers > 0, peers);
    settle(s);
}

/* ---- the node under it ---- */

/* A folder for the node that no other chat of this user has: .node1, .node2 ... */
static enum err node_folder(const struct session *s, char out[DATA_PATH_MAX])
{
    char path[DATA_PATH_MAX + 8];
    for (unsigned i = 1; i <= CHAT_NODES_MAX; i++) {
        int n = snprintf(out, DATA_PATH_MAX, "%s/.node%u", s->base, i);
        if (n <= 0 || (size_t)n >= DATA_PATH_MAX)
            return ERR_ARGUMENT;
        snprintf(path, sizeof path, "%s/lock", out);
        int fd = open(path, O_RDWR | O_CLOEXEC);
        bool taken = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0;
        if (fd >= 0)
            close(fd);
        if (!taken)
            return OK;
    }
    return ERR_FULL;
}

/* The others' addresses, as they left them; one that is gone is not reached, and that is all. */
static size_t neighbours(const struct session *s, char flags[][300], const char *own)
{
    size_t count = 0;
    for (unsigned i = 1; i <= CHAT_NODES_MAX; i++) {
        char path[DATA_PATH_MAX + 24], text[256] = "";
        snprintf(path, sizeof path, "%s/.node%u/address", s->base, i);
        FILE *f = strncmp(path, own, strlen(own)) == 0 && path[strlen(own)] == '/'
                      ? NULL
                      : fopen(path, "r");
        if (f == NULL)
            continue;
        if (fgets(text, sizeof text, f) != NULL && text[0] == '/') {
            text[strcspn(text, "\n")] = '\0';
            snprintf(flags[count++], 300, "--staticnode=%s", text);
        }
        fclose(f);
    }
    return count;
}

static void leave_address(const struct session *s, const char *folder)
{
    char path[DATA_PATH_MAX + 16];
    const struct node *n = s->node;
    snprintf(path, sizeof path, "%s/address", folder);
    FILE *f = fopen(path, "w");
    if (f == NULL)
        return; /* others find us through the network */
    if (n->addresses.local != NULL)
        fprintf(f, "%s/p2p/%s\n", n->addresses.local, core_id(n->core));
    fclose(f);
}

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
    static char flags[CHAT_NODES_MAX][300], dir[DATA_PATH_MAX + 16];
    static char *all[CHAT_FLAGS_MAX];
    size_t count = 0, near = neighbours(s, flags, folder);

    for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++)
        all[count++] = defaults[i];
    for (int i = 0; i < argc && count < CHAT_FLAGS_MAX - CHAT_NODES_MAX - 1; i++)
        all[count++] = argv[i];
    for (size_t i = 0; i < near; i++)
        all[count++] = flags[i];
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
                           &(struct script_owner){.ctx = s, .line = on_line, .closed = on_closed});
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
    TRY(node_folder(s, folder));
    TRY(configure(s, argc, argv, folder));
    enum log_level level = LOG_UNUSUAL;
    (void)logs_level(conf_text(&n->conf, CONF_LOG_LEVEL), &level);
    logs_init(&n->logs, stderr, level, false);
    TRY(node_begin(n));
    snprintf(log, sizeof log, "%s/log", folder); /* the screen is no place for it */
    FILE *to = s->plain ? NULL : fopen(log, "a");
    if (to != NULL)
        logs_init(&n->logs, to, level, false);
    leave_address(s, folder);
    TRY(make_screens(s));
    TRY(show(s));
    n->pumped = on_pumped;
    n->pumped_ctx = s;
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
        err = start(s, argc, argv);
        if (err == OK)
            evio_run(n->evio);
        terminal_close(s->terminal);
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
