"""Movement: NATS between processes, the relay that brings committed changes onto it, the embedded engines."""
