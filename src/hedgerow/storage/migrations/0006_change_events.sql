-- Every committed change of a row that clients follow leaves by the outbox, in the same transaction: the trigger
-- cannot be forgotten by a writer. `payload` is the row, `old` the previous values of the columns that changed.

create function changed_columns(before jsonb, after jsonb) returns jsonb
language sql immutable as $$
    select coalesce(jsonb_object_agg(b.key, b.value), '{}')
    from jsonb_each(before) b
    where after -> b.key is distinct from b.value
$$;

create function tell_change() returns trigger
language plpgsql as $$
declare
    channel  text  := tg_argv[0];
    key_of   text  := tg_argv[1];
    after    jsonb := to_jsonb(new);
    before   jsonb;
begin
    if tg_op = 'UPDATE' then
        if new is not distinct from old then
            return null;
        end if;
        before := changed_columns(to_jsonb(old), after);
    end if;
    insert into outbox (channel, client, event, key, payload, old, at)
    values (channel, after ->> 'client', tg_op, after ->> key_of, after - 'sealed', before - 'sealed', now());
    return null;
end
$$;

create trigger tell_change after insert or update on mm_orders
    for each row execute function tell_change('mm.orders', 'order_id');
create trigger tell_change after insert or update on bets
    for each row execute function tell_change('bets', 'bet_id');
create trigger tell_change after update of balance, held, is_active on accounts
    for each row execute function tell_change('accounts', 'account_id');
create trigger tell_change after update on mm_system
    for each row execute function tell_change('emergency', 'only_row');
create trigger tell_change after update of scores, status_id, is_live, clock on fixtures
    for each row when (new.scores is distinct from old.scores or new.status_id <> old.status_id
                       or new.is_live <> old.is_live or new.clock is distinct from old.clock)
    execute function tell_change('scores', 'fixture_id');
