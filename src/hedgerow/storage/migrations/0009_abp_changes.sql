-- What clients of automated bet placing see of their accounts and bets, and how they are told of changes.

-- A removed account keeps its row, for the bets that were made on it; its name may be used again.
alter table accounts
    add column updated_at  timestamptz,              -- by its client; null: never
    add column removed_at  timestamptz;
alter table accounts drop constraint accounts_venue_username_key;
create unique index accounts_by_name on accounts (venue, username) where removed_at is null;

-- What a venue says of the money on an account is told on `accounts` alone.
create function tell_account() returns trigger
language plpgsql as $$
declare
    hidden  constant text[] := '{sealed,balance,held,balance_at}';
    after   jsonb := to_jsonb(new);
    event   text  := tg_op;
begin
    if tg_op = 'UPDATE' then
        if new.sealed = old.sealed and after - hidden = to_jsonb(old) - hidden then
            return null;
        end if;
        if new.removed_at is not null then
            event := 'DELETE';
        end if;
    end if;
    insert into outbox (channel, client, event, key, payload, at)
    values ('abp.accounts', new.client, event, new.account_id, after - 'sealed', now());
    return null;
end
$$;
create trigger tell_account after insert or update on accounts
    for each row execute function tell_account();

-- A bet is told with the names that its client knows it by; moves of the ledger are no news of the bet.
create function tell_abp_bet() returns trigger
language plpgsql as $$
declare
    hidden  constant text[] := '{reserved,staked,order_stake,runner}';
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
drop trigger tell_change on bets;
create trigger tell_change after insert or update on bets
    for each row when (new.origin = 'mm') execute function tell_change('bets', 'bet_id');
create trigger tell_abp_bet after insert or update on bets
    for each row when (new.origin = 'abp') execute function tell_abp_bet();

-- An operator's rate, or the feed's, as it is kept.
create trigger tell_change after insert or update on currencies
    for each row execute function tell_change('currencies', 'currency');
