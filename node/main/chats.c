/* Accounts that the node hosts (--chat): opened in the data folder, carried by the core, served by
 * the API under /chat/v1 to who has read the token file. */
#include "crypto/base/wipe.h"
#include "net/wire/enr.h"
#include "node/main/data.h"
#include "node/main/node.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* A name is a folder. */
static bool is_name(const char *name)
{
    size_t len = strlen(name);

    return len > 0 && len < API_CHAT_NAME_MAX &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == len;
}

static enum err read_passphrase(struct node *n, struct buf *out)
{
    const char *path = conf_text(&n->conf, CONF_CHAT_PASSPHRASE_FILE);
    enum err err = *path == '\0' ? OK : account_read_secret(path, true, out);

    if (err == OK && *path != '\0' && out->len == 0)
        err = ERR_FORMAT;
    if (err == ERR_REFUSED)
        fprintf(stderr, "sotto: --chat-passphrase-file=%s: others may read it; chmod 600 it\n",
                path);
    else if (err != OK)
        node_say(err, "--chat-passphrase-file", path);
    return err;
}

/* What a person must do, where that is known. */
static enum err explain(enum err err, const char *name)
{
    if (err == ERR_NOT_FOUND)
        fprintf(
            stderr,
            "sotto: --chat=%s: there is no such account; --chat-create makes it, or `sotto chat "
            "--name %s`\n",
            name, name);
    else if (err == ERR_LOCKED)
        fprintf(stderr, "sotto: --chat=%s: another process has this account open\n", name);
    else if (err == ERR_AUTH)
        fprintf(stderr, "sotto: --chat=%s: wrong passphrase or key file\n", name);
    else if (err == ERR_REFUSED)
        fprintf(stderr, "sotto: --chat=%s: others may read its key file; chmod 600 it\n", name);
    else
        node_say(err, "--chat", name);
    return err;
}

/* The words are shown here, once, and are nowhere else. */
static void show_words(const char *name, char words[CHAT_WORDS_TEXT_MAX])
{
    if (words[0] != '\0')
        printf("The 24 words of %s bring it back when every device is lost. Write them down; they "
               "are not shown again:\n%s\n",
               name, words);
    fflush(stdout);
    wipe(words, CHAT_WORDS_TEXT_MAX);
}

static enum err open_one(struct node *n, const char *name, struct span passphrase)
{
    struct account *a = &n->accounts[n->accounts_count++];
    const struct enr *self = core_enr_record(n->core);
    const struct span hint = self == NULL ? SPAN_EMPTY : enr_span(self);
    char folder[DATA_PATH_MAX], below[64], words[CHAT_WORDS_TEXT_MAX] = "";
    struct account_options o = {.folder = folder,
                                .passphrase = passphrase,
                                .key_file = conf_text(&n->conf, CONF_CHAT_KEY_FILE),
                                .light = !conf_bool(&n->conf, CONF_RELAY),
                                .hints = &hint,
                                /* of use to who looks for a store */
                                .hints_count = n->archive != NULL && hint.len > 0,
                                .text = words};

    *a = ACCOUNT_NONE;
    if (!is_name(name)) {
        fprintf(stderr, "sotto: --chat=%.64s: a name has 1 to 32 of a-z, 0-9, _ and -\n", name);
        return ERR_ARGUMENT;
    }
    snprintf(below, sizeof below, "chat/%s", name);
    TRY(data_path(&n->conf, below, folder));
    enum err err = account_open(a, &o, evio_env(n->evio));
    if (err == ERR_NOT_FOUND && conf_bool(&n->conf, CONF_CHAT_CREATE)) {
        account_close(a);
        o.begin = ACCOUNT_CREATE;
        err = account_open(a, &o, evio_env(n->evio));
    }
    if (err == OK)
        show_words(name, words);
    if (err == OK)
        err = core_attach_chat(n->core, evio_env(n->evio), a->chat);
    return err == OK ? OK : explain(err, name);
}

static enum err open_token(struct node *n)
{
    char path[DATA_PATH_MAX];
    const char *given = conf_text(&n->conf, CONF_CHAT_TOKEN_FILE);

    TRY(data_path(&n->conf, "chat/token", path));
    if (*given != '\0')
        snprintf(path, sizeof path, "%.*s", (int)sizeof path - 1, given);
    enum err err = token_file(path, evio_env(n->evio)->rng, n->chat_token);
    if (err == ERR_REFUSED)
        fprintf(stderr, "sotto: --chat-token-file=%s: others may read it; chmod 600 it\n", path);
    else if (err != OK)
        node_say(err, "--chat-token-file", path);
    return err;
}

enum err node_open_chats(struct node *n)
{
    size_t count = conf_count(&n->conf, CONF_CHAT);
    struct buf passphrase = BUF_INIT(4096);
    enum err err = OK;

    if (count == 0)
        return OK;
    if (count > API_CHATS_MAX) {
        fprintf(stderr, "sotto: --chat: a node hosts at most %u accounts\n", API_CHATS_MAX);
        return ERR_ARGUMENT;
    }
    err = read_passphrase(n, &passphrase);
    for (size_t i = 0; i < count && err == OK; i++)
        err = open_one(n, conf_at(&n->conf, CONF_CHAT, i), buf_span(&passphrase));
    buf_clear(&passphrase);
    return err == OK ? open_token(n) : err;
}

enum err node_serve_chats(struct node *n)
{
    struct api_chat list[API_CHATS_MAX];

    if (n->accounts_count == 0)
        return OK;
    for (size_t i = 0; i < n->accounts_count; i++)
        list[i] = (struct api_chat){conf_at(&n->conf, CONF_CHAT, i), n->accounts[i].chat};
    return api_serve_chats(n->api, &(struct api_chats){n->chat_token, list, n->accounts_count});
}

void node_close_chats(struct node *n)
{
    for (size_t i = 0; i < n->accounts_count; i++) {
        if (n->accounts[i].chat != NULL && n->core != NULL)
            core_detach_chat(n->core, evio_env(n->evio), n->accounts[i].chat);
        account_close(&n->accounts[i]);
    }
    wipe(n->chat_token, sizeof n->chat_token);
}
