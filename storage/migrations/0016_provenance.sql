ALTER TABLE runs ADD COLUMN made_by VARCHAR;
ALTER TABLE runs ADD COLUMN video_hash VARCHAR;
ALTER TABLE runs ADD COLUMN withdrawn_at TIMESTAMP;
ALTER TABLE runs ADD COLUMN withdrawn_by VARCHAR;
ALTER TABLE runs ADD COLUMN replaced_by VARCHAR;
ALTER TABLE runs ADD COLUMN purged_at TIMESTAMP;
ALTER TABLE runs ALTER COLUMN made_by SET DEFAULT getvariable('author');
COMMENT ON TABLE runs IS 'Tracking and imports of tracks; rows of tracks, masks, keypoints are kept of every run until it is purged, and the active one is seen';
COMMENT ON COLUMN runs.made_by IS 'Who started it; NULL when that was not noted';
COMMENT ON COLUMN runs.video_hash IS 'Hash of the video it was made from, as in videos; NULL when that was not noted';
COMMENT ON COLUMN runs.withdrawn_at IS 'When it was deleted or replaced, UTC; NULL while it is active';
COMMENT ON COLUMN runs.withdrawn_by IS 'Who did that; NULL while it is active';
COMMENT ON COLUMN runs.replaced_by IS 'The run that came in its place, as in runs; NULL when it was deleted';
COMMENT ON COLUMN runs.purged_at IS 'When its rows were removed for good, UTC; NULL while they are there';
UPDATE runs SET video_hash = settings->>'content_hash';

CREATE TABLE run_rows (
    run_id VARCHAR NOT NULL,
    table_name VARCHAR NOT NULL,
    rows BLOB NOT NULL
);
COMMENT ON TABLE run_rows IS 'What rested on a run that was withdrawn: names of animals and what analyses found, to be put back with it';
COMMENT ON COLUMN run_rows.run_id IS 'Tracking run, as in runs';
COMMENT ON COLUMN run_rows.table_name IS 'The table the rows are from';
COMMENT ON COLUMN run_rows.rows IS 'The rows, an Arrow stream compressed with zstd';

CREATE SEQUENCE origin_ids;
CREATE TABLE origins (
    origin_id BIGINT PRIMARY KEY DEFAULT nextval('origin_ids'),
    kind VARCHAR NOT NULL,
    video_id INTEGER NOT NULL,
    run_id VARCHAR,
    content_hash VARCHAR NOT NULL,
    settings JSON NOT NULL,
    versions JSON NOT NULL,
    author VARCHAR NOT NULL,
    made_at TIMESTAMP NOT NULL,
    duration_s DOUBLE
);
COMMENT ON TABLE origins IS 'Where bouts come from: one row per analysis, import or person and video; tracks have theirs in runs';
COMMENT ON COLUMN origins.origin_id IS 'Number of the origin';
COMMENT ON COLUMN origins.kind IS 'analysis, person (scored here) or import (scored elsewhere)';
COMMENT ON COLUMN origins.video_id IS 'Video, as in videos';
COMMENT ON COLUMN origins.run_id IS 'Tracking run that was active then, as in runs; NULL when the video was not tracked';
COMMENT ON COLUMN origins.content_hash IS 'Hash of the video, as in videos';
COMMENT ON COLUMN origins.settings IS 'What was asked for: the analysis and its definition, or the file and its hash';
COMMENT ON COLUMN origins.versions IS 'Versions of the programs and libraries that took part';
COMMENT ON COLUMN origins.author IS 'Who did it; empty when not known';
COMMENT ON COLUMN origins.made_at IS 'When it was begun, UTC';
COMMENT ON COLUMN origins.duration_s IS 'How long it took, s; NULL when that was not measured';

ALTER TABLE bouts ADD COLUMN origin_id BIGINT;
COMMENT ON COLUMN bouts.origin_id IS 'Where it comes from, as in origins; NULL when it was saved before that was noted';

ALTER TABLE analyses ADD COLUMN kept_by VARCHAR;
ALTER TABLE analyses ADD COLUMN program VARCHAR;
ALTER TABLE analyses ALTER COLUMN kept_by SET DEFAULT getvariable('author');
ALTER TABLE analyses ALTER COLUMN program SET DEFAULT getvariable('program');
COMMENT ON COLUMN analyses.kept_by IS 'Who kept it; NULL when that was not noted';
COMMENT ON COLUMN analyses.program IS 'Name and version of the program that made it; NULL when that was not noted';

ALTER TABLE learned_behaviours ADD COLUMN trained_by VARCHAR;
ALTER TABLE learned_behaviours ALTER COLUMN trained_by SET DEFAULT getvariable('author');
COMMENT ON COLUMN learned_behaviours.trained_by IS 'Who trained it; NULL when that was not noted';

ALTER TABLE regions ADD COLUMN drawn_by VARCHAR;
ALTER TABLE regions ADD COLUMN program VARCHAR;
ALTER TABLE regions ADD COLUMN drawn_at TIMESTAMP;
ALTER TABLE regions ALTER COLUMN drawn_by SET DEFAULT getvariable('author');
ALTER TABLE regions ALTER COLUMN program SET DEFAULT getvariable('program');
ALTER TABLE regions ALTER COLUMN drawn_at SET DEFAULT make_timestamp(epoch_us(now()));
COMMENT ON COLUMN regions.drawn_by IS 'Who drew it last; NULL when that was not noted';
COMMENT ON COLUMN regions.program IS 'Name and version of the program; NULL when that was not noted';
COMMENT ON COLUMN regions.drawn_at IS 'When it was drawn last, UTC; NULL when that was not noted';

ALTER TABLE label_revisions ADD COLUMN program VARCHAR;
ALTER TABLE label_revisions ALTER COLUMN program SET DEFAULT getvariable('program');
COMMENT ON COLUMN label_revisions.program IS 'Name and version of the program that saved it; NULL when that was not noted';

ALTER TABLE edits ADD COLUMN program VARCHAR;
ALTER TABLE edits ALTER COLUMN program SET DEFAULT getvariable('program');
COMMENT ON COLUMN edits.program IS 'Name and version of the program that applied it; NULL when that was not noted';
