-- Bets are looked for by their order and by who placed them. While a table has no statistics yet the planner takes a
-- partial index for nearly empty: it read all clients' bets by `bets_of_abp` for each group of orders.

create index bets_by_abp_order on bets (order_id) where origin = 'abp';
create index bets_by_mm_order on bets (order_id) where origin = 'mm';
drop index bets_by_order;
