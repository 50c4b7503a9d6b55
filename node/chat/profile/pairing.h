/* Letting a further device into an account.
 *
 *     new device                                  keeper (holds the root key)
 *     offer: text and QR  ---- shown, scanned -->  pair_propose: install_add, signed by the root
 *     pair_reply: checks,  <------ proposal -----  shows six words
 *       signs it too, shows the same six words
 *                          ------- reply ------->  pair_accept: event into the log, key package
 *     pair_finished        <------- finish ------  pair_finish: log, Welcome of self/1
 *
 *     offer     "sottopair" bech32m of [53, 1, installation key 32, secret 16, nonce 16,
 * extensions] proposal  [54, 1, log, event without the installation's signature (zeros),
 * extensions] reply     [56, 1, event with both signatures, key package, extensions] finish    [57,
 * 1, log, Welcome blob, extensions]
 *
 * The three messages are envelopes in the bucket of first contact, under keys that both derive from
 * the secret: what the network sees is what it sees of any first contact. Whoever photographs the
 * QR can read the log and race the keeper with an account of his own: then the six words differ,
 * which is why both show them and the person compares. Only the key in the QR can be let in by it.
 *
 * Pure; each side stores what its functions give (offer and private keys; offer and event) until it
 * is done. @source CHAT.md 4; docs/protocol/conversations.md
 */
#pragma once

#include "net/wire/bech32m.h"
#include "node/chat/profile/profile.h"

#define PAIR_TEXT_MAX BECH32M_CHARS(9u, PAIR_OFFER_MAX)

struct pair_offer { /* secret */
    uint8_t key[ED25519_PUBLIC_BYTES];
    uint8_t secret[PAIR_SECRET_BYTES];
    uint8_t nonce[PAIR_NONCE_BYTES];
};

/** A fresh offer of the device with this installation key. */
void pair_offer_make(struct pair_offer *out, const struct keyring_key *key, struct rng *rng);

/** Write the text. ERR_MEMORY. */
enum err pair_offer_text(const struct pair_offer *offer, char out[PAIR_TEXT_MAX]) MUST_CHECK;

/** Read a text, blanks around it ignored. ERR_FORMAT; ERR_LIMIT; ERR_UNSUPPORTED another prefix or
 * a later version. */
enum err pair_offer_parse(struct span text, struct pair_offer *out) MUST_CHECK;

/** Where messages lie and what they are under. */
void pair_keys(const struct pair_offer *offer, struct envelope_keys *to_device,
               struct envelope_keys *to_keeper, uint8_t *bucket);

/** Keeper: propose the device.
 *
 * @param log    our account's, to which no other event is added meanwhile (in)
 * @param event  of which only capabilities and time_s need be set; filled in (in/out)
 * @param words  to be shown (out)
 * @param out    the proposal (out)
 * @return OK; ERR_EXISTS it is an installation already; ERR_LIMIT there are ten; ERR_REFUSED the
 *         account is not alive; codes of keyring_sign_label; ERR_MEMORY
 */
enum err pair_propose(const struct pair_offer *offer, const struct identity_log *log,
                      const struct keyring_key *root, struct identity_event *event,
                      char words[PAIR_WORDS_MAX], struct buf *out) MUST_CHECK;

struct pair_replied {         /* pair_replied_clear */
    struct identity_log *log; /* the account that we are let into, our event included */
    struct mls_package_keys keys;
    struct buf package;
    char words[PAIR_WORDS_MAX];
    struct buf message; /* the reply */
};
void pair_replied_clear(struct pair_replied *r); /* wipes */

/** New device: a proposal came.
 *
 * @param key  our installation: MAY_SIGN and MAY_SIGN_LABEL (in)
 * @return OK; ERR_AUTH, ERR_FORMAT, ERR_PROTOCOL it is no event that adds our key to that log
 */
enum err pair_reply(const struct pair_offer *offer, const struct keyring_key *key,
                    struct span proposal, struct rng *rng, uint64_t now_s,
                    struct pair_replied *out) MUST_CHECK;

/** Keeper: the reply came. Store the log before anything is published.
 *
 * @param event    what pair_propose filled in (in)
 * @param log      takes the event (in/out)
 * @param package  the key package to add to our conversations; borrowed from `reply` (out)
 * @return OK; ERR_PROTOCOL another event or another's package; ERR_AUTH; ERR_FORMAT
 */
enum err pair_accept(const struct pair_offer *offer, const struct identity_event *event,
                     struct span reply, uint64_t now_s, struct identity_log *log,
                     struct span *package) MUST_CHECK;

/** Keeper: the device is in self/1. */
enum err pair_finish(const struct identity_log *log, struct span blob, struct buf *out) MUST_CHECK;

/** New device: done. `log` is the account's now, which must continue what pair_reply gave; `blob`
 * is borrowed, for profile_join. */
enum err pair_finished(struct span finish, struct identity_log **log, struct span *blob) MUST_CHECK;
