-- What the ledger refuses, whoever writes to it (decision 18).

-- A transfer and its entries are written once.
create or replace function wallet_refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% of % is refused: the ledger is append-only, a correction is another transfer', tg_op, tg_table_name
    using errcode = 'restrict_violation';
end $$;

create trigger transfer_is_written_once before update or delete on wallet_transfer
  for each row execute function wallet_refuse_change();
create trigger entry_is_written_once before update or delete on wallet_entry
  for each row execute function wallet_refuse_change();
create trigger account_is_kept before delete on wallet_account
  for each row execute function wallet_refuse_change();

-- A balance moves by an entry and in no other way: the entry's own trigger (depth 1) may write it, a statement may not.
create or replace function wallet_refuse_balance() returns trigger language plpgsql as $$
begin
  raise exception 'a balance is the sum of its entries and is written by them alone'
    using errcode = 'restrict_violation';
end $$;

create trigger account_moves_by_entries before update of user_id, kind, code, balance on wallet_account
  for each row when (pg_trigger_depth() = 0) execute function wallet_refuse_balance();
create trigger account_starts_empty before insert on wallet_account
  for each row when (new.balance <> 0) execute function wallet_refuse_balance();

-- An entry locks its wallet, moves the balance and keeps what it came to. The id is drawn under that lock, so that the
-- newest id of an account is the newest balance. The check on the account refuses what would fall below zero.
create or replace function wallet_apply_entry() returns trigger language plpgsql as $$
begin
  update wallet_account set balance = balance + new.amount
    where id = new.account_id and balance is not null
    returning balance into new.balance_after;
  if not found then
    new.balance_after := null;
    perform from wallet_account where id = new.account_id;
    if not found then
      raise exception 'account % does not exist', new.account_id using errcode = 'foreign_key_violation';
    end if;
  end if;
  new.id := nextval('wallet_entry_id_seq');
  return new;
end $$;

create trigger entry_moves_its_balance before insert on wallet_entry
  for each row execute function wallet_apply_entry();

-- At commit the legs of a transfer cancel out. No leg is zero, so a sum of zero means at least two of them.
create or replace function wallet_check_sum() returns trigger language plpgsql as $$
declare
  v_sum numeric;
begin
  select sum(amount) into v_sum from wallet_entry where transfer_id = new.transfer_id;
  if v_sum <> 0 then
    raise exception 'the entries of transfer % sum to %, not to zero', new.transfer_id, v_sum
      using errcode = 'check_violation';
  end if;
  return null;
end $$;

create constraint trigger transfer_sums_to_zero after insert on wallet_entry
  deferrable initially deferred for each row execute function wallet_check_sum();

create or replace function wallet_check_legs() returns trigger language plpgsql as $$
begin
  if not exists (select from wallet_entry where transfer_id = new.id) then
    raise exception 'transfer % moves nothing', new.id using errcode = 'check_violation';
  end if;
  return null;
end $$;

create constraint trigger transfer_has_legs after insert on wallet_transfer
  deferrable initially deferred for each row execute function wallet_check_legs();
