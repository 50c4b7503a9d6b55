/* QR codes as half blocks: two modules a cell, dark on light whatever the terminal's colours. */
#include "node/tui/inside.h"

#include <qrencode.h>

#define MARGIN 2 /* modules; ISO 18004 asks for 4, readers need less and 24 rows are few */

static bool dark(const QRcode *qr, int col, int row)
{
    bool inside = col >= 0 && row >= 0 && col < qr->width && row < qr->width;
    return inside && (qr->data[row * qr->width + col] & 1) != 0;
}

/* Bech32 means the same in capitals, and these need fewer modules (BIP 173). */
static QRcode *encode(struct span text)
{
    char upper[CHAT_CARD_TEXT_MAX];
    if (text.len >= sizeof upper)
        return NULL;
    for (size_t i = 0; i < text.len; i++)
        upper[i] =
            (char)(text.ptr[i] >= 'a' && text.ptr[i] <= 'z' ? text.ptr[i] - 32 : text.ptr[i]);
    upper[text.len] = '\0';
    return QRcode_encodeString(upper, 0, QR_ECLEVEL_L, QR_MODE_8, 1);
}

enum err qr_lines(struct lines *out, struct span text)
{
    static const char *const blocks[] = {" ", "▀", "▄", "█"};
    QRcode *qr = encode(text);
    struct buf row = BUF_INIT(2048);
    enum err err = qr == NULL ? ERR_LIMIT : OK;

    for (int y = -MARGIN; err == OK && y < qr->width + MARGIN; y += 2) {
        buf_reset(&row);
        for (int x = -MARGIN; x < qr->width + MARGIN && err == OK; x++)
            err = buf_append(&row, span_str(blocks[dark(qr, x, y) + 2 * dark(qr, x, y + 1)]));
        if (err == OK)
            lines_add(out, TUI_QR, buf_span(&row));
    }
    buf_clear(&row);
    QRcode_free(qr);
    return err;
}
