/* Contexts: the server's with its files, the client's with the certificates that it trusts. */
#include "node/evio/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

struct stamp { /* what tells a file from the one that was there before */
    dev_t dev;
    ino_t ino;
    off_t size;
    int64_t changed_ns;
};

struct tls {
    SSL_CTX *server, *client; /* client: on first use */
    char *key, *cert, *trusted;
    struct stamp seen[2]; /* of key and cert, when they were last read */
    bool broken;          /* what was read last is not in use */
};

static struct tls *contexts(struct evio *e)
{
    if (e->tls == NULL)
        e->tls = calloc(1, sizeof *e->tls);
    return e->tls;
}

/* The first thing that OpenSSL complained of; the queue is empty afterwards. */
static void take_reason(char why[EVIO_TLS_WHY], const char *what)
{
    unsigned long code = ERR_peek_error();
    const char *reason =
        ERR_SYSTEM_ERROR(code) ? strerror(ERR_GET_REASON(code)) : ERR_reason_error_string(code);

    snprintf(why, EVIO_TLS_WHY, "%s: %s", what, reason != NULL ? reason : "unreadable");
    ERR_clear_error();
}

static int no_password(char *out, int size, int writing, void *arg)
{
    (void)out, (void)size, (void)writing, (void)arg;
    return -1; /* nobody is there to be asked */
}

static SSL_CTX *make(const SSL_METHOD *method)
{
    SSL_CTX *ctx = SSL_CTX_new(method);

    if (ctx == NULL)
        return NULL;
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(ctx, 0);
    SSL_CTX_set_read_ahead(ctx, 1);
    SSL_CTX_set_default_passwd_cb(ctx, no_password);
    return ctx;
}

/* ---- server ---- */

static struct stamp stamp_of(const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return (struct stamp){0};
    return (struct stamp){st.st_dev, st.st_ino, st.st_size,
                          (int64_t)st.st_mtim.tv_sec * NS_PER_S + st.st_mtim.tv_nsec};
}

static bool same(const struct stamp *a, const struct stamp *b)
{
    return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
           a->changed_ns == b->changed_ns;
}

static enum err load(struct tls *t, char why[EVIO_TLS_WHY])
{
    SSL_CTX *ctx = make(TLS_server_method());

    ERR_clear_error();
    t->seen[0] = stamp_of(t->key);
    t->seen[1] = stamp_of(t->cert);
    t->broken = true;
    if (ctx == NULL)
        return ERR_MEMORY;
    if (SSL_CTX_use_certificate_chain_file(ctx, t->cert) != 1) {
        take_reason(why, t->cert);
    } else if (SSL_CTX_use_PrivateKey_file(ctx, t->key, SSL_FILETYPE_PEM) != 1) {
        take_reason(why, t->key); /* also when it belongs to another certificate */
    } else {
        SSL_CTX_free(t->server);
        t->server = ctx;
        t->broken = false;
        return OK;
    }
    SSL_CTX_free(ctx);
    return ERR_ARGUMENT;
}

/* A pair is replaced file by file: what does not fit together now may do so at the next look. */
static void look(struct evio *e, bool asked)
{
    struct tls *t = e->tls;
    struct stamp now[2] = {stamp_of(t->key), stamp_of(t->cert)};
    bool changed = !same(&now[0], &t->seen[0]) || !same(&now[1], &t->seen[1]);
    char why[EVIO_TLS_WHY] = "";

    if (!changed && !asked && !t->broken)
        return;
    enum err err = load(t, why);
    if (err == OK)
        log_info(&e->env, "tls", "certificate loaded file=%s", t->cert);
    else if (changed || asked)
        log_unusual(&e->env, "tls", "certificate not changed, the former stays in use reason=%s",
                    err == ERR_MEMORY ? err_text(err) : why);
}

static void on_clock(void *ctx)
{
    look(ctx, false);
}

void evio_tls_reload(struct evio *e)
{
    if (e->tls != NULL && e->tls->server != NULL)
        look(e, true);
}

enum err evio_tls_serve(struct evio *e, const char *key, const char *cert, char why[EVIO_TLS_WHY])
{
    struct tls *t = contexts(e);

    why[0] = 0;
    if (t == NULL)
        return ERR_MEMORY;
    assert(t->key == NULL);
    t->key = strdup(key);
    t->cert = strdup(cert);
    if (t->key == NULL || t->cert == NULL)
        return ERR_MEMORY;
    TRY(load(t, why));
    return evio_every(e, EVIO_TLS_LOOK_MS * NS_PER_MS, on_clock, e);
}

SSL *tls_accept(struct evio *e, int fd)
{
    SSL *tls = SSL_new(e->tls->server);

    if (tls != NULL && SSL_set_fd(tls, fd) != 1) {
        SSL_free(tls);
        return NULL;
    }
    if (tls != NULL)
        SSL_set_accept_state(tls);
    return tls;
}

/* ---- client ---- */

static enum err make_client(struct tls *t, char why[EVIO_TLS_WHY])
{
    SSL_CTX *ctx = make(TLS_client_method());

    ERR_clear_error();
    if (ctx == NULL)
        return ERR_MEMORY;
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_default_verify_paths(ctx);
    if (t->trusted != NULL && SSL_CTX_load_verify_locations(ctx, t->trusted, NULL) != 1) {
        take_reason(why, t->trusted);
        SSL_CTX_free(ctx);
        return ERR_ARGUMENT;
    }
    t->client = ctx;
    return OK;
}

enum err evio_tls_trust(struct evio *e, const char *file, char why[EVIO_TLS_WHY])
{
    struct tls *t = contexts(e);

    why[0] = 0;
    if (t == NULL)
        return ERR_MEMORY;
    assert(t->client == NULL && t->trusted == NULL);
    t->trusted = strdup(file);
    return t->trusted == NULL ? ERR_MEMORY : make_client(t, why);
}

/* RFC 6125: the name that was dialed, or the address, must be in the certificate. */
static bool expect(SSL *tls, const struct endpoint *to)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    bool v4 = memcmp(to->ip, mapped, sizeof mapped) == 0;

    if (to->host == NULL)
        return X509_VERIFY_PARAM_set1_ip(SSL_get0_param(tls), to->ip + (v4 ? 12 : 0),
                                         v4 ? 4 : 16) == 1;
    /* the macro for SNI casts const away */
    return SSL_set1_host(tls, to->host) == 1 &&
           SSL_ctrl(tls, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                    (void *)(uintptr_t)to->host) == 1;
}

SSL *tls_connect(struct evio *e, int fd, const struct endpoint *to)
{
    struct tls *t = contexts(e);
    char why[EVIO_TLS_WHY] = "";

    if (t == NULL || (t->client == NULL && make_client(t, why) != OK))
        return NULL;
    SSL *tls = SSL_new(t->client);
    if (tls == NULL)
        return NULL;
    if (SSL_set_fd(tls, fd) != 1 || !expect(tls, to)) {
        SSL_free(tls);
        return NULL;
    }
    SSL_set_connect_state(tls);
    return tls;
}

void tls_clear(struct evio *e)
{
    struct tls *t = e->tls;

    if (t == NULL)
        return;
    SSL_CTX_free(t->server);
    SSL_CTX_free(t->client);
    free(t->key);
    free(t->cert);
    free(t->trusted);
    free(t);
    e->tls = NULL;
}
