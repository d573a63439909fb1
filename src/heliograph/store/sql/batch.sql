-- What the writer's connection has besides: the lifecycle table, and one view that a whole batch is inserted into.
--
-- An INSERT into `batch` is one statement, so it is one transaction by itself, and the Python lock is let go once for all
-- of it: while the event loop is busy each return to Python costs the writer up to a whole switch interval (5 ms), and
-- BEGIN, four statements and COMMIT would be six of them. The columns of `batch` are arrays of JSON texts bound with carray.

CREATE TEMP TABLE moves (
    state     TEXT NOT NULL,
    happening TEXT NOT NULL,
    next      TEXT NOT NULL,
    spent     INTEGER NOT NULL, -- no try can follow
    PRIMARY KEY (state, happening)
) WITHOUT ROWID;

-- What the last batch did, to be asked right after it.
CREATE TEMP TABLE claimed (id INTEGER PRIMARY KEY, call INTEGER, now INTEGER, lease_until INTEGER, next TEXT);
CREATE TEMP TABLE moved (
    place       INTEGER PRIMARY KEY, -- of the record in the batch, from 1
    delivery_id INTEGER,
    was         TEXT,
    next        TEXT, -- NULL: no move
    spent       INTEGER,
    -- The record's own members; those of its attempt are NULL where it has none.
    at          INTEGER,
    due_at      INTEGER,
    afresh      INTEGER, -- whether attempts are counted from 0 again
    refund      INTEGER,
    expires_at  INTEGER,
    provider_id TEXT,
    detail      TEXT,
    number      INTEGER,
    started_at  INTEGER,
    took_ms     INTEGER,
    outcome     TEXT,
    words       TEXT
);

CREATE TEMP VIEW batch AS
SELECT NULL AS messages, NULL AS deliveries, NULL AS records, NULL AS claims, NULL AS items, NULL AS events,
    NULL AS replays, NULL AS portions, NULL AS standbys, NULL AS usage, NULL AS receipts;

-- A wave of records, no two of one delivery, so that they can be applied together. `first` is where their places begin.
CREATE TEMP VIEW recording AS SELECT NULL AS records, NULL AS first;

CREATE TEMP TRIGGER records_applied INSTEAD OF INSERT ON recording
BEGIN
    -- Only a claim can lease, so that every lease has a term and a token; a stale token finds no move.
    -- Every member is taken out here and nowhere else: each statement would parse all texts again. A record is an array,
    -- in the order of `rows.record`; it ends after the ninth member where there was no attempt.
    INSERT INTO moved
    SELECT
        NEW.first + r.rowid, d.id, d.state, m.next, m.spent, r.value ->> '$[3]', r.value ->> '$[4]',
        r.value ->> '$[1]' = 'retried', r.value ->> '$[5]', r.value ->> '$[6]', r.value ->> '$[7]', r.value ->> '$[8]',
        r.value ->> '$[9]', r.value ->> '$[10]', r.value ->> '$[11]', r.value ->> '$[12]', r.value ->> '$[13]'
    FROM carray(NEW.records) AS r
    CROSS JOIN delivery AS d ON d.id = r.value ->> '$[0]'
    LEFT JOIN moves AS m
        ON m.state = d.state
        AND m.happening = r.value ->> '$[1]'
        AND m.happening <> 'claimed'
        AND coalesce(r.value ->> '$[2]', d.lease) = d.lease;

    INSERT INTO attempt (delivery_id, number, started_at, took_ms, outcome, detail)
    SELECT delivery_id, number, started_at, took_ms, outcome, words
    FROM moved WHERE place > NEW.first AND number IS NOT NULL;

    UPDATE delivery
    SET
        state = m.next,
        attempts = iif(m.afresh, 0, max(delivery.attempts - m.refund, 0)),
        due_at = coalesce(m.due_at, iif(m.afresh, m.at, delivery.due_at)),
        expires_at = coalesce(m.expires_at, delivery.expires_at),
        lease_until = 0,
        provider_id = coalesce(m.provider_id, delivery.provider_id),
        detail = m.detail,
        sealed_config = iif(m.spent, '', sealed_config),
        updated_at = m.at
    FROM moved AS m
    WHERE m.place > NEW.first AND m.next IS NOT NULL AND delivery.id = +m.delivery_id;
END;

CREATE TEMP TRIGGER batch_applied INSTEAD OF INSERT ON batch
BEGIN
    DELETE FROM moved;
    DELETE FROM claimed;

    INSERT INTO message (id, company_id, sender_id, created_at, expires_at, urgent, content)
    SELECT
        value ->> 'id', value ->> 'company_id', value ->> 'sender_id', value ->> 'created_at',
        value ->> 'expires_at', value ->> 'urgent', value -> 'content'
    FROM carray(NEW.messages);

    INSERT INTO delivery (
        id, message_id, company_id, channel, address, associate_id, device_id, state, attempts, due_at,
        expires_at, lease_until, lease, provider_id, detail, sealed_config, updated_at
    )
    SELECT
        value ->> 'id', value ->> 'message_id', value ->> 'company_id', value ->> 'channel', value ->> 'address',
        value ->> 'associate_id', value ->> 'device_id', value ->> 'state', value ->> 'attempts', value ->> 'due_at',
        value ->> 'expires_at', value ->> 'lease_until', value ->> 'lease', value ->> 'provider_id',
        value ->> 'detail', value ->> 'sealed_config', value ->> 'updated_at'
    FROM carray(NEW.deliveries);

    INSERT INTO portion (message_id, deliveries)
    SELECT value ->> 'message_id', value FROM carray(NEW.portions);

    INSERT INTO standby (
        id, replaces, root, message_id, company_id, channel, address, associate_id, reasons, after_ms, share_ms,
        expires_at, refused, units, due_at, ready, ready_at, made_no, made_at, reaches, spend
    )
    SELECT
        value ->> 'id', value ->> 'replaces', value ->> 'root', value ->> 'message_id', value ->> 'company_id',
        value ->> 'channel', value ->> 'address', value ->> 'associate_id', value -> 'reasons', value ->> 'after_ms',
        value ->> 'share_ms', value ->> 'expires_at', value ->> 'refused', value ->> 'units', 0, NULL, 0, 0, 0,
        value ->> 'reaches', value ->> 'spend'
    FROM carray(NEW.standbys);

    INSERT INTO usage (company_id, scope, starts_at, ends_at, units)
    SELECT
        value ->> 'company_id', value ->> 'scope', value ->> 'starts_at', value ->> 'ends_at', value ->> 'units'
    FROM carray(NEW.usage)
    WHERE TRUE
    ON CONFLICT DO UPDATE SET units = units + excluded.units;

    INSERT INTO due_event (id, company_id, method, created_at, lease_until, attempts, payload)
    SELECT
        value ->> 'id', value ->> 'company_id', value ->> 'method', value ->> 'created_at', value ->> 'lease_until',
        value ->> 'attempts', value ->> 'payload'
    FROM carray(NEW.events);

    -- A key whose time is over is as good as new; one whose time is not fails the whole call.
    DELETE FROM idempotency WHERE (company_id, caller, key) IN (
        SELECT i.company_id, i.caller, i.key
        FROM carray(NEW.replays) AS r
        CROSS JOIN idempotency AS i
            ON i.company_id = r.value ->> 'company_id' AND i.caller = r.value ->> 'caller' AND i.key = r.value ->> 'key'
        WHERE i.expires_at <= r.value ->> 'created_at'
    );
    INSERT INTO idempotency (company_id, caller, key, fingerprint, answer, created_at, expires_at)
    SELECT
        value ->> 'company_id', value ->> 'caller', value ->> 'key', value ->> 'fingerprint', value ->> 'answer',
        value ->> 'created_at', value ->> 'expires_at'
    FROM carray(NEW.replays);

    INSERT OR IGNORE INTO receipt (delivery_id, happening, detail, at)
    SELECT value ->> 'delivery_id', value ->> 'happening', value ->> 'detail', value ->> 'at'
    FROM carray(NEW.receipts)
    WHERE EXISTS (SELECT 1 FROM delivery WHERE id = value ->> 'delivery_id');

    INSERT INTO recording (records, first) VALUES (NEW.records, 0);

    -- Two claims of one delivery in one batch: the first has it.
    INSERT OR IGNORE INTO claimed (id, call, now, lease_until, next)
    SELECT d.id, c.value ->> 'call', c.value ->> 'now', c.value ->> 'lease_until', m.next
    FROM carray(NEW.claims) AS c
    CROSS JOIN json_each(c.value, '$.ids') AS wanted
    CROSS JOIN delivery AS d ON d.id = wanted.value
    CROSS JOIN moves AS m ON m.state = d.state AND m.happening = 'claimed'
    WHERE d.due_at <= c.value ->> 'now' AND d.expires_at > c.value ->> 'now';

    UPDATE delivery
    SET state = c.next, attempts = attempts + 1, lease = lease + 1, lease_until = c.lease_until, updated_at = c.now
    FROM claimed AS c
    WHERE delivery.id = +c.id;

    INSERT INTO inbox_item (
        associate_id, company_id, message_id, delivery_id, title, body, url, type, record_id, data, state,
        time, expires_at
    )
    SELECT
        value ->> 'associate_id', value ->> 'company_id', value ->> 'message_id', value ->> 'delivery_id',
        value ->> 'title', value ->> 'body', value ->> 'url', value ->> 'type', value ->> 'record_id',
        value -> 'data', value ->> 'state', value ->> 'time', value ->> 'expires_at'
    FROM carray(NEW.items)
    WHERE TRUE
    ON CONFLICT (delivery_id) DO NOTHING;
END;
