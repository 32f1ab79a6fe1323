-- Places orders with their runs and first events and charges the wallet last, all or nothing (decision 19).
--
-- orders: an array of {"order": {column: value}, "runs": [{column: value}], "event": {column: value}} and, where one was
-- shown, "quote": {column: value}. Keys are column names, so a new column needs no new signature. Returns the ids in the
-- array's order.
-- Raises what wallet_charge() raises: SMM01 when the money does not suffice, SMM03 frozen, SMM04 beyond a limit; a
-- unique violation of one_order_a_quote; and a check violation for an order by the form without the quote it showed.
CREATE OR REPLACE FUNCTION orders_place(orders jsonb) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
    placed record;
    ids bigint[] := ARRAY[]::bigint[];
BEGIN
    FOR placed IN
        SELECT item, nextval('orders_order_id_seq') AS id FROM jsonb_array_elements(orders) AS item
    LOOP
        ids := ids || placed.id;

        INSERT INTO orders_order
        SELECT * FROM jsonb_populate_record(
            NULL::orders_order, placed.item -> 'order' || jsonb_build_object('id', placed.id));

        INSERT INTO orders_run
        SELECT filled.* FROM jsonb_array_elements(placed.item -> 'runs') AS run, jsonb_populate_record(
            NULL::orders_run,
            run || jsonb_build_object('id', nextval('orders_run_id_seq'), 'order_id', placed.id)) AS filled;

        INSERT INTO orders_orderevent
        SELECT * FROM jsonb_populate_record(
            NULL::orders_orderevent,
            placed.item -> 'event' || jsonb_build_object('id', nextval('orders_orderevent_id_seq'), 'order_id', placed.id));

        IF placed.item ? 'quote' THEN
            INSERT INTO orders_quote
            SELECT * FROM jsonb_populate_record(
                NULL::orders_quote,
                placed.item -> 'quote' || jsonb_build_object('order_id', placed.id, 'repeats', false));
        ELSIF placed.item -> 'order' ->> 'channel' = 'web' THEN
            RAISE check_violation USING MESSAGE = 'an order by the form is placed at the quote that it showed';
        END IF;
    END LOOP;

    -- The wallet last: its lock is the one that everybody waits for.
    PERFORM wallet_charge(
        o.user_id, o.charge, 'order:' || o.id || ':charge', 'charge', 'order', o.id,
        'customer:' || o.user_id, '', o.placed_at)
    FROM (SELECT * FROM orders_order WHERE id = ANY (ids) AND charge > 0 ORDER BY id) AS o;
    RETURN ids;
END
$$;
