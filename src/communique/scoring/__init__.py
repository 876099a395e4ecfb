"""Documents in, one row a sentence out: readers, sentence boundaries, and the table of scores."""
