CREATE SEQUENCE label_revision_ids;
CREATE TABLE label_revisions (
    revision_id BIGINT PRIMARY KEY DEFAULT nextval('label_revision_ids'),
    batch BIGINT NOT NULL,
    video_id INTEGER NOT NULL,
    frame INTEGER NOT NULL,
    origin VARCHAR NOT NULL,
    author VARCHAR NOT NULL,
    made_at TIMESTAMP NOT NULL,
    sureness FLOAT
);
COMMENT ON TABLE label_revisions IS 'What was said of a frame, each time anew: the newest revision that is not withdrawn holds; rows are only ever added';
COMMENT ON COLUMN label_revisions.revision_id IS 'Number of the revision, rising';
COMMENT ON COLUMN label_revisions.batch IS 'First revision of those that were saved together, and are withdrawn together';
COMMENT ON COLUMN label_revisions.video_id IS 'Video, as in videos';
COMMENT ON COLUMN label_revisions.frame IS 'Frame number, from 0';
COMMENT ON COLUMN label_revisions.origin IS 'person, pose or import:FORMAT (a person answers for it), draft (a person began it), background or network:NAME (waits for a person), cleared (not labelled any more)';
COMMENT ON COLUMN label_revisions.author IS 'Who saved it; empty when not known';
COMMENT ON COLUMN label_revisions.made_at IS 'When it was saved, UTC';
COMMENT ON COLUMN label_revisions.sureness IS 'How sure the program is that made it, 0 to 1; NULL for what a person made';

CREATE TABLE labels (
    revision_id BIGINT NOT NULL,
    number SMALLINT NOT NULL,
    class_name VARCHAR NOT NULL,
    animal_id SMALLINT,
    x0 SMALLINT NOT NULL,
    y0 SMALLINT NOT NULL,
    width SMALLINT NOT NULL,
    height SMALLINT NOT NULL,
    rle BLOB NOT NULL
);
COMMENT ON TABLE labels IS 'The animals of a labelled frame; a revision without any says that nobody is there';
COMMENT ON COLUMN labels.revision_id IS 'Revision, as in label_revisions';
COMMENT ON COLUMN labels.number IS 'Number of the label in its revision, from 0';
COMMENT ON COLUMN labels.class_name IS 'What it is, such as mouse';
COMMENT ON COLUMN labels.animal_id IS 'Which animal it is, as in animals; NULL when that was not said';
COMMENT ON COLUMN labels.x0 IS 'Left edge of the box, px';
COMMENT ON COLUMN labels.y0 IS 'Top edge of the box, px';
COMMENT ON COLUMN labels.width IS 'Width of the box, px';
COMMENT ON COLUMN labels.height IS 'Height of the box, px';
COMMENT ON COLUMN labels.rle IS 'Outline in the box, run lengths as in masks';

CREATE SEQUENCE label_mark_ids;
CREATE TABLE label_marks (
    mark_id BIGINT PRIMARY KEY DEFAULT nextval('label_mark_ids'),
    batch BIGINT NOT NULL,
    withdrawn BOOLEAN NOT NULL,
    author VARCHAR NOT NULL,
    made_at TIMESTAMP NOT NULL
);
COMMENT ON TABLE label_marks IS 'Revisions taken back and brought back: the last mark of a batch holds';
COMMENT ON COLUMN label_marks.mark_id IS 'Number of the mark, rising';
COMMENT ON COLUMN label_marks.batch IS 'The revisions it is about, as in label_revisions';
COMMENT ON COLUMN label_marks.withdrawn IS 'True when they were taken back';
COMMENT ON COLUMN label_marks.author IS 'Who did it; empty when not known';
COMMENT ON COLUMN label_marks.made_at IS 'When it was done, UTC';

CREATE SEQUENCE label_proposal_ids;
CREATE TABLE label_proposals (
    proposal_id BIGINT PRIMARY KEY DEFAULT nextval('label_proposal_ids'),
    video_id INTEGER NOT NULL,
    frame INTEGER NOT NULL,
    why VARCHAR NOT NULL,
    score FLOAT NOT NULL,
    author VARCHAR NOT NULL,
    made_at TIMESTAMP NOT NULL
);
COMMENT ON TABLE label_proposals IS 'Frames that are worth labelling';
COMMENT ON COLUMN label_proposals.proposal_id IS 'Number of the proposal, rising';
COMMENT ON COLUMN label_proposals.video_id IS 'Video, as in videos';
COMMENT ON COLUMN label_proposals.frame IS 'Frame number, from 0';
COMMENT ON COLUMN label_proposals.why IS 'Why, such as diverse, uncertain or contact';
COMMENT ON COLUMN label_proposals.score IS 'How much it is worth among those proposed together, 0 to 1';
COMMENT ON COLUMN label_proposals.author IS 'Who asked for it; empty when not known';
COMMENT ON COLUMN label_proposals.made_at IS 'When it was proposed, UTC';

CREATE SEQUENCE network_ids;
CREATE TABLE networks (
    network_id INTEGER PRIMARY KEY DEFAULT nextval('network_ids'),
    name VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    kind VARCHAR NOT NULL CHECK (kind IN ('pt', 'onnx', 'openvino')),
    path VARCHAR NOT NULL,
    sha256 VARCHAR NOT NULL,
    bytes BIGINT NOT NULL,
    classes VARCHAR[] NOT NULL,
    trained_on JSON NOT NULL,
    settings JSON NOT NULL,
    metrics JSON NOT NULL,
    parent VARCHAR,
    round INTEGER NOT NULL,
    author VARCHAR NOT NULL,
    made_at TIMESTAMP NOT NULL,
    duration_s DOUBLE,
    versions JSON NOT NULL,
    UNIQUE (name, version, kind)
);
COMMENT ON TABLE networks IS 'Weights of networks that were trained here or brought in; never overwritten';
COMMENT ON COLUMN networks.network_id IS 'Number of the network';
COMMENT ON COLUMN networks.name IS 'Name of the network';
COMMENT ON COLUMN networks.version IS 'Version under this name, from 1';
COMMENT ON COLUMN networks.kind IS 'pt, or what was exported of the same version: onnx, openvino';
COMMENT ON COLUMN networks.path IS 'File (openvino: folder), relative to the study folder';
COMMENT ON COLUMN networks.sha256 IS 'Hash of the file, or of the files of the folder in the order of their names; hexadecimal';
COMMENT ON COLUMN networks.bytes IS 'Size, bytes';
COMMENT ON COLUMN networks.classes IS 'Names of the classes in the order of their numbers, from 0';
COMMENT ON COLUMN networks.trained_on IS 'Labelled frames: list of {video, frame, revision, use}';
COMMENT ON COLUMN networks.settings IS 'Every setting of the training, with units in the names';
COMMENT ON COLUMN networks.metrics IS 'How good it is on frames that it was not trained on';
COMMENT ON COLUMN networks.parent IS 'What training started from: NAME:VERSION of this study, or a file; NULL for random weights';
COMMENT ON COLUMN networks.round IS 'Round of labelling and training, from 1; 0 for weights that were brought in';
COMMENT ON COLUMN networks.author IS 'Who trained it; empty when not known';
COMMENT ON COLUMN networks.made_at IS 'When it was registered, UTC';
COMMENT ON COLUMN networks.duration_s IS 'How long training took, s; NULL when not trained here';
COMMENT ON COLUMN networks.versions IS 'Versions of the programs and libraries that took part';

CREATE SEQUENCE network_mark_ids;
CREATE TABLE network_marks (
    mark_id BIGINT PRIMARY KEY DEFAULT nextval('network_mark_ids'),
    name VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    withdrawn BOOLEAN NOT NULL,
    author VARCHAR NOT NULL,
    made_at TIMESTAMP NOT NULL
);
COMMENT ON TABLE network_marks IS 'Networks that were deleted, and brought back: the last mark of a version holds, its files stay';
COMMENT ON COLUMN network_marks.mark_id IS 'Number of the mark, rising';
COMMENT ON COLUMN network_marks.name IS 'Name of the network, as in networks';
COMMENT ON COLUMN network_marks.version IS 'Its version, as in networks';
COMMENT ON COLUMN network_marks.withdrawn IS 'True when it was deleted';
COMMENT ON COLUMN network_marks.author IS 'Who did it; empty when not known';
COMMENT ON COLUMN network_marks.made_at IS 'When it was done, UTC';
