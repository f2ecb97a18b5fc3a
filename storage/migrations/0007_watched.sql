CREATE TABLE watched (
    video_id INTEGER NOT NULL,
    behaviour VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    annotator VARCHAR,
    watched_at TIMESTAMP NOT NULL
);
COMMENT ON TABLE watched IS 'Who looked for which behaviour in which video, also where none was found: no row means nobody looked';
COMMENT ON COLUMN watched.video_id IS 'Video, as in videos';
COMMENT ON COLUMN watched.behaviour IS 'Name of the behaviour, as in bouts';
COMMENT ON COLUMN watched.source IS 'Where it was looked for, as in bouts: analysis, person, ...';
COMMENT ON COLUMN watched.annotator IS 'The person who watched, as in bouts; NULL for an analysis';
COMMENT ON COLUMN watched.watched_at IS 'When the bouts were last saved, UTC';

INSERT INTO watched
SELECT DISTINCT video_id, behaviour, source, annotator, now()::TIMESTAMP FROM bouts;
