-- A login is a row of devices and is stored nowhere else, so that a logout takes effect on every node even if Redis does
-- not answer.

-- +goose Up
ALTER TABLE logins RENAME TO devices;
DROP INDEX logins_user;
CREATE INDEX devices_user ON devices (organization_id, user_id);
ALTER TABLE devices ADD COLUMN login_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE devices ADD COLUMN awaits_second_factor BOOLEAN NOT NULL DEFAULT FALSE;
-- Every row of logins is a valid login, because a logout deletes its row. The upgrade keeps them, so no one is logged out.
UPDATE devices SET login_version = (SELECT login_version FROM users WHERE users.id = devices.user_id);
DROP TABLE web_sessions;

-- +goose Down
CREATE TABLE web_sessions (
    id         TEXT PRIMARY KEY,
    value      TEXT NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX web_sessions_expires ON web_sessions (expires_at);
DELETE FROM devices WHERE awaits_second_factor;
ALTER TABLE devices DROP COLUMN awaits_second_factor;
ALTER TABLE devices DROP COLUMN login_version;
DROP INDEX devices_user;
ALTER TABLE devices RENAME TO logins;
CREATE INDEX logins_user ON logins (organization_id, user_id);
