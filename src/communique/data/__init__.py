"""The codebook, the corpus, its splits, its annotators."""
