"""From detections to slots: who goes where next, touching bodies, possible exchanges, headings."""
