-- Statements about operators' sign-ins to the console.

-- open_operator_session --
-- A new session.
INSERT INTO operator_session (hash, name, associate_id, company_id, ticket, opened_at, seen_at, ends_at)
SELECT
    ?1 ->> 'hash', ?1 ->> 'name', ?1 ->> 'associate_id', ?1 ->> 'company_id', ?1 ->> 'ticket',
    ?1 ->> 'opened_at', ?1 ->> 'seen_at', ?1 ->> 'ends_at'
RETURNING id;

-- operator_session --
-- One session, by the hash of its text.
SELECT json_object(
    'id', id, 'hash', hash, 'name', name, 'associate_id', associate_id, 'company_id', company_id, 'ticket', ticket,
    'opened_at', opened_at, 'seen_at', seen_at, 'ends_at', ends_at
) FROM operator_session WHERE hash = ?;

-- operator_sessions --
-- All sessions.
SELECT json_group_array(json_object(
    'id', id, 'hash', hash, 'name', name, 'associate_id', associate_id, 'company_id', company_id, 'ticket', ticket,
    'opened_at', opened_at, 'seen_at', seen_at, 'ends_at', ends_at
) ORDER BY id) FROM operator_session;

-- saw_operator_session --
-- A session was used then.
UPDATE operator_session SET seen_at = ?2 WHERE id = ?1;

-- close_operator_session --
-- End a session.
DELETE FROM operator_session WHERE id = ?;

-- ended_operator_session --
-- Whether there is a session, or a link, that has ended or was not used for long.
SELECT EXISTS (SELECT 1 FROM operator_session WHERE ends_at <= ?1 OR seen_at < ?2)
OR EXISTS (SELECT 1 FROM operator_link WHERE ends_at <= ?1);

-- prune_operator_sessions --
-- Forget sessions that have ended or were not used for long.
DELETE FROM operator_session WHERE ends_at <= ?1 OR seen_at < ?2;

-- put_operator_link --
-- Keep a one-time link.
INSERT INTO operator_link (hash, ends_at) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET ends_at = excluded.ends_at;

-- operator_link --
-- Whether a one-time link is there.
SELECT EXISTS (SELECT 1 FROM operator_link WHERE hash = ?1 AND ends_at > ?2);

-- take_operator_link --
-- Use a one-time link up.
DELETE FROM operator_link WHERE hash = ?1 AND ends_at > ?2;

-- prune_operator_links --
-- Forget links that have ended.
DELETE FROM operator_link WHERE ends_at <= ?1;
