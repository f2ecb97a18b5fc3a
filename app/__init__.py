"""Ethoscribe: the command line, the browser pages and the jobs that join the packages below."""

__version__ = "0.1.0"
