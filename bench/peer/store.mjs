// The store of the peer. It caches conversations in memory, as a team would do for rows that never change, so that joining
// and sending cost no extra query.
import { randomUUID } from "node:crypto";
import pg from "pg";

const schema = `
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
  CREATE INDEX IF NOT EXISTS messages_of_conversation ON messages (conversation_id, created_at);`;

const insertConversation = "INSERT INTO conversations (id, external_id, session_id) VALUES ($1, $2, $3)";
const selectConversation = {
  name: "select-conversation",
  text: "SELECT id, external_id, session_id FROM conversations WHERE id = $1",
};
const insertMessage = {
  name: "insert-message",
  text: `INSERT INTO messages (id, conversation_id, session_id, sender_type, sender_id, content_type, content,
        rich_media, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
};
const touchConversation = {
  name: "touch-conversation",
  text: "UPDATE conversations SET updated_at = $2 WHERE id = $1",
};

export function openMemory() {
  return open({ insert: async () => {}, find: async () => undefined, write: async () => {} });
}

export async function openPostgres(connectionString) {
  const pool = new pg.Pool({ connectionString, max: 16 });
  await pool.query(schema);
  return open({
    insert: (c) => pool.query(insertConversation, [c.id, c.external_id, c.session_id]),
    find: async (id) => (await pool.query({ ...selectConversation, values: [id] })).rows[0],
    write: (message) =>
      inTransaction(pool, async (client) => {
        await client.query({ ...insertMessage, values: Object.values(message) });
        await client.query({ ...touchConversation, values: [message.conversation_id, message.created_at] });
      }),
  });
}

function open({ insert, find, write }) {
  const seen = new Map();
  return {
    async provision(n) {
      const made = [];
      for (let i = 0; i < n; i++) {
        const conversation = { id: randomUUID(), external_id: `bench-${randomUUID()}`, session_id: randomUUID() };
        await insert(conversation);
        seen.set(conversation.id, conversation);
        made.push({ conversation_id: conversation.id, external_id: conversation.external_id });
      }
      return made;
    },

    async conversation(id, externalID) {
      const conversation = seen.get(id) ?? (await find(id));
      if (conversation?.external_id !== externalID || externalID === undefined) throw refusal("Conversation not found");
      seen.set(id, conversation);
      return conversation;
    },

    // The order of the keys is the order of insertMessage's columns.
    async add(conversation, { content = "", content_type = "text", rich_media = null }) {
      const message = {
        id: randomUUID(),
        conversation_id: conversation.id,
        session_id: conversation.session_id,
        sender_type: "end_user",
        sender_id: conversation.external_id,
        content_type,
        content: String(content),
        rich_media,
        created_at: new Date().toISOString(),
      };
      await write(message);
      return message;
    },
  };
}

async function inTransaction(pool, work) {
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    await work(client);
    await client.query("COMMIT");
  } catch (error) {
    await client.query("ROLLBACK").catch(() => {});
    throw error;
  } finally {
    client.release();
  }
}

function refusal(message) {
  return Object.assign(new Error(message), { public: true });
}
