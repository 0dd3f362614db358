-- Automated bet placing: clients' orders, why they were routed as they were, and the money that their bets hold.

create table abp_orders (
    order_id          bigint generated always as identity primary key,
    client            text not null references clients,
    request_uuid      uuid not null,
    user_ref          text not null,
    fixture_id        text not null,
    market_id         bigint not null,
    outcome_id        bigint not null,
    player_id         bigint not null default 0,
    is_back           boolean not null,
    price             numeric not null check (price > 1),
    stake             numeric not null check (stake > 0),
    currency          text not null,
    bookmakers        text[],                        -- the order's and the key's put together; null: all
    accepts_better    boolean not null,
    accepts_partial   boolean not null,
    price_rule        text not null check (price_rule in ('each', 'average')),
    is_test           boolean not null,
    meta              jsonb not null default '{}',
    status            text not null default 'PENDING'
        check (status in ('PENDING', 'PROCESSING', 'FILLED', 'PARTIALLY_FILLED', 'REJECTED', 'EXPIRED', 'CANCELLED',
                          'FAILED')),
    reason            text not null default '',
    filled            numeric not null default 0 check (filled between 0 and stake),  -- in the order's currency
    attempts          integer not null default 0,    -- decisions that are kept in abp_receipts
    is_cancel_wanted  boolean not null default false,
    runner            uuid,                          -- the process that works on it, until lease_until
    lease_until       timestamptz,                   -- in the database's time, not the trading clock's
    expires_at        timestamptz not null,
    created_at        timestamptz not null,
    updated_at        timestamptz not null,
    filled_at         timestamptz,
    check (status not in ('FILLED', 'PARTIALLY_FILLED') or filled > 0)
);
create index abp_orders_by_client on abp_orders (client, order_id desc);
create index abp_orders_by_user_ref on abp_orders (client, user_ref, order_id desc);
create index abp_orders_by_request on abp_orders (client, request_uuid);
create index abp_orders_open on abp_orders (order_id) where status in ('PENDING', 'PROCESSING');

-- Which request a client has made already. One that is older than the window may be made again.
create table abp_requests (
    client        text not null references clients,
    request_uuid  uuid not null,
    order_id      bigint not null references abp_orders,
    created_at    timestamptz not null,
    primary key (client, request_uuid)
);
create index abp_requests_by_age on abp_requests (created_at);

create table abp_receipts (
    order_id  bigint not null references abp_orders,
    attempt   integer not null,
    at        timestamptz not null,
    receipt   jsonb not null,
    primary key (order_id, attempt)
);

-- What a bet stands for in its order, and what the ledger holds for it now, in the account's currency.
alter table bets
    add column is_back      boolean not null default true,
    add column order_stake  numeric,                 -- abp: of the order's stake, in the order's currency
    add column offer_ms     bigint,                  -- abp: when the offer that it takes last moved
    add column runner       uuid,                    -- abp: the process that sends it
    add column reserved     numeric not null default 0 check (reserved >= 0),
    add column staked       numeric not null default 0 check (staked >= 0),
    add constraint abp_bet_has_order check (origin <> 'abp' or (order_id is not null and order_stake > 0));
create index bets_of_abp on bets (client, bet_id desc) where origin = 'abp';

-- The money of each account as moves between places, so that it never appears from nowhere: `free` can be bet,
-- `reserved` is held for bets that are not answered, `staked` stands in open bets, `venue` is the bookmaker's side.
create table abp_ledger (
    entry_id    bigint generated always as identity primary key,
    account_id  bigint not null references accounts,
    currency    text not null,
    kind        text not null
        check (kind in ('reserve', 'release', 'stake', 'return', 'loss', 'commission', 'correction')),
    source      text not null check (source in ('free', 'reserved', 'staked', 'venue')),
    target      text not null check (target in ('free', 'reserved', 'staked', 'venue')),
    amount      numeric not null check (amount > 0),
    bet_id      bigint,
    at          timestamptz not null,
    check (source <> target)
);
create index abp_ledger_by_account on abp_ledger (account_id, entry_id);
create index abp_ledger_by_bet on abp_ledger (bet_id);

create table abp_balances (
    account_id  bigint not null references accounts,
    currency    text not null,
    place       text not null check (place in ('free', 'reserved', 'staked', 'venue')),
    amount      numeric not null default 0,
    primary key (account_id, currency, place),
    check (place not in ('reserved', 'staked') or amount >= 0)
);

-- The balances are the sums of the entries at every commit: no writer can forget one of the two.
create function post_ledger_entry() returns trigger
language plpgsql as $$
begin
    insert into abp_balances (account_id, currency, place)
    values (new.account_id, new.currency, new.source), (new.account_id, new.currency, new.target)
    on conflict do nothing;
    update abp_balances
    set amount = amount + case place when new.source then -new.amount else new.amount end
    where account_id = new.account_id and currency = new.currency and place in (new.source, new.target);
    return null;
end
$$;
create trigger post_ledger_entry after insert on abp_ledger
    for each row execute function post_ledger_entry();

create function refuse_change() returns trigger
language plpgsql as $$
begin
    raise exception '% is only added to', tg_table_name;
end
$$;
create trigger refuse_change before update or delete on abp_ledger
    for each row execute function refuse_change();

-- A lease that is renewed is no news.
create trigger tell_insert after insert on abp_orders
    for each row execute function tell_change('abp.orders', 'order_id');
create trigger tell_change after update on abp_orders
    for each row when ((new.status, new.reason, new.filled, new.is_cancel_wanted)
                       is distinct from (old.status, old.reason, old.filled, old.is_cancel_wanted))
    execute function tell_change('abp.orders', 'order_id');
