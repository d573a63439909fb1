-- find_people --
-- Users of a company whose names contain a text, as a phrase of the index says it.
SELECT json_group_array(json(noun) ORDER BY associate_id) FROM (
    SELECT p.associate_id, n.noun
    FROM person_text AS t
    CROSS JOIN person AS p ON p.associate_id = t.rowid
    CROSS JOIN person_noun AS n ON n.associate_id = t.rowid
    WHERE t.person_text MATCH ?1
    AND (?2 IS NULL OR p.active = ?2)
    AND NOT EXISTS (SELECT 1 FROM person_profile AS f WHERE f.associate_id = t.rowid AND f.deleted_at <> 0)
    ORDER BY t.rowid LIMIT ?3 OFFSET ?4
);

-- look_through_people --
-- The same for a text that is too short for the index: its names are looked through, which is quick where many fit.
SELECT json_group_array(json(noun) ORDER BY associate_id) FROM (
    SELECT p.associate_id, n.noun
    FROM person AS p INDEXED BY person_by_company
    CROSS JOIN person_names AS m ON m.associate_id = p.associate_id
    CROSS JOIN person_noun AS n ON n.associate_id = p.associate_id
    WHERE p.company_id = ?5 AND instr(m.names, ?1)
    AND (?2 IS NULL OR p.active = ?2)
    AND NOT EXISTS (SELECT 1 FROM person_profile AS f WHERE f.associate_id = p.associate_id AND f.deleted_at <> 0)
    ORDER BY p.associate_id LIMIT ?3 OFFSET ?4
);

-- people_by_email --
-- All users of a company with an e-mail address.
SELECT json_group_array(json(n.noun) ORDER BY n.associate_id) FROM person_noun AS n
WHERE n.company_id = ?1 AND n.email_folded = ?2 AND n.email_folded <> '';

-- people_by_external_id --
-- The users of a company with an external id, one at most.
SELECT json_group_array(json(n.noun) ORDER BY n.associate_id) FROM person_noun AS n
WHERE n.company_id = ?1 AND n.external_id = ?2 AND n.external_id <> '';

-- put_part --
-- Keep a part in the place of the one with its number.
INSERT OR REPLACE INTO part (delivery_id, number, of, channel, address, provider_id, digest, state, at)
VALUES (
    ?1 ->> 'delivery_id', ?1 ->> 'number', ?1 ->> 'of', ?1 ->> 'channel', ?1 ->> 'address', ?1 ->> 'provider_id',
    ?1 ->> 'digest', ?1 ->> 'state', ?1 ->> 'at'
);

-- forget_other_parts --
-- A division into another count has nothing to do with this one.
DELETE FROM part WHERE delivery_id = ?1 AND of <> ?2;

-- forget_parts --
-- Remove the parts of these messages' deliveries.
DELETE FROM part WHERE delivery_id IN (
    SELECT id FROM delivery WHERE message_id IN (SELECT value FROM json_each(?))
);

-- parts --
-- The parts of a delivery.
SELECT json_group_array(json_object(
    'delivery_id', delivery_id, 'number', number, 'of', of, 'channel', channel, 'address', address,
    'provider_id', provider_id, 'digest', digest, 'state', state, 'at', at
) ORDER BY number) FROM part WHERE delivery_id = ?1;

-- known_parts --
-- The parts of a channel by the ids its provider has given them.
SELECT json_group_array(json_object(
    'delivery_id', delivery_id, 'number', number, 'of', of, 'channel', channel, 'address', address,
    'provider_id', provider_id, 'digest', digest, 'state', state, 'at', at
) ORDER BY delivery_id, number) FROM part
WHERE channel = ?1 AND provider_id <> '' AND provider_id IN (SELECT value FROM json_each(?2));

-- doubtful_parts --
-- The parts to an address whose answer was lost.
SELECT json_group_array(json_object(
    'delivery_id', delivery_id, 'number', number, 'of', of, 'channel', channel, 'address', address,
    'provider_id', provider_id, 'digest', digest, 'state', state, 'at', at
) ORDER BY delivery_id, number) FROM part WHERE channel = ?1 AND address = ?2 AND state = 'doubt';

-- put_note --
-- Keep a note in the place of the one with the same key.
INSERT OR REPLACE INTO note (owner, kind, key, value, until)
VALUES (?1 ->> 'owner', ?1 ->> 'kind', ?1 ->> 'key', ?1 ->> 'value', ?1 ->> 'until');

-- forget_old_notes --
-- Some of an owner's notes whose time is over.
DELETE FROM note WHERE (owner, kind, key) IN (
    SELECT owner, kind, key FROM note WHERE owner = ?1 AND kind = ?2 AND until <= ?3 ORDER BY until LIMIT 100
);

-- overdue_note --
-- Whether any note's time is over.
SELECT 1 FROM note WHERE until <= ?1 LIMIT 1;

-- prune_notes --
-- Remove notes whose time is over.
DELETE FROM note WHERE (owner, kind, key) IN (SELECT owner, kind, key FROM note WHERE until <= ?1 LIMIT ?2);

-- forget_note --
-- One note.
DELETE FROM note WHERE owner = ?1 AND kind = ?2 AND key = ?3;

-- notes --
-- An owner's notes of a kind whose keys begin so.
SELECT json_group_array(json(noun) ORDER BY key) FROM (
    SELECT key, json_object('owner', owner, 'kind', kind, 'key', key, 'value', value, 'until', until) AS noun
    FROM note WHERE owner = ?1 AND kind = ?2 AND key >= ?3 AND key < ?4 ORDER BY key LIMIT ?5
);
