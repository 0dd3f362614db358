-- What a client's own bookmaker does not take of its hedges, and what an exchange that hedges are placed at keeps.

alter table mm_clients
    add column fallback_bookmakers text[] not null default '{}';   -- asked one after the other

-- The share of net winnings that the account paid when the bet was made; of market making's bets alone.
alter table bets
    add column hedge_commission numeric not null default 0 check (hedge_commission between 0 and 1);
