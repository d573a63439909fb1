-- Statements about messages that belong together, and about addresses that are not used any more.

-- follow_ups --
-- Messages that follow or answer one of these.
SELECT json_group_array(json(noun) ORDER BY id) FROM message_noun
WHERE id IN (
    SELECT id FROM message
    WHERE content ->> 'parent_id' IN (SELECT value FROM json_each(?1))
    ORDER BY id LIMIT ?2
);

-- session --
-- A company's messages with one session key, the newest first.
SELECT json_group_array(json(noun) ORDER BY id DESC) FROM message_noun
WHERE id IN (
    SELECT id FROM message
    WHERE company_id = ?1 AND content ->> 'session_key' = ?2
    ORDER BY id DESC LIMIT ?3
);

-- sent_to --
-- Deliveries to an address that is no user's, the newest first.
SELECT json_group_array(json(noun) ORDER BY id DESC) FROM delivery_noun
WHERE id IN (
    SELECT d.id FROM delivery AS d
    CROSS JOIN message AS m ON m.id = d.message_id
    WHERE d.channel = ?1 AND d.address = ?2 AND d.associate_id IS NULL AND d.company_id = ?3 AND m.created_at >= ?4
    ORDER BY d.id DESC LIMIT ?5
);

-- suppressions --
-- Addresses that are not used any more, the newest first.
SELECT json_group_array(json_object(
    'channel', channel, 'address', address, 'reason', reason, 'created_at', created_at
) ORDER BY created_at DESC, channel, address) FROM (
    SELECT channel, address, reason, created_at FROM suppression
    WHERE (?1 IS NULL OR channel = ?1) AND created_at < ?2
    ORDER BY created_at DESC, channel, address LIMIT ?3
);

-- lift_one --
-- An address may be used again on one channel.
DELETE FROM suppression WHERE channel = ? AND address = ?;
