-- Receipts name a delivery by the id its provider gave it.

CREATE INDEX delivery_by_provider ON delivery (channel, provider_id) WHERE provider_id <> '';
