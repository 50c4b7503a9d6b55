/* Standard input and output as a terminal. */
#define _DEFAULT_SOURCE /* cfmakeraw, TIOCGWINSZ */
#include "node/evio/inside.h"
#include "node/evio/terminal_inside.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define ESCAPE_MS  50u   /* behind an escape that is a key by itself */
#define READ_BYTES 4096u /* at once */
#define DRAW_BYTES (8u << 20)
#define OPENING    "\033[?1049h\033[?2004h\033[?7l\033[2J" /* own screen, brackets, no wrapping */
#define CLOSING    "\033[0m\033[?7h\033[?2004l\033[?25h\033[?1049l"

struct terminal {
    struct evio *evio;
    struct terminal_owner owner;
    struct keys keys;
    struct painter painter;
    struct buf out;
    struct event readable, idle, resized;
};

static struct termios before; /* one process has one terminal; exit() must find it */
static bool taken;

static bool write_all(struct span bytes)
{
    while (bytes.len > 0) {
        ssize_t n = write(STDOUT_FILENO, bytes.ptr, bytes.len);
        if (n >= 0)
            bytes = span_after(bytes, (size_t)n);
        else if (errno == EAGAIN)
            (void)poll(&(struct pollfd){.fd = STDOUT_FILENO, .events = POLLOUT}, 1, 1000);
        else if (errno != EINTR)
            return false;
    }
    return true;
}

static void give_back(void)
{
    if (!taken)
        return;
    taken = false;
    (void)write_all(SPAN_LIT(CLOSING));
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
}

static enum err take(void)
{
    struct termios raw;
    static bool told;
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &before) != 0)
        return ERR_ARGUMENT;
    raw = before;
    cfmakeraw(&raw);
    if (!told && atexit(give_back) != 0)
        return ERR_MEMORY;
    told = true;
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw) != 0)
        return ERR_IO;
    taken = true;
    return write_all(SPAN_LIT(OPENING)) ? OK : ERR_IO;
}

static void take_keys(struct terminal *t, bool idle)
{
    static const struct timeval wait = {.tv_usec = ESCAPE_MS * 1000};
    struct tui_key key;
    while (keys_next(&t->keys, idle, &key))
        t->owner.key(t->owner.ctx, &key);
    if (keys_waiting(&t->keys))
        event_add(&t->idle, &wait);
}

static void on_idle(evutil_socket_t fd, short what, void *arg)
{
    struct terminal *t = arg;
    (void)fd, (void)what;
    evio_wake(t->evio);
    take_keys(t, true);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct terminal *t = arg;
    uint8_t bytes[READ_BYTES];
    (void)what;
    evio_wake(t->evio);
    ssize_t n = read(fd, bytes, sizeof bytes);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        event_del(&t->readable);
        t->owner.closed(t->owner.ctx);
        return;
    }
    event_del(&t->idle);
    if (n > 0 && keys_feed(&t->keys, span_of(bytes, (size_t)n)) == OK)
        take_keys(t, false);
}

static void measure(struct terminal *t)
{
    struct winsize size = {.ws_col = 80, .ws_row = 24};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0)
        size = (struct winsize){.ws_col = 80, .ws_row = 24};
    t->owner.resized(t->owner.ctx, size.ws_col, size.ws_row);
}

static void on_resized(evutil_socket_t fd, short what, void *arg)
{
    struct terminal *t = arg;
    (void)fd, (void)what;
    evio_wake(t->evio);
    terminal_forget(t);
    measure(t);
}

enum err terminal_open(struct terminal **out, struct evio *e, const struct terminal_owner *owner)
{
    struct terminal *t = calloc(1, sizeof *t);
    if (t == NULL)
        return ERR_MEMORY;
    t->evio = e;
    t->owner = *owner;
    t->out = BUF_INIT(DRAW_BYTES);
    keys_init(&t->keys);
    setlocale(LC_CTYPE, "");
    const char *no_colour = getenv("NO_COLOR");
    t->painter = (struct painter){.ascii = strcmp(nl_langinfo(CODESET), "UTF-8") != 0,
                                  .colour = no_colour == NULL || *no_colour == '\0'};
    enum err err = take();
    if (err != OK) {
        free(t);
        return err;
    }
    event_assign(&t->readable, e->base, STDIN_FILENO, EV_READ | EV_PERSIST, on_readable, t);
    event_assign(&t->idle, e->base, -1, 0, on_idle, t);
    event_assign(&t->resized, e->base, SIGWINCH, EV_SIGNAL | EV_PERSIST, on_resized, t);
    event_add(&t->readable, NULL);
    event_add(&t->resized, NULL);
    *out = t;
    measure(t);
    return OK;
}

void terminal_close(struct terminal *t)
{
    if (t == NULL)
        return;
    event_del(&t->readable);
    event_del(&t->idle);
    event_del(&t->resized);
    give_back();
    keys_clear(&t->keys);
    painter_clear(&t->painter);
    buf_clear(&t->out);
    free(t);
}

void terminal_draw(struct terminal *t, const struct tui_grid *grid)
{
    buf_reset(&t->out);
    if (painter_draw(&t->painter, grid, &t->out) == OK && !write_all(buf_span(&t->out)))
        t->owner.closed(t->owner.ctx);
    buf_reset(&t->out); /* the words were in here */
}

void terminal_forget(struct terminal *t)
{
    painter_clear(&t->painter);
}

void terminal_bell(struct terminal *t)
{
    (void)t;
    (void)write_all(SPAN_LIT("\007"));
}

enum err script_write(struct buf *bytes)
{
    bool written = write_all(buf_span(bytes));
    buf_reset(bytes);
    return written ? OK : ERR_IO;
}
