/* Links: nonblocking sockets, with TLS on those that are wss; read into one buffer for all, written
 * straight from the span.
 *
 *     dial -- CONNECTING --> [SHAKING -->] UP -- close --> LINGERING --> gone
 *     accept -------------> [SHAKING -->] UP
 *
 * The core knows an accepted link from the beginning, so that its bounds on half-open links, on
 * those of one address and on the time of an upgrade hold for TLS too; a dialed one when TLS is up.
 */
#include "node/evio/addresses.h"
#include "node/evio/tls.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum link_state {
    LINK_CONNECTING,
    LINK_SHAKING, /* TLS */
    LINK_UP,
    LINK_LINGERING
};

struct link {
    struct evio *evio;
    uint64_t id;
    int fd;
    enum link_state state;
    struct event readable, writable;
    bool paused;
    bool outbound;
    bool read_blocked;        /* TLS reads again when the socket is writable */
    SSL *tls;                 /* NULL: none */
    struct endpoint to;       /* outbound wss; to.host: owned */
    struct link *next, *prev; /* while lingering */
    struct mono linger_until;
};

static const struct timeval linger_time = {EVIO_LINGER_MS / 1000, EVIO_LINGER_MS % 1000 * 1000};

/* ---- a link's end ---- */

static void free_link(struct link *l)
{
    l->evio->links_freed++;
    event_del(&l->readable);
    event_del(&l->writable);
    SSL_free(l->tls);
    close(l->fd);
    free((void *)(uintptr_t)l->to.host);
    free(l);
}

static void unlinger(struct link *l)
{
    if (l->prev != NULL)
        l->prev->next = l->next;
    else
        l->evio->lingering = l->next;
    if (l->next != NULL)
        l->next->prev = l->prev;
    free_link(l);
}

static void lost(struct link *l, enum err why)
{
    struct evio *e = l->evio;
    uint64_t id = l->id;

    map_take(&e->links, MAP_KEY(id));
    free_link(l);
    core_link_down(e->core, &e->env, id, why);
}

static enum err why_of(int error)
{
    switch (error) {
    case ECONNREFUSED:
        return ERR_REFUSED;
    case ETIMEDOUT:
        return ERR_TIMEOUT;
    case ENETUNREACH:
    case EHOSTUNREACH:
        return ERR_NOT_FOUND;
    default:
        return ERR_CLOSED;
    }
}

/* ---- events ---- */

/* What a peer still sends after our graceful close is read and forgotten: closing a socket with
 * unread bytes would reset it, and our last words with it. */
static void on_lingering(struct link *l, short what)
{
    if (!(what & EV_TIMEOUT) && l->evio->env.now.ns < l->linger_until.ns) {
        ssize_t n = recv(l->fd, l->evio->read_buffer, EVIO_READ_BYTES, 0);
        if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
            return;
    }
    unlinger(l);
}

static bool need_buffer(struct evio *e)
{
    if (e->read_buffer == NULL)
        e->read_buffer = malloc(EVIO_READ_BYTES);
    return e->read_buffer != NULL;
}

static ssize_t receive(struct link *l, bool *again)
{
    struct evio *e = l->evio;

    *again = false;
    if (l->tls == NULL)
        return recv(l->fd, e->read_buffer, EVIO_READ_BYTES, 0);
    ssize_t n = tls_read(l->tls, e->read_buffer, EVIO_READ_BYTES, again, &l->read_blocked);
    if (l->read_blocked)
        event_add(&l->writable, NULL);
    return n;
}

static void read_link(struct link *l)
{
    struct evio *e = l->evio;
    bool again;

    ssize_t n = receive(l, &again);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        lost(l, n == 0 ? ERR_CLOSED : why_of(errno));
        return;
    }
    if (n > 0)
        core_bytes(e->core, &e->env, l->id, span_of(e->read_buffer, (size_t)n));
    if (again) /* no socket will say so */
        event_active(&l->readable, EV_READ, 0);
}

static void up(struct link *l)
{
    struct evio *e = l->evio;

    l->state = LINK_UP;
    if (l->paused)
        event_del(&l->readable);
    else
        event_add(&l->readable, NULL);
    if (l->outbound)
        core_link_up(e->core, &e->env, l->id);
    else
        core_writable(e->core, &e->env, l->id);
    if (l->tls != NULL && !l->paused) /* bytes came with the end of the handshake, maybe */
        event_active(&l->readable, EV_READ, 0);
}

static void shake(struct link *l)
{
    struct evio *e = l->evio;

    switch (tls_shake(l->tls)) {
    case TLS_SHAKEN:
        up(l);
        return;
    case TLS_WANTS_WRITE:
        event_add(&l->writable, NULL);
        return;
    case TLS_WANTS_READ:
        event_add(&l->readable, NULL);
        return;
    case TLS_FAILED:
        log_debug(&e->env, "tls", "handshake failed link=%llu outbound=%d reason=%s",
                  (unsigned long long)l->id, l->outbound, tls_why(l->tls));
        lost(l, l->outbound ? ERR_AUTH : ERR_CLOSED);
        return;
    }
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct link *l = arg;
    (void)fd;

    evio_wake(l->evio);
    if (!need_buffer(l->evio))
        return;
    if (l->state == LINK_LINGERING)
        on_lingering(l, what);
    else if (l->state == LINK_SHAKING)
        shake(l);
    else
        read_link(l);
}

static void connected(struct link *l)
{
    struct evio *e = l->evio;
    int error = 0;
    socklen_t len = sizeof error;

    getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &error, &len);
    if (error == 0 && l->to.kind == LINK_WSS) {
        l->tls = tls_connect(e, l->fd, &l->to);
        error = l->tls == NULL ? ENOMEM : 0;
    }
    if (error != 0) {
        lost(l, why_of(error));
    } else if (l->tls != NULL) {
        l->state = LINK_SHAKING;
        shake(l);
    } else {
        up(l);
    }
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct link *l = arg;
    struct evio *e = l->evio;
    (void)fd, (void)what;

    evio_wake(e);
    switch (l->state) {
    case LINK_CONNECTING:
        connected(l);
        return;
    case LINK_SHAKING:
        shake(l);
        return;
    case LINK_UP:
        core_writable(e->core, &e->env, l->id);
        if (l->read_blocked && need_buffer(e))
            read_link(l);
        return;
    case LINK_LINGERING:
        return;
    }
}

/* ---- making links ---- */

static struct link *make(struct evio *e, uint64_t id, int fd, enum link_state state)
{
    struct link *l = calloc(1, sizeof *l);
    int one = 1;

    if (l == NULL)
        return NULL;
    *l = (struct link){.evio = e, .id = id, .fd = fd, .state = state};
    event_assign(&l->readable, e->base, fd, EV_READ | EV_PERSIST, on_readable, l);
    event_assign(&l->writable, e->base, fd, EV_WRITE, on_writable, l);
    if (map_put(&e->links, MAP_KEY(id), l) != OK) {
        free(l);
        return NULL;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
    return l;
}

static bool keep_endpoint(struct link *l, const struct endpoint *to)
{
    l->outbound = true;
    l->to = *to;
    l->to.host = to->host == NULL ? NULL : strdup(to->host);
    return to->host == NULL || l->to.host != NULL;
}

static int begin_connect(struct evio *e, const struct endpoint *to, bool listen_port, int *error)
{
    struct sockaddr_storage ss;
    socklen_t len = endpoint_to(to, &ss);
    int fd = socket(ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    *error = errno;
    if (fd >= 0 && listen_port)
        listeners_bind(e, fd, ss.ss_family);
    if (fd < 0 || connect(fd, (struct sockaddr *)&ss, len) == 0 || errno == EINPROGRESS)
        return fd;
    *error = errno;
    close(fd);
    return -1;
}

void links_dial(struct evio *e, uint64_t link, const struct endpoint *to)
{
    int error, fd = begin_connect(e, to, to->listen_port, &error);

    /* the pair of addresses and ports is in use: a connection just ended */
    if (fd < 0 && to->listen_port && (error == EADDRNOTAVAIL || error == EADDRINUSE))
        fd = begin_connect(e, to, false, &error);
    struct link *l = fd < 0 ? NULL : make(e, link, fd, LINK_CONNECTING);
    if (l == NULL) {
        if (fd >= 0)
            close(fd);
        core_link_down(e->core, &e->env, link, why_of(error));
        evio_touch(e);
        return;
    }
    if (keep_endpoint(l, to)) {
        event_add(&l->writable, NULL);
        return;
    }
    lost(l, ERR_MEMORY);
    evio_touch(e);
}

bool links_accepted(struct evio *e, int fd, const struct endpoint *from)
{
    bool secure = from->kind == LINK_WSS;
    struct link *l = make(e, e->next_incoming, fd, secure ? LINK_SHAKING : LINK_UP);

    if (l != NULL && secure && (l->tls = tls_accept(e, fd)) == NULL) {
        map_take(&e->links, MAP_KEY(l->id));
        free_link(l);
        return false;
    }
    if (l == NULL) {
        close(fd);
        return false;
    }
    e->next_incoming += 2;
    event_add(&l->readable, NULL);
    core_link_incoming(e->core, &e->env, l->id, from);
    return true;
}

/* ---- struct port ---- */

size_t links_write(void *world, uint64_t link, struct span bytes)
{
    struct evio *e = world;
    struct link *l = map_get(&e->links, MAP_KEY(link));

    if (l != NULL && l->state == LINK_SHAKING)
        return 0; /* core_writable follows */
    if (l == NULL || l->state != LINK_UP)
        return bytes.len; /* it is ending: nobody will read them */
    ssize_t n = l->tls != NULL ? tls_write(l->tls, bytes.ptr, bytes.len)
                               : send(l->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        event_add(&l->readable, NULL); /* recv tells the error, and the core, from the loop */
        if (l->tls != NULL)
            event_active(&l->readable, EV_READ, 0);
        return bytes.len;
    }
    size_t took = n < 0 ? 0 : (size_t)n;
    if (took < bytes.len)
        event_add(&l->writable, NULL);
    return took;
}

void links_pause(void *world, uint64_t link, bool paused)
{
    struct evio *e = world;
    struct link *l = map_get(&e->links, MAP_KEY(link));

    if (l == NULL || l->paused == paused)
        return;
    l->paused = paused;
    if (l->state != LINK_UP)
        return;
    if (paused) {
        event_del(&l->readable);
        return;
    }
    event_add(&l->readable, NULL);
    if (l->tls != NULL) /* records that were read ahead */
        event_active(&l->readable, EV_READ, 0);
}

void links_close(void *world, uint64_t link, bool flush)
{
    struct evio *e = world;
    struct link *l = map_take(&e->links, MAP_KEY(link));
    struct linger reset = {1, 0};

    if (l == NULL)
        return;
    if (!flush || l->state != LINK_UP) {
        setsockopt(l->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        free_link(l);
        return;
    }
    if (l->tls != NULL)
        tls_bye(l->tls);
    shutdown(l->fd, SHUT_WR);
    l->state = LINK_LINGERING;
    l->linger_until = mono_add(e->env.now, EVIO_LINGER_MS * NS_PER_MS);
    event_del(&l->writable);
    event_add(&l->readable, &linger_time);
    l->next = e->lingering;
    if (l->next != NULL)
        l->next->prev = l;
    e->lingering = l;
}

void links_clear(struct evio *e)
{
    size_t cursor = 0;
    struct link *l;

    while ((l = map_next(&e->links, &cursor, NULL)) != NULL)
        free_link(l);
    map_clear(&e->links);
    while (e->lingering != NULL)
        unlinger(e->lingering);
    listeners_clear(e);
}
