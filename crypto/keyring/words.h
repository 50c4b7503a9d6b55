/* Inside crypto/keyring: the word list. */
#pragma once

#include "crypto/keyring/keyring.h"

#define KEYRING_WORDLIST_COUNT 2048u /* BIP-39 */
#define KEYRING_WORD_BYTES     8u    /* the longest word; shorter ones end in blanks */
#define KEYRING_ROW_WORDS      9u
#define KEYRING_WORD_ROWS      228u /* the last one is not full */

extern const char keyring_wordlist[KEYRING_WORD_ROWS][KEYRING_ROW_WORDS * KEYRING_WORD_BYTES + 1];
