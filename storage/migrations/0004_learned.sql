CREATE SEQUENCE learned_ids;
CREATE TABLE learned_behaviours (
    learned_id INTEGER PRIMARY KEY DEFAULT nextval('learned_ids'),
    name VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    behaviour VARCHAR NOT NULL,
    annotator VARCHAR,
    target_kind VARCHAR NOT NULL CHECK (target_kind IN ('none', 'animal')),
    length_unit VARCHAR NOT NULL,
    features JSON NOT NULL,
    model BLOB NOT NULL,
    settings JSON NOT NULL,
    report JSON NOT NULL,
    trained_on JSON NOT NULL,
    versions JSON NOT NULL,
    created_at TIMESTAMP NOT NULL,
    UNIQUE (name, version)
);
COMMENT ON TABLE learned_behaviours IS 'Behaviours learned from bouts that a person scored; training again adds a version';
COMMENT ON COLUMN learned_behaviours.learned_id IS 'Number of the learned behaviour';
COMMENT ON COLUMN learned_behaviours.name IS 'Name to apply it by';
COMMENT ON COLUMN learned_behaviours.version IS 'Version under this name, from 1';
COMMENT ON COLUMN learned_behaviours.behaviour IS 'The scored behaviour it was learned from, as in bouts';
COMMENT ON COLUMN learned_behaviours.annotator IS 'Whose bouts it was learned from, as in bouts; NULL when they name nobody';
COMMENT ON COLUMN learned_behaviours.target_kind IS 'none (an animal does it by itself) or animal (it is done to another animal)';
COMMENT ON COLUMN learned_behaviours.length_unit IS 'What lengths are measured in, such as body lengths of the outline';
COMMENT ON COLUMN learned_behaviours.features IS 'Names of the measures that the model reads, in its order, with their windows in seconds';
COMMENT ON COLUMN learned_behaviours.model IS 'The trained forest as plain arrays, NumPy npz without pickled objects';
COMMENT ON COLUMN learned_behaviours.settings IS 'Decision: min_probability (0 to 1), merge_gap_s and min_duration_s, and the settings of the training';
COMMENT ON COLUMN learned_behaviours.report IS 'Cross-validated agreement with the person, calibration and the most important features';
COMMENT ON COLUMN learned_behaviours.trained_on IS 'Videos, animals and seconds that were scored and learned from';
COMMENT ON COLUMN learned_behaviours.versions IS 'Versions of the programs and libraries that trained it';
COMMENT ON COLUMN learned_behaviours.created_at IS 'When it was trained, UTC';
