-- reserve --
-- Take the next ids of a sequence; the answer is where the sequence now stands.
UPDATE sequence SET next = next + ?2 WHERE name = ?1 AND next + ?2 - 1 <= ?3 RETURNING next;

-- left --
-- How many ids a sequence still has before its last.
SELECT max(?2 - next + 1, 0) FROM sequence WHERE name = ?1;

-- touch --
-- A small write that nobody reads. It counts, because SQLite skips a write that leaves a page as it is.
INSERT INTO sequence (name, next) VALUES ('pulse', 1) ON CONFLICT DO UPDATE SET next = next + 1;

-- apply --
-- A whole batch: messages, deliveries, records, claims, inbox items, AfterAsync events, replays.
INSERT INTO batch (messages, deliveries, records, claims, items, events, replays, portions, standbys, usage, receipts)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- apply_more --
-- Records of deliveries that an earlier wave of the same batch has moved.
INSERT INTO recording (records, first) VALUES (?, ?);

-- portion --
-- The oldest portion of what was accepted for later.
SELECT json_object('id', id, 'text', deliveries) FROM portion ORDER BY id LIMIT 1;

-- forget_portion --
-- It has been made deliveries.
DELETE FROM portion WHERE id = ?;

-- answers --
-- What the last batch did: moves by place of record, deliveries by claim, their messages once each, and these items.
-- Nouns are JSON already: they are strung together and not parsed again.
SELECT
    (
        SELECT json_group_array(
            json_array(place, delivery_id, coalesce(next, was), json(iif(next IS NULL, 'false', 'true')))
        )
        FROM moved
    ),
    (
        SELECT '[' || coalesce(group_concat('[' || c.call || ',' || d.noun || ']'), '') || ']'
        FROM claimed AS c
        CROSS JOIN delivery_noun AS d ON d.id = c.id
    ),
    (
        SELECT '[' || coalesce(group_concat(m.noun), '') || ']'
        FROM (SELECT DISTINCT d.message_id FROM claimed AS c CROSS JOIN delivery AS d ON d.id = c.id) AS wanted
        CROSS JOIN message_noun AS m ON m.id = wanted.message_id
    ),
    (
        SELECT json_group_array(json(noun)) FROM inbox_item_noun
        WHERE delivery_id IN (SELECT value FROM carray(?))
    );

-- lapse --
-- Deliveries whose lease has run out, the longest lapsed first.
SELECT json_group_array(id) FROM (
    SELECT id FROM delivery WHERE state = 'leased' AND lease_until <= ?1 ORDER BY lease_until LIMIT ?2
);

-- overdue --
-- Deliveries whose time to live ran out while they waited.
SELECT json_group_array(id) FROM (
    SELECT id FROM delivery WHERE state = 'held' AND expires_at <= ?1
    UNION ALL
    SELECT id FROM delivery INDEXED BY delivery_due WHERE state = 'queued' AND expires_at <= ?1
    LIMIT ?2
);

-- sealed_in_vain --
-- Whether a dead letter that can be sent no more still has its caller's configuration.
SELECT 1 FROM delivery
WHERE sealed_config <> '' AND state IN ('failed', 'expired') AND expires_at <= ?1 LIMIT 1;

-- erase_configs --
-- Dead letters that can be sent no more lose their callers' configurations.
UPDATE delivery SET sealed_config = '' WHERE id IN (
    SELECT id FROM delivery
    WHERE sealed_config <> '' AND state IN ('failed', 'expired') AND expires_at <= ?1 LIMIT ?2
);

-- finished --
-- Messages made before then, none of whose deliveries is still under way.
SELECT json_group_array(id) FROM (
    SELECT m.id FROM message AS m
    WHERE m.created_at < ?1
    AND NOT EXISTS (
        SELECT 1 FROM delivery AS d WHERE d.message_id = m.id AND d.state NOT IN (SELECT value FROM json_each(?3))
    )
    AND NOT EXISTS (SELECT 1 FROM portion AS p WHERE p.message_id = m.id)
    ORDER BY m.created_at LIMIT ?2
);

-- forget_attempts --
-- Remove the attempts of these messages' deliveries.
DELETE FROM attempt WHERE delivery_id IN (
    SELECT id FROM delivery WHERE message_id IN (SELECT value FROM json_each(?))
);

-- receipts --
-- What was said of these deliveries after they were taken.
SELECT json_group_array(
    json_object('delivery_id', delivery_id, 'happening', happening, 'detail', detail, 'at', at)
    ORDER BY delivery_id, at
) FROM receipt WHERE delivery_id IN (SELECT value FROM json_each(?));

-- forget_receipts --
-- Remove the receipts of these messages' deliveries.
DELETE FROM receipt WHERE delivery_id IN (
    SELECT id FROM delivery WHERE message_id IN (SELECT value FROM json_each(?))
);

-- forget_answers --
-- Remove the answers to these messages.
DELETE FROM answer WHERE message_id IN (SELECT value FROM json_each(?));

-- forget_deliveries --
-- Remove these messages' deliveries.
DELETE FROM delivery WHERE message_id IN (SELECT value FROM json_each(?));

-- forget_messages --
-- Remove these messages.
DELETE FROM message WHERE id IN (SELECT value FROM json_each(?));

-- message --
-- One message.
SELECT noun FROM message_noun WHERE id = ?;

-- messages --
-- A page of messages, newest first, of one company or of all.
SELECT json_group_array(json(noun) ORDER BY id DESC) FROM (
    SELECT id, noun FROM message_noun
    WHERE id < ?1 AND (?2 IS NULL OR company_id = ?2)
    ORDER BY id DESC LIMIT ?3
);

-- messages_in --
-- A page of messages that have a delivery in a common state, newest first.
SELECT json_group_array(json(noun) ORDER BY id DESC) FROM (
    SELECT id, noun FROM message_noun AS m
    WHERE id < ?1 AND (?2 IS NULL OR company_id = ?2)
    AND EXISTS (SELECT 1 FROM delivery AS d WHERE d.message_id = m.id AND d.state = ?4)
    ORDER BY id DESC LIMIT ?3
);

-- messages_aside --
-- The same for a state off the usual path: those few are found by their own index, however many messages there are.
SELECT json_group_array(json(noun) ORDER BY id DESC) FROM (
    SELECT m.id, m.noun FROM (
        SELECT DISTINCT message_id FROM delivery INDEXED BY delivery_aside
        WHERE state = ?4 AND state <> 'queued' AND state <> 'leased' AND state <> 'sent' AND state <> 'delivered'
        AND message_id < ?1 AND (?2 IS NULL OR company_id = ?2)
        ORDER BY message_id DESC LIMIT ?3
    ) AS aside
    CROSS JOIN message_noun AS m ON m.id = aside.message_id
);

-- deliveries --
-- All deliveries of these messages.
SELECT json_group_array(json(noun) ORDER BY id) FROM delivery_noun
WHERE message_id IN (SELECT value FROM json_each(?));

-- known --
-- The deliveries of a channel by the ids its provider has given them.
SELECT json_group_array(json(noun) ORDER BY id) FROM delivery_noun
WHERE id IN (
    SELECT id FROM delivery
    WHERE channel = ?1 AND provider_id <> '' AND provider_id IN (SELECT value FROM json_each(?2))
);

-- attempts --
-- All attempts of these deliveries, as they were made.
SELECT json_group_array(json(noun) ORDER BY delivery_id, number, id) FROM attempt_noun
WHERE delivery_id IN (SELECT value FROM json_each(?));

-- counts --
-- How many deliveries each channel has in each state.
SELECT json_group_array(json_array(channel, state, many)) FROM (
    SELECT channel, state, count(*) AS many FROM delivery GROUP BY channel, state
);

-- backlog --
-- What waits by channel and state, and how much ended badly by state, notices apart; each from the index of its own.
SELECT json_object(
    'waiting', json((
        SELECT json_group_array(json_array(channel, state, many, due_at)) FROM (
            SELECT channel, 'queued' AS state, count(*) AS many, min(due_at) AS due_at
            FROM delivery INDEXED BY delivery_due WHERE state = 'queued' GROUP BY channel
            UNION ALL
            SELECT channel, 'leased', count(*), min(due_at)
            FROM delivery INDEXED BY delivery_leased WHERE state = 'leased' GROUP BY channel
            UNION ALL
            SELECT channel, 'held', count(*), min(due_at)
            FROM delivery INDEXED BY delivery_held WHERE state = 'held' GROUP BY channel
        )
    )),
    'bad', json((
        SELECT json_group_object(state, many) FROM (
            SELECT state, count(*) AS many FROM delivery INDEXED BY delivery_aside
            WHERE state IN ('failed', 'expired', 'undelivered') AND message_id < 4294967296
            AND state <> 'queued' AND state <> 'leased' AND state <> 'sent' AND state <> 'delivered' GROUP BY state
        )
    ))
);

-- backlog_of --
-- The same of one company: its deliveries among those that wait or ended badly.
SELECT json_object(
    'waiting', json((
        SELECT json_group_array(json_array(channel, state, many, due_at)) FROM (
            SELECT channel, 'queued' AS state, count(*) AS many, min(due_at) AS due_at
            FROM delivery INDEXED BY delivery_due WHERE state = 'queued' AND company_id = ?1 GROUP BY channel
            UNION ALL
            SELECT channel, 'leased', count(*), min(due_at)
            FROM delivery INDEXED BY delivery_leased WHERE state = 'leased' AND company_id = ?1 GROUP BY channel
            UNION ALL
            SELECT channel, 'held', count(*), min(due_at)
            FROM delivery INDEXED BY delivery_held WHERE state = 'held' AND company_id = ?1 GROUP BY channel
        )
    )),
    'bad', json((
        SELECT json_group_object(state, many) FROM (
            SELECT state, count(*) AS many FROM delivery INDEXED BY delivery_aside
            WHERE state IN ('failed', 'expired', 'undelivered') AND company_id = ?1 AND message_id < 4294967296
            AND state <> 'queued' AND state <> 'leased' AND state <> 'sent' AND state <> 'delivered' GROUP BY state
        )
    ))
);

-- oldest --
-- The id of the oldest message there is.
SELECT min(id) FROM message;

-- until --
-- An id above those of the messages made by then. Ids are given out in blocks, so that those around it are looked at.
SELECT max(id) + 1 FROM (
    SELECT id FROM message WHERE created_at <= ?1 AND id < 4294967296 ORDER BY created_at DESC LIMIT 1000
);

-- newest_below --
-- The id of the newest message below another.
SELECT max(id) FROM message WHERE id < ?1;

-- made_at --
-- When the message with this id, or the next below it, was made.
SELECT created_at FROM message WHERE id <= ?1 ORDER BY id DESC LIMIT 1;

-- search --
-- Messages between two ids, newest first, that are as wanted: company, times, and one delivery with all that is asked.
SELECT json_group_array(json(noun) ORDER BY id DESC) FROM (
    SELECT m.id, n.noun FROM message AS m CROSS JOIN message_noun AS n ON n.id = m.id
    WHERE m.id < ?1 AND m.id >= ?2 AND m.created_at >= ?5 AND m.created_at <= ?6
    AND (?4 IS NULL OR m.company_id = ?4)
    AND (?7 = 0 OR EXISTS (
        SELECT 1 FROM delivery AS d
        WHERE d.message_id = m.id
        AND (?8 IS NULL OR d.state = ?8)
        AND (?9 IS NULL OR d.channel = ?9)
        AND (
            ?10 IS NULL OR d.associate_id = ?11
            OR (d.device_id IS NULL AND instr(lower(d.address), ?10) > 0) OR lower(d.provider_id) = ?10
        )
    ))
    ORDER BY m.id DESC LIMIT ?3
);

-- due --
-- Deliveries that may be claimed on a channel, oldest first; in the very order of the index, so that nothing is sorted.
SELECT json_group_array(id) FROM (
    SELECT id FROM delivery
    WHERE channel = ?1 AND state = 'queued' AND due_at <= ?2 AND expires_at > ?2
    ORDER BY due_at, expires_at, id LIMIT ?3
);

-- next_due --
-- When the next delivery that is not due yet becomes so.
SELECT min(due_at) FROM delivery WHERE channel = ?1 AND state = 'queued' AND due_at > ?2;

-- company --
-- One company.
SELECT noun FROM company_noun WHERE id = ?;

-- companies --
-- All companies.
SELECT json_group_array(json(noun) ORDER BY id) FROM company_noun;

-- add_company --
-- A new company; id 0 takes the next free one.
INSERT INTO company (id, name, key_hash, active, created_at)
SELECT
    coalesce(nullif(?1 ->> 'id', 0), (SELECT coalesce(max(id), 0) + 1 FROM company)),
    ?1 ->> 'name', ?1 ->> 'key_hash', ?1 ->> 'active', ?1 ->> 'created_at'
RETURNING id;

-- update_company --
-- A company as it is to be from now on.
UPDATE company
SET name = ?1 ->> 'name', key_hash = ?1 ->> 'key_hash', active = ?1 ->> 'active', created_at = ?1 ->> 'created_at'
WHERE id = ?1 ->> 'id'
RETURNING id;

-- user --
-- One user.
SELECT noun FROM person_noun WHERE associate_id = ?;

-- active --
-- Those of these people who are not disabled.
SELECT json_group_array(associate_id) FROM person WHERE active AND associate_id IN (SELECT value FROM json_each(?));

-- user_by_id --
-- The user of a company with this GUID.
SELECT noun FROM person_noun WHERE user_id = ?2 AND company_id = ?1;

-- user_by_email --
-- The user of a company with this e-mail address, unless several share it.
SELECT iif(count(*) = 1, max(noun), NULL) FROM (
    SELECT noun FROM person_noun WHERE company_id = ?1 AND email_folded = ?2 AND email_folded <> '' LIMIT 2
);

-- user_by_external_id --
-- The user of a company that another system knows by this id.
SELECT noun FROM person_noun WHERE company_id = ?1 AND external_id = ?2 AND external_id <> '';

-- user_by_name --
-- The user of a company with this name.
SELECT noun FROM person_noun WHERE company_id = ?1 AND name_folded = ?2;

-- users --
-- A page of users.
SELECT json_group_array(json(noun) ORDER BY associate_id) FROM (
    SELECT associate_id, noun FROM person_noun
    WHERE associate_id > ?2 AND (?1 IS NULL OR company_id = ?1)
    ORDER BY associate_id LIMIT ?3
);

-- add_user --
-- A new user; associate id 0 takes the next free one.
INSERT INTO person (
    associate_id, company_id, user_id, user_name, name_folded, email, email_folded, external_id, phone, full_name,
    role, active, password_hash, created_at
)
SELECT
    coalesce(nullif(?1 ->> 'associate_id', 0), (SELECT coalesce(max(associate_id), 0) + 1 FROM person)),
    ?1 ->> 'company_id', ?1 ->> 'user_id', ?1 ->> 'user_name', ?2, ?1 ->> 'email', ?3, ?1 ->> 'external_id',
    ?1 ->> 'phone', ?1 ->> 'full_name', ?1 ->> 'role', ?1 ->> 'active', ?1 ->> 'password_hash', ?1 ->> 'created_at'
RETURNING associate_id;

-- update_user --
-- A user as he or she is to be from now on.
UPDATE person
SET
    company_id = ?1 ->> 'company_id', user_id = ?1 ->> 'user_id', user_name = ?1 ->> 'user_name', name_folded = ?2,
    email = ?1 ->> 'email', email_folded = ?3, external_id = ?1 ->> 'external_id', phone = ?1 ->> 'phone',
    full_name = ?1 ->> 'full_name', role = ?1 ->> 'role', active = ?1 ->> 'active',
    password_hash = ?1 ->> 'password_hash', created_at = ?1 ->> 'created_at'
WHERE associate_id = ?1 ->> 'associate_id'
RETURNING associate_id;

-- devices --
-- The devices of these users.
SELECT json_group_array(json(noun) ORDER BY associate_id, id) FROM device_noun
WHERE associate_id IN (SELECT value FROM json_each(?));

-- device_owner --
-- The company a device is in: its owner's.
SELECT company_id FROM person WHERE associate_id = ?;

-- put_device --
-- Add a device, or put it in the place of the one with its identifier, else of the one with its id.
INSERT INTO device (
    id, company_id, associate_id, identifier, handle, platform, app, name, language, app_version, os_version, tags,
    time_zone_id, registered_at, last_seen
)
SELECT
    coalesce(
        (SELECT id FROM device WHERE company_id = ?2 AND identifier = ?1 ->> 'identifier'), nullif(?1 ->> 'id', 0)
    ),
    ?2, ?1 ->> 'associate_id', ?1 ->> 'identifier', ?1 ->> 'handle', ?1 ->> 'platform',
    ?1 ->> 'app', ?1 ->> 'name', ?1 ->> 'language', ?1 ->> 'app_version', ?1 ->> 'os_version', ?1 ->> 'tags',
    ?1 ->> 'time_zone_id', ?1 ->> 'registered_at', ?1 ->> 'last_seen'
WHERE TRUE
ON CONFLICT (id) DO UPDATE SET
    company_id = excluded.company_id, associate_id = excluded.associate_id, identifier = excluded.identifier,
    handle = excluded.handle, platform = excluded.platform, app = excluded.app, name = excluded.name,
    language = excluded.language,
    app_version = excluded.app_version, os_version = excluded.os_version, tags = excluded.tags,
    time_zone_id = excluded.time_zone_id, registered_at = excluded.registered_at, last_seen = excluded.last_seen
RETURNING id;

-- remove_device --
-- Forget a device.
DELETE FROM device WHERE id = ?;

-- lift --
-- An address may be used again on every channel.
DELETE FROM suppression WHERE address = ?1 ->> 'handle';

-- move_token --
-- Forget a company's other devices that have this one's token: it is one app on one device, whoever signed in last.
DELETE FROM device
WHERE handle = ?1 ->> 'handle' AND company_id = ?2 AND platform = ?1 ->> 'platform'
AND identifier <> ?1 ->> 'identifier';

-- forget_token --
-- Forget the devices that have this token.
DELETE FROM device WHERE handle = ?;

-- devices_unseen --
-- Devices not seen since then, the longest unseen first.
SELECT json_group_array(json(noun) ORDER BY last_seen, id) FROM (
    SELECT id, last_seen, noun FROM device_noun
    WHERE last_seen < ?1 AND (?2 IS NULL OR company_id = ?2)
    ORDER BY last_seen, id LIMIT ?3
);

-- prune_devices --
-- Remove devices not seen since then.
DELETE FROM device WHERE id IN (SELECT id FROM device WHERE last_seen < ?1 ORDER BY last_seen LIMIT ?2);

-- wishes --
-- The tags a user set for all devices.
SELECT tags FROM wish WHERE associate_id = ?;

-- put_wishes --
-- Keep the tags of a user.
INSERT INTO wish (associate_id, tags) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET tags = excluded.tags;

-- spread_wishes --
-- Give all devices of a user these tags.
UPDATE device SET tags = ?2 WHERE associate_id = ?1;

-- suppress --
-- Never use this address on this channel again.
INSERT INTO suppression (channel, address, reason, created_at) VALUES (?, ?, ?, ?)
ON CONFLICT DO UPDATE SET reason = excluded.reason, created_at = excluded.created_at;

-- dead --
-- Which of these addresses may not be used on a channel, and why.
SELECT json_group_object(address, reason) FROM suppression
WHERE channel = ?1 AND address IN (SELECT value FROM json_each(?2));

-- put_ticket --
-- Keep a ticket.
INSERT INTO ticket (hash, associate_id, company_id, valid_to, created_at, token_id)
SELECT
    ?1 ->> 'hash', ?1 ->> 'associate_id', ?1 ->> 'company_id', ?1 ->> 'valid_to', ?1 ->> 'created_at', ?1 ->> 'token_id'
WHERE TRUE
ON CONFLICT DO UPDATE SET
    associate_id = excluded.associate_id, company_id = excluded.company_id, valid_to = excluded.valid_to,
    created_at = excluded.created_at, token_id = excluded.token_id;

-- ticket --
-- One ticket, by its hash.
SELECT noun FROM ticket_noun WHERE hash = ?;

-- touch_ticket --
-- Give a ticket a new end, unless it was ended.
UPDATE ticket SET valid_to = ?2 WHERE hash = ?1 AND valid_to <> 0;

-- revoke_tickets --
-- End all tickets of a user.
DELETE FROM ticket WHERE associate_id = ?;

-- prune_tickets --
-- Forget tickets that have ended.
DELETE FROM ticket WHERE valid_to <= ?;

-- items --
-- A page of a user's inbox, newest first.
SELECT json_group_array(json(noun) ORDER BY id DESC) FROM (
    SELECT id, noun FROM inbox_item_noun WHERE associate_id = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3
);

-- items_after --
-- What came into a user's inbox after an item, oldest first.
SELECT json_group_array(json(noun) ORDER BY id) FROM (
    SELECT id, noun FROM inbox_item_noun WHERE associate_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3
);

-- unread --
-- How many items a user has not read.
SELECT count(*) FROM inbox_item WHERE associate_id = ? AND state = 'unread';

-- mark --
-- Set the state of one item of a user, unless it was answered.
UPDATE inbox_item SET state = ?3 WHERE associate_id = ?1 AND id = ?2 AND state <> 'answered';

-- item --
-- One item of a user.
SELECT noun FROM inbox_item_noun WHERE associate_id = ?1 AND id = ?2;

-- mark_records --
-- Set the state of all items of a user about these records, but not of those that were answered.
UPDATE inbox_item SET state = ?3
WHERE associate_id = ?1 AND record_id IN (SELECT value FROM json_each(?2)) AND state <> 'answered';

-- items_about --
-- All items of a user about these records.
SELECT json_group_array(json(noun) ORDER BY id) FROM inbox_item_noun
WHERE associate_id = ?1 AND record_id IN (SELECT value FROM json_each(?2));

-- prune_items --
-- Remove the oldest items from before then.
DELETE FROM inbox_item WHERE id IN (SELECT id FROM inbox_item WHERE time < ?1 ORDER BY time LIMIT ?2);

-- mark_answered --
-- The items of a user that a message made have been answered.
UPDATE inbox_item SET state = 'answered' WHERE message_id = ?1 AND associate_id = ?2;

-- keep_answer --
-- Keep an answer, unless there is one of this recipient to this message.
INSERT INTO answer (message_id, associate_id, delivery_id, company_id, value, answered_at)
SELECT
    ?1 ->> 'message_id', ?1 ->> 'associate_id', ?1 ->> 'delivery_id', ?1 ->> 'company_id', ?1 ->> 'value',
    ?1 ->> 'answered_at'
WHERE TRUE
ON CONFLICT DO NOTHING;

-- answer --
-- One recipient's answer to one message.
SELECT noun FROM answer_noun WHERE message_id = ?1 AND associate_id = ?2;

-- answers_given --
-- All answers to a message.
SELECT json_group_array(json(noun) ORDER BY associate_id) FROM answer_noun WHERE message_id = ?;

-- events_free --
-- AfterAsync events that nobody holds, oldest first.
SELECT json_group_array(id) FROM (SELECT id FROM due_event WHERE lease_until <= ?1 ORDER BY lease_until, id LIMIT ?2);

-- lease_events --
-- Take these AfterAsync events up.
UPDATE due_event SET lease_until = ?2, attempts = attempts + 1 WHERE id IN (SELECT value FROM json_each(?1));

-- events --
-- These AfterAsync events.
SELECT json_group_array(json(noun) ORDER BY id) FROM due_event_noun WHERE id IN (SELECT value FROM json_each(?));

-- renew_events --
-- Hold on to these AfterAsync events.
UPDATE due_event SET lease_until = ?2 WHERE id IN (SELECT value FROM json_each(?1));

-- keep_events --
-- AfterAsync events as they are now.
INSERT INTO due_event (id, company_id, method, created_at, lease_until, attempts, payload)
SELECT
    value ->> 'id', value ->> 'company_id', value ->> 'method', value ->> 'created_at', value ->> 'lease_until',
    value ->> 'attempts', value ->> 'payload'
FROM json_each(?)
WHERE TRUE
ON CONFLICT (id) DO UPDATE SET
    lease_until = excluded.lease_until, attempts = excluded.attempts, payload = excluded.payload;

-- forget_events --
-- These AfterAsync events have run.
DELETE FROM due_event WHERE id IN (SELECT value FROM json_each(?));

-- release_events --
-- Nobody holds any AfterAsync event.
UPDATE due_event SET lease_until = 0 WHERE lease_until <> 0;

-- replay --
-- What is kept under a caller's idempotency key, unless it has expired.
SELECT noun FROM idempotency_noun WHERE company_id = ?1 AND caller = ?2 AND key = ?3 AND expires_at > ?4;

-- revise_replay --
-- Another answer under the same key.
UPDATE idempotency SET answer = ?1 ->> 'answer'
WHERE company_id = ?1 ->> 'company_id' AND caller = ?1 ->> 'caller' AND key = ?1 ->> 'key';

-- expired_replay --
-- Whether any idempotency key has expired.
SELECT 1 FROM idempotency WHERE expires_at <= ?1 LIMIT 1;

-- prune_replays --
-- Remove expired idempotency keys, the oldest first.
DELETE FROM idempotency WHERE (company_id, caller, key) IN (
    SELECT company_id, caller, key FROM idempotency WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2
);

-- profiles --
-- The particulars of these users.
SELECT json_group_array(
    json_object(
        'associate_id', associate_id, 'first_name', first_name, 'last_name', last_name, 'country', country,
        'time_zone', time_zone, 'updated_at', updated_at, 'deleted_at', deleted_at
    )
    ORDER BY associate_id
) FROM person_profile WHERE associate_id IN (SELECT value FROM json_each(?));

-- put_profile --
-- A user's particulars as they are from now on.
INSERT OR REPLACE INTO person_profile (
    associate_id, first_name, last_name, country, time_zone, updated_at, deleted_at
)
SELECT
    ?1 ->> 'associate_id', ?1 ->> 'first_name', ?1 ->> 'last_name', ?1 ->> 'country', ?1 ->> 'time_zone',
    ?1 ->> 'updated_at', ?1 ->> 'deleted_at';

-- join_groups --
-- A user is a member of these groups too; one that is gone is passed over.
INSERT OR IGNORE INTO user_group_member (group_id, associate_id)
SELECT g.group_id, ?2 FROM json_each(?1) AS wanted CROSS JOIN user_group AS g ON g.group_id = wanted.value;

-- leave_groups --
-- A user is in no group any more.
DELETE FROM user_group_member WHERE associate_id = ?;

-- company_profile --
-- A company's particulars.
SELECT json_object(
    'company_id', company_id, 'description', description, 'country', country, 'time_zone', time_zone,
    'notices_to', notices_to, 'updated_at', updated_at
) FROM company_profile WHERE company_id = ?;

-- put_company_profile --
-- A company's particulars as they are from now on.
INSERT OR REPLACE INTO company_profile (company_id, description, country, time_zone, notices_to, updated_at)
SELECT
    ?1 ->> 'company_id', ?1 ->> 'description', ?1 ->> 'country', ?1 ->> 'time_zone', ?1 ->> 'notices_to',
    ?1 ->> 'updated_at';

-- groups --
-- A company's groups with their members.
SELECT json_group_array(
    json_object(
        'group_id', group_id, 'company_id', company_id, 'name', name, 'external_id', external_id,
        'created_at', created_at, 'members', json((
            SELECT json_group_array(associate_id ORDER BY associate_id)
            FROM user_group_member WHERE user_group_member.group_id = user_group.group_id
        ))
    )
    ORDER BY name_folded, group_id
) FROM user_group WHERE company_id = ?;

-- add_group --
-- A new group, without its members.
INSERT INTO user_group (group_id, company_id, name, name_folded, external_id, created_at)
SELECT
    ?1 ->> 'group_id', ?1 ->> 'company_id', ?1 ->> 'name', ?2, ?1 ->> 'external_id', ?1 ->> 'created_at';

-- update_group --
-- A group's name and external id as they are from now on.
UPDATE user_group SET name = ?1 ->> 'name', name_folded = ?2, external_id = ?1 ->> 'external_id'
WHERE group_id = ?1 ->> 'group_id'
RETURNING group_id;

-- add_members --
-- The members that a group names.
INSERT OR IGNORE INTO user_group_member (group_id, associate_id)
SELECT ?1 ->> 'group_id', value FROM json_each(?1 -> 'members');

-- remove_members --
-- A group has no members any more.
DELETE FROM user_group_member WHERE group_id = ?;

-- remove_group --
-- Forget a group.
DELETE FROM user_group WHERE group_id = ?;

-- access_token --
-- One access token, by the hash of its text.
SELECT noun FROM access_token_noun WHERE hash = ?;

-- access_token_by_id --
-- One access token.
SELECT noun FROM access_token_noun WHERE id = ?;

-- access_tokens --
-- The access tokens of one company or of all.
SELECT json_group_array(json(noun) ORDER BY id) FROM access_token_noun WHERE ?1 IS NULL OR company_id = ?1;

-- add_access_token --
-- A new access token.
INSERT INTO access_token (company_id, associate_id, name, hash, scopes, created_at, expires_at)
SELECT
    ?1 ->> 'company_id', ?1 ->> 'associate_id', ?1 ->> 'name', ?1 ->> 'hash', ?1 -> 'scopes',
    ?1 ->> 'created_at', ?1 ->> 'expires_at'
RETURNING id;

-- forget_token_tickets --
-- End the tickets that were issued for an access token.
DELETE FROM ticket WHERE token_id = ?1 AND token_id <> 0;

-- remove_access_token --
-- End an access token.
DELETE FROM access_token WHERE id = ? RETURNING id;

-- application --
-- One application, by the hash of its token.
SELECT noun FROM application_noun WHERE token_hash = ?;

-- applications --
-- All applications.
SELECT json_group_array(json(noun) ORDER BY id) FROM application_noun;

-- add_application --
-- A new application.
INSERT INTO application (name, token_hash, agents, created_at)
SELECT ?1 ->> 'name', ?1 ->> 'token_hash', ?1 -> 'agents', ?1 ->> 'created_at'
RETURNING id;

-- update_application --
-- An application as it is to be from now on.
UPDATE application
SET name = ?1 ->> 'name', token_hash = ?1 ->> 'token_hash', agents = ?1 -> 'agents', created_at = ?1 ->> 'created_at'
WHERE id = ?1 ->> 'id'
RETURNING id;

-- remove_application --
-- Forget an application.
DELETE FROM application WHERE id = ? RETURNING id;
