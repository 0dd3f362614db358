-- Wagers at bookmakers, whoever placed them. A row is committed before its request leaves.

create table bets (
    bet_id            bigint generated always as identity primary key,
    reference         uuid not null unique,          -- ours; what the bookmaker is asked by
    origin            text not null check (origin in ('mm', 'abp')),
    client            text not null references clients,
    account_id        bigint not null references accounts,
    bookmaker         text not null,
    fixture_id        text not null,
    market_id         bigint not null,
    outcome_id        bigint not null,
    player_id         bigint not null default 0,
    order_id          bigint,                        -- the exchange order (mm) or client order (abp) it belongs to
    requested_odds    numeric not null check (requested_odds > 1),
    requested_stake   numeric not null check (requested_stake > 0),
    currency          text not null,
    usd_rate          numeric not null check (usd_rate > 0),  -- units per USD when it was placed
    planned_odds      numeric,                       -- mm: the odds that the quote was priced from
    needs             numeric,                       -- mm: payout that it is to cover
    covers            numeric not null default 0,    -- mm: payout that it covers, once accepted
    status            text not null default 'PENDING'
                      check (status in ('PENDING', 'PLACED', 'CONFIRMED', 'REJECTED', 'CANCELLED', 'FAILED', 'VOID')),
    in_doubt          boolean not null default false,
    reason            text not null default '',
    bookmaker_bet_id  text,
    placed_odds       numeric,
    placed_stake      numeric,
    settlement        text not null default 'UNSETTLED'
                      check (settlement in ('UNSETTLED', 'WON', 'LOST', 'VOID', 'HALF_WON', 'HALF_LOST', 'PUSH', 'CASHOUT')),
    payout            numeric,
    feed_settlement   text,
    sent_data         jsonb not null default '{}',
    received_data     jsonb not null default '{}',
    is_test           boolean not null default false,
    created_at        timestamptz not null,
    sent_at           timestamptz,
    placed_at         timestamptz,
    settled_at        timestamptz,
    check (status <> 'CONFIRMED' or (placed_odds is not null and placed_stake is not null))
);
create index bets_by_client on bets (client, created_at desc, bet_id desc);
create index bets_by_order on bets (order_id);
create index bets_by_bookmaker_id on bets (account_id, bookmaker_bet_id);
create index bets_by_fixture on bets (fixture_id);
create index bets_open on bets (account_id) where status in ('PENDING', 'PLACED');
create index bets_unsettled on bets (account_id, fixture_id) where status = 'CONFIRMED' and settlement = 'UNSETTLED';

-- Who did what to an order or a bet, when, and what was sent and answered. Never changed, never deleted.
create table audit (
    audit_id  bigint generated always as identity primary key,
    at        timestamptz not null,
    actor     text not null,                         -- engine, api:<key prefix>, operator, venue
    subject   text not null,                         -- order, bet, client, system, account
    id        text not null,
    action    text not null,
    data      jsonb not null default '{}'
);
create index audit_by_subject on audit (subject, id, audit_id);
