-- Second ways for deliveries that are lost, from the call that plans them until their message is removed; and what has
-- been used of quotas. `reasons` is a JSON array; `made_no` numbers those that were taken, in order.

CREATE TABLE standby (
    id           INTEGER PRIMARY KEY, -- of the delivery it becomes
    replaces     INTEGER NOT NULL,
    root         INTEGER NOT NULL,
    message_id   INTEGER NOT NULL,
    company_id   INTEGER NOT NULL,
    channel      TEXT NOT NULL,
    address      TEXT NOT NULL,
    associate_id INTEGER,
    reasons      TEXT NOT NULL,
    after_ms     INTEGER NOT NULL,
    share_ms     INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    refused      TEXT NOT NULL,
    units        INTEGER NOT NULL,
    due_at       INTEGER NOT NULL,
    ready        TEXT,
    ready_at     INTEGER NOT NULL,
    made_no      INTEGER NOT NULL,
    made_at      INTEGER NOT NULL
) STRICT;

CREATE INDEX standby_by_message ON standby (message_id);
CREATE INDEX standby_by_replaced ON standby (replaces) WHERE made_no = 0;
CREATE INDEX standby_due ON standby (due_at) WHERE due_at > 0;
CREATE INDEX standby_made ON standby (made_no) WHERE made_no > 0;

INSERT INTO sequence (name, next) VALUES ('standby', 1);

-- One row for each company, what is counted and the window it is counted in. `starts_at` and `ends_at` are the window's.
CREATE TABLE usage (
    company_id INTEGER NOT NULL,
    scope      TEXT NOT NULL,
    starts_at  INTEGER NOT NULL,
    ends_at    INTEGER NOT NULL,
    units      INTEGER NOT NULL,
    PRIMARY KEY (company_id, scope, starts_at, ends_at)
) STRICT, WITHOUT ROWID;

CREATE INDEX usage_by_end ON usage (ends_at);
