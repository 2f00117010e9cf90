-- name: find_esco
-- By code or by id, as people write either.
select id::text, code from public.escos where code = %(esco)s or id::text = %(esco)s

-- name: list_escos
select id::text, code from public.escos order by code

-- name: find_customer
-- Row-level security decides whether the caller may know of the customer at all.
select id::text, esco_id::text from public.customers where id::text = %(customer_id)s

-- name: seconds
select extract(epoch from %(interval)s::interval)::float8
