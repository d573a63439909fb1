-- What a second way costs by the prices of its time, counted when it is taken.

ALTER TABLE standby ADD COLUMN spend INTEGER NOT NULL DEFAULT 0;
