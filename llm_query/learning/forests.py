"""A forest of decision trees as plain arrays: stored as npz, applied with numpy alone.

Nothing is ever pickled, so a study from somebody else cannot bring code along.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from typing import Any

import numpy as np

from llm_query.errors import QueryError

MAX_BYTES = 256 << 20  # of all arrays, unpacked
CHUNK = 4096  # frames at once: their features stay in the processor's cache
_TYPES = {
    "root": np.int32, "left": np.int32, "right": np.int32, "feature": np.int16,
    "threshold": np.float64, "value": np.float64, "fill": np.float32,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Forest:
    """t trees with k nodes in all; a leaf is its own left and right child.

    A frame goes left where its feature is at most the threshold. `value` is the share of positive
    frames at a leaf; `fill` stands for features that are missing.
    """

    root: np.ndarray  # (t,) the first node of each tree
    left: np.ndarray  # (k,) node to go to
    right: np.ndarray  # (k,)
    feature: np.ndarray  # (k,) column, 0 at a leaf
    threshold: np.ndarray  # (k,)
    value: np.ndarray  # (k,) 0 to 1
    fill: np.ndarray  # (f,) one per feature

    def __post_init__(self) -> None:
        for name, kind in _TYPES.items():
            values = np.ascontiguousarray(getattr(self, name), dtype=kind)
            object.__setattr__(self, name, values)
        nodes, columns = len(self.left), len(self.fill)
        node = np.arange(nodes)
        leaf = self.left == node
        whole = (
            all(len(getattr(self, n)) == nodes for n in ("right", "feature", "threshold", "value"))
            and nodes > 0 < columns
            and len(self.root) > 0
            and bool(((self.root >= 0) & (self.root < nodes)).all())
            and bool(np.where(leaf, self.right == node, self.left > node).all())
            and bool((leaf | (self.right > node)).all())  # downwards only, so that it ends
            and max(int(self.left.max()), int(self.right.max())) < nodes
            and bool(((self.feature >= 0) & (self.feature < columns)).all())
        )
        if not whole:
            raise QueryError("The stored model is damaged. Learn the behaviour again.")

    def predict(self, features: np.ndarray) -> np.ndarray:
        """(n,) mean share of positive frames over the trees, 0 to 1, of (n, f) features.

        Equal to scikit-learn's predict_proba of the same forest. NaN becomes `fill`.

        >>> forest = stump(threshold=2.0)
        >>> forest.predict(np.array([[1.0], [3.0]])).tolist()
        [0.0, 1.0]
        """
        if features.ndim != 2 or features.shape[1] != len(self.fill):
            raise QueryError(
                f"The model reads {len(self.fill)} features per frame, not {features.shape[1:]}."
            )
        found = np.zeros(len(features))
        for low in range(0, len(features), CHUNK):
            rows = np.asarray(features[low : low + CHUNK], dtype=np.float32)
            rows = np.where(np.isnan(rows), self.fill, rows)
            found[low : low + CHUNK] = self._chunk(rows)
        return found / len(self.root)

    def _chunk(self, rows: np.ndarray) -> np.ndarray:
        total = np.zeros(len(rows))
        flat, offset = rows.ravel(), np.arange(len(rows)) * rows.shape[1]
        for root in self.root:
            node = np.full(len(rows), root, dtype=np.int32)
            while True:
                left = flat[offset + self.feature[node]] <= self.threshold[node]
                below = np.where(left, self.left[node], self.right[node])
                if np.array_equal(below, node):
                    break
                node = below
            total += self.value[node]
        return total

    def to_bytes(self) -> bytes:
        """The arrays as a compressed npz file."""
        file = io.BytesIO()
        np.savez_compressed(file, **{name: getattr(self, name) for name in _TYPES})
        return file.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Forest:
        """Read what `to_bytes` wrote; anything else is an error, and no code is ever run."""
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as packed:
                size = sum(entry.file_size for entry in packed.infolist())
            if size > MAX_BYTES:
                raise QueryError(f"The stored model is {size >> 20} MB, too large to be one.")
            with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
                return cls(**{name: arrays[name] for name in _TYPES})
        except (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile) as error:
            raise QueryError("The stored model is damaged. Learn the behaviour again.") from error


def from_sklearn(model: Any, fill: np.ndarray) -> Forest:
    """The arrays of a fitted forest of scikit-learn, whose classes are False and True."""
    positive = list(model.classes_).index(True)
    parts: dict[str, list[np.ndarray]] = {name: [] for name in _TYPES}
    first = 0
    for one in model.estimators_:
        tree = one.tree_
        node = np.arange(tree.node_count)
        leaf = tree.children_left < 0
        counts = tree.value[:, 0, :]
        parts["root"].append(np.array([first]))
        parts["left"].append(np.where(leaf, node, tree.children_left) + first)
        parts["right"].append(np.where(leaf, node, tree.children_right) + first)
        parts["feature"].append(np.where(leaf, 0, tree.feature))
        parts["threshold"].append(np.where(leaf, 0.0, tree.threshold))
        parts["value"].append(counts[:, positive] / counts.sum(axis=1))
        first += tree.node_count
    del parts["fill"]
    return Forest(fill=fill, **{name: np.concatenate(each) for name, each in parts.items()})


def stump(threshold: float) -> Forest:
    """The smallest forest, of one feature: positive above the threshold."""
    return Forest(
        root=np.array([0]), left=np.array([1, 1, 2]), right=np.array([2, 1, 2]),
        feature=np.zeros(3), threshold=np.array([threshold, 0, 0]),
        value=np.array([0.5, 0, 1]), fill=np.zeros(1),
    )  # fmt: skip
