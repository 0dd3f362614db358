-- Orders of clients are written in groups: their triggers run once for a statement, whatever the number of its rows.

-- Requests of a group are claimed before their orders are written, and those that are another's are never written.
alter table abp_requests alter constraint abp_requests_order_id_fkey deferrable initially deferred;

-- The balances are the sums of the entries at every commit: no writer can forget one of the two.
create function post_ledger_entries() returns trigger
language plpgsql as $$
begin
    insert into abp_balances (account_id, currency, place)
    select account_id, currency, source from entries union select account_id, currency, target from entries
    on conflict do nothing;
    update abp_balances b
    set amount = b.amount + moved.amount
    from (select account_id, currency, place, sum(amount) as amount
          from (select account_id, currency, target as place, amount from entries
                union all
                select account_id, currency, source, -amount from entries) moves
          group by account_id, currency, place) moved
    where b.account_id = moved.account_id and b.currency = moved.currency and b.place = moved.place;
    return null;
end
$$;
drop trigger post_ledger_entry on abp_ledger;
drop function post_ledger_entry();
create trigger post_ledger_entries after insert on abp_ledger referencing new table as entries
    for each statement execute function post_ledger_entries();

-- A lease that is renewed is no news.
create function tell_abp_orders() returns trigger
language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        insert into outbox (channel, client, event, key, payload, at)
        select 'abp.orders', n.client, 'INSERT', n.order_id, to_jsonb(n), now() from after n order by n.order_id;
    else
        insert into outbox (channel, client, event, key, payload, old, at)
        select 'abp.orders', n.client, 'UPDATE', n.order_id, to_jsonb(n),
               jsonb_strip_nulls(jsonb_build_object(
                   'status', nullif(o.status, n.status),
                   'reason', nullif(o.reason, n.reason),
                   'filled', nullif(o.filled, n.filled),
                   'is_cancel_wanted', nullif(o.is_cancel_wanted, n.is_cancel_wanted))),
               now()
        from after n join before o using (order_id)
        where (n.status, n.reason, n.filled, n.is_cancel_wanted)
              is distinct from (o.status, o.reason, o.filled, o.is_cancel_wanted)
        order by n.order_id;
    end if;
    return null;
end
$$;
drop trigger tell_insert on abp_orders;
drop trigger tell_change on abp_orders;
create trigger tell_insert after insert on abp_orders referencing new table as after
    for each statement execute function tell_abp_orders();
create trigger tell_change after update on abp_orders referencing old table as before new table as after
    for each statement execute function tell_abp_orders();

-- A bet is told with the names that its client knows it by; moves of the ledger, what the feed says, and whose word
-- counts are no news of the bet.
create function tell_abp_bets() returns trigger
language plpgsql as $$
declare
    hidden  constant text[] := '{reserved,staked,order_stake,runner,feed_settlement,settled_by}';
begin
    if tg_op = 'INSERT' then
        insert into outbox (channel, client, event, key, payload, at)
        select 'abp.bets', n.client, 'INSERT', n.bet_id, (to_jsonb(n) - hidden) || abp_bet_names(n.account_id, n.order_id),
               now()
        from after n where n.origin = 'abp' order by n.bet_id;
        return null;
    end if;
    insert into outbox (channel, client, event, key, payload, at)
    select t.channel, c.client, 'UPDATE', c.bet_id, c.told || abp_bet_names(c.account_id, c.order_id), now()
    from (select n.bet_id, n.client, n.account_id, n.order_id, to_jsonb(n) - hidden as told,
                 (n.settlement, n.payout) is distinct from (o.settlement, o.payout) as is_settled,
                 to_jsonb(o) - hidden as was
          from after n join before o using (bet_id) where n.origin = 'abp') c
      cross join lateral (values ('abp.bets', 1), ('abp.settlements', 2)) t (channel, place)
    where c.told <> c.was and (t.place = 1 or c.is_settled)
    order by c.bet_id, t.place;
    return null;
end
$$;

create function abp_bet_names(account bigint, client_order bigint) returns jsonb
language sql stable as $$
    select jsonb_build_object(
        'username', (select a.username from accounts a where a.account_id = account),
        'user_ref', (select o.user_ref from abp_orders o where o.order_id = client_order),
        'request_uuid', (select o.request_uuid::text from abp_orders o where o.order_id = client_order))
$$;
drop trigger tell_abp_bet on bets;
drop function tell_abp_bet();
create trigger tell_abp_bet_insert after insert on bets referencing new table as after
    for each statement execute function tell_abp_bets();
create trigger tell_abp_bet_update after update on bets referencing old table as before new table as after
    for each statement execute function tell_abp_bets();
