"""Figures as plain plotly JSON."""
