-- New bets are told by one trigger for a statement, whoever placed them: a fill's hedge waits for its commit, and
-- each trigger that looks at a row costs it. What market making's bets tell stays what `tell_change` said of them.

create function tell_new_bets() returns trigger
language plpgsql as $$
declare
    hidden  constant text[] := '{reserved,staked,order_stake,runner,feed_settlement,settled_by}';
begin
    insert into outbox (channel, client, event, key, payload, at)
    select case n.origin when 'mm' then 'bets' else 'abp.bets' end, n.client, 'INSERT', n.bet_id,
           case n.origin when 'mm' then to_jsonb(n)
                         else (to_jsonb(n) - hidden) || abp_bet_names(n.account_id, n.order_id) end,
           now()
    from after n order by n.bet_id;
    return null;
end
$$;
drop trigger tell_change on bets;
drop trigger tell_abp_bet_insert on bets;
create trigger tell_insert after insert on bets referencing new table as after
    for each statement execute function tell_new_bets();
create trigger tell_change after update on bets
    for each row when (new.origin = 'mm') execute function tell_change('bets', 'bet_id');

create or replace function tell_abp_bets() returns trigger
language plpgsql as $$
declare
    hidden  constant text[] := '{reserved,staked,order_stake,runner,feed_settlement,settled_by}';
begin
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
