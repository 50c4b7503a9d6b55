/* The configuration from where it comes, with the files that node/conf does not open. */
#include "node/evio/evio.h"
#include "node/main/commands.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

extern char **environ;

static enum err read_file(struct conf *c, const char *path)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        fprintf(stderr, "sotto: --config-file=%s: %s\n", path, strerror(errno));
        return ERR_IO;
    }
    size_t max = (1u << 20) + 1; /* one more than node/conf takes */
    uint8_t *text = arena_alloc(&c->arena, max);
    size_t len = text == NULL ? 0 : fread(text, 1, max, f);
    bool failed = ferror(f) != 0;
    fclose(f);
    if (text == NULL)
        return ERR_MEMORY;
    return failed ? ERR_IO : conf_file(c, span_of(text, len), path);
}

static enum err load(struct conf *c, int argc, char **argv)
{
    TRY(conf_init(c));
    TRY(conf_arguments(c, argc, argv));
    TRY(conf_environment(c, environ));
    if (conf_given(c, CONF_CONFIG_FILE))
        TRY(read_file(c, conf_text(c, CONF_CONFIG_FILE)));
    return conf_check(c);
}

enum err settings_load(struct conf *c, int argc, char **argv)
{
    enum err err = load(c, argc, argv);
    if (c->error[0] != '\0')
        fprintf(stderr, "sotto: %s\n", c->error);
    else if (err != OK && err != ERR_IO)
        fprintf(stderr, "sotto: the configuration could not be read: %s\n", err_text(err));
    return err;
}

enum err settings_name_servers(const struct conf *c, struct evio *e)
{
    static const enum conf_id ids[] = {CONF_DNS_ADDRS_NAME_SERVER, CONF_DNS_DISCOVERY_NAME_SERVER};
    char list[1024];
    size_t len = 0;
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < conf_count(c, ids[k]) && len < sizeof list; i++)
            len += (size_t)snprintf(list + len, sizeof list - len, "%s%s", len > 0 ? "," : "",
                                    conf_at(c, ids[k], i));
    if (len == 0)
        return OK;
    enum err err = len < sizeof list ? evio_name_servers(e, list) : ERR_ARGUMENT;
    if (err != OK)
        fprintf(stderr, "sotto: --dns-addrs-name-server=%.200s: %s\n", list, err_text(err));
    return err;
}
