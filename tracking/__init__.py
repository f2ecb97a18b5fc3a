"""Pixels to tracks: video decoding, segmentation and identities."""
