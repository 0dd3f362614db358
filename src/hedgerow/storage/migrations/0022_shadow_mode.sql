-- Shadow mode: who is quoted on paper only, and what was done so. A process that trades on paper looks into `shadow`
-- first: what it writes stands there, and nothing that reads or checks real trading sees it. The tables have no
-- triggers: nothing of them leaves by the outbox.

create table mm_shadow (
    client         text not null references clients,
    tournament_id  integer,                          -- null: all of the client's
    since          timestamptz not null,
    unique nulls not distinct (client, tournament_id)
);

create schema shadow;
create table shadow.mm_orders (like mm_orders including all);
create table shadow.mm_fills (like mm_fills including all);
create table shadow.mm_quotes (like mm_quotes including all);
create table shadow.mm_disputes (like mm_disputes including all);
create table shadow.bets (like bets including all);
create table shadow.audit (like audit including all);
