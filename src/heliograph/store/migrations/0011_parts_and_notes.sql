-- The parts of messages that travel in several, and what channels must remember for a while.

CREATE TABLE part (
    delivery_id INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    of          INTEGER NOT NULL,
    channel     TEXT NOT NULL,
    address     TEXT NOT NULL,
    provider_id TEXT NOT NULL,
    digest      TEXT NOT NULL,
    state       TEXT NOT NULL,
    at          INTEGER NOT NULL,
    PRIMARY KEY (delivery_id, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX part_by_provider ON part (channel, provider_id) WHERE provider_id <> '';
CREATE INDEX part_in_doubt ON part (channel, address) WHERE state = 'doubt';

CREATE TABLE note (
    owner TEXT NOT NULL,
    kind  TEXT NOT NULL,
    key   TEXT NOT NULL,
    value TEXT NOT NULL, -- base64
    until INTEGER NOT NULL,
    PRIMARY KEY (owner, kind, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX note_by_end ON note (owner, kind, until);
