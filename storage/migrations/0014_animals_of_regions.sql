ALTER TABLE regions ADD COLUMN animals SMALLINT;
COMMENT ON COLUMN regions.animals IS 'How many animals live in this arena; NULL when that was not said: as many as are tracked in each';
