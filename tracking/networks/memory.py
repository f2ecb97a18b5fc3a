"""Memory that does not suffice: told from other errors, and given back before another try."""

from __future__ import annotations

import gc
import sys

WORDS = (  # of torch, CUDA's libraries, onnxruntime and OpenVINO
    "out of memory", "allocate memory", "alloc_failed", "failed to allocate", "bad_alloc",
    "bad allocation", "unable to allocate", "not enough memory",
)  # fmt: skip


def is_lacking(error: BaseException) -> bool:
    """Whether an error says that memory did not suffice, on a GPU or on a CPU.

    >>> is_lacking(RuntimeError("std::bad_alloc")), is_lacking(RuntimeError("shapes differ"))
    (True, False)
    """
    text = str(error).lower()
    return isinstance(error, MemoryError) or any(word in text for word in WORDS)


def give_back() -> None:
    """Free what nobody holds, also on the GPUs that torch uses."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is None:
        return
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()
