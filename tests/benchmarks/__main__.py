"""`make bench`: print every benchmark, or those that are named.

python -m tests.benchmarks                      all but networks' and the peers'
python -m tests.benchmarks networks             with the models extra: an hour or more
python -m tests.benchmarks identities --minutes 2
python -m tests.benchmarks study_scale --rows 1e8
python -m tests.benchmarks idtracker            installs and runs idtracker.ai, which takes long
"""

import sys
from collections.abc import Callable, Sequence

from tests.benchmarks import (
    afternoon,
    asking_speed,
    identities,
    idtracker,
    label_economy,
    memory_recall,
    network_speed,
    social_speed,
    study_scale,
    tracking_speed,
)

ALWAYS: dict[str, Callable[[], None]] = {
    "asking_speed": asking_speed.main,
    "memory_recall": memory_recall.main,
    "social_speed": social_speed.main,
    "tracking_speed": tracking_speed.main,
    "identities": identities.main,
    "study_scale": study_scale.main,
}
NETWORKS: dict[str, Callable[[Sequence[str]], None]] = {  # where the models extra is installed
    "network_speed": network_speed.main,
    "afternoon": afternoon.main,
    "label_economy": label_economy.main,
}
WITH_OPTIONS: dict[str, Callable[[Sequence[str]], None]] = {
    **NETWORKS,
    "identities": identities.main,
    "study_scale": study_scale.main,
    "idtracker": idtracker.main,
}


def run(arguments: Sequence[str]) -> None:
    """Run the benchmark that is named first with the options after it, or all."""
    if not arguments:
        for benchmark in ALWAYS.values():
            benchmark()
        return
    name, *options = arguments
    if name == "networks" and not options:
        for trained in NETWORKS.values():
            trained([])
        return
    if name in WITH_OPTIONS:
        WITH_OPTIONS[name](options)
    elif name in ALWAYS and not options:
        ALWAYS[name]()
    else:
        sys.exit(f"No benchmark {name}. There are: {', '.join(sorted({*ALWAYS, *WITH_OPTIONS}))}.")


if __name__ == "__main__":
    run(sys.argv[1:])
