"""Sleep-like bouts: long immobility."""
