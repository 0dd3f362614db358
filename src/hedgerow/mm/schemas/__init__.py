"""Requests and answers of the market making API, as its OpenAPI document tells them.

Requests are validated by these models. Answers are built by `mm.events` and the routes and leave with the Decimals'
own digits; the models describe them, and the contract test holds the answers against the models.
"""
