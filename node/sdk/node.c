/* The node of an account: a core as `sotto node` makes it, of the flags that say where the network
 * is, and without archive, services and REST. */
#include "crypto/base/wipe.h"
#include "node/sdk/inside.h"

#include <stdio.h>
#include <string.h>

static enum err wrong(struct sotto *s, const char *what, const char *value)
{
    snprintf(s->conf.error, sizeof s->conf.error, "%s: %.300s", what, value);
    return ERR_ARGUMENT;
}

enum err node_configure(struct sotto *s, const struct sotto_options *o)
{
    static char light[] = "--relay=false";
    char *argv[SDK_FLAGS_MAX + 1];
    int argc = 0;

    TRY(conf_init(&s->conf));
    for (; o->flags != NULL && o->flags[argc] != NULL; argc++) {
        if (argc == SDK_FLAGS_MAX)
            return wrong(s, "too many flags", o->flags[argc]);
        argv[argc] = (char *)(uintptr_t)o->flags[argc]; /* conf_arguments writes none of them */
    }
    if (o->light)
        argv[argc++] = light;
    TRY(conf_arguments(&s->conf, argc, argv));
    return conf_check(&s->conf);
}

/* ---- its key ---- */

static enum err find_key(struct sotto *s, const char *folder)
{
    char path[ACCOUNT_PATH_BYTES_MAX];
    struct buf secret = BUF_INIT(KEYRING_SECRET_BYTES);
    int n = snprintf(path, sizeof path, "%s/nodekey", folder);

    if (n <= 0 || (size_t)n >= sizeof path)
        return ERR_ARGUMENT;
    enum err err = account_make_secret(path, ENV(s), &secret);
    if (err == OK && secret.len != KEYRING_SECRET_BYTES)
        err = ERR_CORRUPT;
    if (err == OK)
        err = keyring_host_from_bytes(&s->key, KEYRING_HOST_SECP256K1, secret.ptr);
    buf_clear(&secret);
    return err;
}

/* ---- sockets ---- */

/* The port of the flag, or any: several accounts of one machine must not meet at one. */
static uint16_t port_of(const struct sotto *s, enum conf_id id)
{
    return conf_given(&s->conf, id) ? (uint16_t)conf_number(&s->conf, id) : 0;
}

static enum err listen_at(struct sotto *s, const char *ip, uint16_t *port)
{
    TRY(evio_listen(s->evio, ip, *port, LINK_TCP, port));
    TRY(addresses_listen(&s->addresses, ip, *port, ""));
    return conf_bool(&s->conf, CONF_DISCV5_DISCOVERY)
               ? evio_listen_udp(s->evio, ip, s->udp_port, &s->udp_port)
               : OK;
}

static enum err listen_all(struct sotto *s)
{
    uint16_t port = port_of(s, CONF_TCP_PORT);
    size_t listening = 0;

    s->udp_port = port_of(s, CONF_DISCV5_UDP_PORT);
    for (size_t i = 0; i < conf_count(&s->conf, CONF_LISTEN_ADDRESS); i++) {
        const char *ip = conf_at(&s->conf, CONF_LISTEN_ADDRESS, i);
        enum err err = listen_at(s, ip, &port);
        if (err != OK && listening > 0 && !conf_given(&s->conf, CONF_LISTEN_ADDRESS))
            continue; /* no IPv6 here */
        if (err != OK)
            return wrong(s, "cannot listen at", ip);
        listening++;
    }
    return addresses_outside(&s->addresses, &s->conf);
}

/* ---- the core ---- */

/* Values of these flags that begin so. */
static size_t gather(const struct sotto *s, enum conf_id id, const char *begin, const char **out,
                     size_t count)
{
    for (size_t i = 0; i < conf_count(&s->conf, id); i++) {
        const char *text = conf_at(&s->conf, id, i);
        if (strncmp(text, begin, strlen(begin)) == 0 && count < SDK_NAMES_MAX)
            out[count++] = text;
    }
    return count;
}

static struct core_discovery discovery(struct sotto *s)
{
    const struct conf *c = &s->conf;
    struct core_discovery d = {.discv5 = conf_bool(c, CONF_DISCV5_DISCOVERY),
                               .auto_update = conf_bool(c, CONF_DISCV5_ENR_AUTO_UPDATE),
                               .udp_port = s->udp_port,
                               .table_ip_limit = (size_t)conf_number(c, CONF_DISCV5_TABLE_IP_LIMIT),
                               .bucket_ip_limit =
                                   (size_t)conf_number(c, CONF_DISCV5_BUCKET_IP_LIMIT),
                               .bootstraps = s->bootstraps,
                               .lists = s->lists};

    d.bootstraps_count = gather(s, CONF_DISCV5_BOOTSTRAP_NODE, "enr:", s->bootstraps, 0);
    d.bootstraps_count = gather(s, CONF_ENTRY_NODE, "enr:", s->bootstraps, d.bootstraps_count);
    d.lists_count = gather(s, CONF_ENTRY_NODE, "enrtree:", s->lists, 0);
    if (conf_bool(c, CONF_DNS_DISCOVERY))
        d.lists_count = gather(s, CONF_DNS_DISCOVERY_URL, "enrtree:", s->lists, d.lists_count);
    return d;
}

static size_t statics(struct sotto *s)
{
    static const enum conf_id ids[] = {CONF_STATICNODE, CONF_ENTRY_NODE, CONF_LIGHTPUSHNODE,
                                       CONF_FILTERNODE};
    size_t count = 0;

    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        count = gather(s, ids[i], "/", s->statics, count);
    return count;
}

static struct core_peering peering(const struct sotto *s)
{
    uint32_t all = (uint32_t)conf_number(&s->conf, CONF_MAX_CONNECTIONS);
    uint32_t relay = conf_bool(&s->conf, CONF_RELAY) ? all - all / 3 : 0;

    return (struct core_peering){
        .relay_out = relay / 3, .relay_in = relay - relay / 3, .service = all - relay};
}

static enum err make_core(struct sotto *s)
{
    const struct conf *c = &s->conf;
    uint16_t shard = (uint16_t)conf_number_at(c, CONF_SHARD, 0);
    const char *outside[2] = {s->addresses.outside[0], s->addresses.outside[1]};
    const char *pushes = conf_text(c, CONF_LIGHTPUSHNODE);
    const struct core_config config = {
        .key = s->key,
        .agent_version = "sotto-sdk/" SOTTO_VERSION,
        .cluster = (uint16_t)conf_number(c, CONF_CLUSTER_ID),
        .shards_in_network = (uint16_t)conf_number(c, CONF_NUM_SHARDS_IN_NETWORK),
        .shards = &shard, /* the chat's own is added when it is attached */
        .shards_count = conf_count(c, CONF_SHARD) > 0,
        .listen = (const char *const *)s->addresses.announced,
        .listen_count = s->addresses.announced_count,
        .external = outside,
        .external_count = s->addresses.outside_count,
        .autonat = conf_bool(c, CONF_AUTONAT),
        .private_addresses = conf_bool(c, CONF_PRIVATE_ADDRESSES),
        .statics = s->statics,
        .statics_count = statics(s),
        .relay = conf_bool(c, CONF_RELAY),
        .lightpush = conf_bool(c, CONF_LIGHTPUSH),
        .lightpush_node = *pushes == '\0' ? NULL : pushes,
        .filternode = conf_text(c, CONF_FILTERNODE),
        .stem = conf_bool(c, CONF_STEM),
        .message_bytes_max = (size_t)conf_number(c, CONF_MAX_MSG_SIZE),
        .store_page_max = 100,
        .connections_max = (size_t)conf_number(c, CONF_MAX_CONNECTIONS),
        .connections_per_ip = (size_t)conf_number(c, CONF_IP_COLOCATION_LIMIT) == 0
                                  ? UINT32_MAX
                                  : (size_t)conf_number(c, CONF_IP_COLOCATION_LIMIT),
        .peering = peering(s),
        .discovery = discovery(s),
        .mdns = false,
    };
    enum err err = core_new(&s->core, &config, ENV(s));

    return err == ERR_ARGUMENT ? wrong(s, "a node or a list of nodes is malformed", "") : err;
}

enum err node_start(struct sotto *s, const char *folder)
{
    TRY(find_key(s, folder));
    TRY(listen_all(s));
    TRY(make_core(s));
    evio_attach(s->evio, s->core);
    return OK;
}
