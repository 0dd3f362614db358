"""What another setting would have made of a recorded day: the same engine, told the same, on paper.

The tape is played twice, with the settings as recorded and with others, both under the same rules, so that what differs
comes from the settings: offers, markets, balances and switches are as recorded; an order rests at once; a taker who
hit a quote of ours that day hits what rests on that contract and side at his price or a better one for him, as much as
he took then; a bet is taken at what was offered in that moment, within the limit.

It cannot be known who would have come to a price that never rested, whether a taker would have taken more, or what the
exchange and the bookmaker would have refused. Nothing is settled: money is told as what is sure, whatever happens, and
as what is possible.
"""
