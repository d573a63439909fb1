-- AfterAsync events of the operator's scripts, from the call that raised them until their scripts have run.
-- `lease_until` is when another process may take one up; 0 when nobody holds it. `payload` is sealed.

CREATE TABLE due_event (
    id          INTEGER PRIMARY KEY,
    company_id  INTEGER NOT NULL,
    method      TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    lease_until INTEGER NOT NULL,
    attempts    INTEGER NOT NULL,
    payload     TEXT NOT NULL
) STRICT;

CREATE INDEX due_event_by_lease ON due_event (lease_until);
