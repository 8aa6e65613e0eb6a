"""The store of the Flask peer, with the schema and statements of bench/peer/store.mjs. It caches conversations in memory,
so that joining and sending cost no extra query."""

from contextlib import contextmanager
from datetime import datetime, timezone
from uuid import uuid4

import psycopg2
from gevent.queue import LifoQueue
from psycopg2.extras import Json, execute_values

CONNECTIONS = 16

SCHEMA = """
  CREATE TABLE IF NOT EXISTS conversations (
    id uuid PRIMARY KEY,
    external_id text NOT NULL UNIQUE,
    session_id uuid NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE TABLE IF NOT EXISTS messages (
    id uuid PRIMARY KEY,
    conversation_id uuid NOT NULL REFERENCES conversations (id),
    session_id uuid NOT NULL,
    sender_type text NOT NULL,
    sender_id text NOT NULL,
    content_type text NOT NULL,
    content text NOT NULL,
    rich_media jsonb,
    created_at timestamptz NOT NULL
  );
  CREATE INDEX IF NOT EXISTS messages_of_conversation ON messages (conversation_id, created_at);"""

INSERT_CONVERSATIONS = "INSERT INTO conversations (id, external_id, session_id) VALUES %s"
SELECT_CONVERSATION = "SELECT id::text, external_id, session_id::text FROM conversations WHERE id = %s"
INSERT_MESSAGE = """
  INSERT INTO messages
    (id, conversation_id, session_id, sender_type, sender_id, content_type, content, rich_media, created_at)
  VALUES (%(id)s, %(conversation_id)s, %(session_id)s, %(sender_type)s, %(sender_id)s, %(content_type)s, %(content)s,
    %(rich_media)s, %(created_at)s)"""
TOUCH_CONVERSATION = "UPDATE conversations SET updated_at = %(created_at)s WHERE id = %(conversation_id)s"


class Refused(Exception):
    """An event that the client may not send. Its text is shown to the client."""


class Store:
    def __init__(self, url):
        self.seen = {}
        self.free = LifoQueue()
        for _ in range(CONNECTIONS):
            self.free.put(psycopg2.connect(url))
        with self.transaction() as cursor:
            cursor.execute(SCHEMA)

    @contextmanager
    def transaction(self):
        """Yields a cursor of a free connection and commits when the block ends without an error."""
        connection = self.free.get()
        try:
            with connection, connection.cursor() as cursor:
                yield cursor
        finally:
            self.free.put(connection)

    def provision(self, n):
        made = [{"id": str(uuid4()), "external_id": f"bench-{uuid4()}", "session_id": str(uuid4())} for _ in range(n)]
        with self.transaction() as cursor:
            execute_values(cursor, INSERT_CONVERSATIONS, [tuple(c.values()) for c in made])
        self.seen.update((c["id"], c) for c in made)
        return [{"conversation_id": c["id"], "external_id": c["external_id"]} for c in made]

    def conversation(self, conversation_id, external_id):
        conversation = self.seen.get(conversation_id) or self.find(conversation_id)
        if conversation is None or conversation["external_id"] != external_id:
            raise Refused("Conversation not found")
        return conversation

    def find(self, conversation_id):
        with self.transaction() as cursor:
            cursor.execute(SELECT_CONVERSATION, (conversation_id,))
            row = cursor.fetchone()
        if row is None:
            return None
        return self.seen.setdefault(row[0], dict(zip(("id", "external_id", "session_id"), row)))

    def add(self, conversation, payload):
        message = {
            "id": str(uuid4()),
            "conversation_id": conversation["id"],
            "session_id": conversation["session_id"],
            "sender_type": "end_user",
            "sender_id": conversation["external_id"],
            "content_type": payload.get("content_type", "text"),
            "content": str(payload.get("content", "")),
            "rich_media": payload.get("rich_media"),
            "created_at": datetime.now(timezone.utc).isoformat(),
        }
        rich_media = message["rich_media"]
        with self.transaction() as cursor:
            cursor.execute(INSERT_MESSAGE, {**message, "rich_media": None if rich_media is None else Json(rich_media)})
            cursor.execute(TOUCH_CONVERSATION, message)
        return message
