-- What an operator sets for a client's pricing and risk. What is not set is as it was without these tables.

-- How quotes are priced; null: all tournaments, all market types. The most specific row holds, as a whole.
create table mm_pricing (
    client          text not null references clients,
    tournament_id   integer,
    market_type     text,
    mode            text not null check (mode in ('hedge_parity', 'fair_value')),
    margin          text not null check (margin in ('multiplicative', 'additive', 'power', 'shin')),
    edge            numeric not null check (edge >= 0 and edge < 1),           -- of price, from the fair value
    skew            numeric not null check (skew >= 0 and skew < 1),           -- of price, at a full inventory; 0: none
    full_inventory  numeric not null check (full_inventory > 0),               -- contracts
    unique nulls not distinct (client, tournament_id, market_type)
);

-- The most stake, open and matched and not settled, in USD. subject: one outcome, fixture, ... ; '': each of them.
create table mm_stake_caps (
    client     text not null references clients,
    scope      text not null check (scope in ('outcome', 'fixture', 'tournament', 'exchange', 'client')),
    subject    text not null default '',
    max_stake  numeric not null check (max_stake >= 0),
    primary key (client, scope, subject)
);

alter table mm_clients
    add column max_daily_loss    numeric check (max_daily_loss >= 0),          -- USD; null: no stop
    add column loss_stopped_on   date,                                         -- the day (UTC) that the stop holds for
    add column max_reject_share  numeric check (max_reject_share between 0 and 1);  -- null: no stop

-- What was settled on a day, for the stop on the day's loss.
create index mm_orders_by_day on mm_orders (client, settled_at) where settled_at is not null;
create index bets_by_day on bets (client, settled_at) where settled_at is not null;
