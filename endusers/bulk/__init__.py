"""Doing something to many end users at once: whom, what, what it would do, and the job that does it."""
