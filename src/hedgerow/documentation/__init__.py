"""The documentation as the product serves it: the built site, its text for machines, the APIs' documents."""
