-- Market making: who quotes what, the orders on exchanges, their fills, and the states that survive a restart.

create table mm_clients (
    client               text primary key references clients,
    bookmaker            text not null,              -- prices from it and hedges at it
    manual_paused_at     timestamptz,
    manual_pause_reason  text,
    manual_stopped_at    timestamptz,
    manual_stop_reason   text
);

-- One row: what the operator ordered for the whole deployment.
create table mm_system (
    only_row      boolean primary key default true check (only_row),
    soft_paused   boolean not null default false,
    stopped       boolean not null default false,
    emergency     boolean not null default false,
    reason        text,
    since         timestamptz,
    tag           bigint not null default floor(random() * 4294967296)  -- of the deployment, in its orders' references
);
insert into mm_system default values;

create table mm_tournaments (
    client         text not null references clients,
    tournament_id  integer not null,
    is_active      boolean not null,
    limit_ratio    numeric not null default 0.8 check (limit_ratio between 0 and 1),
    price_ticks    integer not null default 0,
    updated_at     timestamptz not null,
    primary key (client, tournament_id)
);

-- Market types are on unless they stand here.
create table mm_denied_markets (
    client       text not null references clients,
    sport_id     integer not null,
    market_type  text not null,
    player_prop  boolean not null default false,
    primary key (client, sport_id, market_type, player_prop)
);

-- Which contract of an exchange is which outcome of the feed, and why we believe it.
create table mm_mappings (
    venue           text not null,
    instrument_ref  text not null,
    market_ref      text not null,
    fixture_id      text,
    market_id       bigint,
    outcome_id      bigint,
    opposite_id     bigint,                          -- the outcome that selling it is backing
    verdict         text not null check (verdict in ('PROVED', 'QUARANTINED', 'NO_MATCH')),
    reason          text not null default '',
    evidence        jsonb not null,
    decision        text check (decision in ('CONFIRMED', 'REJECTED')),  -- an operator's word overrides
    decided_by      text,
    updated_at      timestamptz not null,
    primary key (venue, instrument_ref)
);
create index mm_mappings_by_fixture on mm_mappings (fixture_id);

create sequence mm_order_numbers increment by 100;  -- a process draws a hundred ids at a time

create table mm_orders (
    order_id                  bigint primary key,
    client                    text not null references clients,
    account_id                bigint not null references accounts,
    exchange                  text not null,
    fixture_id                text not null,
    market_id                 bigint not null,
    outcome_id                bigint not null,
    player_id                 bigint not null default 0,
    side                      text not null check (side in ('buy', 'sell')),
    price                     numeric not null,      -- probability, or decimal odds on a betting exchange
    size                      numeric not null check (size > 0),      -- contracts
    stake                     numeric not null check (stake >= 0),    -- money at risk, USD
    client_order_id           text not null,
    exchange_order_id         text,
    exchange_outcome_id       text not null,         -- the exchange's id of the contract
    status                    text not null
        check (status in ('PENDING_PLACEMENT', 'PLACED', 'FILLED', 'CANCELLED', 'FAILED', 'EXPIRED')),
    reason                    text not null default '',
    matched_size              numeric not null default 0,
    matched_stake             numeric not null default 0,
    matched_price             numeric,               -- average
    fees                      numeric not null default 0,
    settlement_status         text not null default 'UNDECIDED'
        check (settlement_status in ('UNDECIDED', 'WON', 'LOST', 'VOID', 'HALF_WON', 'HALF_LOST')),
    feed_settlement           text,
    payout                    numeric,
    pnl                       numeric,
    bookmaker                 text not null,
    bookmaker_outcome_price   numeric,               -- odds of the hedge leg that the present price rests on
    bookmaker_outcome_limit   numeric,               -- its limit, USD
    is_adopted                boolean not null default false,  -- found on the exchange, not sent by a known process
    created_at                timestamptz not null,
    placed_at                 timestamptz,
    matched_at                timestamptz,
    closed_at                 timestamptz,
    settled_at                timestamptz,
    unique (account_id, client_order_id)
);
create index mm_orders_by_client on mm_orders (client, created_at desc, order_id desc);
create index mm_orders_open on mm_orders (account_id) where status in ('PENDING_PLACEMENT', 'PLACED');
create index mm_orders_by_exchange_id on mm_orders (account_id, exchange_order_id);
create index mm_orders_by_fixture on mm_orders (fixture_id);
create index mm_orders_unsettled on mm_orders (exchange, fixture_id)
    where matched_size > 0 and settlement_status = 'UNDECIDED';

-- The fill ledger: every trade once, whatever arrives twice. Nothing is hedged that is not here first.
create table mm_fills (
    fill_id            bigint generated always as identity primary key,
    account_id         bigint not null references accounts,
    trade_ref          text not null,
    exchange_order_id  text not null,
    order_id           bigint,                       -- null until the order it belongs to is known
    client             text not null references clients,
    exchange           text not null,
    fixture_id         text not null,
    market_id          bigint not null,
    outcome_id         bigint not null,
    player_id          bigint not null default 0,
    side               text not null check (side in ('buy', 'sell')),
    price              numeric not null,
    size               numeric not null check (size > 0),
    stake              numeric not null check (stake >= 0),
    fee                numeric not null default 0,
    unhedged_size      numeric not null check (unhedged_size >= 0 and unhedged_size <= size),
    state              text not null check (state in ('PROVISIONAL', 'FINAL', 'REVERSED')),
    is_maker           boolean not null,
    traded_at          timestamptz not null,
    recorded_at        timestamptz not null,
    unique (account_id, trade_ref, exchange_order_id)
);
create index mm_fills_by_market on mm_fills (fixture_id, market_id, client);
create index mm_fills_by_order on mm_fills (order_id);
create index mm_fills_by_exchange_id on mm_fills (account_id, exchange_order_id);

-- Why each quote was sent as it was: one row per placement or amendment.
create table mm_quotes (
    quote_id    bigint generated always as identity primary key,
    order_id    bigint not null,
    at          timestamptz not null,
    action      text not null check (action in ('place', 'amend')),
    side        text not null,
    price       numeric not null,
    size        numeric not null,
    break_even  numeric not null,
    edge        numeric not null,
    why         jsonb not null
);
create index mm_quotes_by_order on mm_quotes (order_id);
