-- What was said of a delivery after it was taken: by its provider, by a program that speaks for it, by its recipient.
-- The same words said again are the same receipt.

CREATE TABLE receipt (
    delivery_id INTEGER NOT NULL,
    happening   TEXT NOT NULL,
    detail      TEXT NOT NULL,
    at          INTEGER NOT NULL,
    PRIMARY KEY (delivery_id, happening, detail)
) STRICT, WITHOUT ROWID;
