"""Animals as what differs from the empty arena: chosen settings, light, hands, sleepers."""
