CREATE TABLE jobs (
    job_id VARCHAR PRIMARY KEY,
    batch VARCHAR NOT NULL,
    video VARCHAR NOT NULL,
    path VARCHAR NOT NULL,
    attempt INTEGER NOT NULL,
    state VARCHAR NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'already', 'failed', 'cancelled', 'stopped')),
    stage VARCHAR NOT NULL,
    chunks_done INTEGER NOT NULL,
    chunks INTEGER NOT NULL,
    n_frames INTEGER NOT NULL,
    worker VARCHAR NOT NULL,
    message VARCHAR NOT NULL,
    run_id VARCHAR,
    asked_by VARCHAR NOT NULL,
    asked_on VARCHAR NOT NULL,
    asked_at TIMESTAMP NOT NULL,
    started_at TIMESTAMP,
    ended_at TIMESTAMP,
    duration_s DOUBLE
);
COMMENT ON TABLE jobs IS 'What was to be tracked: one row per video and attempt';
COMMENT ON COLUMN jobs.job_id IS 'Name of the attempt, unique';
COMMENT ON COLUMN jobs.batch IS 'The command it belongs to: the same for all videos of one';
COMMENT ON COLUMN jobs.video IS 'Name of the video in the study, or of its file while it is not there';
COMMENT ON COLUMN jobs.path IS 'Video file';
COMMENT ON COLUMN jobs.attempt IS 'How often this file was to be tracked into this study, from 1';
COMMENT ON COLUMN jobs.state IS 'waiting, running, done, already (was tracked before), failed, cancelled (by a person) or stopped (its process ended)';
COMMENT ON COLUMN jobs.stage IS 'What is or was done last: probe, tune, segment, identify or store; empty before that';
COMMENT ON COLUMN jobs.chunks_done IS 'Chunks of the video in which the animals were found';
COMMENT ON COLUMN jobs.chunks IS 'Chunks of the video; 0 while not known';
COMMENT ON COLUMN jobs.n_frames IS 'Length, frames; 0 while not known';
COMMENT ON COLUMN jobs.worker IS 'Host and process of who did the last step; empty while not known';
COMMENT ON COLUMN jobs.message IS 'What went wrong, or warnings; empty when there is nothing to say';
COMMENT ON COLUMN jobs.run_id IS 'What came of it, as in runs; NULL when nothing did';
COMMENT ON COLUMN jobs.asked_by IS 'Who asked for it; empty when not known';
COMMENT ON COLUMN jobs.asked_on IS 'Host and process of the command';
COMMENT ON COLUMN jobs.asked_at IS 'When it was asked for, UTC';
COMMENT ON COLUMN jobs.started_at IS 'When work on it began, UTC; NULL before that';
COMMENT ON COLUMN jobs.ended_at IS 'When it ended, UTC; NULL before that';
COMMENT ON COLUMN jobs.duration_s IS 'From its begin to its end, s; NULL before that';
