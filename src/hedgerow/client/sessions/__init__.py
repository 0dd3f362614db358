"""Conversations on streams without I/O: texts, times and closes go in, steps to take come out."""
