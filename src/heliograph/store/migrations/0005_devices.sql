-- Several apps may push to the same platform; a user's wishes hold for devices that come later; dead and forgotten
-- devices are found by their token and by when they were last seen.

ALTER TABLE device ADD COLUMN app TEXT NOT NULL DEFAULT '';

CREATE INDEX device_by_handle ON device (handle);
CREATE INDEX device_by_age ON device (last_seen);
CREATE INDEX suppression_by_address ON suppression (address);

CREATE TABLE wish (
    associate_id INTEGER PRIMARY KEY,
    tags         TEXT NOT NULL
) STRICT;
