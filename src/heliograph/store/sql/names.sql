-- What keeps the names of users in the index by which they are found. On the writer's connection alone, because folding
-- is Python's, as it is for every other look-up without regard to case.

CREATE TEMP TRIGGER person_named AFTER INSERT ON main.person
BEGIN
    INSERT INTO person_names (associate_id, company, names)
    VALUES (NEW.associate_id, '=' || NEW.company_id || '=', NEW.name_folded || char(10) || folded(NEW.full_name));
END;

CREATE TEMP TRIGGER person_renamed AFTER UPDATE OF name_folded, full_name ON main.person
BEGIN
    UPDATE person_names SET names = NEW.name_folded || char(10) || folded(NEW.full_name)
    WHERE associate_id = NEW.associate_id;
END;

-- Those who were there before the index was.
INSERT INTO person_names (associate_id, company, names)
SELECT associate_id, '=' || company_id || '=', name_folded || char(10) || folded(full_name) FROM person
WHERE associate_id NOT IN (SELECT associate_id FROM person_names);
