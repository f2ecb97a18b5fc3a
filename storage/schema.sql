CREATE TABLE schema_migrations (
    version INTEGER PRIMARY KEY,
    name VARCHAR NOT NULL,
    applied_at TIMESTAMP NOT NULL
);
COMMENT ON TABLE schema_migrations IS 'The steps that brought this study to its schema';
COMMENT ON COLUMN schema_migrations.version IS 'Number of the step, from 1';
COMMENT ON COLUMN schema_migrations.name IS 'What the step does';
COMMENT ON COLUMN schema_migrations.applied_at IS 'When it was applied, UTC';

CREATE SEQUENCE video_ids;
CREATE TABLE videos (
    video_id INTEGER PRIMARY KEY DEFAULT nextval('video_ids'),
    name VARCHAR NOT NULL UNIQUE,
    path VARCHAR NOT NULL,
    content_hash VARCHAR NOT NULL UNIQUE,
    n_frames INTEGER NOT NULL,
    fps_num BIGINT NOT NULL,
    fps_den BIGINT NOT NULL,
    duration_s DOUBLE NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    codec VARCHAR NOT NULL,
    pixel_format VARCHAR NOT NULL,
    variable_rate BOOLEAN NOT NULL,
    browser_playable BOOLEAN NOT NULL,
    px_per_cm DOUBLE CHECK (px_per_cm > 0),
    added_at TIMESTAMP NOT NULL
);
COMMENT ON TABLE videos IS 'One row per recording';
COMMENT ON COLUMN videos.video_id IS 'Number of the video in this study, from 1';
COMMENT ON COLUMN videos.name IS 'Name of the video in tables and exports, unique';
COMMENT ON COLUMN videos.path IS 'Video file, relative to the study folder or absolute';
COMMENT ON COLUMN videos.content_hash IS 'Hash of the file, hexadecimal';
COMMENT ON COLUMN videos.n_frames IS 'Length, frames';
COMMENT ON COLUMN videos.fps_num IS 'Frame rate, numerator of frames per second';
COMMENT ON COLUMN videos.fps_den IS 'Frame rate, denominator of frames per second';
COMMENT ON COLUMN videos.duration_s IS 'Length, s';
COMMENT ON COLUMN videos.width IS 'Width as displayed, px';
COMMENT ON COLUMN videos.height IS 'Height as displayed, px';
COMMENT ON COLUMN videos.codec IS 'Name of the video codec';
COMMENT ON COLUMN videos.pixel_format IS 'Name of the pixel format';
COMMENT ON COLUMN videos.variable_rate IS 'True when the frames are not evenly spaced in time';
COMMENT ON COLUMN videos.browser_playable IS 'True when browsers can play the file as it is';
COMMENT ON COLUMN videos.px_per_cm IS 'Scale, px per cm; NULL when not calibrated';
COMMENT ON COLUMN videos.added_at IS 'When the video was added, UTC';

CREATE TABLE frame_times (
    video_id INTEGER NOT NULL,
    frame INTEGER NOT NULL,
    time_s DOUBLE NOT NULL
);
COMMENT ON TABLE frame_times IS 'The time of every frame, as the video file gives it';
COMMENT ON COLUMN frame_times.video_id IS 'Video, as in videos';
COMMENT ON COLUMN frame_times.frame IS 'Frame number, from 0';
COMMENT ON COLUMN frame_times.time_s IS 'Time since the first frame, s';

CREATE TABLE animals (
    video_id INTEGER NOT NULL,
    animal_id SMALLINT NOT NULL,
    name VARCHAR NOT NULL,
    PRIMARY KEY (video_id, animal_id)
);
COMMENT ON TABLE animals IS 'The animals of each video and their names';
COMMENT ON COLUMN animals.video_id IS 'Video, as in videos';
COMMENT ON COLUMN animals.animal_id IS 'Number of the animal in its video, from 1';
COMMENT ON COLUMN animals.name IS 'Name of the animal, unique in its video';

CREATE TABLE runs (
    run_id VARCHAR PRIMARY KEY,
    video_id INTEGER NOT NULL,
    status VARCHAR NOT NULL,
    segmenter VARCHAR NOT NULL,
    n_animals SMALLINT NOT NULL,
    settings JSON NOT NULL,
    versions JSON NOT NULL,
    timings JSON NOT NULL,
    share_detected DOUBLE NOT NULL,
    started_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP NOT NULL,
    active BOOLEAN NOT NULL
);
COMMENT ON TABLE runs IS 'Tracking runs; rows of tracks, masks, keypoints are kept of the active one';
COMMENT ON COLUMN runs.run_id IS 'Name of the run, unique';
COMMENT ON COLUMN runs.video_id IS 'Video, as in videos';
COMMENT ON COLUMN runs.status IS 'complete';
COMMENT ON COLUMN runs.segmenter IS 'What found the animals in each frame';
COMMENT ON COLUMN runs.n_animals IS 'Number of animals';
COMMENT ON COLUMN runs.settings IS 'Every setting of the run, with units in the names';
COMMENT ON COLUMN runs.versions IS 'Versions of the programs and libraries that took part';
COMMENT ON COLUMN runs.timings IS 'Duration of each stage, s';
COMMENT ON COLUMN runs.share_detected IS 'Share of (frame, animal) pairs that were found, 0 to 1';
COMMENT ON COLUMN runs.started_at IS 'Begin of the run, UTC';
COMMENT ON COLUMN runs.finished_at IS 'End of the run, UTC';
COMMENT ON COLUMN runs.active IS 'True for the run that tables and answers use, one per video';

CREATE TABLE tracks (
    run_id VARCHAR NOT NULL,
    video_id INTEGER NOT NULL,
    frame INTEGER NOT NULL,
    time_s DOUBLE NOT NULL,
    animal_id SMALLINT NOT NULL,
    x_px FLOAT,
    y_px FLOAT,
    heading_deg FLOAT,
    length_px FLOAT,
    width_px FLOAT,
    area_px FLOAT,
    detected BOOLEAN NOT NULL,
    identity_confidence FLOAT
);
COMMENT ON TABLE tracks IS 'Where each animal is: one row per frame and animal, also when it was not found';
COMMENT ON COLUMN tracks.run_id IS 'Tracking run, as in runs';
COMMENT ON COLUMN tracks.video_id IS 'Video, as in videos';
COMMENT ON COLUMN tracks.frame IS 'Frame number, from 0';
COMMENT ON COLUMN tracks.time_s IS 'Time since the first frame, s';
COMMENT ON COLUMN tracks.animal_id IS 'Animal, as in animals';
COMMENT ON COLUMN tracks.x_px IS 'Centre of the animal, px from the left edge; NULL when not found';
COMMENT ON COLUMN tracks.y_px IS 'Centre of the animal, px down from the top edge; NULL when not found';
COMMENT ON COLUMN tracks.heading_deg IS 'Heading, degrees: 0 right, 90 up on the screen, -180 to 180; NULL when unknown';
COMMENT ON COLUMN tracks.length_px IS 'Length of the body, px';
COMMENT ON COLUMN tracks.width_px IS 'Width of the body, px';
COMMENT ON COLUMN tracks.area_px IS 'Area of the outline, px (square pixels)';
COMMENT ON COLUMN tracks.detected IS 'True when the animal was found in this frame';
COMMENT ON COLUMN tracks.identity_confidence IS 'How sure the identity is, 0 to 1';

CREATE TABLE masks (
    run_id VARCHAR NOT NULL,
    video_id INTEGER NOT NULL,
    frame INTEGER NOT NULL,
    animal_id SMALLINT NOT NULL,
    x0 SMALLINT NOT NULL,
    y0 SMALLINT NOT NULL,
    width SMALLINT NOT NULL,
    height SMALLINT NOT NULL,
    rle BLOB NOT NULL
);
COMMENT ON TABLE masks IS 'The outline of each animal: one row per frame and animal that was found';
COMMENT ON COLUMN masks.run_id IS 'Tracking run, as in runs';
COMMENT ON COLUMN masks.video_id IS 'Video, as in videos';
COMMENT ON COLUMN masks.frame IS 'Frame number, from 0';
COMMENT ON COLUMN masks.animal_id IS 'Animal, as in animals';
COMMENT ON COLUMN masks.x0 IS 'Left edge of the box, px';
COMMENT ON COLUMN masks.y0 IS 'Top edge of the box, px';
COMMENT ON COLUMN masks.width IS 'Width of the box, px';
COMMENT ON COLUMN masks.height IS 'Height of the box, px';
COMMENT ON COLUMN masks.rle IS 'Run lengths in px, little-endian uint16, row by row in the box, background first; a run over 65535 is 65535, 0, rest';

CREATE TABLE keypoints (
    run_id VARCHAR NOT NULL,
    video_id INTEGER NOT NULL,
    frame INTEGER NOT NULL,
    animal_id SMALLINT NOT NULL,
    point VARCHAR NOT NULL,
    x_px FLOAT,
    y_px FLOAT,
    confidence FLOAT
);
COMMENT ON TABLE keypoints IS 'Body points: one row per frame, animal and point that was found';
COMMENT ON COLUMN keypoints.run_id IS 'Tracking run, as in runs';
COMMENT ON COLUMN keypoints.video_id IS 'Video, as in videos';
COMMENT ON COLUMN keypoints.frame IS 'Frame number, from 0';
COMMENT ON COLUMN keypoints.animal_id IS 'Animal, as in animals';
COMMENT ON COLUMN keypoints.point IS 'Name of the body point, such as nose or tail_base';
COMMENT ON COLUMN keypoints.x_px IS 'Position, px from the left edge';
COMMENT ON COLUMN keypoints.y_px IS 'Position, px down from the top edge';
COMMENT ON COLUMN keypoints.confidence IS 'How sure the position is, 0 to 1';

CREATE SEQUENCE region_ids;
CREATE TABLE regions (
    region_id INTEGER PRIMARY KEY DEFAULT nextval('region_ids'),
    video_id INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    kind VARCHAR NOT NULL CHECK (kind IN ('polygon', 'rectangle', 'circle', 'point', 'line')),
    role VARCHAR NOT NULL CHECK (role IN ('region', 'object', 'arena')),
    points JSON NOT NULL,
    UNIQUE (video_id, name)
);
COMMENT ON TABLE regions IS 'Places drawn on a video';
COMMENT ON COLUMN regions.region_id IS 'Number of the region';
COMMENT ON COLUMN regions.video_id IS 'Video, as in videos';
COMMENT ON COLUMN regions.name IS 'Name of the region, unique in its video';
COMMENT ON COLUMN regions.kind IS 'polygon, rectangle, circle, point or line';
COMMENT ON COLUMN regions.role IS 'region, object (animals move around it) or arena (animals are inside)';
COMMENT ON COLUMN regions.points IS 'Positions [[x, y], ...], px; circle: centre and a rim point; rectangle: two opposite corners';

CREATE SEQUENCE analysis_ids;
CREATE TABLE analyses (
    analysis_id INTEGER PRIMARY KEY DEFAULT nextval('analysis_ids'),
    name VARCHAR,
    version INTEGER NOT NULL,
    question VARCHAR NOT NULL,
    code VARCHAR NOT NULL,
    assumptions JSON NOT NULL,
    ignored JSON NOT NULL,
    model VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL,
    UNIQUE (name, version)
);
COMMENT ON TABLE analyses IS 'Kept answers: the question and the code that answers it';
COMMENT ON COLUMN analyses.analysis_id IS 'Number of the analysis';
COMMENT ON COLUMN analyses.name IS 'Name to run it again by; NULL when it was not named';
COMMENT ON COLUMN analyses.version IS 'Version under this name, from 1';
COMMENT ON COLUMN analyses.question IS 'The question in the words of the person';
COMMENT ON COLUMN analyses.code IS 'Python code with one function analyse(recording)';
COMMENT ON COLUMN analyses.assumptions IS 'What was taken as given, list of sentences';
COMMENT ON COLUMN analyses.ignored IS 'Words of the question that had no effect, list';
COMMENT ON COLUMN analyses.model IS 'What wrote the code: offline or the name of a language model';
COMMENT ON COLUMN analyses.created_at IS 'When it was kept, UTC';

CREATE SEQUENCE bout_ids;
CREATE TABLE bouts (
    bout_id BIGINT PRIMARY KEY DEFAULT nextval('bout_ids'),
    video_id INTEGER NOT NULL,
    behaviour VARCHAR NOT NULL,
    subject VARCHAR NOT NULL,
    target VARCHAR,
    kind VARCHAR NOT NULL CHECK (kind IN ('state', 'point')),
    start_frame INTEGER NOT NULL,
    stop_frame INTEGER NOT NULL,
    start_s DOUBLE NOT NULL,
    stop_s DOUBLE NOT NULL,
    source VARCHAR NOT NULL,
    annotator VARCHAR,
    definition VARCHAR,
    analysis_id INTEGER
);
COMMENT ON TABLE bouts IS 'When which animal did what: one row per bout';
COMMENT ON COLUMN bouts.bout_id IS 'Number of the bout';
COMMENT ON COLUMN bouts.video_id IS 'Video, as in videos';
COMMENT ON COLUMN bouts.behaviour IS 'Name of the behaviour';
COMMENT ON COLUMN bouts.subject IS 'Name of the animal that does it';
COMMENT ON COLUMN bouts.target IS 'Name of the animal or region it is done to; NULL when there is none';
COMMENT ON COLUMN bouts.kind IS 'state (has a duration) or point (a moment)';
COMMENT ON COLUMN bouts.start_frame IS 'First frame';
COMMENT ON COLUMN bouts.stop_frame IS 'Frame after the last one';
COMMENT ON COLUMN bouts.start_s IS 'Time of start_frame, s';
COMMENT ON COLUMN bouts.stop_s IS 'Time of stop_frame, s';
COMMENT ON COLUMN bouts.source IS 'Where it comes from: person, analysis or the name of an import';
COMMENT ON COLUMN bouts.annotator IS 'Who scored it; NULL when no person did';
COMMENT ON COLUMN bouts.definition IS 'The rule with its thresholds and units';
COMMENT ON COLUMN bouts.analysis_id IS 'Analysis it was made by, as in analyses; NULL otherwise';
