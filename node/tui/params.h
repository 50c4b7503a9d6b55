/* Bounds of the screens. */
#pragma once

#define TUI_COLS_MAX        400u        /* cells; a wider terminal shows the rest empty */
#define TUI_ROWS_MAX        200u        /* cells */
#define TUI_GLYPH_MARKS_MAX 2u          /* combining marks on one character; more are dropped */
#define TUI_INPUT_BYTES_MAX (64u << 10) /* of what is typed: CHAT_TEXT_BYTES_MAX */
#define TUI_LINES_MAX       4000u       /* lines of a list pane: the rest is not shown */
#define TUI_ENTRY_LINES_MAX 500u        /* lines shown of one entry */
#define TUI_STATUS_BYTES    512u        /* of the last answer, with NUL */
#define TUI_ACCOUNTS_MAX    32u         /* accounts that the start shows */
#define TUI_PASTE_LINES_MAX 8u          /* lines of the input that are seen at once */
#define TUI_LIST_MAX        1000u       /* conversations in the list */
#define TUI_PLAIN_OUT_MAX   (8u << 20)  /* bytes of events that wait for standard output */
