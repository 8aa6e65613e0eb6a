"""The benchmark's peer on Flask-SocketIO, a common stack for such a chat: the same hot path as
bench/peer (join, type, send) on gevent with a psycopg2 pool. A message is one transaction; after the commit the room
receives the message and the sender its acknowledgement. It runs in one process, as Flask-SocketIO's own server does, on
Debian's versions of the libraries. It has no login, widget, bot or queue view, so it does less than Parley.

  DATABASE_URL=postgres://… PORT=3001 /usr/bin/python3 server.py

POST /provision?n=500 creates n conversations and answers [{"conversation_id": …, "external_id": …}, …].
"""

from gevent import monkey

monkey.patch_all()

from psycogreen.gevent import patch_psycopg

patch_psycopg()  # a query lets other greenlets run while it waits

import os

from flask import Flask, jsonify, request
from flask_socketio import SocketIO, emit, join_room, rooms

from store import Refused, Store

app = Flask(__name__)
socketio = SocketIO(app, async_mode="gevent", logger=False, engineio_logger=False)
store = Store(os.environ["DATABASE_URL"])


def room(conversation_id):
    return f"conv:{conversation_id}"


@app.post("/provision")
def provision():
    return jsonify(store.provision(int(request.args.get("n", 1))))


@socketio.on("join_conversation")
def join_conversation(payload):
    conversation = store.conversation(payload.get("conversation_id"), payload.get("external_id"))
    join_room(room(conversation["id"]))
    return {"ok": True}


@socketio.on("user_typing")
def user_typing(payload):
    joined = room(payload.get("conversation_id"))
    if joined not in rooms():
        return {"ok": False}
    indicator = {"conversation_id": payload["conversation_id"], "sender_type": payload.get("sender_type")}
    emit("typing_indicator", indicator, to=joined, include_self=False)
    return {"ok": True}


@socketio.on("send_message")
def send_message(payload):
    conversation = store.conversation(payload.get("conversation_id"), payload.get("external_id"))
    message = store.add(conversation, payload)
    socketio.emit("message_received", message, to=room(conversation["id"]))
    summary = {name: message[name] for name in ("conversation_id", "sender_type", "content_type", "content")}
    socketio.emit("conversation_updated", summary, to="org:peer:queue")
    return {"ok": True, "message": message}


@socketio.on_error_default
def answer_error(error):
    """Answers a failed event: with `error`, and with a refusal if the client requested an answer."""
    message = str(error) if isinstance(error, Refused) else "Something went wrong"
    emit("error", {"message": message})
    return {"ok": False, "message": message}


if __name__ == "__main__":
    port = int(os.environ.get("PORT", "3001"))
    print("peer on port", port, flush=True)
    socketio.run(app, host="127.0.0.1", port=port, log_output=False)
