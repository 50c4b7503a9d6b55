/* Every rule of RFC 9420 that a peer, a store or a caller can break, each with its own code.
 *
 * The codes continue enum err (values below -1000), so that one return type and one TRY serve the
 * whole room; mls_err_class() tells the house code (and with it who has to act), mls_err_text()
 * the rule and where the RFC states it.
 */
#pragma once

#include "crypto/base/err.h"

#define MLS_ERROR_TABLE(X)                                                                         \
    /* bytes */                                                                                    \
    X(MLS_MALFORMED, -1001, ERR_FORMAT, "2.1", "bytes do not decode as the structure")             \
    X(MLS_TOO_LARGE, -1002, ERR_LIMIT, "2.1.2", "longer than this implementation accepts")         \
    X(MLS_WRONG_VERSION, -1003, ERR_UNSUPPORTED, "6", "protocol version is not mls10")             \
    X(MLS_WRONG_WIRE_FORMAT, -1004, ERR_PROTOCOL, "6", "another wire format is needed here")       \
    X(MLS_UNSUPPORTED_SUITE, -1005, ERR_UNSUPPORTED, "5.1", "cipher suite is not in our table")    \
    X(MLS_DUPLICATE_EXTENSION, -1007, ERR_PROTOCOL, "13.4", "an extension type occurs twice")      \
    X(MLS_BAD_PADDING, -1008, ERR_FORMAT, "6.3.1", "padding is not all zero")                      \
    X(MLS_TOO_MANY, -1009, ERR_LIMIT, "-", "more entries than this implementation accepts")        \
    /* framing */                                                                                  \
    X(MLS_WRONG_GROUP, -1020, ERR_PROTOCOL, "6", "message of another group")                       \
    X(MLS_WRONG_EPOCH, -1021, ERR_PROTOCOL, "6", "message of another epoch")                       \
    X(MLS_WRONG_CONTENT, -1022, ERR_PROTOCOL, "6", "content type not allowed in this framing")     \
    X(MLS_BAD_SENDER, -1023, ERR_PROTOCOL, "6", "sender is no member, or may not send this")       \
    X(MLS_OWN_MESSAGE, -1024, ERR_PROTOCOL, "6", "our own message came back")                      \
    X(MLS_BAD_MEMBERSHIP_TAG, -1025, ERR_AUTH, "6.2", "membership tag is wrong")                   \
    X(MLS_BAD_SIGNATURE, -1026, ERR_AUTH, "6.1", "signature over the content is wrong")            \
    X(MLS_BAD_CONFIRMATION, -1027, ERR_AUTH, "6.1", "confirmation tag is wrong or missing")        \
    X(MLS_BAD_SENDER_DATA, -1028, ERR_AUTH, "6.3.2", "sender data does not decrypt")               \
    X(MLS_BAD_CIPHERTEXT, -1029, ERR_AUTH, "6.3.1", "content does not decrypt")                    \
    X(MLS_KEY_CONSUMED, -1030, ERR_AUTH, "9.2", "replayed, or its key was erased already")         \
    X(MLS_TOO_FAR_AHEAD, -1031, ERR_LIMIT, "15.3", "generation too far ahead of the ratchet")      \
    X(MLS_GENERATION_SPENT, -1032, ERR_LIMIT, "9.1", "no generation left in this epoch")           \
    X(MLS_OWN_AHEAD, -1033, ERR_PROTOCOL, "6",                                                     \
      "a message of ours that this state has not sent: it is an older copy")                       \
    /* leaves and key packages */                                                                  \
    X(MLS_BAD_LEAF_SIGNATURE, -1040, ERR_AUTH, "7.3", "signature of a leaf node is wrong")         \
    X(MLS_BAD_LEAF_SOURCE, -1041, ERR_PROTOCOL, "7.3", "leaf node source does not fit its place")  \
    X(MLS_LEAF_EXPIRED, -1042, ERR_PROTOCOL, "7.3", "outside the lifetime of a leaf node")         \
    X(MLS_LIFETIME_TOO_LONG, -1043, ERR_PROTOCOL, "7.2", "lifetime is longer than accepted")       \
    X(MLS_VERSION_NOT_LISTED, -1044, ERR_PROTOCOL, "7.2", "leaf does not support the version")     \
    X(MLS_SUITE_NOT_LISTED, -1045, ERR_PROTOCOL, "7.2", "leaf does not support the cipher suite")  \
    X(MLS_EXTENSION_NOT_LISTED, -1046, ERR_PROTOCOL, "7.2", "leaf lacks support of its extension") \
    X(MLS_CREDENTIAL_NOT_LISTED, -1047, ERR_PROTOCOL, "7.2",                                       \
      "leaf lacks support of its own "                                                             \
      "credential type")                                                                           \
    X(MLS_CREDENTIAL_UNSUPPORTED, -1048, ERR_PROTOCOL, "7.3",                                      \
      "a credential type in use is not "                                                           \
      "supported by every member")                                                                 \
    X(MLS_CAPABILITY_MISSING, -1049, ERR_PROTOCOL, "11.1", "a required capability is missing")     \
    X(MLS_GROUP_EXTENSION_UNSUPPORTED, -1050, ERR_PROTOCOL, "13.4",                                \
      "a group context extension "                                                                 \
      "is not supported by all")                                                                   \
    X(MLS_DUPLICATE_SIGNATURE_KEY, -1051, ERR_PROTOCOL, "7.3", "two leaves share a signature key") \
    X(MLS_DUPLICATE_ENCRYPTION_KEY, -1052, ERR_PROTOCOL, "7.3",                                    \
      "two nodes share an encryption "                                                             \
      "key")                                                                                       \
    X(MLS_ENCRYPTION_KEY_KEPT, -1053, ERR_PROTOCOL, "7.3", "a new leaf keeps the old key")         \
    X(MLS_BAD_KEY_PACKAGE_SIGNATURE, -1054, ERR_AUTH, "10.1",                                      \
      "signature of a key package is "                                                             \
      "wrong")                                                                                     \
    X(MLS_KEY_PACKAGE_MISMATCH, -1055, ERR_PROTOCOL, "10.1",                                       \
      "key package is for another version "                                                        \
      "or cipher suite")                                                                           \
    X(MLS_INIT_KEY_REUSED, -1056, ERR_PROTOCOL, "10.1", "init key equals the leaf's key")          \
    X(MLS_CREDENTIAL_REJECTED, -1057, ERR_REFUSED, "5.3.1",                                        \
      "the application rejects a "                                                                 \
      "credential")                                                                                \
    X(MLS_CERTIFICATE_KEY_DIFFERS, -1058, ERR_PROTOCOL, "5.3",                                     \
      "the certificate holds another "                                                             \
      "key than the leaf")                                                                         \
    X(MLS_BAD_PUBLIC_KEY, -1059, ERR_PROTOCOL, "5.1.1", "a public key is not valid for the suite") \
    X(MLS_DEFAULT_LISTED, -1060, ERR_PROTOCOL, "7.2", "capabilities list a default type")          \
    /* proposal lists */                                                                           \
    X(MLS_UNKNOWN_REFERENCE, -1070, ERR_PROTOCOL, "12.4", "commit refers to an unknown proposal")  \
    X(MLS_UPDATE_BY_COMMITTER, -1071, ERR_PROTOCOL, "12.2", "update proposal of the committer")    \
    X(MLS_COMMITTER_REMOVED, -1072, ERR_PROTOCOL, "12.2", "commit removes its committer")          \
    X(MLS_LEAF_CHANGED_TWICE, -1073, ERR_PROTOCOL, "12.2", "two updates or removes of one leaf")   \
    X(MLS_ADDED_TWICE, -1074, ERR_PROTOCOL, "12.2", "two adds of one client")                      \
    X(MLS_ALREADY_MEMBER, -1075, ERR_PROTOCOL, "12.2", "add of a present member")                  \
    X(MLS_PSK_TWICE, -1076, ERR_PROTOCOL, "12.2", "two proposals of one PSK")                      \
    X(MLS_EXTENSIONS_TWICE, -1077, ERR_PROTOCOL, "12.2", "two group context extensions proposals") \
    X(MLS_REINIT_NOT_ALONE, -1078, ERR_PROTOCOL, "12.2", "reinit beside other proposals")          \
    X(MLS_EXTERNAL_INIT_MISPLACED, -1079, ERR_PROTOCOL, "12.2",                                    \
      "external init in a member's "                                                               \
      "commit")                                                                                    \
    X(MLS_REMOVE_BLANK, -1080, ERR_PROTOCOL, "12.1.3", "remove of a blank leaf")                   \
    X(MLS_PSK_MISPLACED, -1081, ERR_PROTOCOL, "12.1.4", "reinit or branch PSK outside its use")    \
    X(MLS_PSK_NONCE_LENGTH, -1082, ERR_PROTOCOL, "12.1.4", "PSK nonce is not KDF.Nh bytes")        \
    X(MLS_PSK_UNKNOWN, -1083, ERR_NOT_FOUND, "8.4", "we do not hold this PSK")                     \
    X(MLS_REINIT_DOWNGRADE, -1084, ERR_PROTOCOL, "12.1.5", "reinit to an older version")           \
    X(MLS_EXTERNAL_TYPE, -1085, ERR_PROTOCOL, "12.1.8", "proposal type not for external senders")  \
    X(MLS_EXTERNAL_SENDER_UNKNOWN, -1086, ERR_PROTOCOL, "12.1.8", "no such external sender")       \
    X(MLS_PROPOSAL_UNSUPPORTED, -1087, ERR_PROTOCOL, "12.2", "a member does not support a type")   \
    X(MLS_COMMIT_REJECTED, -1088, ERR_REFUSED, "12.2", "the application rejects the commit")       \
    X(MLS_PROPOSAL_REJECTED, -1090, ERR_REFUSED, "12.2", "the application rejects a proposal")     \
    X(MLS_TREE_FULL, -1089, ERR_LIMIT, "7.7", "no room for more leaves")                           \
    /* external commits */                                                                         \
    X(MLS_EXTERNAL_INIT_COUNT, -1100, ERR_PROTOCOL, "12.2", "not exactly one external init")       \
    X(MLS_EXTERNAL_REMOVES, -1101, ERR_PROTOCOL, "12.2", "more than one remove")                   \
    X(MLS_EXTERNAL_PROPOSALS, -1102, ERR_PROTOCOL, "12.2", "a proposal not for external commits")  \
    X(MLS_EXTERNAL_REFERENCE, -1103, ERR_PROTOCOL, "12.4.3.2", "external commit with a reference") \
    X(MLS_NO_EXTERNAL_PUB, -1104, ERR_PROTOCOL, "12.4.3.2", "group info lacks external_pub")       \
    /* update paths */                                                                             \
    X(MLS_PATH_MISSING, -1110, ERR_PROTOCOL, "12.4", "the commit needs a path")                    \
    X(MLS_PATH_LENGTH, -1111, ERR_PROTOCOL, "7.6", "path does not fit the filtered direct path")   \
    X(MLS_PATH_CIPHERTEXTS, -1112, ERR_PROTOCOL, "7.6", "ciphertexts do not fit the resolution")   \
    X(MLS_PATH_KEY_REUSED, -1113, ERR_PROTOCOL, "12.4.2", "a key of the path is in the tree")      \
    X(MLS_PATH_UNREADABLE, -1114, ERR_AUTH, "7.5", "our path secret does not decrypt")             \
    X(MLS_PATH_KEY_MISMATCH, -1115, ERR_AUTH, "7.5", "path secret and public key differ")          \
    X(MLS_BAD_PARENT_HASH, -1116, ERR_PROTOCOL, "7.9.2", "parent hash is wrong")                   \
    /* joining */                                                                                  \
    X(MLS_NOT_FOR_US, -1120, ERR_NOT_FOUND, "12.4.3.1", "welcome is not for this key package")     \
    X(MLS_BAD_GROUP_SECRETS, -1121, ERR_AUTH, "12.4.3.1", "group secrets do not decrypt")          \
    X(MLS_BAD_GROUP_INFO, -1122, ERR_AUTH, "12.4.3.1", "group info does not decrypt")              \
    X(MLS_BAD_GROUP_INFO_SIGNATURE, -1123, ERR_AUTH, "12.4.3", "group info signature is wrong")    \
    X(MLS_BLANK_SIGNER, -1124, ERR_PROTOCOL, "12.4.3", "signer of the group info is blank")        \
    X(MLS_NO_TREE, -1125, ERR_ARGUMENT, "12.4.3.3", "no ratchet tree was given")                   \
    X(MLS_BAD_TREE_HASH, -1126, ERR_PROTOCOL, "12.4.3.1", "tree hash differs from the context")    \
    X(MLS_BAD_UNMERGED, -1127, ERR_PROTOCOL, "12.4.3.1", "unmerged leaves are inconsistent")       \
    X(MLS_TREE_TRAILING_BLANK, -1128, ERR_FORMAT, "12.4.3.3", "ratchet tree ends in a blank")      \
    X(MLS_NOT_IN_TREE, -1129, ERR_PROTOCOL, "12.4.3.1", "our leaf is not in the tree")             \
    X(MLS_GROUP_EXISTS, -1130, ERR_EXISTS, "12.4.3.1", "we are in a group of this id already")     \
    X(MLS_WELCOME_PSKS, -1131, ERR_PROTOCOL, "12.4.3.1", "reinit or branch PSK is not alone")      \
    X(MLS_WELCOME_EPOCH, -1132, ERR_PROTOCOL, "12.4.3.1", "reinit or branch not at epoch 1")       \
    X(MLS_REINIT_MISMATCH, -1133, ERR_PROTOCOL, "11.2", "new group differs from the reinit")       \
    X(MLS_BRANCH_MISMATCH, -1134, ERR_PROTOCOL, "11.3", "new group does not fit its parent")       \
    X(MLS_SUCCESSOR_UNBOUND, -1136, ERR_PROTOCOL, "11.2", "no PSK binds this group to its parent") \
    X(MLS_PRIVATE_KEY_MISMATCH, -1135, ERR_ARGUMENT, "10", "private key does not fit the package") \
    /* our own state */                                                                            \
    X(MLS_SUSPENDED, -1141, ERR_CLOSED, "12.4.2", "the group was reinitialised")                   \
    X(MLS_PENDING_PROPOSALS, -1142, ERR_BUSY, "12.4", "proposals wait: commit before sending")     \
    X(MLS_DROPPED, -1143, ERR_CLOSED, "9.2", "that part of the state was erased")                  \
    X(MLS_EPOCHS_SPENT, -1145, ERR_LIMIT, "8", "no epoch number is left")                          \
    X(MLS_BAD_STATE, -1144, ERR_CORRUPT, "-", "stored bytes are not a group state")

enum mls_error {
#define X(name, code, house, section, text) name = (code),
    MLS_ERROR_TABLE(X)
#undef X
};

/** An MLS error as the house's return type. */
static inline enum err mls_fail(enum mls_error e)
{
    return (enum err)e;
}

/** Name of any error of this room or the house, e.g. "MLS_WRONG_EPOCH". Static storage. */
const char *mls_err_name(enum err err);

/** One English clause for people. Static storage. */
const char *mls_err_text(enum err err);

/** Section of RFC 9420 that states the rule, "-" when none does. Static storage. */
const char *mls_err_section(enum err err);

/** The house's code for an error of this room; house codes are returned as they are. */
enum err mls_err_class(enum err err);
