-- The chat: organizations and their users, bots and channels, end users, conversations and messages.
-- SQLite and PostgreSQL run the same statements: ids (UUID) and JSON are TEXT, every TIMESTAMP is in UTC.

-- +goose Up
CREATE TABLE organizations (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL
);

-- Has one row after an organization was created at /setup, so that only one of two concurrent requests succeeds.
CREATE TABLE setups (
    id              INTEGER PRIMARY KEY CHECK (id = 1),
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    created_at      TIMESTAMP NOT NULL
);

CREATE TABLE users (
    id              TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    email           TEXT NOT NULL,
    name            TEXT NOT NULL,
    password_hash   TEXT NOT NULL,
    role            TEXT NOT NULL CHECK (role IN ('agent', 'admin', 'owner')),
    login_version   INTEGER NOT NULL DEFAULT 1,
    disabled_at     TIMESTAMP,
    created_at      TIMESTAMP NOT NULL,
    updated_at      TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX users_email ON users (email);
CREATE INDEX users_organization ON users (organization_id);

-- The web sessions of a server without Redis. With Redis, they are stored in Redis.
CREATE TABLE web_sessions (
    id         TEXT PRIMARY KEY,
    value      TEXT NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX web_sessions_expires ON web_sessions (expires_at);

CREATE TABLE bots (
    id              TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    name            TEXT NOT NULL,
    greeting        TEXT NOT NULL DEFAULT '',
    rules           TEXT NOT NULL DEFAULT '[]',
    fallback        TEXT NOT NULL DEFAULT '',
    created_at      TIMESTAMP NOT NULL,
    updated_at      TIMESTAMP NOT NULL
);
CREATE INDEX bots_organization ON bots (organization_id);

CREATE TABLE channels (
    id              TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    bot_id          TEXT NOT NULL REFERENCES bots (id),
    type            TEXT NOT NULL CHECK (type IN ('webchat', 'mobile_sdk')),
    name            TEXT NOT NULL,
    created_at      TIMESTAMP NOT NULL,
    updated_at      TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX channels_bot_type ON channels (bot_id, type);
CREATE INDEX channels_organization ON channels (organization_id);

CREATE TABLE embed_tokens (
    id              TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    channel_id      TEXT NOT NULL REFERENCES channels (id),
    name            TEXT NOT NULL,
    prefix          TEXT NOT NULL,
    token_hash      TEXT NOT NULL,
    allowed_origins TEXT NOT NULL DEFAULT '[]',
    revoked_at      TIMESTAMP,
    created_at      TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX embed_tokens_hash ON embed_tokens (token_hash);
CREATE INDEX embed_tokens_organization ON embed_tokens (organization_id);

CREATE TABLE end_users (
    id              TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    external_id     TEXT NOT NULL,
    display_name    TEXT NOT NULL DEFAULT '',
    created_at      TIMESTAMP NOT NULL,
    updated_at      TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX end_users_external ON end_users (organization_id, external_id);

-- last_seq is the seq of the newest message. It is 0 if the widget was opened and nothing was written: agents do not see
-- such a conversation.
CREATE TABLE conversations (
    id              TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    channel_id      TEXT NOT NULL REFERENCES channels (id),
    end_user_id     TEXT NOT NULL REFERENCES end_users (id),
    last_seq        INTEGER NOT NULL DEFAULT 0,
    created_at      TIMESTAMP NOT NULL,
    updated_at      TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX conversations_channel_end_user ON conversations (channel_id, end_user_id);
CREATE INDEX conversations_recent ON conversations (organization_id, updated_at, id);

CREATE TABLE conversation_sessions (
    id                TEXT PRIMARY KEY,
    organization_id   TEXT NOT NULL REFERENCES organizations (id),
    conversation_id   TEXT NOT NULL REFERENCES conversations (id),
    status            TEXT NOT NULL CHECK (status IN ('open', 'resolved')),
    assigned_agent_id TEXT REFERENCES users (id),
    tags              TEXT NOT NULL DEFAULT '[]',
    first_message_at  TIMESTAMP,
    assigned_at       TIMESTAMP,
    resolved_at       TIMESTAMP,
    created_at        TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX conversation_sessions_one_open ON conversation_sessions (conversation_id) WHERE status = 'open';
CREATE INDEX conversation_sessions_open ON conversation_sessions (organization_id, assigned_agent_id) WHERE status = 'open';
CREATE INDEX conversation_sessions_conversation ON conversation_sessions (conversation_id);

-- There are no foreign keys: they would take a third of an insert's time. Only the message writer inserts, and it has read
-- and locked the conversation before.
-- answers_id is the message whose button or option this one picks. It is unique, so only the first answer counts.
CREATE TABLE messages (
    id              TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    session_id      TEXT NOT NULL,
    seq             INTEGER NOT NULL,
    sender_type     TEXT NOT NULL CHECK (sender_type IN ('end_user', 'agent', 'bot')),
    sender_id       TEXT NOT NULL,
    client_id       TEXT,
    content_type    TEXT NOT NULL,
    content         TEXT NOT NULL,
    rich_media      TEXT,
    answers_id      TEXT,
    created_at      TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX messages_seq ON messages (conversation_id, seq);
CREATE UNIQUE INDEX messages_client ON messages (conversation_id, sender_type, sender_id, client_id) WHERE client_id IS NOT NULL;
CREATE UNIQUE INDEX messages_answer ON messages (answers_id) WHERE answers_id IS NOT NULL;

CREATE TABLE message_reads (
    message_id      TEXT NOT NULL REFERENCES messages (id),
    reader_id       TEXT NOT NULL,
    organization_id TEXT NOT NULL,
    reader_type     TEXT NOT NULL,
    read_at         TIMESTAMP NOT NULL,
    PRIMARY KEY (message_id, reader_id)
);

-- +goose Down
DROP TABLE message_reads;
DROP TABLE messages;
DROP TABLE conversation_sessions;
DROP TABLE conversations;
DROP TABLE end_users;
DROP TABLE embed_tokens;
DROP TABLE channels;
DROP TABLE bots;
DROP TABLE web_sessions;
DROP TABLE users;
DROP TABLE setups;
DROP TABLE organizations;
