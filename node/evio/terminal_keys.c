/* What a terminal sends for its keys. @source ECMA-48 5.4, xterm control sequences */
#include "node/evio/terminal_inside.h"

#include <stdio.h>

#define IN_BYTES_MAX   (1u << 20) /* read and not understood */
#define SEQUENCE_BYTES 16u        /* of one key; longer ones are none */
#define PASTE_END      "\033[201~"

static const struct {
    const char *bytes; /* behind ESC */
    enum tui_key_kind kind;
} sequences[] = {
    {"[A", TUI_KEY_UP},           {"[B", TUI_KEY_DOWN},
    {"[C", TUI_KEY_RIGHT},        {"[D", TUI_KEY_LEFT},
    {"OA", TUI_KEY_UP},           {"OB", TUI_KEY_DOWN},
    {"OC", TUI_KEY_RIGHT},        {"OD", TUI_KEY_LEFT},
    {"[H", TUI_KEY_HOME},         {"[F", TUI_KEY_END},
    {"OH", TUI_KEY_HOME},         {"OF", TUI_KEY_END},
    {"[1~", TUI_KEY_HOME},        {"[4~", TUI_KEY_END},
    {"[7~", TUI_KEY_HOME},        {"[8~", TUI_KEY_END},
    {"[3~", TUI_KEY_DELETE},      {"[5~", TUI_KEY_PAGE_UP},
    {"[6~", TUI_KEY_PAGE_DOWN},   {"OP", TUI_KEY_HELP},
    {"[11~", TUI_KEY_HELP},       {"[[A", TUI_KEY_HELP},
    {"[Z", TUI_KEY_BACKTAB},      {"[1;3A", TUI_KEY_PREVIOUS},
    {"[1;3B", TUI_KEY_NEXT},      {"[1;5C", TUI_KEY_WORD_RIGHT},
    {"[1;5D", TUI_KEY_WORD_LEFT}, {"[1;3C", TUI_KEY_WORD_RIGHT},
    {"[1;3D", TUI_KEY_WORD_LEFT}, {"f", TUI_KEY_WORD_RIGHT},
    {"b", TUI_KEY_WORD_LEFT},     {"\r", TUI_KEY_NEWLINE},
    {"\n", TUI_KEY_NEWLINE},      {"\177", TUI_KEY_ERASE_WORD},
    {"n", TUI_KEY_NEXT},          {"p", TUI_KEY_PREVIOUS},
};

static const struct {
    uint8_t byte;
    enum tui_key_kind kind;
} controls[] = {
    {'\r', TUI_KEY_ENTER},      {'\n', TUI_KEY_NEWLINE},    {'\t', TUI_KEY_TAB},
    {0x7f, TUI_KEY_BACKSPACE},  {0x08, TUI_KEY_BACKSPACE},  {0x01, TUI_KEY_HOME},
    {0x05, TUI_KEY_END},        {0x02, TUI_KEY_LEFT},       {0x06, TUI_KEY_RIGHT},
    {0x04, TUI_KEY_DELETE},     {0x0e, TUI_KEY_NEXT},       {0x10, TUI_KEY_PREVIOUS},
    {0x17, TUI_KEY_ERASE_WORD}, {0x15, TUI_KEY_ERASE_LINE}, {0x0b, TUI_KEY_ERASE_REST},
    {0x03, TUI_KEY_INTERRUPT},  {0x0c, TUI_KEY_REDRAW},
};

void keys_init(struct keys *k)
{
    *k = (struct keys){.in = BUF_INIT(IN_BYTES_MAX), .paste = BUF_INIT(TERMINAL_PASTE_BYTES_MAX)};
}

void keys_clear(struct keys *k)
{
    buf_clear(&k->in);
    buf_clear(&k->paste);
}

enum err keys_feed(struct keys *k, struct span bytes)
{
    return buf_append(&k->in, bytes);
}

bool keys_waiting(const struct keys *k)
{
    return k->in.len > 0 && !k->pasting;
}

/* How long the sequence at ESC is: 0: more must come. */
static size_t sequence_length(struct span in)
{
    if (in.len < 2)
        return 0;
    if (in.ptr[1] == 'O' || (in.ptr[1] == '[' && in.len > 2 && in.ptr[2] == '['))
        return in.len < (in.ptr[1] == 'O' ? 3u : 4u) ? 0 : in.ptr[1] == 'O' ? 3 : 4;
    if (in.ptr[1] != '[')
        return 2;
    for (size_t i = 2; i < in.len && i < SEQUENCE_BYTES; i++)
        if (in.ptr[i] >= 0x40 && in.ptr[i] <= 0x7e)
            return i + 1;
    return in.len >= SEQUENCE_BYTES ? SEQUENCE_BYTES : 0;
}

/* ESC and what follows; true: a key came of it. */
static bool take_sequence(struct keys *k, bool idle, struct tui_key *out, bool *more)
{
    struct span in = buf_span(&k->in);
    size_t len = sequence_length(in);
    *more = len == 0 && !idle;
    if (*more)
        return false;
    if (len == 0 || in.ptr[1] == 0x1b) {
        buf_drop(&k->in, 1);
        *out = (struct tui_key){.kind = TUI_KEY_ESCAPE};
        return true;
    }
    struct span body = span_sub(in, 1, len - 1);
    bool found = false;
    for (size_t i = 0; !found && i < sizeof sequences / sizeof *sequences; i++) {
        found = span_eq(body, span_str(sequences[i].bytes));
        *out = (struct tui_key){.kind = sequences[i].kind};
    }
    k->pasting = span_eq(body, SPAN_LIT("[200~"));
    buf_drop(&k->in, len);
    return found; /* unknown keys do nothing */
}

/* Everything up to the closing bracket. */
static bool take_paste(struct keys *k, struct tui_key *out)
{
    static const struct span end = {(const uint8_t *)PASTE_END, sizeof PASTE_END - 1};
    for (size_t i = 0; i < k->in.len; i++) {
        struct span rest = span_after(buf_span(&k->in), i);
        if (span_starts(rest, end)) {
            buf_drop(&k->in, i + end.len);
            k->pasting = false;
            *out = (struct tui_key){TUI_KEY_PASTE, buf_span(&k->paste)};
            return true;
        }
        if (rest.len < end.len && span_starts(end, rest)) { /* perhaps its beginning */
            buf_drop(&k->in, i);
            return false;
        }
        if (k->paste.len < k->paste.max)
            (void)!buf_append(&k->paste, span_sub(rest, 0, 1));
    }
    buf_reset(&k->in);
    return false;
}

static bool take_text(struct keys *k, bool idle, struct tui_key *out, bool *more)
{
    struct span in = buf_span(&k->in), rest = in;
    size_t whole = in.ptr[0] < 0x80 ? 1 : in.ptr[0] < 0xe0 ? 2 : in.ptr[0] < 0xf0 ? 3 : 4;
    *more = in.ptr[0] >= 0xc2 && in.len < whole && !idle;
    if (*more)
        return false;
    bool good = rune_next(&rest) != 0xfffd;
    size_t len = in.len - rest.len;
    memcpy(k->text, in.ptr, len);
    buf_drop(&k->in, len);
    *out = (struct tui_key){TUI_KEY_TEXT, span_of(k->text, len)};
    return good;
}

static bool take_control(struct keys *k, struct tui_key *out)
{
    uint8_t byte = k->in.ptr[0];
    buf_drop(&k->in, 1);
    for (size_t i = 0; i < sizeof controls / sizeof *controls; i++)
        if (controls[i].byte == byte) {
            *out = (struct tui_key){.kind = controls[i].kind};
            return true;
        }
    return false;
}

bool keys_next(struct keys *k, bool idle, struct tui_key *out)
{
    bool more = false;
    if (!k->pasting)
        buf_reset(&k->paste); /* the one handed out last */
    while (k->in.len > 0 && !more) {
        uint8_t byte = k->in.ptr[0];
        if (k->pasting) {
            if (take_paste(k, out))
                return true;
            more = true;
        } else if (byte == 0x1b) {
            if (take_sequence(k, idle, out, &more))
                return true;
        } else if (byte < 0x20 || byte == 0x7f) {
            if (take_control(k, out))
                return true;
        } else if (take_text(k, idle, out, &more)) {
            return true;
        }
    }
    return false;
}
