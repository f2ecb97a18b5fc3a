ALTER TABLE videos ADD COLUMN file_bytes BIGINT;
ALTER TABLE videos ADD COLUMN file_modified_ns BIGINT;
ALTER TABLE videos ADD COLUMN file_replaced BOOLEAN DEFAULT false;
COMMENT ON COLUMN videos.file_bytes IS 'Size of the file when it was last seen, bytes; NULL when not known';
COMMENT ON COLUMN videos.file_modified_ns IS 'When the file was changed last, ns since 1970; NULL when not known';
COMMENT ON COLUMN videos.file_replaced IS 'True when the file at the path is another recording by now';
