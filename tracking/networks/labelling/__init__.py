"""Frames worth labelling, and first outlines in them, so that a person corrects.

proposing                   which frames: diverse, doubtful, in contact
filling                     masks from the classical segmenter where it is sure
posing ─▶ skeletons         masks from labelled poses: a body refined on the picture
"""
