"""Networks as ONNX files whose answers are known by construction: what is dark is an animal.

A guess lies on every cell of 8 pixels: a box of fixed size around it, as sure as the cell and its
neighbours are dark. The first prototype is how dark a pixel is, and every mask is made of that.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

CELL = 8  # pixels
DARK = 0.44  # of white: what is darker is animal; the edge around a frame is 0.447


def known_network(
    path: Path, image_px: int = 640, box_px: float = 56.0, names: Sequence[str] = ("mouse",),
    task: str = "segment", classes: int | None = None, fixed: tuple[int, int, int] | None = None,
) -> Path:  # fmt: skip
    """Write such a network; ``classes`` it gives, where those are not as many as it names.

    ``fixed`` are the batch, height and width that it takes alone.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    n = len(names) if classes is None else classes
    parts, constants = [], []

    def const(name: str, value: object) -> None:
        constants.append(numpy_helper.from_array(np.asarray(value), name))

    def node(kind: str, given: str, made: str, **told: object) -> None:
        parts.append(helper.make_node(kind, given.split(), made.split(), **told))

    const("mean", np.full((1, 3, 1, 1), 1 / 3, np.float32))
    const("mix", np.array([-40] + [0] * 31, np.float32).reshape(32, 1, 1, 1))
    const("level", np.array([40 * DARK] + [0] * 31, np.float32))
    for name, number in (("i0", 0), ("i1", 1), ("i2", 2), ("i3", 3)):
        const(name, np.array(number, np.int64))
    for name, value in (("dark", DARK), ("steep", -40), ("half", 0.5), ("cell", CELL),
                        ("nothing", 0), ("one", 1), ("box", box_px)):  # fmt: skip
        const(name, np.float32(value))
    const("row", np.array([0, 1, 2], np.int64))
    const("column", np.array([0, 1, 3], np.int64))
    const("flat", np.array([0, 4 + n + 32, -1], np.int64))

    node("Conv", "images mean", "gray", kernel_shape=[1, 1])
    node("AveragePool", "gray", "fine", kernel_shape=[4, 4], strides=[4, 4])
    node("Conv", "fine mix level", "output1", kernel_shape=[1, 1])
    node("AveragePool", "gray", "coarse", kernel_shape=[CELL, CELL], strides=[CELL, CELL])
    node("Sub", "coarse dark", "light")
    node("Mul", "light steep", "logit")
    node("Sigmoid", "logit", "animal")
    node("AveragePool", "animal", "sure", kernel_shape=[5, 5], pads=[2] * 4, count_include_pad=1)
    node("Shape", "sure", "shape")
    for name, axis, place in (("x", "i3", "row"), ("y", "i2", "column")):
        node("Gather", f"shape {axis}", f"n{name}")
        node("Range", f"i0 n{name} i1", f"k{name}")
        node("Cast", f"k{name}", f"f{name}", to=TensorProto.FLOAT)
        node("Add", f"f{name} half", f"h{name}")
        node("Mul", f"h{name} cell", f"p{name}")
        node("Unsqueeze", f"p{name} {place}", f"u{name}")
        node("Expand", f"u{name} shape", f"c{name}")
    node("Mul", "sure nothing", "zero")
    node("Add", "zero box", "side")
    node("Add", "zero one", "first")
    channels = ["cx", "cy", "side", "side", "sure", *["zero"] * (n - 1), "first", *["zero"] * 31]
    node("Concat", " ".join(channels), "cells", axis=1)
    node("Reshape", "cells flat", "output0")

    size: list[object] = ["batch", 3, "height", "width"]
    if fixed:
        size = [fixed[0], 3, fixed[1], fixed[2]]
    of = helper.make_tensor_value_info
    graph = helper.make_graph(
        parts, "known", [of("images", TensorProto.FLOAT, size)],
        [of("output0", TensorProto.FLOAT, ["batch", 4 + n + 32, "anchors"]),
         of("output1", TensorProto.FLOAT, ["batch", 32, "mask_height", "mask_width"])],
        constants,
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    told = {
        "task": task, "names": str(dict(enumerate(names))), "stride": "32", "end2end": "False",
        "imgsz": str([image_px, image_px]),
    }  # fmt: skip
    helper.set_model_props(model, told)
    onnx.save(model, str(path))
    return path
