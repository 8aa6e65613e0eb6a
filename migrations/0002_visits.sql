-- The page on which the end user of a conversation was last seen, for agents. One row per conversation: the next visit
-- replaces it. conversation_id is not a foreign key, because its check would lock the conversation and delay the message
-- writer.

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

-- For tag suggestions. A new session has no tags, so opening one does not update this index.
CREATE INDEX conversation_sessions_tagged ON conversation_sessions (organization_id, created_at) WHERE tags <> '[]';

-- +goose Down
DROP INDEX conversation_sessions_tagged;
DROP TABLE visits;
