-- The first schema. Times are ms since the epoch; bytes are base64 text, as they travel in JSON; booleans are 0 and 1.
-- Each index is here for a query that needs it: every one is paid for by each accepted message.

CREATE TABLE sequence (
    name TEXT PRIMARY KEY,
    next INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO sequence (name, next) VALUES ('message', 1), ('delivery', 1);

CREATE TABLE company (
    id         INTEGER PRIMARY KEY,
    name       TEXT NOT NULL,
    key_hash   TEXT NOT NULL,
    active     INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- A user; "user" is a reserved word in other databases. The folded columns serve look-ups without regard to case.
CREATE TABLE person (
    associate_id  INTEGER PRIMARY KEY,
    company_id    INTEGER NOT NULL,
    user_id       TEXT NOT NULL UNIQUE,
    user_name     TEXT NOT NULL,
    name_folded   TEXT NOT NULL,
    email         TEXT NOT NULL,
    email_folded  TEXT NOT NULL,
    external_id   TEXT NOT NULL,
    phone         TEXT NOT NULL,
    full_name     TEXT NOT NULL,
    role          TEXT NOT NULL,
    active        INTEGER NOT NULL,
    password_hash TEXT NOT NULL,
    created_at    INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX person_by_name ON person (company_id, name_folded);
CREATE UNIQUE INDEX person_by_external_id ON person (company_id, external_id) WHERE external_id <> '';
CREATE INDEX person_by_email ON person (company_id, email_folded) WHERE email_folded <> '';

-- AUTOINCREMENT, because a delivery may still name a device that was removed.
CREATE TABLE device (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    company_id    INTEGER NOT NULL,
    associate_id  INTEGER NOT NULL,
    identifier    TEXT NOT NULL,
    handle        TEXT NOT NULL,
    platform      TEXT NOT NULL,
    name          TEXT NOT NULL,
    language      TEXT NOT NULL,
    app_version   TEXT NOT NULL,
    os_version    TEXT NOT NULL,
    tags          TEXT NOT NULL,
    time_zone_id  INTEGER NOT NULL,
    registered_at INTEGER NOT NULL,
    last_seen     INTEGER NOT NULL,
    UNIQUE (company_id, identifier)
) STRICT;

CREATE INDEX device_by_owner ON device (associate_id);

CREATE TABLE suppression (
    channel    TEXT NOT NULL,
    address    TEXT NOT NULL,
    reason     TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (channel, address)
) STRICT, WITHOUT ROWID;

CREATE TABLE ticket (
    hash         TEXT PRIMARY KEY,
    associate_id INTEGER NOT NULL,
    company_id   INTEGER NOT NULL,
    valid_to     INTEGER NOT NULL,
    created_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX ticket_by_owner ON ticket (associate_id);
CREATE INDEX ticket_by_end ON ticket (valid_to);

CREATE TABLE message (
    id         INTEGER PRIMARY KEY,
    company_id INTEGER NOT NULL,
    sender_id  INTEGER,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    urgent     INTEGER NOT NULL,
    content    TEXT NOT NULL -- a JSON object; its "kind" tells which
) STRICT;

CREATE INDEX message_by_age ON message (created_at);

CREATE TABLE delivery (
    id            INTEGER PRIMARY KEY,
    message_id    INTEGER NOT NULL,
    company_id    INTEGER NOT NULL,
    channel       TEXT NOT NULL,
    address       TEXT NOT NULL,
    associate_id  INTEGER,
    device_id     INTEGER,
    state         TEXT NOT NULL,
    attempts      INTEGER NOT NULL,
    due_at        INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    lease_until   INTEGER NOT NULL,
    lease         INTEGER NOT NULL,
    provider_id   TEXT NOT NULL,
    detail        TEXT NOT NULL,
    sealed_config TEXT NOT NULL,
    updated_at    INTEGER NOT NULL
) STRICT;

CREATE INDEX delivery_by_message ON delivery (message_id);
CREATE INDEX delivery_due ON delivery (channel, due_at, expires_at) WHERE state = 'queued';
CREATE INDEX delivery_leased ON delivery (lease_until) WHERE state = 'leased';
CREATE INDEX delivery_held ON delivery (expires_at) WHERE state = 'held';
-- For lists of what went wrong; what goes well never touches it.
CREATE INDEX delivery_aside ON delivery (state, message_id)
    WHERE state NOT IN ('queued', 'leased', 'sent', 'delivered');

CREATE TABLE attempt (
    id          INTEGER PRIMARY KEY,
    delivery_id INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    started_at  INTEGER NOT NULL,
    took_ms     INTEGER NOT NULL,
    outcome     TEXT NOT NULL,
    detail      TEXT NOT NULL
) STRICT;

CREATE INDEX attempt_by_delivery ON attempt (delivery_id, number);

-- AUTOINCREMENT, because an id must grow with time even after the newest items were removed.
CREATE TABLE inbox_item (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    associate_id INTEGER NOT NULL,
    company_id   INTEGER NOT NULL,
    message_id   INTEGER NOT NULL,
    delivery_id  INTEGER NOT NULL UNIQUE,
    title        TEXT NOT NULL,
    body         TEXT NOT NULL,
    url          TEXT NOT NULL,
    type         TEXT NOT NULL,
    record_id    INTEGER NOT NULL,
    data         TEXT NOT NULL, -- a JSON object
    state        TEXT NOT NULL,
    time         INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL
) STRICT;

CREATE INDEX inbox_item_by_owner ON inbox_item (associate_id);
CREATE INDEX inbox_item_unread ON inbox_item (associate_id) WHERE state = 'unread';
CREATE INDEX inbox_item_by_age ON inbox_item (time);

-- Room for repeated calls that must act once: a row is to be written in the transaction that accepts the call.
CREATE TABLE idempotency (
    company_id INTEGER NOT NULL,
    key        TEXT NOT NULL,
    body_hash  TEXT NOT NULL,
    answer     TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (company_id, key)
) STRICT, WITHOUT ROWID;
