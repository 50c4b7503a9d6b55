/* Every structure of RFC 9420 that travels, as a view: fields are spans into the bytes read, which
 * the caller keeps alive. mls_read_X poisons the reader on malformed input; mls_write_X writes the
 * same bytes again. Where a signature or hash covers the encoding, the view keeps that span, so
 * that nothing is encoded twice.
 *
 * Bounds: a view allocates nothing; lists are walked in place.
 */
#pragma once

#include "crypto/mls/codec.h"

enum {
    MLS_VERSION_10 = 1
};

enum mls_wire_format { /* RFC 9420 17.2 */
    MLS_WIRE_PUBLIC_MESSAGE = 1,
    MLS_WIRE_PRIVATE_MESSAGE = 2,
    MLS_WIRE_WELCOME = 3,
    MLS_WIRE_GROUP_INFO = 4,
    MLS_WIRE_KEY_PACKAGE = 5
};

enum mls_content_type {
    MLS_CONTENT_APPLICATION = 1,
    MLS_CONTENT_PROPOSAL = 2,
    MLS_CONTENT_COMMIT = 3
};

enum mls_sender_type {
    MLS_SENDER_MEMBER = 1,
    MLS_SENDER_EXTERNAL = 2,
    MLS_SENDER_NEW_MEMBER_PROPOSAL = 3,
    MLS_SENDER_NEW_MEMBER_COMMIT = 4
};

enum mls_proposal_type { /* RFC 9420 17.4 */
    MLS_PROPOSAL_ADD = 1,
    MLS_PROPOSAL_UPDATE = 2,
    MLS_PROPOSAL_REMOVE = 3,
    MLS_PROPOSAL_PSK = 4,
    MLS_PROPOSAL_REINIT = 5,
    MLS_PROPOSAL_EXTERNAL_INIT = 6,
    MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS = 7
};

enum mls_extension_type { /* RFC 9420 17.3 */
    MLS_EXTENSION_APPLICATION_ID = 1,
    MLS_EXTENSION_RATCHET_TREE = 2,
    MLS_EXTENSION_REQUIRED_CAPABILITIES = 3,
    MLS_EXTENSION_EXTERNAL_PUB = 4,
    MLS_EXTENSION_EXTERNAL_SENDERS = 5
};

enum mls_credential_type {
    MLS_CREDENTIAL_BASIC = 1,
    MLS_CREDENTIAL_X509 = 2
};

enum mls_leaf_source {
    MLS_LEAF_KEY_PACKAGE = 1,
    MLS_LEAF_UPDATE = 2,
    MLS_LEAF_COMMIT = 3
};

enum mls_psk_type {
    MLS_PSK_EXTERNAL = 1,
    MLS_PSK_RESUMPTION = 2
};

enum mls_psk_usage {
    MLS_PSK_APPLICATION = 1,
    MLS_PSK_REINIT = 2,
    MLS_PSK_BRANCH = 3
};

enum mls_node_type {
    MLS_NODE_LEAF = 1,
    MLS_NODE_PARENT = 2
};

struct mls_extension {
    uint16_t type;
    struct span data;
};

struct mls_credential {
    uint16_t type;
    struct span identity; /* basic: the identity; x509: the Certificate list; others: one vector */
};

struct mls_capabilities { /* big-endian uint16 lists */
    struct span versions, cipher_suites, extensions, proposals, credentials;
};

struct mls_leaf_node {
    struct span encryption_key, signature_key;
    struct mls_credential credential;
    struct mls_capabilities capabilities;
    uint8_t source;                 /* enum mls_leaf_source */
    uint64_t not_before, not_after; /* seconds since 1970; key_package only */
    struct span parent_hash;        /* commit only */
    struct span extensions, signature;
    struct span tbs;     /* encoding up to the signature */
    struct span encoded; /* the whole */
};

struct mls_key_package {
    uint16_t version, cipher_suite;
    struct span init_key;
    struct mls_leaf_node leaf;
    struct span extensions, signature;
    struct span tbs, encoded;
};

struct mls_parent_view {
    struct span encryption_key, parent_hash;
    struct span unmerged; /* big-endian uint32 list */
};

struct mls_psk_id {
    uint8_t type, usage;
    struct span id; /* psk_id, or the group id of a resumption PSK */
    uint64_t epoch;
    struct span nonce;
    struct span encoded;
};

struct mls_reinit {
    struct span group_id;
    uint16_t version, cipher_suite;
    struct span extensions;
};

struct mls_proposal {
    uint16_t type;
    struct mls_key_package add;
    struct mls_leaf_node update;
    uint32_t removed;
    struct mls_psk_id psk;
    struct mls_reinit reinit;
    struct span kem_output;
    struct span extensions;
    struct span unknown; /* of another type: its body, taken to be one vector */
    struct span encoded;
};

struct mls_proposal_or_ref {
    bool by_reference;
    struct mls_proposal proposal;
    struct span reference;
};

struct mls_hpke_ciphertext {
    struct span kem_output, ciphertext;
};

struct mls_path_node {
    struct span encryption_key;
    struct span secrets; /* list of HPKECiphertext */
};

struct mls_update_path {
    struct mls_leaf_node leaf;
    struct span nodes; /* list of UpdatePathNode */
};

struct mls_commit {
    struct span proposals; /* list of ProposalOrRef */
    bool has_path;
    struct mls_update_path path;
};

struct mls_sender {
    uint8_t type;
    uint32_t index; /* leaf index of a member, sender index of an external sender */
};

struct mls_framed_content {
    struct span group_id;
    uint64_t epoch;
    struct mls_sender sender;
    struct span authenticated_data;
    uint8_t content_type;
    struct span application;
    struct mls_proposal proposal;
    struct mls_commit commit;
    struct span body;    /* encoding of the select: application data, Proposal or Commit */
    struct span encoded; /* the whole FramedContent */
};

struct mls_content_auth {
    struct span signature;
    struct span confirmation_tag; /* commit only */
};

struct mls_public_message {
    struct mls_framed_content content;
    struct mls_content_auth auth;
    struct span membership_tag; /* member only */
};

struct mls_private_message {
    struct span group_id;
    uint64_t epoch;
    uint8_t content_type;
    struct span authenticated_data, sender_data, ciphertext;
};

struct mls_group_context {
    uint16_t version, cipher_suite;
    struct span group_id;
    uint64_t epoch;
    struct span tree_hash, confirmed_transcript_hash, extensions;
    struct span encoded;
};

struct mls_group_info {
    struct mls_group_context context;
    struct span extensions, confirmation_tag;
    uint32_t signer;
    struct span signature, tbs;
};

struct mls_group_secrets {
    struct span joiner_secret;
    bool has_path_secret;
    struct span path_secret;
    struct span psks; /* list of PreSharedKeyID */
};

struct mls_encrypted_secrets {
    struct span new_member;
    struct mls_hpke_ciphertext sealed;
};

struct mls_welcome {
    uint16_t cipher_suite;
    struct span secrets; /* list of EncryptedGroupSecrets */
    struct span group_info;
};

struct mls_required_capabilities {
    struct span extensions, proposals, credentials;
};

struct mls_external_sender {
    struct span signature_key;
    struct mls_credential credential;
};

struct mls_message {
    uint16_t version, wire_format;
    struct mls_public_message public_message;
    struct mls_private_message private_message;
    struct mls_welcome welcome;
    struct mls_group_info group_info;
    struct mls_key_package key_package;
};

/* -- readers and writers, in the order of the structures above -- */

void mls_read_extension(struct reader *r, struct mls_extension *out);
void mls_write_extension(struct writer *w, uint16_t type, struct span data);
/** Extension extensions<V>: the content, every element checked. */
struct span mls_read_extensions(struct reader *r);
/** The data of the first extension of `type` in a checked list; false when there is none. */
bool mls_extension_find(struct span list, uint16_t type, struct span *data);
/** OK; MLS_DUPLICATE_EXTENSION. @source RFC 9420 13.4 */
enum err mls_extensions_check(struct span list) MUST_CHECK;

void mls_read_credential(struct reader *r, struct mls_credential *out);
void mls_write_credential(struct writer *w, const struct mls_credential *c);
void mls_read_capabilities(struct reader *r, struct mls_capabilities *out);
void mls_write_capabilities(struct writer *w, const struct mls_capabilities *c);
void mls_read_leaf_node(struct reader *r, struct mls_leaf_node *out);
/** Everything but the signature: also the common part of LeafNodeTBS. */
void mls_write_leaf_node_unsigned(struct writer *w, const struct mls_leaf_node *l);
void mls_write_leaf_node(struct writer *w, const struct mls_leaf_node *l);
void mls_read_key_package(struct reader *r, struct mls_key_package *out);
void mls_write_key_package_unsigned(struct writer *w, const struct mls_key_package *k);
void mls_write_key_package(struct writer *w, const struct mls_key_package *k);

void mls_read_parent_node(struct reader *r, struct mls_parent_view *out);
void mls_write_parent_node(struct writer *w, const struct mls_parent_view *p);

void mls_read_psk_id(struct reader *r, struct mls_psk_id *out);
void mls_write_psk_id(struct writer *w, const struct mls_psk_id *p);
void mls_read_reinit(struct reader *r, struct mls_reinit *out);
void mls_write_reinit(struct writer *w, const struct mls_reinit *p);
void mls_read_proposal(struct reader *r, struct mls_proposal *out);
void mls_write_proposal(struct writer *w, const struct mls_proposal *p);
void mls_read_proposal_or_ref(struct reader *r, struct mls_proposal_or_ref *out);
void mls_write_proposal_or_ref(struct writer *w, const struct mls_proposal_or_ref *p);

void mls_read_hpke_ciphertext(struct reader *r, struct mls_hpke_ciphertext *out);
void mls_write_hpke_ciphertext(struct writer *w, const struct mls_hpke_ciphertext *c);
void mls_read_path_node(struct reader *r, struct mls_path_node *out);
void mls_write_path_node(struct writer *w, const struct mls_path_node *n);
void mls_read_update_path(struct reader *r, struct mls_update_path *out);
void mls_write_update_path(struct writer *w, const struct mls_update_path *p);
void mls_read_commit(struct reader *r, struct mls_commit *out);
void mls_write_commit(struct writer *w, const struct mls_commit *c);

void mls_read_sender(struct reader *r, struct mls_sender *out);
void mls_write_sender(struct writer *w, const struct mls_sender *s);
/** The select of FramedContent and PrivateMessageContent, by content->content_type. */
void mls_read_content_body(struct reader *r, struct mls_framed_content *content);
void mls_read_framed_content(struct reader *r, struct mls_framed_content *out);
/** From the fields; `body` is written as it is. */
void mls_write_framed_content(struct writer *w, const struct mls_framed_content *c);
void mls_read_content_auth(struct reader *r, uint8_t content_type, struct mls_content_auth *out);
void mls_write_content_auth(struct writer *w, uint8_t content_type,
                            const struct mls_content_auth *a);
void mls_read_public_message(struct reader *r, struct mls_public_message *out);
void mls_write_public_message(struct writer *w, const struct mls_public_message *m);
void mls_read_private_message(struct reader *r, struct mls_private_message *out);
void mls_write_private_message(struct writer *w, const struct mls_private_message *m);

void mls_read_group_context(struct reader *r, struct mls_group_context *out);
void mls_write_group_context(struct writer *w, const struct mls_group_context *c);
void mls_read_group_info(struct reader *r, struct mls_group_info *out);
void mls_write_group_info_unsigned(struct writer *w, const struct mls_group_info *g);
void mls_write_group_info(struct writer *w, const struct mls_group_info *g);
void mls_read_group_secrets(struct reader *r, struct mls_group_secrets *out);
void mls_write_group_secrets(struct writer *w, const struct mls_group_secrets *s);
void mls_read_encrypted_secrets(struct reader *r, struct mls_encrypted_secrets *out);
void mls_write_encrypted_secrets(struct writer *w, const struct mls_encrypted_secrets *s);
void mls_read_welcome(struct reader *r, struct mls_welcome *out);
void mls_write_welcome(struct writer *w, const struct mls_welcome *m);

void mls_read_required_capabilities(struct reader *r, struct mls_required_capabilities *out);
void mls_write_required_capabilities(struct writer *w, const struct mls_required_capabilities *c);
void mls_read_external_sender(struct reader *r, struct mls_external_sender *out);
void mls_write_external_sender(struct writer *w, const struct mls_external_sender *s);

/** Version and wire format of an MLSMessage; what follows is the structure of that format. */
void mls_write_message_head(struct writer *w, enum mls_wire_format format);
void mls_read_message(struct reader *r, struct mls_message *out);
void mls_write_message(struct writer *w, const struct mls_message *m);

/** Decode a whole MLSMessage.
 *
 * @return OK; MLS_TOO_LARGE over MLS_MESSAGE_BYTES_MAX; MLS_WRONG_VERSION; MLS_MALFORMED
 */
enum err mls_message_decode(struct span in, struct mls_message *out) MUST_CHECK;
