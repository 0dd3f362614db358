"""The bookmakers' cases. Importing this package enters them into the exam."""
