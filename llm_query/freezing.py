"""Freezing: no movement of any body point but breathing, with thresholds that can be calibrated."""
