-- Messages that belong together, and what was sent to a number. Only texts with a parent or a session key, and only
-- deliveries to addresses that are no user's, are in these: a push pays for none of them.

CREATE INDEX message_by_parent ON message (content ->> 'parent_id') WHERE content ->> 'parent_id' IS NOT NULL;
CREATE INDEX message_by_session ON message (company_id, content ->> 'session_key')
    WHERE content ->> 'session_key' IS NOT NULL;
CREATE INDEX delivery_to_outside ON delivery (channel, address) WHERE associate_id IS NULL;
