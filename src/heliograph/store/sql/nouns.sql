-- How each table reads as the JSON of its noun. Temporary views, made on every connection: they belong to the program,
-- not to the file, so that a change of a noun is a change of code.

CREATE TEMP VIEW company_noun AS
SELECT id, json_object(
    'id', id, 'name', name, 'key_hash', key_hash, 'active', json(iif(active, 'true', 'false')), 'created_at', created_at
) AS noun FROM company;

CREATE TEMP VIEW person_noun AS
SELECT associate_id, company_id, user_id, name_folded, email_folded, external_id, json_object(
    'associate_id', associate_id, 'company_id', company_id, 'user_id', user_id, 'user_name', user_name,
    'email', email, 'external_id', external_id, 'phone', phone, 'full_name', full_name, 'role', role,
    'active', json(iif(active, 'true', 'false')), 'password_hash', password_hash, 'created_at', created_at
) AS noun FROM person;

CREATE TEMP VIEW device_noun AS
SELECT id, associate_id, company_id, identifier, last_seen, json_object(
    'id', id, 'associate_id', associate_id, 'identifier', identifier, 'handle', handle, 'platform', platform,
    'app', app, 'name', name, 'language', language, 'app_version', app_version, 'os_version', os_version, 'tags', tags,
    'time_zone_id', time_zone_id, 'registered_at', registered_at, 'last_seen', last_seen
) AS noun FROM device;

CREATE TEMP VIEW ticket_noun AS
SELECT hash, json_object(
    'hash', hash, 'associate_id', associate_id, 'company_id', company_id, 'valid_to', valid_to,
    'created_at', created_at, 'token_id', token_id
) AS noun FROM ticket;

CREATE TEMP VIEW access_token_noun AS
SELECT id, company_id, hash, json_object(
    'id', id, 'company_id', company_id, 'associate_id', associate_id, 'name', name, 'hash', hash,
    'scopes', json(scopes), 'created_at', created_at, 'expires_at', expires_at
) AS noun FROM access_token;

CREATE TEMP VIEW application_noun AS
SELECT id, token_hash, json_object(
    'id', id, 'name', name, 'token_hash', token_hash, 'agents', json(agents), 'created_at', created_at
) AS noun FROM application;

CREATE TEMP VIEW message_noun AS
SELECT id, company_id, json_object(
    'id', id, 'company_id', company_id, 'sender_id', sender_id, 'created_at', created_at, 'expires_at', expires_at,
    'urgent', json(iif(urgent, 'true', 'false')), 'content', json(content)
) AS noun FROM message;

CREATE TEMP VIEW delivery_noun AS
SELECT id, message_id, json_object(
    'id', id, 'message_id', message_id, 'company_id', company_id, 'channel', channel, 'address', address,
    'associate_id', associate_id, 'device_id', device_id, 'state', state, 'attempts', attempts, 'due_at', due_at,
    'expires_at', expires_at, 'lease_until', lease_until, 'lease', lease, 'provider_id', provider_id,
    'detail', detail, 'sealed_config', sealed_config, 'updated_at', updated_at
) AS noun FROM delivery;

CREATE TEMP VIEW attempt_noun AS
SELECT id, delivery_id, number, json_object(
    'delivery_id', delivery_id, 'number', number, 'started_at', started_at, 'took_ms', took_ms,
    'outcome', outcome, 'detail', detail
) AS noun FROM attempt;

CREATE TEMP VIEW standby_noun AS
SELECT id, message_id, made_no, json_object(
    'id', id, 'replaces', replaces, 'root', root, 'message_id', message_id, 'company_id', company_id, 'channel', channel,
    'address', address, 'associate_id', associate_id, 'reaches', reaches, 'reasons', json(reasons), 'after_ms', after_ms,
    'share_ms', share_ms, 'expires_at', expires_at, 'refused', refused, 'units', units, 'spend', spend, 'due_at', due_at,
    'ready', ready, 'ready_at', ready_at, 'made_no', made_no, 'made_at', made_at
) AS noun FROM standby;

CREATE TEMP VIEW due_event_noun AS
SELECT id, json_object(
    'id', id, 'company_id', company_id, 'method', method, 'created_at', created_at, 'lease_until', lease_until,
    'attempts', attempts, 'payload', payload
) AS noun FROM due_event;

CREATE TEMP VIEW answer_noun AS
SELECT message_id, associate_id, json_object(
    'message_id', message_id, 'associate_id', associate_id, 'delivery_id', delivery_id, 'company_id', company_id,
    'value', value, 'answered_at', answered_at
) AS noun FROM answer;

CREATE TEMP VIEW idempotency_noun AS
SELECT company_id, caller, key, expires_at, json_object(
    'company_id', company_id, 'caller', caller, 'key', key, 'fingerprint', fingerprint, 'answer', answer,
    'created_at', created_at, 'expires_at', expires_at
) AS noun FROM idempotency;

CREATE TEMP VIEW webhook_endpoint_noun AS
SELECT id, company_id, json_object(
    'id', id, 'company_id', company_id, 'url', url, 'types', json(types), 'description', description,
    'content', json(iif(content, 'true', 'false')), 'state', state, 'reason', reason, 'secrets', json(secrets),
    'created_at', created_at, 'trouble', json(trouble)
) AS noun FROM webhook_endpoint;

CREATE TEMP VIEW inbox_item_noun AS
SELECT id, associate_id, delivery_id, record_id, json_object(
    'id', id, 'associate_id', associate_id, 'company_id', company_id, 'message_id', message_id,
    'delivery_id', delivery_id, 'title', title, 'body', body, 'url', url, 'type', type, 'record_id', record_id,
    'data', json(data), 'state', state, 'time', time, 'expires_at', expires_at
) AS noun FROM inbox_item;
