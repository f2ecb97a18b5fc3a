"""Gait cycles from limb points: stance, swing, stride."""
