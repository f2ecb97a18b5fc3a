ALTER TABLE tracks ADD COLUMN raw_animal_id SMALLINT;
ALTER TABLE tracks ADD COLUMN edited VARCHAR;
COMMENT ON COLUMN tracks.raw_animal_id IS 'Animal that tracking took it for, where a person swapped it; NULL when it is animal_id';
COMMENT ON COLUMN tracks.edited IS 'What a person did to this row: interpolated (a gap filled on a straight line), moved (a place set by hand), outline (drawn anew), cleared (outline taken off) or deleted; NULL when it is as tracked';

CREATE TABLE raw_tracks (
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
COMMENT ON TABLE raw_tracks IS 'Rows as tracking made them, of every frame and animal that an edit ever changed; never changed';
COMMENT ON COLUMN raw_tracks.run_id IS 'Tracking run, as in runs';
COMMENT ON COLUMN raw_tracks.video_id IS 'Video, as in videos';
COMMENT ON COLUMN raw_tracks.frame IS 'Frame number, from 0';
COMMENT ON COLUMN raw_tracks.time_s IS 'Time since the first frame, s';
COMMENT ON COLUMN raw_tracks.animal_id IS 'Animal that tracking took it for';
COMMENT ON COLUMN raw_tracks.x_px IS 'Centre of the animal, px from the left edge';
COMMENT ON COLUMN raw_tracks.y_px IS 'Centre of the animal, px down from the top edge';
COMMENT ON COLUMN raw_tracks.heading_deg IS 'Heading, degrees, as in tracks';
COMMENT ON COLUMN raw_tracks.length_px IS 'Length of the body, px';
COMMENT ON COLUMN raw_tracks.width_px IS 'Width of the body, px';
COMMENT ON COLUMN raw_tracks.area_px IS 'Area of the outline, px (square pixels)';
COMMENT ON COLUMN raw_tracks.detected IS 'True when the animal was found in this frame';
COMMENT ON COLUMN raw_tracks.identity_confidence IS 'As in tracks';

CREATE TABLE raw_masks (
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
COMMENT ON TABLE raw_masks IS 'Outlines as tracking made them, of the rows in raw_tracks';
COMMENT ON COLUMN raw_masks.run_id IS 'Tracking run, as in runs';
COMMENT ON COLUMN raw_masks.video_id IS 'Video, as in videos';
COMMENT ON COLUMN raw_masks.frame IS 'Frame number, from 0';
COMMENT ON COLUMN raw_masks.animal_id IS 'Animal that tracking took it for';
COMMENT ON COLUMN raw_masks.x0 IS 'Left edge of the box, px';
COMMENT ON COLUMN raw_masks.y0 IS 'Top edge of the box, px';
COMMENT ON COLUMN raw_masks.width IS 'Width of the box, px';
COMMENT ON COLUMN raw_masks.height IS 'Height of the box, px';
COMMENT ON COLUMN raw_masks.rle IS 'Run lengths in px, as in masks';

CREATE TABLE raw_keypoints (
    run_id VARCHAR NOT NULL,
    video_id INTEGER NOT NULL,
    frame INTEGER NOT NULL,
    animal_id SMALLINT NOT NULL,
    point VARCHAR NOT NULL,
    x_px FLOAT,
    y_px FLOAT,
    confidence FLOAT
);
COMMENT ON TABLE raw_keypoints IS 'Body points as tracking made them, of the rows in raw_tracks';
COMMENT ON COLUMN raw_keypoints.run_id IS 'Tracking run, as in runs';
COMMENT ON COLUMN raw_keypoints.video_id IS 'Video, as in videos';
COMMENT ON COLUMN raw_keypoints.frame IS 'Frame number, from 0';
COMMENT ON COLUMN raw_keypoints.animal_id IS 'Animal that tracking took it for';
COMMENT ON COLUMN raw_keypoints.point IS 'Name of the body point, such as nose or tail_base';
COMMENT ON COLUMN raw_keypoints.x_px IS 'Position, px from the left edge';
COMMENT ON COLUMN raw_keypoints.y_px IS 'Position, px down from the top edge';
COMMENT ON COLUMN raw_keypoints.confidence IS 'How sure the position is, 0 to 1';

CREATE TABLE animal_ways (
    run_id VARCHAR NOT NULL,
    video_id INTEGER NOT NULL,
    animal_id SMALLINT NOT NULL,
    found BIGINT NOT NULL,
    path_px DOUBLE NOT NULL,
    moving_s DOUBLE NOT NULL
);
COMMENT ON TABLE animal_ways IS 'How far each animal of a run went, counted once when the run is stored; a run whose rows an edit changed has none and is counted anew';
COMMENT ON COLUMN animal_ways.run_id IS 'Tracking run, as in runs';
COMMENT ON COLUMN animal_ways.video_id IS 'Video, as in videos';
COMMENT ON COLUMN animal_ways.animal_id IS 'Animal, as in animals';
COMMENT ON COLUMN animal_ways.found IS 'In how many frames it was found';
COMMENT ON COLUMN animal_ways.path_px IS 'Sum of the steps between neighbouring frames in which it was found, px';
COMMENT ON COLUMN animal_ways.moving_s IS 'The time that those steps took, s';
