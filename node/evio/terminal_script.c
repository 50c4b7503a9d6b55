/* Standard input as lines. A file is always readable and cannot be waited for: it is read by a
 * timer that is always due. */
#include "node/evio/inside.h"
#include "node/evio/terminal.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES 4096u

struct script {
    struct evio *evio;
    struct script_owner owner;
    struct buf line;
    struct event readable;
};

static void take_line(struct script *s)
{
    s->owner.line(s->owner.ctx, buf_span(&s->line));
    buf_reset(&s->line);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct script *s = arg;
    uint8_t bytes[READ_BYTES];
    (void)fd, (void)what;
    evio_wake(s->evio);
    ssize_t n = read(STDIN_FILENO, bytes, sizeof bytes);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    for (ssize_t i = 0; i < n; i++)
        if (bytes[i] == '\n')
            take_line(s);
        else
            (void)!buf_append(&s->line, span_of(&bytes[i], 1));
    if (n <= 0) {
        event_del(&s->readable);
        if (s->line.len > 0)
            take_line(s);
        s->owner.closed(s->owner.ctx);
    }
}

enum err script_open(struct script **out, struct evio *e, const struct script_owner *owner)
{
    static const struct timeval at_once = {.tv_usec = 1000};
    struct stat st;
    struct script *s = calloc(1, sizeof *s);
    if (s == NULL)
        return ERR_MEMORY;
    *s = (struct script){.evio = e, .owner = *owner, .line = BUF_INIT(owner->line_bytes_max)};
    bool file = fstat(STDIN_FILENO, &st) == 0 && S_ISREG(st.st_mode);
    event_assign(&s->readable, e->base, file ? -1 : STDIN_FILENO,
                 (short)(EV_PERSIST | (file ? 0 : EV_READ)), on_readable, s);
    if (event_add(&s->readable, file ? &at_once : NULL) != 0) {
        free(s);
        return ERR_IO;
    }
    *out = s;
    return OK;
}

void script_close(struct script *s)
{
    if (s == NULL)
        return;
    event_del(&s->readable);
    buf_clear(&s->line);
    free(s);
}
