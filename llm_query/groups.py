"""All animals together: huddles, spread, polarisation, and every ordered pair at once."""

from __future__ import annotations

from llm_query import meetings as meetings
