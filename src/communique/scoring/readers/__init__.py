"""Readers: one module a family of formats, each with ``check`` (cheap, before anything is written) and ``read``.

``check(source, columns)`` returns the metadata names that the file's documents may carry and raises
CommuniqueError where the file cannot be read; ``read(source, columns)`` yields its texts one at a time.
"""
