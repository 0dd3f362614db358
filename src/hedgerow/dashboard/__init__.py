"""The dashboard: our APIs in a browser. A client of them like every other: it holds the keys that people sign in with,
and reads and changes nothing in any other way."""
