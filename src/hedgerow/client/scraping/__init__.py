"""The scraping network: models, calls and methods generated from the served document, and `asking` by hand."""
