-- The triggers that write events down, each in the transaction of what it tells of.
--
-- They are in the database only while some enabled endpoint wants to be told such a thing (`store/telling.py`), so that
-- nobody else pays for them: accepting, claiming and recording cost nothing more where nobody subscribes.
-- What a trigger asks first is written out: a list after NOT IN is made a table of for every row (1.5 us for each move).
-- A message from 4294967296 on is a notice itself, of which nothing is told (`core/webhooks.py`, FIRST_NOTICE).

-- told_message --
-- A message was accepted, or came in.
CREATE TRIGGER told_message AFTER INSERT ON message
WHEN NEW.id < 4294967296 AND EXISTS (
    SELECT 1 FROM webhook_wanted
    WHERE company_id = NEW.company_id
    AND type = iif(NEW.content ->> 'inbound', 'message.received', 'message.accepted')
)
BEGIN
    INSERT INTO webhook_event (company_id, type, at, message_id, facts)
    SELECT
        NEW.company_id, iif(NEW.content ->> 'inbound', 'message.received', 'message.accepted'), NEW.created_at, NEW.id,
        iif(
            NEW.content ->> 'inbound',
            json_object(
                'message_id', NEW.id, 'address', coalesce(NEW.content ->> 'sender', ''),
                'parent_id', coalesce(NEW.content ->> 'parent_id', 0),
                'session_key', coalesce(NEW.content ->> 'session_key', '')
            ),
            json_object('message_id', NEW.id, 'sender_id', NEW.sender_id, 'kind', NEW.content ->> 'kind')
        );
END;

-- told_move --
-- A delivery came to a state that somebody wants to be told of.
CREATE TRIGGER told_move AFTER UPDATE OF state ON delivery
WHEN NEW.state <> OLD.state AND NEW.state <> 'leased' AND NEW.state <> 'queued' AND NEW.state <> 'held' AND NEW.message_id < 4294967296
AND EXISTS (SELECT 1 FROM webhook_wanted WHERE company_id = NEW.company_id AND type = 'delivery.' || NEW.state)
BEGIN
    INSERT INTO webhook_event (company_id, type, at, message_id, facts)
    VALUES (
        NEW.company_id, 'delivery.' || NEW.state, NEW.updated_at, NEW.message_id,
        json_object(
            'message_id', NEW.message_id, 'delivery_id', NEW.id, 'channel', NEW.channel, 'address', NEW.address,
            'associate_id', NEW.associate_id, 'device_id', NEW.device_id, 'state', NEW.state,
            'attempts', NEW.attempts, 'detail', NEW.detail, 'provider_id', NEW.provider_id
        )
    );
END;

-- told_birth --
-- A delivery that nobody could ever make was kept for its reason.
CREATE TRIGGER told_birth AFTER INSERT ON delivery
WHEN NEW.state = 'failed' AND NEW.message_id < 4294967296
AND EXISTS (SELECT 1 FROM webhook_wanted WHERE company_id = NEW.company_id AND type = 'delivery.failed')
BEGIN
    INSERT INTO webhook_event (company_id, type, at, message_id, facts)
    VALUES (
        NEW.company_id, 'delivery.failed', NEW.updated_at, NEW.message_id,
        json_object(
            'message_id', NEW.message_id, 'delivery_id', NEW.id, 'channel', NEW.channel, 'address', NEW.address,
            'associate_id', NEW.associate_id, 'device_id', NEW.device_id, 'state', NEW.state,
            'attempts', NEW.attempts, 'detail', NEW.detail, 'provider_id', NEW.provider_id
        )
    );
END;

-- told_answer --
-- A recipient answered a question.
CREATE TRIGGER told_answer AFTER INSERT ON answer
WHEN EXISTS (SELECT 1 FROM webhook_wanted WHERE company_id = NEW.company_id AND type = 'message.replied')
BEGIN
    INSERT INTO webhook_event (company_id, type, at, message_id, facts)
    VALUES (
        NEW.company_id, 'message.replied', NEW.answered_at, NEW.message_id,
        json_object(
            'message_id', NEW.message_id, 'delivery_id', NEW.delivery_id, 'associate_id', NEW.associate_id,
            'answer', NEW.value
        )
    );
END;
