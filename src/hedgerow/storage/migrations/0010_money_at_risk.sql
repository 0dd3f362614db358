-- What a bet took from the balance where that is not its stake (laid: not stake x (odds - 1)): an exchange's fees are
-- charged when the price is taken, and a contract's price is not always decimal odds of six places.
alter table bets add column at_risk numeric check (at_risk >= 0);
