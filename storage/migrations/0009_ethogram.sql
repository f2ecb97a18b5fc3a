CREATE TABLE ethogram (
    behaviour VARCHAR NOT NULL,
    kind VARCHAR NOT NULL CHECK (kind IN ('state', 'point')),
    key VARCHAR,
    colour VARCHAR NOT NULL,
    has_subject BOOLEAN NOT NULL,
    has_target BOOLEAN NOT NULL,
    modifiers JSON NOT NULL,
    exclusive_group VARCHAR,
    description VARCHAR NOT NULL,
    position INTEGER NOT NULL
);
COMMENT ON TABLE ethogram IS 'The behaviours that people of this study score, and the keys they press for them';
COMMENT ON COLUMN ethogram.behaviour IS 'Name of the behaviour, as in bouts';
COMMENT ON COLUMN ethogram.kind IS 'state (has a duration) or point (a moment)';
COMMENT ON COLUMN ethogram.key IS 'Key that scores it, one character; NULL when there is none';
COMMENT ON COLUMN ethogram.colour IS 'Colour, #rrggbb';
COMMENT ON COLUMN ethogram.has_subject IS 'True when one animal does it; false when it is about the whole scene';
COMMENT ON COLUMN ethogram.has_target IS 'True when it is done to another animal or at a region';
COMMENT ON COLUMN ethogram.modifiers IS 'What can be said more closely: a list of {name, values}, values a list of texts';
COMMENT ON COLUMN ethogram.exclusive_group IS 'States of the same group end one another; NULL when it goes with all';
COMMENT ON COLUMN ethogram.description IS 'When it begins and ends, in words that two people read alike';
COMMENT ON COLUMN ethogram.position IS 'Place in the list, from 1';

ALTER TABLE bouts ADD COLUMN modifiers JSON;
ALTER TABLE bouts ADD COLUMN comment VARCHAR;
COMMENT ON COLUMN bouts.modifiers IS 'What was said more closely, {name: value}; NULL when nothing was';
COMMENT ON COLUMN bouts.comment IS 'A remark of the person who scored it; NULL when there is none';
