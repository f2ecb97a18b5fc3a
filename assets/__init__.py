"""Files that Ethoscribe ships beside its code."""
