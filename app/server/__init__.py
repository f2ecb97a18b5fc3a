"""What the server answers besides the pages: data, edits, who is asking, and what is refused."""
