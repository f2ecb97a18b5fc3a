COMMENT ON COLUMN tracks.identity_confidence IS 'How unambiguous the links and contacts of this identity were so far, 0 to 1; orders frames by doubt and is no calibrated probability';
COMMENT ON COLUMN runs.timings IS 'Duration of each stage over all sessions, s, and how often the run was resumed';
