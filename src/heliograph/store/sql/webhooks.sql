-- Endpoints of companies, the events they are told, and the notices made of those (port Webhooks).

-- webhook_endpoint --
-- One endpoint.
SELECT noun FROM webhook_endpoint_noun WHERE id = ?;

-- webhook_endpoints --
-- The endpoints of one company or of all.
SELECT json_group_array(json(noun) ORDER BY id) FROM webhook_endpoint_noun WHERE ?1 IS NULL OR company_id = ?1;

-- add_webhook_endpoint --
-- A new endpoint.
INSERT INTO webhook_endpoint (
    company_id, url, types, description, content, state, reason, secrets, created_at, trouble
)
SELECT
    ?1 ->> 'company_id', ?1 ->> 'url', ?1 -> 'types', ?1 ->> 'description', ?1 ->> 'content', ?1 ->> 'state',
    ?1 ->> 'reason', ?1 -> 'secrets', ?1 ->> 'created_at', ?1 -> 'trouble'
RETURNING id;

-- update_webhook_endpoint --
-- An endpoint as its owner wants it.
UPDATE webhook_endpoint
SET
    url = ?1 ->> 'url', types = ?1 -> 'types', description = ?1 ->> 'description', content = ?1 ->> 'content',
    state = ?1 ->> 'state', reason = ?1 ->> 'reason', secrets = ?1 -> 'secrets'
WHERE id = ?1 ->> 'id'
RETURNING id;

-- remove_webhook_endpoint --
-- Forget an endpoint.
DELETE FROM webhook_endpoint WHERE id = ? RETURNING id;

-- heard_of_webhook --
-- How it stands with an endpoint.
UPDATE webhook_endpoint SET trouble = ?2 WHERE id = ?1;

-- disable_webhook --
-- An endpoint is told nothing any more.
UPDATE webhook_endpoint SET state = 'disabled', reason = ?2 WHERE id = ?1 AND state = 'enabled' RETURNING id;

-- tell_disabled --
-- The other endpoints of its company are told so.
INSERT INTO webhook_event (company_id, type, at, message_id, facts)
SELECT
    company_id, 'endpoint.disabled', ?2, NULL, json_object('endpoint_id', id, 'url', url, 'reason', reason)
FROM webhook_endpoint
WHERE id = ?1
AND EXISTS (
    SELECT 1 FROM webhook_wanted AS w
    WHERE w.company_id = webhook_endpoint.company_id AND w.type = 'endpoint.disabled'
);

-- tell_unseen --
-- Devices that are about to be forgotten because they have not been seen for long.
INSERT INTO webhook_event (company_id, type, at, message_id, facts)
SELECT
    d.company_id, 'device.pruned', 0, NULL,
    json_object(
        'device_id', d.id, 'associate_id', d.associate_id, 'platform', d.platform, 'app', d.app,
        'reason', 'not seen for long'
    )
FROM device AS d
CROSS JOIN webhook_wanted AS w ON w.company_id = d.company_id AND w.type = 'device.pruned'
WHERE d.id IN (SELECT id FROM device WHERE last_seen < ?1 ORDER BY last_seen LIMIT ?2);

-- tell_token --
-- Devices that are about to be forgotten because their token is dead.
INSERT INTO webhook_event (company_id, type, at, message_id, facts)
SELECT
    d.company_id, 'device.pruned', ?3, NULL,
    json_object(
        'device_id', d.id, 'associate_id', d.associate_id, 'platform', d.platform, 'app', d.app, 'reason', ?2
    )
FROM device AS d
CROSS JOIN webhook_wanted AS w ON w.company_id = d.company_id AND w.type = 'device.pruned'
WHERE d.handle = ?1;

-- webhook_due --
-- Whether any event waits to be made a notice.
SELECT 1 FROM webhook_event LIMIT 1;

-- occurrences --
-- The oldest events, with the endpoints that want them, and the message's content where one of those wants that too.
SELECT json_group_array(json(noun) ORDER BY id) FROM (
    SELECT e.id, json_object(
        'id', e.id, 'company_id', e.company_id, 'type', e.type, 'at', e.at, 'message_id', e.message_id,
        'facts', json(e.facts),
        'content', json(coalesce((SELECT m.content FROM message AS m WHERE m.id = e.message_id), 'null')),
        'listeners', json((
            SELECT json_group_array(
                json_object('id', p.id, 'content', json(iif(p.content, 'true', 'false'))) ORDER BY p.id
            )
            FROM webhook_endpoint AS p
            WHERE p.company_id = e.company_id AND p.state = 'enabled'
            AND (p.types = '[]' OR e.type IN (SELECT value FROM json_each(p.types)))
        ))
    ) AS noun
    FROM webhook_event AS e ORDER BY e.id LIMIT ?1
);

-- forget_occurrences --
-- These events have been made notices, or nobody wants to be told them any more.
DELETE FROM webhook_event WHERE id IN (SELECT value FROM json_each(?));

-- notices --
-- Deliveries to an endpoint, newest first.
SELECT json_group_array(json(noun) ORDER BY id DESC) FROM (
    SELECT n.id, n.noun FROM (
        SELECT id FROM delivery INDEXED BY delivery_notice
        WHERE channel = '@webhooks' AND address = ?1 AND id < ?3 AND (?2 IS NULL OR state = ?2)
        ORDER BY id DESC LIMIT ?4
    ) AS wanted
    CROSS JOIN delivery_noun AS n ON n.id = wanted.id
);

-- webhook_wanted --
-- What each company is told, as it stands.
SELECT json_group_array(json_array(company_id, type)) FROM webhook_wanted;

-- webhook_wishes --
-- What each company's enabled endpoints want to be told; all types are ?1.
SELECT json_group_array(json_array(company_id, type)) FROM (
    SELECT DISTINCT p.company_id, t.value AS type
    FROM webhook_endpoint AS p
    CROSS JOIN json_each(iif(p.types = '[]', ?1, p.types)) AS t
    WHERE p.state = 'enabled'
);

-- unwant --
-- Nobody is told anything.
DELETE FROM webhook_wanted;

-- want --
-- Companies and what they are told.
INSERT INTO webhook_wanted (company_id, type) SELECT value ->> 0, value ->> 1 FROM json_each(?);

-- trigger_text --
-- A trigger as it stands in the database.
SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND name = ?;
