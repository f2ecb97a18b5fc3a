"""Neural networks that segment: from labels to weights, and from weights to animals.

    proposing, filling, posing (skeletons)        frames to label, and first outlines in them
            │ samples
            ▼
    composing (scenery, cutting, canvas, augmenting)      labelled animals in new pictures
            │ samples
            ▼
    dataset ─▶ training (teaching, memory) ─▶ weights ─▶ judging
                        │ door: the only importer of ultralytics (torchvision_parts, fetching)
                        ▼
    pictures ─▶ running (torch, onnxruntime, openvino_parts) ─▶ answers ─▶ tracking.yolo
                settings, fitting: chosen for each video             association: other trackers

Nothing here knows of a study.
"""
