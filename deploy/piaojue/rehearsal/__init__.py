"""Rehearsals: a body's year, taken from a file through a suite's HTTP interfaces."""
