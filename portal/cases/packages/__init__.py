"""What a package holds (record), how it looks on paper (paper), how it is sealed (archive) and checked."""
