"""The command line, and the only place where the parts of a service meet."""
