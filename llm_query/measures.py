"""Every measure and behaviour in one place: what analysis code may call."""

from __future__ import annotations

from llm_query.vocabulary import scope

globals().update(scope())
__all__ = sorted(scope())
