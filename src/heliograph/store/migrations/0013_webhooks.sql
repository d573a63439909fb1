-- Event notifications: the endpoints of companies, what they want to be told, and events that are not notices yet.

-- AUTOINCREMENT, because deliveries name an endpoint that may have been removed.
CREATE TABLE webhook_endpoint (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    company_id  INTEGER NOT NULL,
    url         TEXT NOT NULL,
    types       TEXT NOT NULL, -- a JSON array; empty is everything
    description TEXT NOT NULL,
    content     INTEGER NOT NULL,
    state       TEXT NOT NULL,
    reason      TEXT NOT NULL,
    secrets     TEXT NOT NULL, -- a JSON array; each is sealed
    created_at  INTEGER NOT NULL,
    trouble     TEXT NOT NULL -- a JSON object
) STRICT;

CREATE INDEX webhook_endpoint_by_company ON webhook_endpoint (company_id);

-- What the enabled endpoints of a company want to be told; the triggers look here.
CREATE TABLE webhook_wanted (
    company_id INTEGER NOT NULL,
    type       TEXT NOT NULL,
    PRIMARY KEY (company_id, type)
) STRICT, WITHOUT ROWID;

CREATE TABLE webhook_event (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    company_id INTEGER NOT NULL,
    type       TEXT NOT NULL,
    at         INTEGER NOT NULL,
    message_id INTEGER,
    facts      TEXT NOT NULL -- a JSON object
) STRICT;

-- Notices are messages with ids of their own, above all MessagingIds.
INSERT INTO sequence (name, next) VALUES ('notice', 4294967296);

-- What an endpoint was sent; other channels' deliveries are not in it.
CREATE INDEX delivery_notice ON delivery (address, id) WHERE channel = '@webhooks';
