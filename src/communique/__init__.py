"""Communique: measure stance in diplomatic text."""

__version__ = "0.1.0"
