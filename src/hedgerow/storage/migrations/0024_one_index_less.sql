-- A fill's hedge waits for its commit, and each index of its row costs that. In another order the unique key serves who
-- looks for the fills of an exchange's order too.

alter table mm_fills add unique (account_id, exchange_order_id, trade_ref);
alter table mm_fills drop constraint mm_fills_account_id_trade_ref_exchange_order_id_key;
drop index mm_fills_by_exchange_id;

-- As before, but that the columns that are hidden are known when the statement is planned.
create or replace function tell_new_bets() returns trigger
language plpgsql as $$
begin
    insert into outbox (channel, client, event, key, payload, at)
    select case n.origin when 'mm' then 'bets' else 'abp.bets' end, n.client, 'INSERT', n.bet_id,
           case n.origin when 'mm' then to_jsonb(n)
                         else (to_jsonb(n) - '{reserved,staked,order_stake,runner,feed_settlement,settled_by}'::text[])
                              || abp_bet_names(n.account_id, n.order_id) end,
           now()
    from after n order by n.bet_id;
    return null;
end
$$;
