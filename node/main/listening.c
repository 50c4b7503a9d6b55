/* Where a node listens, and what it says of it. */
#include "net/discovery/discovery.h"
#include "net/wire/multiaddr.h"
#include "node/main/node.h"

#include <stdio.h>
#include <stdlib.h>

/* Said for the person who has to choose another port or address. */
static enum err cannot_listen(enum err err, const char *what, const char *ip, uint16_t port,
                              enum conf_id address, enum conf_id port_id)
{
    char text[256];
    const char *flag = conf_options[port_id].flag;
    if (err == ERR_EXISTS)
        snprintf(text, sizeof text, "port %u at %s is taken; choose another with --%s (0: any)",
                 port, ip, flag);
    else if (err == ERR_REFUSED)
        snprintf(text, sizeof text,
                 "this user may not listen on port %u; choose one over 1023 "
                 "with --%s",
                 port, flag);
    else if (err == ERR_ARGUMENT)
        snprintf(text, sizeof text, "%s is no address of this machine (--%s)", ip,
                 conf_options[address].flag);
    else
        snprintf(text, sizeof text, "%s port %u: %s", ip, port, err_text(err));
    fprintf(stderr, "sotto: cannot listen for %s: %s\n", what, text);
    return err;
}

/* one kind of link at all --listen-address */
struct offer {
    enum link_kind kind;
    enum conf_id port_id;
    const char *what, *transport;
};

static enum err offer(struct node *n, const struct offer *o, uint16_t *bound)
{
    const struct conf *c = &n->conf;
    uint16_t port = (uint16_t)conf_number(c, o->port_id);
    size_t listening = 0;
    if (port != 0)
        port = (uint16_t)(port + conf_number(c, CONF_PORTS_SHIFT));
    for (size_t i = 0; i < conf_count(c, CONF_LISTEN_ADDRESS); i++) {
        const char *ip = conf_at(c, CONF_LISTEN_ADDRESS, i);
        enum err err = evio_listen(n->evio, ip, port, o->kind, bound);
        if (err != OK && err != ERR_EXISTS && listening > 0 && !conf_given(c, CONF_LISTEN_ADDRESS))
            continue; /* no IPv6 here */
        if (err != OK)
            return cannot_listen(err, o->what, ip, port, CONF_LISTEN_ADDRESS, o->port_id);
        listening++;
        port = *bound;
        TRY(addresses_listen(&n->addresses, ip, port, o->transport));
    }
    *bound = port;
    return OK;
}

static enum err tls_failed(enum err err, const char *what, const char *why)
{
    fprintf(stderr, "sotto: cannot use the %s: %s\n", what,
            err == ERR_ARGUMENT ? why : err_text(err));
    return err;
}

static enum err load_certificates(struct node *n)
{
    const struct conf *c = &n->conf;
    const char *key = conf_text(c, CONF_WEBSOCKET_SECURE_KEY_PATH);
    const char *cert = conf_text(c, CONF_WEBSOCKET_SECURE_CERT_PATH);
    const char *trusted = conf_text(c, CONF_WEBSOCKET_SECURE_CA_PATH);
    char why[EVIO_TLS_WHY];
    enum err err = OK;
    if (*trusted != '\0')
        err = evio_tls_trust(n->evio, trusted, why);
    if (err != OK)
        return tls_failed(err, "certificates of --websocket-secure-ca-path", why);
    if (!conf_bool(c, CONF_WEBSOCKET_SECURE_SUPPORT))
        return OK;
    if (*key == '\0' || *cert == '\0') {
        fprintf(stderr, "sotto: --websocket-secure-support needs --websocket-secure-key-path and "
                        "--websocket-secure-cert-path\n");
        return ERR_ARGUMENT;
    }
    err = evio_tls_serve(n->evio, key, cert, why);
    return err == OK ? OK : tls_failed(err, "certificate for secure WebSockets", why);
}

/* As nwaku does: one WebSocket port, which is secure when it can be. */
enum err node_listen(struct node *n)
{
    static const struct offer tcp = {LINK_TCP, CONF_TCP_PORT, "peers", ""};
    static const struct offer ws = {LINK_WS, CONF_WEBSOCKET_PORT, "WebSockets", "/ws"};
    static const struct offer wss = {LINK_WSS, CONF_WEBSOCKET_PORT, "WebSockets", "/wss"};
    TRY(load_certificates(n));
    TRY(offer(n, &tcp, &n->tcp_port));
    if (conf_bool(&n->conf, CONF_WEBSOCKET_SECURE_SUPPORT))
        TRY(offer(n, &wss, &n->ws_port));
    else if (conf_bool(&n->conf, CONF_WEBSOCKET_SUPPORT))
        TRY(offer(n, &ws, &n->ws_port));
    return addresses_outside(&n->addresses, &n->conf);
}

static enum err show(struct node *n, size_t *count, const char *addr)
{
    size_t len = strlen(addr) + strlen(core_id(n->core)) + 8;
    char *text = malloc(len);
    if (text == NULL || *count == ADDRESSES_MAX) {
        free(text);
        return text == NULL ? ERR_MEMORY : OK;
    }
    snprintf(text, len, "%s/p2p/%s", addr, core_id(n->core));
    for (size_t i = 0; i < *count; i++)
        if (strcmp(n->full[i], text) == 0) {
            free(text);
            return OK;
        }
    n->full[(*count)++] = text;
    return OK;
}

enum err node_listen_udp(struct node *n)
{
    const struct conf *c = &n->conf;
    uint16_t port = (uint16_t)conf_number(c, CONF_DISCV5_UDP_PORT);
    size_t listening = 0;

    if (!conf_bool(c, CONF_DISCV5_DISCOVERY))
        return OK;
    if (port != 0)
        port = (uint16_t)(port + conf_number(c, CONF_PORTS_SHIFT));
    for (size_t i = 0; i < conf_count(c, CONF_LISTEN_ADDRESS); i++) {
        const char *ip = conf_at(c, CONF_LISTEN_ADDRESS, i);
        uint16_t bound = 0;
        enum err err = evio_listen_udp(n->evio, ip, port, &bound);
        if (err != OK && err != ERR_EXISTS && listening > 0 && !conf_given(c, CONF_LISTEN_ADDRESS))
            continue; /* no IPv6 here */
        if (err != OK)
            return cannot_listen(err, "discv5", ip, port, CONF_LISTEN_ADDRESS,
                                 CONF_DISCV5_UDP_PORT);
        listening++;
        port = bound;
        n->udp_v6 = n->udp_v6 || strchr(ip, ':') != NULL;
    }
    n->udp_port = port;
    return OK;
}

enum err node_join_local(struct node *n)
{
    const struct conf *c = &n->conf;
    const char *via = "0.0.0.0";

    if (!conf_bool(c, CONF_MDNS))
        return OK;
    for (size_t i = 0; i < conf_count(c, CONF_LISTEN_ADDRESS); i++)
        if (strchr(conf_at(c, CONF_LISTEN_ADDRESS, i), ':') == NULL)
            via = conf_at(c, CONF_LISTEN_ADDRESS, i);
    enum err err = evio_join(n->evio, MDNS_GROUP, MDNS_PORT, via);
    return err == OK ? OK : node_say(err, "--mdns: cannot join the group " MDNS_GROUP " over", via);
}

enum err node_full_addresses(struct node *n)
{
    size_t count = 0, announced;
    const struct multiaddr *list = core_announced(n->core, &announced);
    char text[MULTIADDR_TEXT_MAX];
    for (size_t i = 0; i <= ADDRESSES_MAX; i++) {
        free(n->full[i]);
        n->full[i] = NULL;
    }
    for (size_t i = 0; i < announced; i++) {
        multiaddr_text(&list[i], text);
        TRY(show(n, &count, text));
    }
    return n->addresses.local == NULL ? OK : show(n, &count, n->addresses.local);
}

static enum err listen_at(struct node *n, enum conf_id on, enum conf_id ip, enum conf_id port_id,
                          bool metrics, uint16_t *bound)
{
    const struct conf *c = &n->conf;
    if (!conf_bool(c, on))
        return OK;
    uint16_t port = (uint16_t)conf_number(c, port_id);
    if (port != 0)
        port = (uint16_t)(port + conf_number(c, CONF_PORTS_SHIFT));
    enum err err = http_listen(n->http, conf_text(c, ip), port, metrics, bound);
    return err == OK ? OK
                     : cannot_listen(err, metrics ? "metrics" : "REST", conf_text(c, ip), port, ip,
                                     port_id);
}

enum err node_listen_http(struct node *n)
{
    TRY(listen_at(n, CONF_REST, CONF_REST_ADDRESS, CONF_REST_PORT, false, &n->rest_port));
    return listen_at(n, CONF_METRICS_SERVER, CONF_METRICS_SERVER_ADDRESS, CONF_METRICS_SERVER_PORT,
                     true, &n->metrics_port);
}

void node_greet(const struct node *n)
{
    const struct conf *c = &n->conf;
    const char *rest = conf_text(c, CONF_REST_ADDRESS);
    if (strcmp(rest, "0.0.0.0") == 0)
        rest = "127.0.0.1";
    printf("sotto " SOTTO_VERSION "\npeer id    %s\n", core_id(n->core));
    for (size_t i = 0; n->full[i] != NULL; i++)
        printf("%s %s\n", i == 0 ? "addresses " : "          ", n->full[i]);
    if (n->rest_port != 0)
        printf("REST       http://%s:%u\n", rest, n->rest_port);
    if (n->metrics_port != 0)
        printf("metrics    http://%s:%u/metrics\n", conf_text(c, CONF_METRICS_SERVER_ADDRESS),
               n->metrics_port);
    if (n->rest_port != 0)
        printf("\ntry next:\n"
               "  curl -s http://%s:%u/health\n"
               "  curl -s -H 'Content-Type: application/json' "
               "-d '{\"payload\":\"aGVsbG8=\",\"contentTopic\":\"/try/1/sotto/proto\"}' \\\n"
               "       http://%s:%u/relay/v1/auto/messages\n"
               "  curl -s 'http://%s:%u/store/v3/messages?includeData=true'\n"
               "  sotto probe %s\n",
               rest, n->rest_port, rest, n->rest_port, rest, n->rest_port,
               n->full[0] != NULL ? n->full[0] : "MULTIADDR");
    fflush(stdout);
}
