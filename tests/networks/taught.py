"""Train, export and run a tiny network in a process of its own that has no network.

`python taught.py FOLDER` leaves weights/best.pt, best.onnx, fixed.onnx and attempts.json: every
attempt of any package to reach another computer or to install something.
"""

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

ATTEMPTS: list[str] = []
IMAGE_PX = 64


def forbid(name: str) -> Any:
    def refused(*given: Any, **_: Any) -> Any:
        if name == "connect" and not isinstance(given[-1], tuple):
            return None  # a socket within this computer
        ATTEMPTS.append(f"{name} {given[1:] if name == 'connect' else given}")
        raise OSError("there is no network here")

    return refused


def dataset(folder: Path) -> Path:
    """Six pictures of two dark and light discs with their outlines, in ultralytics' form."""
    import cv2

    random = np.random.default_rng(1)
    for split, number in (("train", 4), ("val", 2)):
        for kind in ("images", "labels"):
            (folder / kind / split).mkdir(parents=True)
        for k in range(number):
            image = random.normal(150, 8, (48, IMAGE_PX)).clip(0, 255).astype(np.uint8)
            lines = []
            for number_, level in ((0, 30), (1, 245)):
                centre = random.integers((14, 14), (50, 34)).tolist()
                ring = cv2.ellipse2Poly(centre, (11, 7), int(random.integers(180)), 0, 360, 15)
                cv2.fillPoly(image, [ring], level)
                lines.append(
                    f"{number_} " + " ".join(f"{v:.4f}" for v in (ring / (IMAGE_PX, 48)).ravel())
                )
            cv2.imwrite(str(folder / "images" / split / f"{k}.png"), image)
            (folder / "labels" / split / f"{k}.txt").write_text("\n".join(lines))
    told = f"path: {folder}\ntrain: images/train\nval: images/val\nnames: [dark, white]\n"
    (folder / "data.yaml").write_text(told)
    return folder / "data.yaml"


def main(folder: Path) -> None:
    for name in ("connect", "connect_ex"):
        setattr(socket.socket, name, forbid("connect"))
    for name in ("getaddrinfo", "create_connection", "gethostbyname"):
        setattr(socket, name, forbid(name))
    begin = subprocess.Popen.__init__

    def began(self: Any, args: Any, *more: Any, **named: Any) -> None:
        if any(word in str(args) for word in ("pip", "uv ", "conda", "apt")):
            ATTEMPTS.append(f"install {args}")
        begin(self, args, *more, **named)

    subprocess.Popen.__init__ = began  # type: ignore[method-assign]

    from tracking.networks import door
    from tracking.networks.running.choices import choose, installed
    from tracking.networks.running.runtimes import open_network, run
    from tracking.networks.teaching.lessons import Lesson, train
    from tracking.networks.weights import describe

    news: list[Any] = []
    lesson = Lesson("yolo11n-seg.yaml", epochs=1, image_px=IMAGE_PX, batch=4, learning_rate=0.002)
    taught = train(dataset(folder / "data"), lesson, news.append, folder)
    door.export(taught.best, folder / "best.onnx", IMAGE_PX)
    door.export(taught.best, folder / "fixed.onnx", IMAGE_PX, dynamic=False)
    for name, runtime in (("best.onnx", "openvino"), ("best.onnx", "onnxruntime")):
        if runtime in installed():
            network = open_network(choose(describe(folder / name), "cpu", runtime))
            run(network, np.zeros((1, 64, 64), np.uint8))
    told = {"attempts": ATTEMPTS, "epochs": [one.epoch for one in news]}
    (folder / "attempts.json").write_text(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
