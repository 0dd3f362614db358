-- Orders are kept for ever, and few of them ever match. What works on those must not look through the others: settling
-- a contract, adding a market's result up, and a start, which asks which orders lack fills that their exchange has told.
create index mm_orders_matched_by_contract on mm_orders (account_id, exchange_outcome_id) where matched_size > 0;
create index mm_orders_matched_by_market on mm_orders (fixture_id, market_id) where matched_size > 0;
create index mm_orders_missing_fills on mm_orders (account_id) where status = 'FILLED' and matched_size < size;
