-- Access tokens of programs, registered applications, and the token that a ticket was issued for (0: none).

-- AUTOINCREMENT, because an idempotency key belongs to the token it came with.
CREATE TABLE access_token (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    company_id   INTEGER NOT NULL,
    associate_id INTEGER,
    name         TEXT NOT NULL,
    hash         TEXT NOT NULL UNIQUE,
    scopes       TEXT NOT NULL, -- a JSON array
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL
) STRICT;

CREATE TABLE application (
    id         INTEGER PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    token_hash TEXT NOT NULL UNIQUE,
    agents     TEXT NOT NULL, -- a JSON array
    created_at INTEGER NOT NULL
) STRICT;

ALTER TABLE ticket ADD COLUMN token_id INTEGER NOT NULL DEFAULT 0;

CREATE INDEX ticket_by_token ON ticket (token_id) WHERE token_id <> 0;
