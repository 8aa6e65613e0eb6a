-- The id of a conversation can be computed before it is stored: its first 32 bits identify the channel, the rest is an HMAC
-- of the end user's external_id. Both columns are filled when the channel is first opened, so that during an update nodes
-- of the older version can still create channels. The key is in the database and not derived from SECRET_KEY, so that a
-- change of SECRET_KEY does not change ids.

-- +goose Up
ALTER TABLE channels ADD COLUMN conversation_prefix TEXT NOT NULL DEFAULT '';
ALTER TABLE channels ADD COLUMN conversation_key TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX channels_conversation_prefix ON channels (conversation_prefix) WHERE conversation_prefix <> '';

-- The token that last opened the conversation's widget. Revoking it closes the widget. It is not a foreign key, because
-- SQLite could not drop the column in the down migration.
ALTER TABLE conversations ADD COLUMN embed_token_id TEXT;
CREATE INDEX embed_tokens_channel ON embed_tokens (channel_id);

-- The type of the reader becomes part of the key: an end user chooses the external_id, which may equal the id of an agent.
-- SQLite cannot change a primary key, so the table is copied.
CREATE TABLE message_readers (
    message_id      TEXT NOT NULL REFERENCES messages (id),
    reader_type     TEXT NOT NULL,
    reader_id       TEXT NOT NULL,
    organization_id TEXT NOT NULL,
    read_at         TIMESTAMP NOT NULL,
    CONSTRAINT message_reads_reader PRIMARY KEY (message_id, reader_type, reader_id)
);
INSERT INTO message_readers (message_id, reader_type, reader_id, organization_id, read_at)
    SELECT message_id, reader_type, reader_id, organization_id, read_at FROM message_reads;
DROP TABLE message_reads;
ALTER TABLE message_readers RENAME TO message_reads;

-- +goose Down
CREATE TABLE message_readers (
    message_id      TEXT NOT NULL REFERENCES messages (id),
    reader_id       TEXT NOT NULL,
    organization_id TEXT NOT NULL,
    reader_type     TEXT NOT NULL,
    read_at         TIMESTAMP NOT NULL,
    PRIMARY KEY (message_id, reader_id)
);
INSERT INTO message_readers (message_id, reader_id, organization_id, reader_type, read_at)
    SELECT message_id, reader_id, organization_id, reader_type, read_at FROM message_reads WHERE reader_type = 'agent';
INSERT INTO message_readers (message_id, reader_id, organization_id, reader_type, read_at)
    SELECT message_id, reader_id, organization_id, reader_type, read_at FROM message_reads AS r WHERE reader_type <> 'agent'
        AND NOT EXISTS (SELECT 1 FROM message_reads AS a
            WHERE a.message_id = r.message_id AND a.reader_id = r.reader_id AND a.reader_type = 'agent');
DROP TABLE message_reads;
ALTER TABLE message_readers RENAME TO message_reads;
DROP INDEX embed_tokens_channel;
ALTER TABLE conversations DROP COLUMN embed_token_id;
DROP INDEX channels_conversation_prefix;
ALTER TABLE channels DROP COLUMN conversation_key;
ALTER TABLE channels DROP COLUMN conversation_prefix;
