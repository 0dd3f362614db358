"""The gateway: the API that clients call, and the links of the agents that do the work."""
