-- Second ways: planned with their delivery, taken by the triggers of standing.sql.

-- take_overdue --
-- Give up waiting for receipts that are overdue.
UPDATE standby SET ready = 'no_receipt', ready_at = ?1, due_at = 0
WHERE id IN (
    SELECT s.id FROM standby AS s
    CROSS JOIN delivery AS d ON d.id = s.replaces
    WHERE s.due_at > 0 AND s.due_at <= ?1 AND s.made_no = 0 AND d.state = 'sent'
    ORDER BY s.due_at LIMIT ?2
);

-- receipt_overdue --
-- Whether a receipt is overdue.
SELECT 1 FROM standby WHERE due_at > 0 AND due_at <= ?1 LIMIT 1;

-- forget_due --
-- What is not waiting for a receipt any more, though it was.
UPDATE standby SET due_at = 0
WHERE due_at > 0 AND due_at <= ?1
AND NOT EXISTS (SELECT 1 FROM delivery AS d WHERE d.id = standby.replaces AND d.state = 'sent');

-- waiting_standbys --
-- Deliveries queued on a channel that may go another way because it is paused.
SELECT json_group_array(id) FROM (
    SELECT d.id FROM delivery AS d
    CROSS JOIN standby AS s ON s.replaces = d.id AND s.made_no = 0
    WHERE d.state = 'queued' AND d.channel = ?1 AND d.expires_at > ?2 AND s.ready IS NULL
    AND instr(s.reasons, '"paused"') > 0
    ORDER BY d.id LIMIT ?3
);

-- take_waiting --
-- The second ways of these deliveries are ready.
UPDATE standby SET ready = 'paused', ready_at = ?2
WHERE made_no = 0 AND ready IS NULL AND replaces IN (SELECT value FROM json_each(?1));

-- standby_for --
-- Whether there is a plan for any of these deliveries that was not taken.
SELECT 1 FROM json_each(?) AS wanted CROSS JOIN standby AS s ON s.replaces = wanted.value AND s.made_no = 0 LIMIT 1;

-- forget_plans --
-- No second way for these deliveries, nor for what took their place: of their chains nothing more is taken.
DELETE FROM standby WHERE id IN (
    SELECT later.id FROM json_each(?) AS wanted
    CROSS JOIN standby AS s ON s.replaces = wanted.value AND s.made_no = 0
    CROSS JOIN standby AS later ON later.message_id = s.message_id AND later.root = s.root AND later.made_no = 0
);

-- standbys_taken --
-- Second ways that were taken, in order.
SELECT json_group_array(json(noun) ORDER BY made_no) FROM (
    SELECT made_no, noun FROM standby_noun WHERE made_no > ?1 ORDER BY made_no LIMIT ?2
);

-- standby_last --
-- The number of the one taken last.
SELECT next - 1 FROM sequence WHERE name = 'standby';

-- standbys --
-- All plans of these messages.
SELECT json_group_array(json(noun) ORDER BY id) FROM standby_noun
WHERE message_id IN (SELECT value FROM json_each(?));

-- forget_standbys --
-- Remove the plans of these messages.
DELETE FROM standby WHERE message_id IN (SELECT value FROM json_each(?));

-- standing_trigger --
-- The text of a trigger in the file.
SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = ?;
