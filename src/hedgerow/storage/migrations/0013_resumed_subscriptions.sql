-- How far clients have read their reliable WebSocket subscriptions, so that another process can go on with them.
-- Written behind by about a second; what it lags, the client's own count makes up for.

create table ws_bookmarks (
    subscription_id  bigint primary key,
    key_hash         bytea not null,                 -- of the API key that it was made with
    channels         text[] not null,
    owner            uuid not null,                  -- the process that has it
    seq              bigint not null check (seq >= 0),     -- the client has every message up to this one
    change           bigint not null check (change >= 0),  -- and they tell of every change up to this one
    seen_at          timestamptz not null default clock_timestamp()
);
create index ws_bookmarks_by_age on ws_bookmarks (seen_at);
