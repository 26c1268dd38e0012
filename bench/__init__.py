"""Benchmarks over real HTTP and real PostgreSQL, beside what they are compared with, in the same run (`make bench`)."""
