ALTER TABLE watched ADD COLUMN subjects VARCHAR[];
COMMENT ON COLUMN watched.subjects IS 'Names of the animals that were watched for it, as in bouts; NULL when all were, or when it was kept before this was noted';
