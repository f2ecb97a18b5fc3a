CREATE TABLE metadata (
    video_id INTEGER NOT NULL,
    animal VARCHAR,
    name VARCHAR NOT NULL,
    value VARCHAR NOT NULL
);
COMMENT ON TABLE metadata IS 'What a person says about videos and animals, such as group, sex, cage or dose: one row per fact';
COMMENT ON COLUMN metadata.video_id IS 'Video, as in videos';
COMMENT ON COLUMN metadata.animal IS 'Name of the animal, as in animals; NULL when it is about the video and everybody in it';
COMMENT ON COLUMN metadata.name IS 'Name of the column, such as treatment';
COMMENT ON COLUMN metadata.value IS 'The value as text, in the unit that the name says';
