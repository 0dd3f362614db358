"""Market making: prices from a bookmaker's odds, quotes on exchanges, hedges at the bookmaker, accounts for all."""
