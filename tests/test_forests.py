"""A stored forest says what scikit-learn's says, and nothing but arrays is ever read back."""

from __future__ import annotations

import io
import pickle
import time

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier

from llm_query.errors import QueryError
from llm_query.learning.forests import CHUNK, Forest, from_sklearn, stump


def made(kind, rows: int = 3000):
    random = np.random.default_rng(1)
    values = random.normal(size=(rows, 7)).astype(np.float32)
    truth = values[:, 0] * values[:, 1] + 0.3 * random.normal(size=rows) > 0.5
    model = kind(40, class_weight="balanced", min_samples_leaf=3, max_depth=16, random_state=0)
    return model.fit(values, truth), random.normal(size=(2 * CHUNK + 17, 7)).astype(np.float32)


@pytest.mark.parametrize("kind", [RandomForestClassifier, ExtraTreesClassifier])
def test_the_stored_forest_says_what_scikit_learn_says(kind):
    model, unseen = made(kind)
    forest = Forest.from_bytes(from_sklearn(model, np.zeros(7)).to_bytes())
    difference = np.abs(forest.predict(unseen) - model.predict_proba(unseen)[:, 1]).max()
    assert difference < 1e-12


def test_a_missing_feature_is_filled_with_the_stored_value():
    model, unseen = made(RandomForestClassifier)
    forest = from_sklearn(model, np.arange(7.0))
    holes = unseen.copy()
    holes[:, 3] = np.nan
    unseen[:, 3] = 3.0
    np.testing.assert_array_equal(forest.predict(holes), forest.predict(unseen))


def test_a_forest_is_a_few_mb_and_reads_100000_frames_in_seconds():
    model, unseen = made(RandomForestClassifier, rows=20_000)
    forest = from_sklearn(model, np.zeros(7))
    assert len(forest.to_bytes()) < 3 << 20
    began = time.process_time()
    assert len(forest.predict(np.tile(unseen, (13, 1))[:100_000])) == 100_000
    assert time.process_time() - began < 10


def with_arrays(**changed) -> bytes:
    good = stump(1.0)
    arrays = {name: getattr(good, name) for name in vars(good)} | changed
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


class Bomb:
    """What a pickle may do when it is read."""

    def __reduce__(self):
        return (pytest.fail, ("a pickle was run",))


DAMAGED = {
    "empty": b"",
    "no archive": b"PK not really",
    "a pickle": pickle.dumps({"root": [0]}),
    "pickled objects": with_arrays(value=np.array([Bomb()], dtype=object)),
    "a loop": with_arrays(left=np.array([1, 0, 2])),
    "a child outside": with_arrays(right=np.array([9, 1, 2])),
    "a feature outside": with_arrays(feature=np.array([4, 0, 0])),
    "a root outside": with_arrays(root=np.array([3])),
    "no trees": with_arrays(root=np.array([], dtype=np.int32)),
    "columns of other lengths": with_arrays(value=np.array([0.5])),
}


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_damaged_model_is_refused_and_nothing_in_it_is_run(data):
    with pytest.raises(QueryError, match="damaged"):
        Forest.from_bytes(data)


def test_a_table_of_another_width_is_refused():
    with pytest.raises(QueryError, match="reads 1 features"):
        stump(1.0).predict(np.zeros((4, 2)))
