-- What recipients answered to questions: one answer for each message and recipient, and never a second one.

CREATE TABLE answer (
    message_id   INTEGER NOT NULL,
    associate_id INTEGER NOT NULL,
    delivery_id  INTEGER NOT NULL,
    company_id   INTEGER NOT NULL,
    value        TEXT NOT NULL,
    answered_at  INTEGER NOT NULL,
    PRIMARY KEY (message_id, associate_id)
) STRICT, WITHOUT ROWID;
