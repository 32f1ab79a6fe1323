"""A provider that delivers nothing: API v2 over HTTP, a realistic catalogue, and every way a provider can misbehave.

Demo provider, test double and benchmark target in one (decision 15). It is a stranger to the panel: it runs in its own
process and imports only the standard library. A sandbox for payments runs beside it (below). Start it with::

    SANDBOX_SECRET=… python -m orders.simulator --host 127.0.0.1 --port 8001 --data DIR --seed 1 --speed-up 60

**Time.** `--speed-up 60` makes an hour pass in a minute; a service's `pace` and `average_time` are stated as they will
be seen, sped up. An order keeps the speed-up it was accepted under. Progress is a pure function of seed, order and
time; orders are appended to `DIR/journal.jsonl`, payments to `DIR/payments.jsonl`. A restart with the same seed
continues exactly, after kill -9 too (faults asked for are forgotten).

**Asking for trouble.** A trouble is written `kind` or `kind:argument`. It is asked for in the link of an order,
`https://example.com/p/1?sim=partial:0.4` (several with commas), or through `POST /control` (loopback only)::

    {"faults": [{"action": "add", "kind": "http_500", "next": 3, "accepted": 0.5},
                {"action": "add", "kind": ["late:5", "drop", "html"], "rate": 0.1}]}

`next` spoils the next N answers of that action (`*`: any action), `rate` that share of them, drawn with the seed; of
several kinds one is drawn. `accepted` is the chance that a spoiled `add` was accepted all the same; left out it is 1,
and 0 for `error` and `http_429`. In a link it is always left out.

How an order goes (for `add`, kept with the order):

- `completed:0.98`, `partial:0.4`, `canceled`, `canceled:0.3`: ends with that word after that share was delivered
- `word:Refunded`: while it is being delivered, its status is called so
- `remains:-5`, `remains:1 000`, `remains:absent`: `remains` is answered so, `more` means quantity + 1000
- `regress`: from 50 % to 70 % delivered, the remains are those of 30 percentage points before
- `unfinish`: ten simulated minutes after Completed it is In progress again
- `recount:50`: ten simulated minutes after its end, 50 more remain; a negative number: fewer
- `charge:1.5`: it is charged one and a half times what the list says

How one answer goes (any action):

- `error:Bad link`: refused with this text, HTTP 200; `http_429`, `http_429:7` (Retry-After), `http_500`, `http_502`
- `html`, `empty`, `garbage`, `wrong_shape`, `gzip_bomb` (100 MB unpacked), `huge` (10 MB)
- `slow_drip:30`: the right answer, byte by byte, over that many seconds; `late:30`: the right answer, but later
- `drop`: the request is carried out, then the connection is reset without an answer
- `same_id`: `add` answers the id of the order accepted before
- `word:…`, `remains:…`, `charge:…` for `status`: so for every order of the answer; `missing:0.5`: that share of ids is
  left out

How the provider itself goes (`POST /control`, until a reset or a restart):

- `{"services": {"1001": {"rate": "2.50", "min": 100, "max": 500, "name": "…"}, "1002": null}}`: a service changes, or
  is withdrawn; what was ordered goes on
- `{"shut": 5}`: for so many seconds every connection is refused, this one too; open ones are closed.
  https always is refused

**Watching and steering** (loopback only): `GET /control` the faults asked for; `POST /control` with `{"reset": true}`
forgets them, with `{"deposit": "-50.00"}` changes the balance, with `{"forget_payments": true}` empties the sandbox,
with `{"catalogue": […]}` lists exactly that from now on, sense or nonsense, and with null or a reset what there is;
`GET /control/counts` counts, per link, the `add` calls that `arrived` and those that were `accepted`, and all
`requests` per action, `GET /control/totals` the same without links; `GET /control/orders?ids=1,2&at=EPOCH` tells what
was really delivered at a moment, whatever `status` says; `POST /control/bulk` with
`{"count": 100000, "quantity": 1000, "pace": 500, "ago": 60}` makes live orders at once (`service` optional; charged,
not counted by link).

**Payments.** The sandbox stands in for a payment company whose page the customer visits: no money moves. It is open
where `SANDBOX_SECRET` is set, the bearer of its API and the key of its webhooks. Amounts have two decimals:

- `POST /pay/api/payments` with `reference` (again: the same payment), `total`, `currency`, `description`, `return_url`
  and `webhook_url` (called when it is http on this machine): 201 with `id` and `url`, the page, where one pays, too
  little or too much, in another currency, in a while (20 simulated minutes), not at all, or after all; and later
  refunds, charges back, and decides for the seller
- `GET /pay/api/payments/ID` the truth: `state` (open, paid, dead), `reference`, `total`, `received`, `currency`,
  `refunded`, `disputed`; `POST /pay/api/payments/ID/refunds` with `key` (again: the same refund), `amount`, `currency`
- faults of answers go by the actions `create_payment`, `fetch_payment` and `refund_payment`; `error:…` is a 422
- `POST /control/payments` with `{"ids": ["pay_…"], "do": "pay"}` presses a button of many pages: `pay`, `pay_less`,
  `pay_more`, `pay_foreign`, `pay_later`, `close`, `refund`, `charge_back`, `win_dispute`; `amount` and `currency` may
  say which; `GET /control/payments` lists all that happened

A webhook is a JSON object `id`, `type` (`payment.paid`, `.closed`, `.refunded`, `.disputed`, `.dispute_won`),
`created`, `payment`, `reference`; its header `Sandbox-Signature: t=UNIX,v1=HEX` holds the HMAC-SHA256 of `t.body`. It
is sent again until it is answered 2xx, later and later, for three simulated days, over restarts too. Faults of the
action `webhook` add up, where those of answers replace each other:

- `duplicate:3`: sent three times; `lost`: never
- `delayed:172800`: so many simulated seconds late; `shuffled:600`: late by a share of them drawn with the seed
- `forged`, `forged:5`: before it, so many copies with a wrong signature, each sent once; `stale`: signed an hour ago

`GET /control/webhooks` lists the newest 100,000 copies: `event`, `type`, `payment`, `kind` (genuine, forged, stale),
`answers` (the HTTP status of each try, 0 for none) and `due` (of the next try, if any).
"""
