"""New pictures with known masks, from labelled animals and the empty cage.

composer ─▶ scenery         the background, the light, what lies in front
         ─▶ cutting         animals cut out with their fur and shadow
         ─▶ canvas          laid into a frame, apart or against another one
         ─▶ augmenting      in another light
"""
