-- What the rows beside the ledger refuse, whoever writes to them: evidence, acts and what was agreed are written once.

create or replace function wallet_refuse_rewrite() returns trigger language plpgsql as $$
begin
  raise exception '% of % is refused: this part of a row is written once', tg_op, tg_table_name
    using errcode = 'restrict_violation';
end $$;

create or replace trigger event_is_written_once before update or delete on wallet_event
  for each row execute function wallet_refuse_rewrite();
create or replace trigger ledger_check_is_written_once before update or delete on wallet_ledgercheck
  for each row execute function wallet_refuse_rewrite();

-- Of a webhook, what came in stays; what became of it (due, tries, handled, outcome, its top-up) is still to be written.
create or replace trigger gateway_event_is_evidence before update on wallet_gatewayevent
  for each row when ((old.gateway, old.event_id, old.payment_id, old.kind, old.body, old.received_at)
    is distinct from (new.gateway, new.event_id, new.payment_id, new.kind, new.body, new.received_at))
  execute function wallet_refuse_rewrite();
create or replace trigger gateway_event_is_kept before delete on wallet_gatewayevent
  for each row execute function wallet_refuse_rewrite();

-- A payment is judged by what was asked for, and a correction or payout is decided on as it was asked for.
create or replace trigger top_up_asks_the_same before update on wallet_topup
  for each row when ((old.user_id, old.reference, old.gateway, old.amount, old.fee, old.total, old.currency)
    is distinct from (new.user_id, new.reference, new.gateway, new.amount, new.fee, new.total, new.currency))
  execute function wallet_refuse_rewrite();
create or replace trigger top_up_is_kept before delete on wallet_topup
  for each row execute function wallet_refuse_rewrite();
create or replace trigger adjustment_asks_the_same before update on wallet_adjustment
  for each row when ((old.user_id, old.amount, old.reason, old.asked_by_id, old.needs_second_person)
    is distinct from (new.user_id, new.amount, new.reason, new.asked_by_id, new.needs_second_person))
  execute function wallet_refuse_rewrite();
create or replace trigger adjustment_is_kept before delete on wallet_adjustment
  for each row execute function wallet_refuse_rewrite();
create or replace trigger payout_asks_the_same before update on wallet_payout
  for each row when ((old.user_id, old.amount, old.top_up_id) is distinct from (new.user_id, new.amount, new.top_up_id))
  execute function wallet_refuse_rewrite();
create or replace trigger payout_is_kept before delete on wallet_payout
  for each row execute function wallet_refuse_rewrite();
