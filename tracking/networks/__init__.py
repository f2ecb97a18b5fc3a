"""Neural networks that segment: from labels to weights, and from weights to animals.

    labelling ─────────▶ composing ─────────▶ teaching ─────────▶ running ─▶ tracking.yolo
    frames to label,     labelled animals     datasets, lessons   torch, onnxruntime or
    first outlines       in new pictures      and judging         OpenVINO; numbers to masks

Between them go ``samples`` (a picture with the masks of everybody in it), ``pictures`` (as networks
are shown them) and ``weights`` (what a file holds). ``door`` is the only importer of ultralytics,
with torchvision_parts, openvino_parts, fetching (weights by name) and memory (of devices) around
it. Nothing here knows of a study.
"""
