"""The data dictionaries of exports: which columns there are, and where the numbers come from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from app.library import reading
from storage.videos import videos
from storage.writers.columns import Column, described
from storage.writers.dictionary import Origin, describe, origins, write_dictionary
from storage.writers.provenance import as_text, data_facts


def origins_of(study: Path, names: Sequence[str] = ()) -> list[Origin]:
    """Where the numbers of these videos come from; of all where none is named."""
    with reading(study) as opened:
        return origins(opened, names or [video.name for video in videos(opened)])


def about(found: Sequence[Origin]) -> str:
    """The same as the JSON text that goes into files with room for it."""
    return as_text([data_facts(one.facts) for one in found])


def dictionary(
    what: str,
    title: str,
    columns: Sequence[str] | Sequence[Column],
    found: Sequence[Origin],
    notes: Sequence[str] = (),
    measures: Sequence[str] = (),
) -> str:
    """The dictionary of one export as text; `columns` are names of a table's, or described."""
    named = [one for one in columns if isinstance(one, str)]
    known = described(what, named) if named else [c for c in columns if isinstance(c, Column)]
    return describe(title, known, found, _definitions(measures, found), notes)


def add_dictionary(export: Path, text: str) -> Path:
    """Write it beside a file, or into a folder of files."""
    return write_dictionary(export, text)


def _definitions(measures: Sequence[str], found: Sequence[Origin]) -> dict[str, str]:
    """What every measure is, with its thresholds."""
    if not measures:
        return {}
    from llm_query.statistics.methods import describe_measure

    scaled = all(one.facts["video"]["px_per_cm"] is not None for one in found)
    texts = {name: describe_measure(name, calibrated=scaled) for name in measures}
    return {name: text.removeprefix(f"{name}: ") for name, text in texts.items()}
