-- Users are found by a part of their names: an index of every three characters in a row, of what they are called.

CREATE TABLE person_names (
    associate_id INTEGER PRIMARY KEY,
    company      TEXT NOT NULL, -- the company's id between equal signs, so that it can be looked for as text
    names        TEXT NOT NULL -- user name and full name without regard to case, a line each
) STRICT;

CREATE VIRTUAL TABLE person_text USING fts5 (
    company, names, content = 'person_names', content_rowid = 'associate_id', tokenize = 'trigram case_sensitive 1'
);

-- What is removed from the index is gone from the file.
INSERT INTO person_text (person_text, rank) VALUES ('secure-delete', 1);

CREATE TRIGGER person_names_added AFTER INSERT ON person_names
BEGIN
    INSERT INTO person_text (rowid, company, names) VALUES (NEW.associate_id, NEW.company, NEW.names);
END;

CREATE TRIGGER person_names_changed AFTER UPDATE ON person_names WHEN OLD.names <> NEW.names
BEGIN
    INSERT INTO person_text (person_text, rowid, company, names)
    VALUES ('delete', OLD.associate_id, OLD.company, OLD.names);
    INSERT INTO person_text (rowid, company, names) VALUES (NEW.associate_id, NEW.company, NEW.names);
END;

CREATE INDEX person_by_company ON person (company_id);
