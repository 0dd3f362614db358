"""Market making: models, calls and methods, generated from the served document."""
