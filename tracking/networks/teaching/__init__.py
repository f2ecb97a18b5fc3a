"""Training: from samples to weights, and how good they are.

dataset                     split by time, written as ultralytics reads it
   ▼
training ─▶ lessons         epochs, resuming, less memory; plans: what it is told
         ─▶ targets         masks as shares of a network's cells
         ─▶ checkpoints     weights on the way, whole or not there
   ▼
trials ─▶ judging           what it finds beside what is there: AP, IoU, counts
"""
