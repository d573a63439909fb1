-- The rest of a large fan-out: deliveries that were accepted and are made rows a portion at a time.

CREATE TABLE portion (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id INTEGER NOT NULL,
    deliveries TEXT NOT NULL
) STRICT;

CREATE INDEX portion_message ON portion (message_id);
