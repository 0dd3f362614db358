-- A fill's hedge waits for its commit, and the server spent a quarter of that on proving the rows. What a column may
-- hold is its type's to say now: a table's check is read and planned anew by each statement, a domain's once a session.
-- The account and its client are proved by one key. docs/decisions/0304.

-- Without a check first, so that no row is written anew; the checks then read them.
create domain odds as numeric;
create domain positive as numeric;
create domain amount as numeric;
create domain share as numeric;
create domain bet_origin as text;
create domain bet_status as text;
create domain bet_settlement as text;
create domain bet_settled_by as text;
create domain order_side as text;
create domain fill_state as text;
create domain channel as text;

drop trigger tell_change on bets;  -- it asks for a column's value
do $$
declare
    place text;
begin
    foreach place in array '{public,shadow}'::text[] loop
        execute format('alter table %I.bets
            drop constraint bets_requested_odds_check,
            drop constraint bets_requested_stake_check,
            drop constraint bets_usd_rate_check,
            drop constraint bets_reserved_check,
            drop constraint bets_staked_check,
            drop constraint bets_at_risk_check,
            drop constraint bets_hedge_commission_check,
            drop constraint bets_origin_check,
            drop constraint bets_status_check,
            drop constraint bets_settlement_check,
            drop constraint bets_settled_by_check,
            alter column requested_odds type odds,
            alter column requested_stake type positive,
            alter column usd_rate type positive,
            alter column reserved type amount,
            alter column staked type amount,
            alter column at_risk type amount,
            alter column hedge_commission type share,
            alter column origin type bet_origin,
            alter column status type bet_status,
            alter column settlement type bet_settlement,
            alter column settled_by type bet_settled_by', place);
        execute format('alter table %I.mm_fills
            drop constraint mm_fills_check,
            drop constraint mm_fills_size_check,
            drop constraint mm_fills_stake_check,
            drop constraint mm_fills_side_check,
            drop constraint mm_fills_state_check,
            alter column size type positive,
            alter column stake type amount,
            alter column unhedged_size type amount,
            alter column side type order_side,
            alter column state type fill_state,
            add check (unhedged_size <= size)', place);
    end loop;
end
$$;
create trigger tell_change after update on bets
    for each row when (new.origin = 'mm') execute function tell_change('bets', 'bet_id');
alter table outbox
    drop constraint outbox_channel_check,
    alter column channel type channel;

alter domain odds add check (value > 1);
alter domain positive add check (value > 0);
alter domain amount add check (value >= 0);
alter domain share add check (value between 0 and 1);
alter domain bet_origin add check (value in ('mm', 'abp'));
alter domain bet_status add check
    (value in ('PENDING', 'PLACED', 'CONFIRMED', 'REJECTED', 'CANCELLED', 'FAILED', 'VOID'));
alter domain bet_settlement add check
    (value in ('UNSETTLED', 'WON', 'LOST', 'VOID', 'HALF_WON', 'HALF_LOST', 'PUSH', 'CASHOUT'));
alter domain bet_settled_by add check (value in ('bookmaker', 'feed', 'operator'));
alter domain order_side add check (value in ('buy', 'sell'));
alter domain fill_state add check (value in ('PROVISIONAL', 'FINAL', 'REVERSED'));
alter domain channel add check (value ~ '^[a-z0-9_]+([.][a-z0-9_]+)*$');

-- A bet or a fill is its account's client's.
alter table accounts add unique (account_id, client);
alter table bets
    drop constraint bets_client_fkey,
    drop constraint bets_account_id_fkey,
    add foreign key (account_id, client) references accounts (account_id, client);
alter table mm_fills
    drop constraint mm_fills_client_fkey,
    drop constraint mm_fills_account_id_fkey,
    add foreign key (account_id, client) references accounts (account_id, client);
