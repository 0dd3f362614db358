"""One module per venue: its side of the wire. Found by name; none imports a connector or another dialect."""
