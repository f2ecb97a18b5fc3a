CREATE TABLE fragments (
    run_id VARCHAR NOT NULL,
    video_id INTEGER NOT NULL,
    fragment_id INTEGER NOT NULL,
    animal_id SMALLINT NOT NULL,
    start_frame INTEGER NOT NULL,
    stop_frame INTEGER NOT NULL,
    probability FLOAT NOT NULL,
    appearance FLOAT
);
COMMENT ON TABLE fragments IS 'Stretches in which an animal could not be confused with another; none for imported tracks and those of older versions';
COMMENT ON COLUMN fragments.run_id IS 'Tracking run, as in runs';
COMMENT ON COLUMN fragments.video_id IS 'Video, as in videos';
COMMENT ON COLUMN fragments.fragment_id IS 'Number of the fragment in its run, in order of frames';
COMMENT ON COLUMN fragments.animal_id IS 'Animal it was given to, as in animals; a swap by hand does not change it';
COMMENT ON COLUMN fragments.start_frame IS 'First frame';
COMMENT ON COLUMN fragments.stop_frame IS 'Frame after the last one';
COMMENT ON COLUMN fragments.probability IS 'How likely the fragment is of this animal, 0 to 1';
COMMENT ON COLUMN fragments.appearance IS 'How much better its looks suit this animal than the next one, natural logarithm of the odds; NULL when looks were not compared';

CREATE TABLE crossings (
    run_id VARCHAR NOT NULL,
    video_id INTEGER NOT NULL,
    crossing_id INTEGER NOT NULL,
    start_frame INTEGER NOT NULL,
    stop_frame INTEGER NOT NULL,
    animals SMALLINT[] NOT NULL,
    probability FLOAT NOT NULL,
    kind VARCHAR NOT NULL
);
COMMENT ON TABLE crossings IS 'Where animals could have been exchanged: between them lie the fragments';
COMMENT ON COLUMN crossings.run_id IS 'Tracking run, as in runs';
COMMENT ON COLUMN crossings.video_id IS 'Video, as in videos';
COMMENT ON COLUMN crossings.crossing_id IS 'Number of the crossing in its run, in order of frames';
COMMENT ON COLUMN crossings.start_frame IS 'First frame';
COMMENT ON COLUMN crossings.stop_frame IS 'Frame after the last one';
COMMENT ON COLUMN crossings.animals IS 'Animals that took part, as in animals; a swap by hand does not change them';
COMMENT ON COLUMN crossings.probability IS 'How likely everybody left it as the tracks say, 0 to 1';
COMMENT ON COLUMN crossings.kind IS 'contact (they touched) or lost (somebody was not seen)';

CREATE TABLE doubts (
    run_id VARCHAR NOT NULL,
    video_id INTEGER NOT NULL,
    doubt_id INTEGER NOT NULL,
    kind VARCHAR NOT NULL,
    start_frame INTEGER NOT NULL,
    stop_frame INTEGER NOT NULL,
    animals SMALLINT[] NOT NULL,
    score FLOAT NOT NULL,
    why VARCHAR NOT NULL
);
COMMENT ON TABLE doubts IS 'What a person who proofreads should look at, as tracking found it';
COMMENT ON COLUMN doubts.run_id IS 'Tracking run, as in runs';
COMMENT ON COLUMN doubts.video_id IS 'Video, as in videos';
COMMENT ON COLUMN doubts.doubt_id IS 'Number of the doubt in its run, in order of frames';
COMMENT ON COLUMN doubts.kind IS 'crossing, jump, missing, duplicate or low_confidence';
COMMENT ON COLUMN doubts.start_frame IS 'First frame';
COMMENT ON COLUMN doubts.stop_frame IS 'Frame after the last one';
COMMENT ON COLUMN doubts.animals IS 'Animals it is about, as in animals; a swap by hand does not change them';
COMMENT ON COLUMN doubts.score IS 'How doubtful, 0 to 1; it sorts doubts of every kind';
COMMENT ON COLUMN doubts.why IS 'What was seen, in words that follow the names of the animals';

COMMENT ON COLUMN tracks.identity_confidence IS 'How likely this is the animal it is called, 0 to 1, where its run has fragments; else how unambiguous its links and contacts were so far, which orders frames by doubt; 1 where a person drew the outline';
