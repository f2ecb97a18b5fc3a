"""Who is who over a whole video.

The tracker follows animals in slots and says where two of them may have been exchanged.
``fragments`` cuts the slots there; ``crops``, ``descriptors``, ``contrastive`` and ``evidence`` say
how much each fragment looks like each animal; ``solution`` finds who is in which slot when, and how
sure that is; ``crossing_shapes`` follows the animals of a crossing from both its sides;
``confidence`` says how sure every row is, and ``doubtful`` lists what a person should look at.
"""
