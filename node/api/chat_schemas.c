/* Shapes of the chat's JSON, for docs/openapi.json. Members that are not there have no value. */
#include "node/api/room.h"

/* clang-format off */
const struct schema api_chat_schemas[] = {
    {"ChatAccounts",
     "{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"},"
     "\"account\":{\"type\":\"string\",\"description\":\"hexadecimal digits\"}}}}"},
    {"ChatPerson",
     "{\"type\":\"object\",\"properties\":{\"account\":{\"type\":\"string\",\"description\":\"hexadecimal digits\"},"
     "\"text\":{\"type\":\"string\"},\"name\":{\"type\":\"string\"},\"callsSelf\":{\"type\":\"string\"},\"state\":{\"type\":\"string\","
     "\"enum\":[\"alive\",\"ended\",\"moved\",\"frozen\",\"lost\",\"unknown\"]},\"consent\":{\"type\":\"string\",\"enum\":[\"none\","
     "\"asked\",\"given\",\"blocked\"]},\"self\":{\"type\":\"boolean\"},\"verified\":{\"type\":\"boolean\"},"
     "\"installations\":{\"type\":\"integer\"},\"confirmed\":{\"type\":\"integer\",\"format\":\"int64\","
     "\"description\":\"ns since 1970; 0: never\"}}}"},
    {"ChatPeople",
     "{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/ChatPerson\"}}"},
    {"ChatSettings",
     "{\"type\":\"object\",\"properties\":{\"callsSelf\":{\"type\":\"string\"},\"policy\":{\"type\":\"string\",\"enum\":[\"open\","
     "\"links\",\"groups\"],\"description\":\"who may write first: everybody who pays the stamp; holders of a private link; "
     "who is in a group with us, or holds a private link\"},\"receipts\":{\"type\":\"boolean\","
     "\"description\":\"others are told what we have read\"}}}"},
    {"ChatCard",
     "{\"type\":\"object\",\"required\":[\"card\"],\"properties\":{\"card\":{\"type\":\"string\"}}}"},
    {"ChatCards",
     "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}"},
    {"ChatMark",
     "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"},\"verified\":{\"type\":\"boolean\"},"
     "\"blocked\":{\"type\":\"boolean\"}}}"},
    {"ChatDevices",
     "{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{\"installation\":{\"type\":\"string\","
     "\"description\":\"hexadecimal digits\"},\"name\":{\"type\":\"string\"},\"thisOne\":{\"type\":\"boolean\"},"
     "\"keeper\":{\"type\":\"boolean\"}}}}"},
    {"ChatSafety",
     "{\"type\":\"object\",\"properties\":{\"safetyNumber\":{\"type\":\"string\"}}}"},
    {"ChatConversationId",
     "{\"type\":\"object\",\"properties\":{\"conversation\":{\"type\":\"string\",\"description\":\"hexadecimal digits\"}}}"},
    {"ChatConversation",
     "{\"type\":\"object\",\"properties\":{\"conversation\":{\"type\":\"string\",\"description\":\"hexadecimal digits\"},"
     "\"type\":{\"type\":\"string\",\"enum\":[\"direct\",\"group\",\"crowd\",\"self\"]},\"state\":{\"type\":\"string\","
     "\"enum\":[\"looking\",\"joined\",\"requested\",\"left\",\"rejoining\"]},\"name\":{\"type\":\"string\"},"
     "\"with\":{\"type\":\"string\",\"description\":\"hexadecimal digits\"},\"accounts\":{\"type\":\"integer\"},"
     "\"installations\":{\"type\":\"integer\"},\"unread\":{\"type\":\"integer\"},\"muted\":{\"type\":\"boolean\"},"
     "\"last\":{\"type\":\"integer\",\"format\":\"int64\",\"description\":\"ns since 1970; 0: never\"},"
     "\"lastText\":{\"type\":\"string\"},\"disappearing\":{\"type\":\"integer\",\"description\":\"seconds; 0: entries stay\"},"
     "\"role\":{\"type\":\"string\",\"enum\":[\"member\",\"admin\",\"owner\"]}}}"},
    {"ChatConversations",
     "{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/ChatConversation\"}}"},
    {"ChatConversationMarks",
     "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"},\"muted\":{\"type\":\"boolean\"},"
     "\"draft\":{\"type\":\"string\"},\"read\":{\"type\":\"string\",\"description\":\"hexadecimal digits\"},"
     "\"disappearing\":{\"type\":\"integer\",\"description\":\"seconds after which what is said from now on vanishes; 0: it stays\"}}}"},
    {"ChatDraft",
     "{\"type\":\"object\",\"properties\":{\"draft\":{\"type\":\"string\"}}}"},
    {"ChatGroup",
     "{\"type\":\"object\",\"required\":[\"name\",\"accounts\"],\"properties\":{\"type\":{\"type\":\"string\",\"enum\":[\"group\","
     "\"crowd\"]},\"name\":{\"type\":\"string\"},\"accounts\":{\"type\":\"array\",\"items\":{\"type\":\"string\","
     "\"description\":\"hexadecimal digits\"}}}}"},
    {"ChatMembers",
     "{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{\"person\":{\"$ref\":\"#/components/schemas/ChatPerson\"},"
     "\"role\":{\"type\":\"string\"},\"leaves\":{\"type\":\"integer\"}}}}"},
    {"ChatRole",
     "{\"type\":\"object\",\"required\":[\"role\"],\"properties\":{\"role\":{\"type\":\"string\",\"enum\":[\"member\",\"admin\","
     "\"owner\"]}}}"},
    {"ChatEntryId",
     "{\"type\":\"object\",\"properties\":{\"entry\":{\"type\":\"string\",\"description\":\"hexadecimal digits\"}}}"},
    {"ChatText",
     "{\"type\":\"object\",\"required\":[\"text\"],\"properties\":{\"text\":{\"type\":\"string\","
     "\"description\":\"1 to 65,536 bytes of UTF-8\"}}}"},
    {"ChatSend",
     "{\"type\":\"object\",\"properties\":{\"text\":{\"type\":\"string\",\"description\":\"1 to 65,536 bytes of UTF-8\"},"
     "\"replyTo\":{\"type\":\"string\","
     "\"description\":\"hexadecimal digits\"},\"custom\":{\"type\":\"object\",\"required\":[\"domain\",\"tag\",\"payload\","
     "\"fallback\"],\"properties\":{\"domain\":{\"type\":\"string\"},\"tag\":{\"type\":\"integer\"},\"payload\":{\"type\":\"string\","
     "\"format\":\"byte\"},\"fallback\":{\"type\":\"string\"}}}}}"},
    {"ChatReact",
     "{\"type\":\"object\",\"required\":[\"reaction\"],\"properties\":{\"reaction\":{\"type\":\"string\"},"
     "\"on\":{\"type\":\"boolean\"}}}"},
    {"ChatEntry",
     "{\"type\":\"object\",\"properties\":{\"entry\":{\"type\":\"string\",\"description\":\"hexadecimal digits\"},"
     "\"conversation\":{\"type\":\"string\",\"description\":\"hexadecimal digits\"},\"author\":{\"type\":\"string\","
     "\"description\":\"hexadecimal digits\"},\"installation\":{\"type\":\"string\",\"description\":\"hexadecimal digits\"},"
     "\"mine\":{\"type\":\"boolean\"},\"time\":{\"type\":\"integer\",\"format\":\"int64\",\"description\":\"ns since 1970; 0: never\"},"
     "\"content\":{\"type\":\"string\",\"enum\":[\"text\",\"attachment\",\"custom\",\"notice\",\"unknown\"]},"
     "\"text\":{\"type\":\"string\"},\"replyTo\":{\"type\":\"string\",\"description\":\"hexadecimal digits\"},"
     "\"edited\":{\"type\":\"boolean\"},\"deleted\":{\"type\":\"boolean\"},\"history\":{\"type\":\"boolean\"},"
     "\"vanishes\":{\"type\":\"integer\",\"format\":\"int64\",\"description\":\"ns since 1970; 0: never\"},"
     "\"reactions\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{\"reaction\":{\"type\":\"string\"},"
     "\"count\":{\"type\":\"integer\"},\"mine\":{\"type\":\"boolean\"}}}},\"state\":{\"type\":\"string\",\"enum\":[\"received\","
     "\"queued\",\"sent\",\"stored\",\"delivered\",\"read\",\"failed\"]},\"delivered\":{\"type\":\"integer\"},"
     "\"read\":{\"type\":\"integer\"},\"recipients\":{\"type\":\"integer\"},\"why\":{\"type\":\"string\"},\"file\":{\"type\":\"object\","
     "\"properties\":{\"name\":{\"type\":\"string\"},\"type\":{\"type\":\"string\"},\"bytes\":{\"type\":\"integer\"},"
     "\"here\":{\"type\":\"boolean\"}}},\"custom\":{\"type\":\"object\",\"properties\":{\"domain\":{\"type\":\"string\"},"
     "\"tag\":{\"type\":\"integer\"},\"payload\":{\"type\":\"string\",\"format\":\"byte\"}}},"
     "\"notice\":{\"type\":\"object\",\"description\":\"what happened to the conversation, or by whom: author\","
     "\"properties\":{\"kind\":{\"type\":\"string\",\"enum\":[\"added\",\"removed\",\"left\",\"named\",\"role\","
     "\"rejoined\",\"device_added\",\"device_revoked\",\"rotated\",\"recovered\"]},\"subject\":{\"type\":\"string\","
     "\"description\":\"whom it is about: hexadecimal digits; not there: nobody, or several\"}}}}}"},
    {"ChatEntries",
     "{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/ChatEntry\"}}"},
    {"ChatEvent",
     "{\"type\":\"object\",\"properties\":{\"number\":{\"type\":\"integer\",\"description\":\"not there: the event is not kept\"},"
     "\"kind\":{\"type\":\"string\",\"enum\":[\"entry\",\"state\",\"conversation\",\"request\",\"device_added\","
     "\"device_revoked\",\"rotated\",\"recovered\",\"frozen\",\"lost\",\"ended\",\"paired\",\"unreached\","
     "\"unsupported\",\"rejoined\",\"file\",\"typing\",\"expelled\"]},"
     "\"time\":{\"type\":\"integer\",\"format\":\"int64\",\"description\":\"ns since 1970; 0: never\"},\"account\":{\"type\":\"string\","
     "\"description\":\"hexadecimal digits\"},\"installation\":{\"type\":\"string\",\"description\":\"hexadecimal digits\"},"
     "\"conversation\":{\"type\":\"string\",\"description\":\"hexadecimal digits\"},\"entry\":{\"type\":\"string\","
     "\"description\":\"hexadecimal digits\"},\"item\":{\"$ref\":\"#/components/schemas/ChatEntry\"}}}"},
    {"Bytes",
     "{\"type\":\"string\",\"format\":\"binary\"}"},
    {"Events",
     "{\"type\":\"string\",\"description\":\"event: the kind; id: the number; data: a ChatEvent\"}"},
};
/* clang-format on */
const size_t api_chat_schemas_count = sizeof api_chat_schemas / sizeof api_chat_schemas[0];
