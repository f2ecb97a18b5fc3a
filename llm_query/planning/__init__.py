"""The offline planner: from plain words to analysis code."""
