-- Whose word a bet was settled by, and what bookmakers said of balances that no bet explains.

alter table bets add column settled_by text check (settled_by in ('bookmaker', 'feed'));

-- What the feed says, and whose word counts, are no news of the bet.
create or replace function tell_abp_bet() returns trigger
language plpgsql as $$
declare
    hidden  constant text[] := '{reserved,staked,order_stake,runner,feed_settlement,settled_by}';
    told    jsonb := to_jsonb(new) - hidden;
begin
    if tg_op = 'UPDATE' and told = to_jsonb(old) - hidden then
        return null;
    end if;
    told := told
        || (select jsonb_build_object('username', max(a.username)) from accounts a where a.account_id = new.account_id)
        || (select jsonb_build_object('user_ref', max(o.user_ref), 'request_uuid', max(o.request_uuid::text))
            from abp_orders o where o.order_id = new.order_id);
    insert into outbox (channel, client, event, key, payload, at)
    values ('abp.bets', new.client, tg_op, new.bet_id, told, now());
    if tg_op = 'UPDATE' and (new.settlement, new.payout) is distinct from (old.settlement, old.payout) then
        insert into outbox (channel, client, event, key, payload, at)
        values ('abp.settlements', new.client, tg_op, new.bet_id, told, now());
    end if;
    return null;
end
$$;

-- So far only bookmakers' statements settled bets; nobody needs to be told of that.
alter table bets disable trigger user;
update bets set settled_by = 'bookmaker' where settlement <> 'UNSETTLED';
alter table bets enable trigger user;

create index bets_by_settlement on bets (account_id, settled_at) where settled_at is not null;
create index bets_settled_by_feed on bets (settled_at) where settled_by = 'feed';
create index bets_holding on bets (account_id) where reserved > 0 or staked > 0;
create index bets_graded on bets (account_id)
    where origin = 'abp' and status = 'CONFIRMED' and feed_settlement is not null
          and feed_settlement <> settlement and settled_by is distinct from 'bookmaker';

-- Evidence: the bookmaker's word and our ledger were further apart than the bets of that moment explain.
create table abp_drifts (
    drift_id    bigint generated always as identity primary key,
    account_id  bigint not null references accounts,
    currency    text not null,
    at          timestamptz not null,
    asked_at    timestamptz not null,
    ours        numeric not null,                    -- free in the ledger
    told        numeric not null,                    -- what can be bet, by the bookmaker
    drift       numeric not null check (drift <> 0), -- what is not explained; above 0: the bookmaker has more
    bets        jsonb not null                       -- those that its word may count or not, the newest first
);
create index abp_drifts_by_time on abp_drifts (at);
create trigger refuse_change before update or delete on abp_drifts
    for each row execute function refuse_change();
