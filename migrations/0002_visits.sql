-- Where the end user of a conversation was last seen, for agents to read. A row a conversation: the next visit replaces it.
-- conversation_id is no foreign key: checking it would lock the conversation, and the message writer would have to wait.

-- +goose Up
CREATE TABLE visits (
    conversation_id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    page_url        TEXT NOT NULL DEFAULT '',
    page_title      TEXT NOT NULL DEFAULT '',
    user_agent      TEXT NOT NULL DEFAULT '',
    time_zone       TEXT NOT NULL DEFAULT '',
    language        TEXT NOT NULL DEFAULT '',
    seen_at         TIMESTAMP NOT NULL
);

-- For suggesting tags. Sessions are opened without any, so messages that open one do not pay for this.
CREATE INDEX conversation_sessions_tagged ON conversation_sessions (organization_id, created_at) WHERE tags <> '[]';

-- +goose Down
DROP INDEX conversation_sessions_tagged;
DROP TABLE visits;
