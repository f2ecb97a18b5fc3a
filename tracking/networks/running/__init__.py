"""Networks at work: from pictures to masks.

choices                     which runtime, device and precision there are here
   ▼
runtimes                    torch, onnxruntime and OpenVINO behind one face
   ▼
answers                     boxes and masks out of a network's numbers
   ▲
settings, fitting           chosen for each video; association: other trackers
"""
