"""What the benches of WebSockets share: the serving side in a process of its own, and those who listen."""
