"""Networks of a study: weights by name and version, with all that is needed to make them again.

Weights lie in networks/NAME of the study folder, under names that hold their hash, so that no
file is ever written over. A deleted network is only marked: its file stays, and it can come back.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import shutil
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from storage.errors import StudyError
from storage.labels import utc_now
from storage.study import Study

KINDS = ("pt", "onnx", "openvino")
FOLDER = "networks"
_COLUMNS = (
    "network_id, name, version, kind, path, sha256, bytes, classes, trained_on, settings, metrics, "
    "parent, round, author, made_at, duration_s, versions"
)
_JSON = ("trained_on", "settings", "metrics", "versions")
_SELECT = (
    f"SELECT {_COLUMNS}, coalesce(gone, false) AS withdrawn FROM networks LEFT JOIN (SELECT name, "
    "version, arg_max(withdrawn, mark_id) AS gone FROM network_marks GROUP BY ALL) "
    "USING (name, version) ORDER BY name, version, network_id"
)


@dataclass(frozen=True)
class Network:
    """Registered weights: one file (openvino: a folder) of one version of a network."""

    network_id: int
    name: str
    version: int  # from 1
    kind: str  # pt, onnx or openvino
    path: Path  # absolute, inside the study
    sha256: str
    bytes: int
    classes: tuple[str, ...]  # in the order of their numbers
    trained_on: list[dict[str, Any]]  # {video, frame, revision, use: train or validation}
    settings: dict[str, Any]
    metrics: dict[str, Any]
    parent: str | None  # NAME:VERSION, or a file; None for random weights
    round: int  # of labelling and training, from 1; 0 when brought in
    author: str
    made_at: datetime  # UTC
    duration_s: float | None  # of the training
    versions: dict[str, str]
    withdrawn: bool

    @property
    def key(self) -> str:
        """What a person calls it: NAME:VERSION."""
        return f"{self.name}:{self.version}"


def register_network(
    study: Study,
    name: str,
    source: Path,
    *,
    kind: str,
    classes: Sequence[str],
    author: str,
    trained_on: Sequence[Mapping[str, Any]] = (),
    settings: Mapping[str, Any] | None = None,
    metrics: Mapping[str, Any] | None = None,
    parent: str | None = None,
    round: int = 0,
    duration_s: float | None = None,
    versions: Mapping[str, str] | None = None,
    version: int | None = None,
) -> Network:
    """Copy weights into the study as the next version of a name.

    `version` adds what was exported of a version that is there, in another kind.
    """
    name = check_network_name(name)
    if kind not in KINDS:
        raise StudyError(f"There is no kind of weights '{kind}'. There are: {', '.join(KINDS)}.")
    known = [one for one in networks(study, withdrawn=True) if one.name == name]
    if version is None:
        version = max((one.version for one in known), default=0) + 1
    elif kind in {one.kind for one in known if one.version == version}:
        raise StudyError(f"{name}:{version} has {kind} weights already: nothing is written over.")
    path, digest, size = _keep(study.folder, name, version, Path(source))
    row = {
        "name": name, "version": version, "kind": kind, "path": path.as_posix(), "sha256": digest,
        "bytes": size, "classes": [str(one) for one in classes],
        "trained_on": _text(list(trained_on)), "settings": _text(settings or {}),
        "metrics": _text(metrics or {}), "parent": parent, "round": round, "author": author,
        "made_at": utc_now(), "duration_s": duration_s, "versions": _text(versions or {}),
    }  # fmt: skip
    sql = f"INSERT INTO networks ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})"
    study.rows(sql, list(row.values()))
    return find_network(study, f"{name}:{version}", kind=kind)


def networks(study: Study, *, withdrawn: bool = False) -> list[Network]:
    """All registered weights by name and version; deleted ones only with `withdrawn`."""
    found = [_network(study, row) for row in study.rows(_SELECT)]
    return [one for one in found if withdrawn or not one.withdrawn]


def find_network(study: Study, key: str, kind: str | None = None) -> Network:
    """The network NAME (its newest version) or NAME:VERSION; of several kinds, the first made."""
    name, _, number = key.partition(":")
    everything = networks(study)
    found = [one for one in everything if one.name == name and number in ("", str(one.version))]
    newest = [one for one in found if one.version == found[-1].version]
    for one in newest:
        if kind in (None, one.kind):
            return one
    if newest:
        made = ", ".join(one.kind for one in newest)
        raise StudyError(f"{newest[0].key} has no {kind} weights, only {made}: export them first.")
    known = ", ".join(dict.fromkeys(one.key for one in everything))
    raise StudyError(
        f"The study has no network '{key}'. It has: "
        f"{known or 'none, make one with ethoscribe train'}."
    )


def network_file(network: Network) -> Path:
    """Where the weights lie; StudyError when they are gone or not those that were registered."""
    if not network.path.exists():
        raise StudyError(
            f"The weights of {network.key} are not at {network.path} any more: put the file back, "
            "or train the network again."
        )
    if hash_of(network.path) != network.sha256:
        raise StudyError(
            f"The weights at {network.path} are not those of {network.key}: the file was changed. "
            "Put the old one back, or train the network again."
        )
    return network.path


def withdraw_network(study: Study, key: str, *, author: str) -> Network:
    """Delete a network, which leaves its file where it is, and return what was deleted."""
    network = find_network(study, key)
    _mark(study, network, True, author)
    return network


def restore_network(study: Study, key: str, *, author: str) -> Network:
    """Bring a deleted network back: NAME:VERSION, or of NAME the newest one that was deleted."""
    name, _, number = key.partition(":")
    gone = [
        one
        for one in networks(study, withdrawn=True)
        if one.withdrawn and one.name == name and number in ("", str(one.version))
    ]
    if not gone:
        raise StudyError(f"There is no deleted network '{key}'.")
    _mark(study, gone[-1], False, author)
    return find_network(study, gone[-1].key)


def check_network_name(name: str) -> str:
    """The name without spaces around it; StudyError when it cannot be that of a folder."""
    name = name.strip()
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,59}", name) or name.endswith("."):
        raise StudyError(
            f"A network cannot be called '{name[:60]}': take letters, digits, - and _, at most 60."
        )
    return name


def hash_of(path: Path) -> str:
    """SHA-256 of a file, or of a folder: the names and contents of its files in order of names."""
    digest = hashlib.sha256()
    if path.is_dir():
        for file in sorted(one for one in path.rglob("*") if one.is_file()):
            digest.update(f"{file.relative_to(path).as_posix()}\0{hash_of(file)}\n".encode())
        return digest.hexdigest()
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _keep(folder: Path, name: str, version: int, source: Path) -> tuple[Path, str, int]:
    """Copy weights to their place: the path in the study, the hash, and the size in bytes."""
    if not source.exists():
        raise StudyError(f"There are no weights at {source}: check the path.")
    digest = hash_of(source)
    place = (
        Path(FOLDER) / name / f"{version}-{digest[:8]}{'' if source.is_dir() else source.suffix}"
    )
    kept = folder / place
    if not kept.exists() or hash_of(kept) != digest:
        draft = kept.with_name(f".{uuid.uuid4().hex}")
        try:
            kept.parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if source.is_dir() else shutil.copyfile
            copy(source, draft)
            draft.replace(kept)
        except OSError as error:
            raise StudyError(f"The weights cannot be kept in {kept.parent}: {error}") from error
        finally:
            shutil.rmtree(draft, ignore_errors=True) if draft.is_dir() else draft.unlink(True)
    files = [one for one in (kept.rglob("*") if kept.is_dir() else [kept]) if one.is_file()]
    return place, digest, sum(one.stat().st_size for one in files)


def _mark(study: Study, network: Network, withdrawn: bool, author: str) -> None:
    study.rows(
        "INSERT INTO network_marks (name, version, withdrawn, author, made_at) "
        "VALUES (?, ?, ?, ?, ?)",
        [network.name, network.version, withdrawn, author, utc_now()],
    )


def _network(study: Study, row: tuple[Any, ...]) -> Network:
    facts = dict(zip([*_COLUMNS.split(", "), "withdrawn"], row, strict=True))
    facts |= {name: json.loads(facts[name]) for name in _JSON}
    facts |= {"classes": tuple(facts["classes"]), "path": study.folder / facts["path"]}
    return Network(**(facts | {"made_at": facts["made_at"].replace(tzinfo=UTC)}))


def _text(value: object) -> str:
    return json.dumps(_plain(value), ensure_ascii=False, allow_nan=False)


def _plain(value: Any) -> Any:
    """NaN, which JSON has not, becomes null."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, Path):
        return str(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value
