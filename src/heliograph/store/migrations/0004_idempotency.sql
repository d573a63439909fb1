-- Answers to calls that must act once, by caller and key. The first schema's table of that name was never written to.

DROP TABLE idempotency;

CREATE TABLE idempotency (
    company_id  INTEGER NOT NULL,
    caller      TEXT NOT NULL,
    key         TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    answer      TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    PRIMARY KEY (company_id, caller, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_by_end ON idempotency (expires_at);
