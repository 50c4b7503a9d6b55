/* The chat's routes as data: for docs/openapi.json, also where no chat is hosted. */
#include "node/api/chat_routes.h"
#include "node/api/room.h"

const struct route api_chat_routes[] = {
#define X(handler, method, path, bytes, summary, query, body, answer, statuses)                    \
    {API_##method, path, NULL, false, bytes, summary, query, body, answer, "401 403 " statuses},
    CHAT_ROUTES(X)
#undef X
};

const size_t api_chat_routes_count = sizeof api_chat_routes / sizeof api_chat_routes[0];
