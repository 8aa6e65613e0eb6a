-- The client's address. It is empty for commands on the server and for entries older than this migration.

-- +goose Up
ALTER TABLE audit_entries ADD COLUMN address TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE audit_entries DROP COLUMN address;
