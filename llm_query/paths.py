"""The shape of an animal's path: straightness, meander, turning, deviation, jerk."""
