-- Orders are kept for ever, and few of them ever match. What works on those must not look through the others: settling
-- a contract, adding a market's result up, and a start, which asks which orders lack fills that their exchange has told.
create index mm_orders_matched_by_contract on mm_orders (account_id, exchange_outcome_id) where matched_size > 0;
create index mm_orders_matched_by_market on mm_orders (fixture_id, market_id) where matched_size > 0;
create index mm_orders_missing_fills on mm_orders (account_id) where status = 'FILLED' and matched_size < size;

-- Each round of listings asks for operators' words.
create index mm_mappings_decided on mm_mappings (venue) where decision is not null;

-- Hedges are graded by the feed too, where their bookmaker has no statement.
drop index bets_graded;
create index bets_graded on bets (account_id)
    where status = 'CONFIRMED' and feed_settlement is not null and feed_settlement <> settlement
          and (settled_by is null or settled_by = 'feed');
