/* DNS through c-ares (evdns has no TXT). The channel is made by the first question. */
#include "crypto/base/buf.h"
#include "node/evio/inside.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <stdlib.h>
#include <sys/socket.h>

struct name_socket { /* one of the channel's */
    struct names *names;
    struct name_socket *next;
    struct event ready;
    ares_socket_t fd;
};

struct names {
    struct evio *evio;
    ares_channel channel;
    struct name_socket *sockets;
    struct event timer;
    size_t under_way;
    bool closing;
};

struct question {
    struct names *names;
    uint64_t query;
    int type;
};

static void set_timer(struct names *n)
{
    struct timeval tv, *wait = ares_timeout(n->channel, NULL, &tv);

    if (wait != NULL)
        event_add(&n->timer, wait);
    else
        event_del(&n->timer);
}

static void on_socket(evutil_socket_t fd, short what, void *arg)
{
    struct name_socket *s = arg;
    struct names *n = s->names;

    evio_wake(n->evio);
    ares_process_fd(n->channel, what & EV_READ ? fd : ARES_SOCKET_BAD,
                    what & EV_WRITE ? fd : ARES_SOCKET_BAD);
    set_timer(n);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct names *n = arg;
    (void)fd, (void)what;

    evio_wake(n->evio);
    ares_process_fd(n->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    set_timer(n);
}

/* c-ares says which directions of which socket it wants; none: it closes the socket. */
static void on_state(void *arg, ares_socket_t fd, int readable, int writable)
{
    struct names *n = arg;
    struct name_socket **at = &n->sockets, *s;
    short what = (short)((readable ? EV_READ : 0) | (writable ? EV_WRITE : 0));

    while (*at != NULL && (*at)->fd != fd)
        at = &(*at)->next;
    s = *at;
    if (s == NULL && what != 0 && (s = calloc(1, sizeof *s)) != NULL) {
        s->names = n;
        s->fd = fd;
        *at = s;
    } else if (s != NULL) {
        event_del(&s->ready);
    }
    if (s == NULL)
        return;
    if (what == 0) {
        *at = s->next;
        free(s);
        return;
    }
    event_assign(&s->ready, n->evio->base, fd, (short)(what | EV_PERSIST), on_socket, s);
    event_add(&s->ready, NULL);
}

static enum err err_of(int status)
{
    switch (status) {
    case ARES_SUCCESS:
        return OK;
    case ARES_ENOTFOUND:
    case ARES_ENODATA:
        return ERR_NOT_FOUND;
    case ARES_ETIMEOUT:
        return ERR_TIMEOUT;
    default:
        return ERR_IO;
    }
}

static void answer(struct question *q, enum err err, const struct span *answers, size_t count)
{
    struct names *n = q->names;

    n->under_way--;
    if (!n->closing) {
        evio_wake(n->evio);
        core_resolved(n->evio->core, &n->evio->env, q->query, err, answers, count);
        evio_touch(n->evio);
    }
    free(q);
}

static void on_host(void *arg, int status, int timeouts, struct hostent *host)
{
    struct span list[EVIO_NAME_ANSWERS_MAX];
    size_t count = 0;
    (void)timeouts;

    for (size_t i = 0;
         status == ARES_SUCCESS && count < EVIO_NAME_ANSWERS_MAX && host->h_addr_list[i] != NULL;
         i++)
        list[count++] = span_of(host->h_addr_list[i], (size_t)host->h_length);
    answer(arg, err_of(status), list, count);
}

static void on_txt(void *arg, int status, int timeouts, unsigned char *reply, int len)
{
    struct ares_txt_ext *all = NULL;
    struct span list[EVIO_NAME_ANSWERS_MAX];
    struct buf text = BUF_INIT(65536);
    size_t count = 0, starts[EVIO_NAME_ANSWERS_MAX];
    (void)timeouts;

    if (status == ARES_SUCCESS)
        status = ares_parse_txt_reply_ext(reply, len, &all);
    /* a record may come in several strings: they belong together */
    for (const struct ares_txt_ext *t = all; status == ARES_SUCCESS && t != NULL; t = t->next) {
        if (t->record_start && count == EVIO_NAME_ANSWERS_MAX)
            break;
        if (t->record_start)
            starts[count++] = text.len;
        if (buf_append(&text, span_of(t->txt, t->length)) != OK)
            status = ARES_ENOMEM;
    }
    for (size_t i = 0; i < count; i++)
        list[i] = span_sub(buf_span(&text), starts[i],
                           (i + 1 < count ? starts[i + 1] : text.len) - starts[i]);
    answer(arg, err_of(status), list, status == ARES_SUCCESS ? count : 0);
    if (all != NULL)
        ares_free_data(all);
    buf_clear(&text);
}

static struct names *open_names(struct evio *e)
{
    struct names *n = calloc(1, sizeof *n);
    struct ares_options options = {.timeout = EVIO_NAME_TIMEOUT_MS,
                                   .tries = EVIO_NAME_TRIES,
                                   .sock_state_cb = on_state,
                                   .sock_state_cb_data = n};

    if (n == NULL)
        return NULL;
    n->evio = e;
    if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS ||
        ares_init_options(&n->channel, &options,
                          ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB) !=
            ARES_SUCCESS) {
        free(n);
        return NULL;
    }
    evtimer_assign(&n->timer, e->base, on_timer, n);
    return n;
}

enum err evio_name_servers(struct evio *e, const char *servers)
{
    assert(e->names == NULL);
    e->names = open_names(e);
    if (e->names == NULL)
        return ERR_MEMORY;
    return ares_set_servers_ports_csv(e->names->channel, servers) == ARES_SUCCESS ? OK
                                                                                  : ERR_ARGUMENT;
}

void names_resolve(struct evio *e, uint64_t query, const char *name, int type)
{
    struct question *q = malloc(sizeof *q);

    if (e->names == NULL)
        e->names = open_names(e);
    if (q == NULL || e->names == NULL || e->names->under_way >= EVIO_QUERIES_MAX) {
        free(q);
        core_resolved(e->core, &e->env, query, ERR_FULL, NULL, 0);
        evio_touch(e);
        return;
    }
    *q = (struct question){e->names, query, type};
    e->names->under_way++;
    if (type == ns_t_txt)
        ares_query(e->names->channel, name, ns_c_in, ns_t_txt, on_txt, q);
    else /* also looks into the hosts file */
        ares_gethostbyname(e->names->channel, name, type == ns_t_aaaa ? AF_INET6 : AF_INET, on_host,
                           q);
    set_timer(e->names);
}

void names_clear(struct evio *e)
{
    struct names *n = e->names;

    if (n == NULL)
        return;
    n->closing = true;
    ares_destroy(n->channel); /* calls every callback that waits, and on_state */
    event_del(&n->timer);
    while (n->sockets != NULL) {
        struct name_socket *s = n->sockets;
        n->sockets = s->next;
        event_del(&s->ready);
        free(s);
    }
    free(n);
    e->names = NULL;
}
