"""Automated bet placing: models, calls and methods, generated from the served document."""
