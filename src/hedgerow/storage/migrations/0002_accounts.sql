-- Who uses the deployment, with which keys, and which accounts it has at venues.

create table clients (
    client       text primary key check (client ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
    name         text not null,
    is_active    boolean not null default true,
    odds_format  text not null default 'decimal'
                 check (odds_format in ('american', 'decimal', 'hong_kong', 'fractional')),
    created_at   timestamptz not null
);

-- Only the SHA-256 of a key is kept; `prefix` is its first eight characters, to name it by.
create table api_keys (
    key_hash     bytea primary key check (length(key_hash) = 32),
    prefix       text not null,
    client       text not null references clients,
    service      text not null check (service in ('abp', 'mm', 'scraping')),
    is_active    boolean not null default true,
    per_minute   integer not null check (per_minute > 0),
    per_second   numeric not null check (per_second > 0),
    bookmakers   text[] not null default '{}',
    expires_at   timestamptz,
    created_at   timestamptz not null
);
create index api_keys_by_client on api_keys (client);

-- Units of a currency per 1 USD. An operator's rate stands until it is removed, the feed's is renewed.
create table currencies (
    currency     text primary key check (currency ~ '^[A-Z]{3,5}$'),
    per_usd      numeric not null check (per_usd > 0),
    source       text not null check (source in ('feed', 'operator')),
    updated_at   timestamptz not null
);

-- What an operator set for a venue; everything else of it is in its manifest.
create table bookmakers (
    slug           text primary key,
    is_active      boolean not null default true,
    default_limit  numeric check (default_limit >= 0),
    default_limit_min numeric check (default_limit_min >= 0)
);

create table accounts (
    account_id         bigint generated always as identity primary key,
    venue              text not null,
    username           text not null,
    client             text not null references clients,
    currency           text not null,
    priority           integer not null default 0,
    is_active          boolean not null default true,
    sealed             bytea not null,               -- credentials, AES-256-GCM, bound to venue and username
    meta               jsonb not null default '{}',
    max_outcome_stake  numeric not null default 1000 check (max_outcome_stake >= 0),
    limit_max          numeric check (limit_max >= 0),
    limit_min          numeric check (limit_min >= 0),
    balance            numeric,
    held               numeric,
    balance_at         timestamptz,
    created_at         timestamptz not null,
    unique (venue, username)
);
create index accounts_by_client on accounts (client);
