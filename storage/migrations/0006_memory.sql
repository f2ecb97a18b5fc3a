CREATE SEQUENCE definition_ids;
CREATE TABLE definitions (
    definition_id INTEGER NOT NULL,
    version INTEGER NOT NULL,
    meaning_since INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    aliases JSON NOT NULL,
    text VARCHAR NOT NULL,
    code VARCHAR NOT NULL,
    parameters JSON NOT NULL,
    depends_on JSON NOT NULL,
    author VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL,
    forgotten_at TIMESTAMP
);
COMMENT ON TABLE definitions IS 'What names mean in this study: one row per version, never changed; the last version is the one in use';
COMMENT ON COLUMN definitions.definition_id IS 'Number of the definition, the same for all its versions whatever their names';
COMMENT ON COLUMN definitions.version IS 'Version, from 1 and rising; a name and a version are never used twice';
COMMENT ON COLUMN definitions.meaning_since IS 'First version with the same meaning: a new name or alias is a new version of the same meaning';
COMMENT ON COLUMN definitions.name IS 'Name that questions use';
COMMENT ON COLUMN definitions.aliases IS 'Other names, a list';
COMMENT ON COLUMN definitions.text IS 'The meaning in words, as a person gave it';
COMMENT ON COLUMN definitions.code IS 'Python that computes it; empty when there is none';
COMMENT ON COLUMN definitions.parameters IS 'Values by name, with their units in the names';
COMMENT ON COLUMN definitions.depends_on IS 'Names of the definitions that this one needs, a list';
COMMENT ON COLUMN definitions.author IS 'Who defined it; empty when not known';
COMMENT ON COLUMN definitions.created_at IS 'When it was defined, UTC';
COMMENT ON COLUMN definitions.forgotten_at IS 'When it was forgotten, UTC; NULL while it is in use';
CREATE SEQUENCE turn_ids;
CREATE TABLE turns (
    turn_id INTEGER NOT NULL,
    conversation VARCHAR NOT NULL,
    question VARCHAR NOT NULL,
    text VARCHAR NOT NULL,
    code VARCHAR NOT NULL,
    model VARCHAR NOT NULL,
    prompt_tokens INTEGER,
    completion_tokens INTEGER,
    asked_at TIMESTAMP NOT NULL
);
COMMENT ON TABLE turns IS 'Questions and their answers in the order in which they were asked';
COMMENT ON COLUMN turns.turn_id IS 'Number of the turn, rising';
COMMENT ON COLUMN turns.conversation IS 'Name of the conversation; empty for the one that everybody shares';
COMMENT ON COLUMN turns.question IS 'The question in words';
COMMENT ON COLUMN turns.text IS 'The answer in words';
COMMENT ON COLUMN turns.code IS 'The analysis that gave the answer; empty when there was none';
COMMENT ON COLUMN turns.model IS 'Who wrote the analysis: offline, or a language model by name';
COMMENT ON COLUMN turns.prompt_tokens IS 'Tokens that the model read; NULL when none did';
COMMENT ON COLUMN turns.completion_tokens IS 'Tokens that the model wrote; NULL when none did';
COMMENT ON COLUMN turns.asked_at IS 'When it was asked, UTC';
CREATE TABLE turn_definitions (
    turn_id INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    version INTEGER NOT NULL
);
COMMENT ON TABLE turn_definitions IS 'Which version of which definition an answer used';
COMMENT ON COLUMN turn_definitions.turn_id IS 'Turn, as in turns';
COMMENT ON COLUMN turn_definitions.name IS 'Name of the definition at that time, as in definitions';
COMMENT ON COLUMN turn_definitions.version IS 'Its version, as in definitions; 0 for one that the program ships';
