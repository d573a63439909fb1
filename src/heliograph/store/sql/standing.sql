-- The triggers that take second ways, in the transaction of whatever moves a delivery. They are put into the file with the
-- first plan (`store/standbys.py`): who plans none does not pay for them. What stands in braces comes from core/fallback.py.

-- standby_moved --
-- A delivery came to rest, or was taken by its provider.
CREATE TRIGGER standby_moved AFTER UPDATE OF state ON delivery
WHEN NEW.state <> OLD.state AND NEW.state <> 'leased' AND NEW.state <> 'queued' AND NEW.state <> 'held'
AND EXISTS (SELECT 1 FROM standby WHERE message_id = NEW.message_id)
BEGIN
    -- The person has it: nobody needs another way, and one that still waits is withdrawn.
    UPDATE delivery
    SET state = 'cancelled', detail = 'not needed: delivery ' || NEW.id || ' has arrived', updated_at = NEW.updated_at
    WHERE NEW.state IN ({reached}) AND state = 'queued'
    AND id IN (
        SELECT s.id FROM standby AS s
        WHERE s.message_id = NEW.message_id AND s.made_no > 0 AND s.id <> NEW.id
        AND (s.associate_id IS NEW.associate_id OR s.root IN (NEW.id, (SELECT root FROM standby WHERE id = NEW.id)))
    );
    DELETE FROM standby
    WHERE NEW.state IN ({reached}) AND made_no = 0
    AND message_id = NEW.message_id
    AND (associate_id IS NEW.associate_id OR root IN (NEW.id, (SELECT root FROM standby WHERE id = NEW.id)));

    -- The provider has it: from now on a receipt is waited for.
    UPDATE standby SET due_at = NEW.updated_at + after_ms
    WHERE NEW.state = 'sent' AND replaces = NEW.id AND made_no = 0 AND after_ms > 0
    AND instr(reasons, '"no_receipt"') > 0;

    -- It is lost: for a reason that another way is planned for, or not.
    UPDATE standby SET ready = {reason}, ready_at = NEW.updated_at, due_at = 0
    WHERE replaces = NEW.id AND made_no = 0 AND ready IS NULL AND instr(reasons, '"' || {reason} || '"') > 0;
    DELETE FROM standby
    WHERE made_no = 0 AND NEW.state IN ({lost}, 'cancelled')
    AND root IN (SELECT root FROM standby WHERE replaces = NEW.id AND made_no = 0 AND ready IS NULL);

    -- Ways to the same person that waited for this one's end look again.
    UPDATE standby SET ready = ready
    WHERE NEW.state IN ({lost}) AND ready IS NOT NULL AND made_no = 0
    AND message_id = NEW.message_id AND associate_id IS NEW.associate_id;
END;

-- standby_ready --
-- A plan became ready: it is taken unless another device of the same person's may still do, or it was taken already.
CREATE TRIGGER standby_ready AFTER UPDATE OF ready ON standby
WHEN NEW.ready IS NOT NULL AND NEW.made_no = 0 AND NEW.expires_at > NEW.ready_at
AND NOT EXISTS (
    SELECT 1 FROM standby AS o
    WHERE o.message_id = NEW.message_id AND o.channel = NEW.channel AND o.address = NEW.address AND o.id <> NEW.id
    AND (
        o.made_no > 0
        OR (o.ready IS NULL AND NOT EXISTS (SELECT 1 FROM standby AS p WHERE p.id = o.replaces AND p.made_no = 0))
    )
)
BEGIN
    INSERT INTO delivery (
        id, message_id, company_id, channel, address, associate_id, device_id, state, attempts, due_at,
        expires_at, lease_until, lease, provider_id, detail, sealed_config, updated_at
    )
    SELECT
        NEW.id, NEW.message_id, NEW.company_id, NEW.channel, NEW.address, coalesce(NEW.reaches, NEW.associate_id), NULL,
        iif(NEW.refused = '', 'queued', 'failed'), 0, NEW.ready_at,
        iif(NEW.share_ms > 0, min(NEW.expires_at, NEW.ready_at + NEW.share_ms), NEW.expires_at), 0, 0, '',
        'in place of ' || d.channel || ' (' || NEW.ready || '): ' || iif(NEW.refused = '', d.detail, NEW.refused),
        '', NEW.ready_at
    FROM delivery AS d WHERE d.id = NEW.replaces;
    UPDATE sequence SET next = next + 1 WHERE name = 'standby';
    UPDATE standby
    SET made_no = (SELECT next - 1 FROM sequence WHERE name = 'standby'), made_at = NEW.ready_at, due_at = 0
    WHERE id = NEW.id;
    -- It costs like any other message of its channel, and counts in the windows of core/usage.py.
    INSERT INTO usage (company_id, scope, starts_at, ends_at, units)
    SELECT NEW.company_id, c.scope, w.starts_at, w.ends_at, c.units
    FROM (
        SELECT 'channel:' || NEW.channel AS scope, NEW.units AS units
        UNION ALL
        SELECT 'spending', NEW.spend
    ) AS c
    CROSS JOIN (
        SELECT
            NEW.ready_at - NEW.ready_at % 3600000 AS starts_at,
            NEW.ready_at - NEW.ready_at % 3600000 + 3600000 AS ends_at
        UNION ALL
        SELECT NEW.ready_at - NEW.ready_at % 86400000, NEW.ready_at - NEW.ready_at % 86400000 + 86400000
        UNION ALL
        SELECT
            unixepoch(NEW.ready_at / 1000, 'unixepoch', 'start of month') * 1000,
            unixepoch(NEW.ready_at / 1000, 'unixepoch', 'start of month', '+1 month') * 1000
    ) AS w
    WHERE NEW.refused = '' AND c.units > 0
    ON CONFLICT DO UPDATE SET units = units + excluded.units;
    DELETE FROM standby
    WHERE made_no = 0 AND root <> NEW.root AND root IN (
        SELECT root FROM standby
        WHERE message_id = NEW.message_id AND channel = NEW.channel AND address = NEW.address AND made_no = 0
    );
END;
