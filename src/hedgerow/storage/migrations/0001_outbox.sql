-- Changes on their way to the bus: written in the transaction that they tell of, published in commit order.
-- A row may be read when no transaction that is older than its own is still open: nothing can then come before it.

create table outbox (
    id       bigint generated always as identity,
    xid      xid8 not null default pg_current_xact_id(),
    channel  text not null check (channel ~ '^[a-z0-9_]+([.][a-z0-9_]+)*$'),
    client   text,                                   -- whom it concerns; null: everybody
    event    text not null,                          -- INSERT or UPDATE, or what the channel defines
    key      text not null,                          -- of the row within its channel
    payload  jsonb not null,
    old      jsonb,                                  -- previous values of what changed
    at       timestamptz not null default now(),
    primary key (xid, id)
);

-- How far the outbox is published. `seq` counts what was published, without holes.
create table outbox_cursor (
    only_row  boolean primary key default true check (only_row),
    xid       xid8 not null,
    id        bigint not null,
    seq       bigint not null
);
insert into outbox_cursor (xid, id, seq) values ('0', 0, 0);
