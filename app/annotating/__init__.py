"""What the Annotate and Review pages show and change: bouts, ethogram, corrections."""
