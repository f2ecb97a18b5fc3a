"""What the memory of a study is made of."""
