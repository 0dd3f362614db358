-- An operator may say how a bet ended of which nobody else tells; the feed does not overrule that, the bookmaker does.

alter table bets drop constraint bets_settled_by_check;
alter table bets add constraint bets_settled_by_check check (settled_by in ('bookmaker', 'feed', 'operator'));

drop index bets_graded;
create index bets_graded on bets (account_id)
    where origin = 'abp' and status = 'CONFIRMED' and feed_settlement is not null
          and feed_settlement <> settlement and (settled_by is null or settled_by = 'feed');

-- What an operator is shown: bets that wait for somebody's word.
create index bets_in_doubt on bets (bet_id) where in_doubt;
create index audit_late_answers on audit (at) where action = 'late answer';
