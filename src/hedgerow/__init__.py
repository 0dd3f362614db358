"""Hedgerow: an open, self-hosted trading stack for betting and prediction markets."""

__version__ = "0.1.0"
