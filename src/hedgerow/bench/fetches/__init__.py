"""What the bench of fetches is made of: the load, the target, and the proxies that ours is compared with."""
