CREATE TABLE people (
    name VARCHAR PRIMARY KEY,
    role VARCHAR NOT NULL CHECK (role IN ('viewer', 'annotator', 'owner')),
    password VARCHAR,
    added_at TIMESTAMP NOT NULL
);
COMMENT ON TABLE people IS 'Who may enter the study in a browser; without a row, everybody at this machine may';
COMMENT ON COLUMN people.name IS 'Name of the person, as in bouts.annotator and edits.author';
COMMENT ON COLUMN people.role IS 'viewer (looks), annotator (scores and corrects too) or owner (does everything)';
COMMENT ON COLUMN people.password IS 'scrypt hash of the password with its salt; NULL where a proxy says who it is';
COMMENT ON COLUMN people.added_at IS 'When the person was added, UTC';
