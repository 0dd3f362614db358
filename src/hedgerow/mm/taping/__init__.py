"""Recording what the engine is told, and telling it again."""
