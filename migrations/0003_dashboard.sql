-- The tables of the dashboard: settings, photos, logins and second factors, keys and credentials, invitations, audit log.

-- +goose Up
ALTER TABLE organizations ADD COLUMN time_zone TEXT NOT NULL DEFAULT 'UTC';
ALTER TABLE organizations ADD COLUMN language TEXT NOT NULL DEFAULT 'en';

-- content is the uploaded photo, re-encoded, in base64. A new photo gets a new row, so the URL of a photo may be cached
-- forever.
CREATE TABLE photos (
    id              TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    content         TEXT NOT NULL,
    created_at      TIMESTAMP NOT NULL
);

-- photo_id is not a foreign key, because SQLite could not drop the column in the down migration. The row of a removed user
-- stays, because old messages refer to it.
ALTER TABLE users ADD COLUMN photo_id TEXT;
ALTER TABLE users ADD COLUMN totp_secret TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN totp_enabled_at TIMESTAMP;
ALTER TABLE users ADD COLUMN totp_last_step INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN recovery_codes TEXT NOT NULL DEFAULT '[]';
ALTER TABLE users ADD COLUMN removed_at TIMESTAMP;
ALTER TABLE bots ADD COLUMN photo_id TEXT;

ALTER TABLE embed_tokens ADD COLUMN appearance TEXT NOT NULL DEFAULT '{}';
ALTER TABLE embed_tokens ADD COLUMN last_seen_at TIMESTAMP;
ALTER TABLE embed_tokens ADD COLUMN last_seen_origin TEXT NOT NULL DEFAULT '';
ALTER TABLE embed_tokens ADD COLUMN updated_at TIMESTAMP;

-- The devices with a login that a user sees in the profile. The id is that of the web session, which is stored in
-- web_sessions or in Redis.
CREATE TABLE logins (
    id              TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    user_id         TEXT NOT NULL REFERENCES users (id),
    user_agent      TEXT NOT NULL DEFAULT '',
    address         TEXT NOT NULL DEFAULT '',
    created_at      TIMESTAMP NOT NULL,
    last_seen_at    TIMESTAMP NOT NULL
);
CREATE INDEX logins_user ON logins (organization_id, user_id);

-- Names are unique, so that a form submitted twice creates only one key.
CREATE TABLE api_keys (
    id              TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    name            TEXT NOT NULL,
    prefix          TEXT NOT NULL,
    key_hash        TEXT NOT NULL,
    created_by      TEXT NOT NULL REFERENCES users (id),
    last_used_at    TIMESTAMP,
    revoked_at      TIMESTAMP,
    created_at      TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX api_keys_hash ON api_keys (key_hash);
CREATE UNIQUE INDEX api_keys_name ON api_keys (organization_id, name) WHERE revoked_at IS NULL;
CREATE INDEX api_keys_organization ON api_keys (organization_id);

-- settings has the values that may be shown, as JSON. secret is encrypted.
CREATE TABLE push_credentials (
    id              TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    channel_id      TEXT NOT NULL REFERENCES channels (id),
    kind            TEXT NOT NULL CHECK (kind IN ('fcm_legacy', 'fcm', 'apns')),
    settings        TEXT NOT NULL DEFAULT '{}',
    secret          TEXT NOT NULL,
    replaced_at     TIMESTAMP,
    replaced_by     TEXT REFERENCES users (id),
    created_at      TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX push_credentials_kind ON push_credentials (channel_id, kind);
CREATE INDEX push_credentials_organization ON push_credentials (organization_id);

CREATE TABLE invitations (
    id              TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    email           TEXT NOT NULL,
    role            TEXT NOT NULL CHECK (role IN ('agent', 'admin')),
    token_hash      TEXT NOT NULL,
    invited_by      TEXT NOT NULL REFERENCES users (id),
    expires_at      TIMESTAMP NOT NULL,
    accepted_at     TIMESTAMP,
    revoked_at      TIMESTAMP,
    created_at      TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX invitations_hash ON invitations (token_hash);
CREATE UNIQUE INDEX invitations_one_open ON invitations (organization_id, email) WHERE accepted_at IS NULL AND revoked_at IS NULL;

-- Rows are only added. actor_name is the actor's name at that time.
CREATE TABLE audit_entries (
    id              TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    actor_id        TEXT NOT NULL,
    actor_name      TEXT NOT NULL,
    action          TEXT NOT NULL,
    target          TEXT NOT NULL DEFAULT '',
    detail          TEXT NOT NULL DEFAULT '',
    created_at      TIMESTAMP NOT NULL
);
CREATE INDEX audit_entries_recent ON audit_entries (organization_id, created_at, id);

-- +goose Down
DROP TABLE audit_entries;
DROP TABLE invitations;
DROP TABLE push_credentials;
DROP TABLE api_keys;
DROP TABLE logins;
ALTER TABLE embed_tokens DROP COLUMN updated_at;
ALTER TABLE embed_tokens DROP COLUMN last_seen_origin;
ALTER TABLE embed_tokens DROP COLUMN last_seen_at;
ALTER TABLE embed_tokens DROP COLUMN appearance;
ALTER TABLE bots DROP COLUMN photo_id;
ALTER TABLE users DROP COLUMN removed_at;
ALTER TABLE users DROP COLUMN recovery_codes;
ALTER TABLE users DROP COLUMN totp_last_step;
ALTER TABLE users DROP COLUMN totp_enabled_at;
ALTER TABLE users DROP COLUMN totp_secret;
ALTER TABLE users DROP COLUMN photo_id;
DROP TABLE photos;
ALTER TABLE organizations DROP COLUMN language;
ALTER TABLE organizations DROP COLUMN time_zone;
