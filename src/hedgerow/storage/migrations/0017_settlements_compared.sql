-- Who says what of a result: what the exchange paid for contracts, and where exchange, bookmaker and feed contradict
-- each other.

-- As the holder sees it. Null: by the status alone, a void gives the stake back.
alter table mm_orders add column paid_per_contract numeric check (paid_per_contract between 0 and 1);

-- Voids at a price so far; nobody needs to be told of what they paid already.
alter table mm_orders disable trigger user;
update mm_orders set paid_per_contract = payout / matched_size
where settlement_status = 'VOID' and matched_size > 0 and payout <> matched_stake and payout <= matched_size;
alter table mm_orders enable trigger user;

create index mm_orders_by_settlement on mm_orders (account_id, settled_at) where settled_at is not null;

create table mm_disputes (
    client      text not null references clients,
    fixture_id  text not null,
    market_id   bigint not null,
    player_id   bigint not null,
    words       jsonb not null,                      -- by who says it and outcome: {"kalshi": {"161": "WON"}}
    pairs       text[] not null,                     -- who contradicts whom: kalshi/pinnacle
    found_at    timestamptz not null,
    changed_at  timestamptz not null,
    agreed_at   timestamptz,                         -- null while they contradict each other
    primary key (client, fixture_id, market_id, player_id)
);
create index mm_disputes_by_time on mm_disputes (changed_at) where agreed_at is null;
