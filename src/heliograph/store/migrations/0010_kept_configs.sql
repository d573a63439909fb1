-- A dead letter keeps the caller's configuration for as long as an operator may send it again; this finds those to erase.

CREATE INDEX delivery_sealed ON delivery (expires_at) WHERE sealed_config <> '' AND state IN ('failed', 'expired');
