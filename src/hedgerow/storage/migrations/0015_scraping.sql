-- Scraping: its agents, what a key may reach, the token buckets that all gateways share, and what was used.

alter table api_keys
    add column key_id         bigint generated always as identity unique,
    add column max_concurrent integer check (max_concurrent > 0),
    add column targets_allow  text[] not null default '{}',
    add column targets_deny   text[] not null default '{}';

-- Only the SHA-256 of an agent's key is kept; a key serves as its one agent.
create table scraping_agents (
    slug        text primary key check (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    key_hash    bytea not null unique check (length(key_hash) = 32),
    is_active   boolean not null default true,
    created_at  timestamptz not null
);

-- Where a key's bucket stood when it was last taken from. Unlogged: a crash of the server fills the buckets, which
-- is worth less than a write to disk for every lease.
create unlogged table scraping_buckets (
    key_id      bigint primary key,
    tokens      double precision not null,
    granted     integer not null,
    filled_at   timestamptz not null
);

create table scraping_usage (
    key_id      bigint not null references api_keys (key_id) on delete cascade,
    protocol    text not null check (protocol in ('fetch', 'browser', 'ws', 'amqp')),
    requests    bigint not null,
    succeeded   bigint not null,
    bytes       bigint not null,
    primary key (key_id, protocol)
);

create table scraping_domains (
    key_id      bigint not null references api_keys (key_id) on delete cascade,
    domain      text not null,
    requests    bigint not null,
    primary key (key_id, domain)
);

-- The last flush of each gateway process that was counted: one whose answer was lost is not counted twice.
create table scraping_flushes (
    gateway     uuid primary key,
    number      bigint not null,
    flushed_at  timestamptz not null
);
