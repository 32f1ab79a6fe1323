-- At commit no subject has got back more than it was charged, whoever wrote the refund (decision 17, reliability 1, row 3).
create or replace function wallet_check_refund() returns trigger language plpgsql as $$
declare
  v_kept numeric;
begin
  select coalesce(sum(e.amount), 0) into v_kept
    from wallet_transfer t join wallet_entry e on e.transfer_id = t.id join wallet_account a on a.id = e.account_id
    where t.subject_type = new.subject_type and t.subject_id = new.subject_id and t.kind in ('charge', 'refund')
      and a.code = 'orders';
  if v_kept < 0 then
    raise exception 'transfer % pays back % more than % % was charged', new.id, -v_kept, new.subject_type, new.subject_id
      using errcode = 'check_violation';
  end if;
  return null;
end $$;

drop trigger if exists refund_stays_within_its_charge on wallet_transfer;
create constraint trigger refund_stays_within_its_charge after insert on wallet_transfer
  deferrable initially deferred for each row when (new.kind = 'refund') execute function wallet_check_refund();
