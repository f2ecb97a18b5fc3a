CREATE SEQUENCE edit_ids;
CREATE TABLE edits (
    edit_id BIGINT PRIMARY KEY DEFAULT nextval('edit_ids'),
    video_id INTEGER NOT NULL,
    scope VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    data JSON NOT NULL,
    inverse JSON,
    result JSON NOT NULL,
    author VARCHAR NOT NULL,
    client VARCHAR,
    seq BIGINT,
    made_at TIMESTAMP NOT NULL,
    run_id VARCHAR,
    undoes BIGINT,
    error VARCHAR,
    UNIQUE (video_id, client, seq)
);
COMMENT ON TABLE edits IS 'What people changed by hand, in order; rows are only ever added, taking back adds one too';
COMMENT ON COLUMN edits.edit_id IS 'Number of the edit, rising';
COMMENT ON COLUMN edits.video_id IS 'Video, as in videos';
COMMENT ON COLUMN edits.scope IS 'What is taken back together: bouts, tracks or setup';
COMMENT ON COLUMN edits.kind IS 'What was done, such as bouts.add; undo and redo are edits too';
COMMENT ON COLUMN edits.data IS 'What it was done to';
COMMENT ON COLUMN edits.inverse IS 'The edit that takes it back, {kind, data}; NULL when it changed nothing';
COMMENT ON COLUMN edits.result IS 'What the person was told, such as the number of a new bout';
COMMENT ON COLUMN edits.author IS 'Who did it; empty when not known';
COMMENT ON COLUMN edits.client IS 'The browser tab it came from; NULL when it came from elsewhere';
COMMENT ON COLUMN edits.seq IS 'Its number in that tab: one that arrives twice is applied once';
COMMENT ON COLUMN edits.made_at IS 'When it was applied, UTC';
COMMENT ON COLUMN edits.run_id IS 'Tracking run that was changed, as in runs; NULL when none was';
COMMENT ON COLUMN edits.undoes IS 'An undo names the edit it takes back, a redo names the undo; NULL otherwise';
COMMENT ON COLUMN edits.error IS 'Why it was refused; NULL when it was done';

CREATE TABLE edit_rows (
    edit_id BIGINT NOT NULL,
    table_name VARCHAR NOT NULL,
    rows BLOB NOT NULL
);
COMMENT ON TABLE edit_rows IS 'The rows as they were before an edit that changed many';
COMMENT ON COLUMN edit_rows.edit_id IS 'Edit, as in edits';
COMMENT ON COLUMN edit_rows.table_name IS 'The table the rows are from';
COMMENT ON COLUMN edit_rows.rows IS 'The rows, an Arrow stream compressed with zstd';
