#!/usr/bin/env python3
"""A bot that says what it is told, over the local HTTP API of `sotto node --chat=NAME`.

    echo.py TOKEN_FILE [http://127.0.0.1:8645]

Python's standard library only. It keeps the number of the last event it handled beside the token
file's name in the current folder, so that after a crash or a lost connection it goes on from there:
no message is missed; one may be answered twice."""
import http.client
import json
import pathlib
import sys
import time
import urllib.parse

token = pathlib.Path(sys.argv[1]).read_text().strip()
base = urllib.parse.urlsplit(sys.argv[2] if len(sys.argv) > 2 else "http://127.0.0.1:8645")
cursor = pathlib.Path("echo.cursor")


def open_request(method, path, body=None, timeout=30):
    connection = http.client.HTTPConnection(base.hostname, base.port, timeout=timeout)
    headers = {"Authorization": "Bearer " + token, "Content-Type": "application/json"}
    connection.request(method, "/chat/v1" + path, body and json.dumps(body), headers)
    return connection.getresponse()


def ask(method, path, body=None):
    answer = open_request(method, path, body)
    text = answer.read().decode()
    if answer.status != 200:
        raise RuntimeError(f"{method} {path}: {answer.status} {text}")
    return json.loads(text) if answer.getheader("Content-Type") == "application/json" else text


def events(after):
    """What has happened behind this number, then what happens. Ends with the connection."""
    stream = open_request("GET", "/events" + (f"?after={after}" if after else ""), timeout=60)
    if stream.status != 200:
        raise RuntimeError(f"events: {stream.status} {stream.read().decode()}")
    for line in stream:
        if line.startswith(b"data: "):
            yield json.loads(line[6:])


def handle(event):
    talk = "/conversations/" + event.get("conversation", "")
    if event["kind"] == "request":
        ask("POST", talk + "/accept")
    item = event.get("item", {})
    if event["kind"] == "entry" and item.get("content") == "text" and not (
            item["mine"] or item["edited"] or item["deleted"]):
        ask("POST", talk + "/entries", {"text": item["text"], "replyTo": item["entry"]})


print(ask("GET", "/card")["card"], flush=True)
while True:
    try:
        for event in events(cursor.read_text() if cursor.exists() else ""):
            handle(event)
            if "number" in event:
                cursor.write_text(str(event["number"]))
    except (OSError, http.client.HTTPException) as lost:
        print("connection lost:", lost, file=sys.stderr)
    time.sleep(1)
