"""The desk: a bridge that is a person. Bets wait in a queue; who holds an account places them by hand and says so."""
