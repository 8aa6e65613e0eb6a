-- Where a change came from: the address of the client, empty for a command on the server and for entries from before.

-- +goose Up
ALTER TABLE audit_entries ADD COLUMN address TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE audit_entries DROP COLUMN address;
