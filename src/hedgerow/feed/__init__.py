"""The odds feed: wire structs, session, client, and the one book of present prices."""
