-- Operators' sign-ins to the console, and one-time links to sign in with.

-- AUTOINCREMENT, because an operator ends a session by its number, and must never end another's that came later.
CREATE TABLE operator_session (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    hash         TEXT NOT NULL UNIQUE,
    name         TEXT NOT NULL,
    associate_id INTEGER,
    company_id   INTEGER,
    ticket       TEXT NOT NULL,
    opened_at    INTEGER NOT NULL,
    seen_at      INTEGER NOT NULL,
    ends_at      INTEGER NOT NULL
) STRICT;

CREATE TABLE operator_link (
    hash    TEXT PRIMARY KEY,
    ends_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
