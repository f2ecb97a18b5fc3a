"""The study: one folder, one DuckDB file, and the only code that speaks SQL."""
