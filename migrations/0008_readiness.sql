-- The row that /readyz writes, to find out whether the database can be written to.

-- +goose Up
CREATE TABLE readiness_checks (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    checked_at TIMESTAMP NOT NULL
);

-- +goose Down
DROP TABLE readiness_checks;
