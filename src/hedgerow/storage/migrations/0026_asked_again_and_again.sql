-- What is asked again and again must not look through what was answered long ago.
-- Each round of listings asks for operators' words.
create index mm_mappings_decided on mm_mappings (venue) where decision is not null;

-- Hedges are graded by the feed too, where their bookmaker has no statement.
drop index bets_graded;
create index bets_graded on bets (account_id)
    where status = 'CONFIRMED' and feed_settlement is not null and feed_settlement <> settlement
          and (settled_by is null or settled_by = 'feed');
