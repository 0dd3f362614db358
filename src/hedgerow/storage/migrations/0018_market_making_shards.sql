-- Which process of market making works on which fixtures, and since which fencing token.

create sequence mm_fencing_tokens;

-- One row a shard. Transactions that write for a shard hold `for key share` on its row: a renewal does not meet that, a
-- new token, which stands in a unique key, waits for it and shuts out what comes later.
create table mm_shards (
    shard        integer primary key check (shard >= 0),
    token        bigint not null default 0,
    holder       text,                       -- of mm_processes; null: nobody
    lease_until  timestamptz not null default '-infinity',
    unique (shard, token)
);

-- The processes that are there, with and without shards.
create table mm_processes (
    process  text primary key,
    shards   integer not null check (shards > 0),  -- into how many parts it takes the fixtures to be divided
    seen_at  timestamptz not null
);

-- The shard of a fixture; `mm.shards.shard_of` counts the same.
create function mm_shard_of(fixture_id text, shards integer) returns integer
    language sql immutable strict parallel safe
    return ('x' || substr(encode(sha256(convert_to(fixture_id, 'UTF8')), 'hex'), 1, 7))::bit(28)::integer % shards;
