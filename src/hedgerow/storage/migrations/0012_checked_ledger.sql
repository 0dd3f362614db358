-- How far the entries of each ledger have been added up and found to be its balances: entries are never changed, so that
-- the next check begins there. An account's entries get their numbers under its lock, in the order of their commits.

create table abp_ledger_checked (
    account_id  bigint not null references accounts,
    currency    text not null,
    entry_id    bigint not null,                     -- the last one that is in the sums
    free        numeric not null,
    reserved    numeric not null,
    staked      numeric not null,
    venue       numeric not null,
    primary key (account_id, currency)
);
