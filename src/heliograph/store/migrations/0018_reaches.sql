-- A second way may reach a user of ours whom the first, a mailbox or a number, did not name.

ALTER TABLE standby ADD COLUMN reaches INTEGER;
