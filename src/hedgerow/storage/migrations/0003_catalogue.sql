-- What the feed tells about sports, kept so that names can be shown and joined after a match has gone.

create table sports (
    sport_id  integer primary key,
    slug      text not null,
    name      text not null
);

create table tournaments (
    tournament_id  integer primary key,
    sport_id       integer not null,
    name           text not null,
    category       text not null default ''
);
create index tournaments_by_sport on tournaments (sport_id);

create table fixtures (
    fixture_id         text primary key,
    sport_id           integer not null,
    tournament_id      integer not null,
    participant1_name  text not null,
    participant2_name  text not null,
    start_time         bigint not null,              -- seconds since 1970, the feed's unit
    status_id          integer not null check (status_id between 0 and 3),
    is_live            boolean not null default false,
    scores             jsonb not null default '{}',
    clock              jsonb not null default '{}',
    quarantined        text,                         -- why, where the fixture contradicts itself
    updated_at         timestamptz not null
);
create index fixtures_by_tournament on fixtures (tournament_id, start_time);

create table markets (
    market_id    bigint primary key,
    sport_id     integer not null,
    market_type  text not null,
    period       text not null,
    handicap     numeric not null,
    player_prop  boolean not null default false,
    name         text not null,
    outcomes     jsonb not null                      -- [{outcomeId, outcomeName}] in the feed's order
);
create index markets_by_sport on markets (sport_id);
