"""Speaking with language models."""
