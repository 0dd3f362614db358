"""Trading on paper: orders and bets that go nowhere, for shadow mode and for what-if replays."""
