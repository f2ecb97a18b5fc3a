"""The built-in demo study: a drawn scene whose truth is known to the pixel."""
