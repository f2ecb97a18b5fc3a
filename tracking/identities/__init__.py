"""Who is who over a whole video.

The tracker follows animals in slots and says where two of them may have been exchanged.
``fragments`` cuts the slots there; ``crops``, ``descriptors``, ``contrastive`` and ``evidence`` say
how much each fragment looks like each animal. ``solution`` puts all that together in one chain of
``permutations`` over the video and finds who is in which slot when. Contacts that leave that open
are looked into picture by picture by ``contacts``: ``carrying`` follows everybody's pixels through
and ``leaving`` says who left as whom. ``moments`` says when within a
contact two would have been exchanged. Where ``shades`` finds animals whose gray levels differ
clearly, it says whose the fragments are of which looks say nothing, and ``dividing`` cuts their
common ``outlines`` once more. ``slot_frames`` gives any frame as the tracker left it,
``confidence`` says how sure every row is, and ``doubtful`` what a person should look at.
"""
