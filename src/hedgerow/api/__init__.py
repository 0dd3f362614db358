"""The front door that every HTTP service shares: the application, keys, limits, errors."""
