"""Dumps and memory images written from typed values, for tests and samples.

Nothing here uses the readers' tables: a writer that shared them would hide
their mistakes.
"""
