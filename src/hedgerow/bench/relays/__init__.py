"""What the relay's bench is made of: its two ends, and the sides that are compared."""
