"""From a file to pictures: containers, exact seeking, decoding ahead of whoever looks."""
