-- What is told of users and companies beyond what sending needs: particulars, and groups of users.

CREATE TABLE person_profile (
    associate_id INTEGER PRIMARY KEY,
    first_name   TEXT NOT NULL,
    last_name    TEXT NOT NULL,
    country      TEXT NOT NULL,
    time_zone    TEXT NOT NULL,
    updated_at   INTEGER NOT NULL,
    deleted_at   INTEGER NOT NULL
) STRICT;

CREATE TABLE company_profile (
    company_id  INTEGER PRIMARY KEY,
    description TEXT NOT NULL,
    country     TEXT NOT NULL,
    time_zone   TEXT NOT NULL,
    notices_to  TEXT NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE user_group (
    group_id    TEXT PRIMARY KEY,
    company_id  INTEGER NOT NULL,
    name        TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    external_id TEXT NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX user_group_by_name ON user_group (company_id, name_folded);
CREATE UNIQUE INDEX user_group_by_external_id ON user_group (company_id, external_id) WHERE external_id <> '';

CREATE TABLE user_group_member (
    group_id     TEXT NOT NULL,
    associate_id INTEGER NOT NULL,
    PRIMARY KEY (group_id, associate_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX user_group_member_by_user ON user_group_member (associate_id);
