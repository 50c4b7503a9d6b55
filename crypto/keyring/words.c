/* BIP-39: 256 bits and 8 bits of checksum as 24 words of 11 bits. The words are secret, so the list
 * is searched from end to end for every one: what shows is the length of a word, not which it is.
 */
#include "crypto/keyring/words.h"

#include "crypto/base/wipe.h"
#include "crypto/prim/sha2.h"

#include <stdio.h>

static uint64_t word_at(size_t i)
{
    uint64_t w;

    memcpy(&w, &keyring_wordlist[i / KEYRING_ROW_WORDS][i % KEYRING_ROW_WORDS * KEYRING_WORD_BYTES],
           sizeof w);
    return w;
}

/* all ones when a == b, else zero */
static uint64_t equal_mask(uint64_t a, uint64_t b)
{
    uint64_t d = a ^ b;
    return ((d | (0 - d)) >> 63) - 1;
}

static void word_of(uint32_t index, char out[KEYRING_WORD_BYTES])
{
    uint64_t found = 0;

    for (uint32_t i = 0; i < KEYRING_WORDLIST_COUNT; i++)
        found |= word_at(i) & equal_mask(i, index);
    memcpy(out, &found, sizeof found);
}

/* Index of a word, or of the word with these first four letters; KEYRING_WORDLIST_COUNT: none. */
static uint32_t index_of(const char word[KEYRING_WORD_BYTES], bool four)
{
    static const uint8_t first_four[KEYRING_WORD_BYTES] = {0xff, 0xff, 0xff, 0xff};
    uint64_t wanted, head, found = 0, hits = 0;

    memcpy(&wanted, word, sizeof wanted);
    memcpy(&head, first_four, sizeof head);
    for (uint32_t i = 0; i < KEYRING_WORDLIST_COUNT; i++) {
        uint64_t w = word_at(i);
        uint64_t hit = equal_mask(w, wanted);
        if (four) /* the length of what was typed, not what */
            hit |= equal_mask(w & head, wanted & head);
        found |= i & hit;
        hits |= hit;
    }
    return (uint32_t)(found | (KEYRING_WORDLIST_COUNT & ~hits));
}

void keyring_words_from(const uint8_t entropy[KEYRING_WORDS_ENTROPY],
                        char text[KEYRING_WORDS_TEXT_MAX])
{
    uint8_t bits[KEYRING_WORDS_ENTROPY + SHA256_BYTES];
    char *out = text;

    memcpy(bits, entropy, KEYRING_WORDS_ENTROPY);
    sha256(span_of(entropy, KEYRING_WORDS_ENTROPY), bits + KEYRING_WORDS_ENTROPY);
    for (size_t i = 0; i < KEYRING_WORDS_COUNT; i++) {
        size_t bit = 11 * i, at = bit / 8;
        uint32_t window = (uint32_t)bits[at] << 16 | (uint32_t)bits[at + 1] << 8 | bits[at + 2];
        word_of(window >> (13 - bit % 8) & 0x7ff, out);
        for (size_t n = 0; n < KEYRING_WORD_BYTES && *out != ' '; n++)
            out++;
        *out++ = ' ';
    }
    out[-1] = '\0';
    wipe(bits, sizeof bits);
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The next word of *rest in lower case, padded; 0 at the end, more than KEYRING_WORD_BYTES: too
 * long. */
static size_t next_word(struct span *rest, char out[KEYRING_WORD_BYTES])
{
    size_t n = 0;

    while (rest->len > 0 && is_blank(rest->ptr[0]))
        *rest = span_after(*rest, 1);
    memset(out, ' ', KEYRING_WORD_BYTES);
    for (; rest->len > 0 && !is_blank(rest->ptr[0]); *rest = span_after(*rest, 1)) {
        if (n < KEYRING_WORD_BYTES)
            out[n] = (char)(rest->ptr[0] | 0x20);
        n++;
    }
    return n;
}

static void put_bits(uint8_t *bits, size_t word, uint32_t index)
{
    size_t bit = 11 * word, at = bit / 8;
    uint32_t window = index << (13 - bit % 8);

    bits[at] |= (uint8_t)(window >> 16);
    bits[at + 1] |= (uint8_t)(window >> 8);
    bits[at + 2] |= (uint8_t)window;
}

static struct keyring_words_fault read_words(struct span text, uint8_t *bits)
{
    struct keyring_words_fault fault = {KEYRING_WORDS_FINE, 0};
    char word[KEYRING_WORD_BYTES];
    size_t count = 0, len;

    while ((len = next_word(&text, word)) > 0) {
        uint32_t index = len <= KEYRING_WORD_BYTES ? index_of(word, len == 4) : UINT32_MAX;
        count++;
        if (index >= KEYRING_WORDLIST_COUNT && fault.kind == KEYRING_WORDS_FINE)
            fault = (struct keyring_words_fault){KEYRING_WORDS_UNKNOWN, (unsigned)count};
        else if (count <= KEYRING_WORDS_COUNT && fault.kind == KEYRING_WORDS_FINE)
            put_bits(bits, count - 1, index);
    }
    if (count != KEYRING_WORDS_COUNT)
        fault = (struct keyring_words_fault){KEYRING_WORDS_WRONG_COUNT, (unsigned)count};
    wipe(word, sizeof word);
    return fault;
}

enum err keyring_words_to(struct span text, uint8_t entropy[KEYRING_WORDS_ENTROPY],
                          struct keyring_words_fault *fault)
{
    uint8_t bits[KEYRING_WORDS_ENTROPY + 3] = {0}, digest[SHA256_BYTES];

    *fault = read_words(text, bits);
    sha256(span_of(bits, KEYRING_WORDS_ENTROPY), digest);
    if (fault->kind == KEYRING_WORDS_FINE && !ct_equal(digest, bits + KEYRING_WORDS_ENTROPY, 1))
        fault->kind = KEYRING_WORDS_CHECKSUM;
    if (fault->kind == KEYRING_WORDS_FINE)
        memcpy(entropy, bits, KEYRING_WORDS_ENTROPY);
    else
        wipe(entropy, KEYRING_WORDS_ENTROPY);
    wipe(bits, sizeof bits);
    wipe(digest, sizeof digest);
    return fault->kind == KEYRING_WORDS_FINE ? OK : ERR_ARGUMENT;
}

void keyring_words_explain(struct keyring_words_fault fault, char out[KEYRING_WORDS_EXPLAIN_MAX])
{
    switch (fault.kind) {
    case KEYRING_WORDS_FINE:
        (void)snprintf(out, KEYRING_WORDS_EXPLAIN_MAX, "the words are fine");
        break;
    case KEYRING_WORDS_WRONG_COUNT:
        (void)snprintf(out, KEYRING_WORDS_EXPLAIN_MAX, "%u words were given, 24 are needed",
                       fault.word);
        break;
    case KEYRING_WORDS_UNKNOWN:
        (void)snprintf(out, KEYRING_WORDS_EXPLAIN_MAX, "word %u is not in the list", fault.word);
        break;
    case KEYRING_WORDS_CHECKSUM:
        (void)snprintf(out, KEYRING_WORDS_EXPLAIN_MAX,
                       "the checksum does not fit: a word is wrong or two are swapped");
        break;
    }
}
