"""Files of other programs, told by what is in them."""
