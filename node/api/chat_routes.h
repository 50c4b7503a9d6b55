/* The table of the chat's routes, once: what docs/openapi.json tells of it (chat_routes.c), and who
 * handles each (chat.c). A more exact path stands before one with {x}.
 *
 * X(handler, method, path, bytes of a body, summary, query, schema of the body, schema of 200,
 *   statuses besides 200; 401 and 403 hold for all) */
#pragma once

/* clang-format off */
#define J API_CHAT_BODY_BYTES_MAX
#define CHAT_ROUTES(X) \
X(accounts, GET, "/chat/v1/accounts", 0, "Accounts that this node hosts", "", "", "ChatAccounts", "") \
X(self, GET, "/chat/v1/self", 0, "Our own account", "account", "", "ChatPerson", "") \
X(set_self, PUT, "/chat/v1/self", J, "Name by which we call ourselves, who may write first, whether others learn what we have read", "account", "ChatSettings", "", "400 413 503") \
X(card, GET, "/chat/v1/card", 0, "The card that everybody may know", "account", "", "ChatCard", "") \
X(links, GET, "/chat/v1/links", 0, "Private links handed out", "account", "", "ChatCards", "") \
X(new_link, POST, "/chat/v1/links", J, "A card with a fresh private link, which can be revoked alone", "account", "", "ChatCard", "503") \
X(unlink, DELETE, "/chat/v1/links", J, "Revoke a private link: nobody reaches us by it any more", "account", "ChatCard", "", "400 404") \
X(people, GET, "/chat/v1/people", 0, "Persons known, ourselves first", "account", "", "ChatPeople", "") \
X(person, GET, "/chat/v1/people/{person}", 0, "One person", "account", "", "ChatPerson", "400 404") \
X(set_person, PUT, "/chat/v1/people/{person}", J, "Our name for a person, verified, blocked", "account", "ChatMark", "", "400 404 413") \
X(devices, GET, "/chat/v1/people/{person}/devices", 0, "Active installations of a person; none of one who is not known", "account", "", "ChatDevices", "400") \
X(safety, GET, "/chat/v1/people/{person}/safety", 0, "Safety number with a person", "account", "", "ChatSafety", "400 404") \
X(revoke, DELETE, "/chat/v1/devices/{installation}", J, "Revoke a device of ours, from the keeper: reason retired, lost or stolen", "account reason", "", "", "400 404") \
X(rekey, POST, "/chat/v1/rekey", J, "A new installation key for this device: not in this version, always 400", "account", "", "", "400") \
X(contact, POST, "/chat/v1/contacts", J, "Write to somebody by a card: the conversation with him, new or old", "account", "ChatCard", "ChatConversationId", "400 503") \
X(conversations, GET, "/chat/v1/conversations", 0, "Conversations, the newest entry first", "account", "", "ChatConversations", "") \
X(found, POST, "/chat/v1/conversations", J, "Found a group or a crowd of contacts", "account", "ChatGroup", "ChatConversationId", "400 404 413 503") \
X(conversation, GET, "/chat/v1/conversations/{conversation}", 0, "One conversation", "account", "", "ChatConversation", "400 404") \
X(set_conversation, PUT, "/chat/v1/conversations/{conversation}", J, "Name of the group, muted, draft, what was read, when messages vanish", "account", "ChatConversationMarks", "", "400 404 413 503") \
X(leave, DELETE, "/chat/v1/conversations/{conversation}", J, "Leave it, with all our devices", "account", "", "", "400 404 409 503") \
X(accept, POST, "/chat/v1/conversations/{conversation}/accept", J, "Accept a request", "account", "", "", "400 404 409") \
X(typing, POST, "/chat/v1/conversations/{conversation}/typing", J, "Tell that something is being typed: at most once in 3 s, what is more is not sent", "account", "", "", "400 404 503") \
X(draft, GET, "/chat/v1/conversations/{conversation}/draft", 0, "What is typed and not sent yet", "account", "", "ChatDraft", "400 404") \
X(members, GET, "/chat/v1/conversations/{conversation}/members", 0, "Members", "account", "", "ChatMembers", "400 404") \
X(add, POST, "/chat/v1/conversations/{conversation}/members", J, "Add contacts", "account", "Strings", "", "400 404 413 503") \
X(set_role, PUT, "/chat/v1/conversations/{conversation}/members/{person}", J, "Role of a member", "account", "ChatRole", "", "400 404 503") \
X(remove, DELETE, "/chat/v1/conversations/{conversation}/members/{person}", J, "Remove a member", "account", "", "", "400 404 503") \
X(entries, GET, "/chat/v1/conversations/{conversation}/entries", 0, "Entries in the order that everybody sees: the last, or those before or after one", "account before after limit", "", "ChatEntries", "400 404") \
X(send, POST, "/chat/v1/conversations/{conversation}/entries", J, "Send a text of at most 65,536 bytes, or content of an own kind", "account", "ChatSend", "ChatEntryId", "400 404 413 503") \
X(send_file, POST, "/chat/v1/conversations/{conversation}/files", API_FILE_BYTES_MAX, "Send a file of at most 16 MiB: its bytes are the body, as application/octet-stream", "account name type", "Bytes", "ChatEntryId", "400 404 413 503") \
X(entry, GET, "/chat/v1/conversations/{conversation}/entries/{entry}", 0, "One entry", "account", "", "ChatEntry", "400 404") \
X(edit, PUT, "/chat/v1/conversations/{conversation}/entries/{entry}", J, "Change the text of an own entry", "account", "ChatText", "", "400 404 413") \
X(delete, DELETE, "/chat/v1/conversations/{conversation}/entries/{entry}", J, "Delete an own entry", "account", "", "", "400 404 503") \
X(react, PUT, "/chat/v1/conversations/{conversation}/entries/{entry}/reactions", J, "React to an entry, or (on: false) take it back", "account", "ChatReact", "", "400 404 413 503") \
X(file, GET, "/chat/v1/conversations/{conversation}/entries/{entry}/file", 0, "The bytes of an attachment; 404: they are not here yet", "account", "", "Bytes", "400 404") \
X(fetch_file, POST, "/chat/v1/conversations/{conversation}/entries/{entry}/file", J, "Fetch them, an event `file` follows; 409: they are here", "account", "", "", "400 404 409") \
X(search, GET, "/chat/v1/search", 0, "Entries with a word, ASCII case aside, newest first, of one conversation or of all; `from` of the last one to go on", "account word conversation from limit", "", "ChatEntries", "400") \
X(events, GET, "/chat/v1/events", 0, "Server-sent events: what has happened behind a number, then what happens; Last-Event-ID counts as after, without either only what comes", "account after", "", "Events", "400 503")
/* clang-format on */
