COMMENT ON COLUMN tracks.x_px IS 'Centre of the animal, px from the left edge; NULL when not found, unless a person filled the gap';
COMMENT ON COLUMN tracks.y_px IS 'Centre of the animal, px down from the top edge; NULL when not found, unless a person filled the gap';
COMMENT ON COLUMN tracks.detected IS 'True when the animal was found in this frame; FALSE with a position is a gap that a person filled, which measures take for missing';
COMMENT ON COLUMN tracks.identity_confidence IS 'How unambiguous the links and contacts of this identity were so far, 0 to 1; orders frames by doubt and is no calibrated probability; 1 where a person drew the outline';
