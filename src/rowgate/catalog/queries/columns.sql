-- Columns of the given relations. Domains are followed to the type, length, default and
-- nullability that they stand for.
with recursive domain_step as (
    select
        t.oid,
        t.typbasetype as base,
        t.typtypmod as modifier,
        t.typnotnull as not_null,
        pg_get_expr(t.typdefaultbin, 0) as default_expression
    from pg_type t
    where t.typtype = 'd'
    union all
    select
        s.oid,
        t.typbasetype,
        t.typtypmod,
        s.not_null or t.typnotnull,
        coalesce(s.default_expression, pg_get_expr(t.typdefaultbin, 0))
    from domain_step s
    join pg_type t on t.oid = s.base and t.typtype = 'd'
),
domain as (
    select s.*
    from domain_step s
    join pg_type t on t.oid = s.base and t.typtype <> 'd'
),
typed as (
    select
        a.*,
        coalesce(d.base, a.atttypid) as base_type,
        coalesce(d.modifier, a.atttypmod) as base_modifier,
        coalesce(d.not_null, false) as domain_not_null,
        d.default_expression as domain_default
    from pg_attribute a
    left join domain d on d.oid = a.atttypid
    where a.attrelid = any(%(oids)s::oid[]) and a.attnum > 0 and not a.attisdropped
)
select
    a.attrelid,
    a.attnum,
    a.attname::text,
    format_type(a.atttypid, a.atttypmod),
    case when a.base_type <> a.atttypid then format_type(a.base_type, a.base_modifier) end,
    not (a.attnotnull or a.domain_not_null) as nullable,
    case
        when a.attidentity = 'd' then 'nextval(' || quote_literal(s.sequence) || '::regclass)'
        when a.attidentity = 'a' or a.attgenerated <> '' then null
        else pg_get_expr(ad.adbin, ad.adrelid)
    end as default_expression,
    case when a.attgenerated = '' then a.domain_default end as domain_default,
    case
        when a.base_type in ('bpchar'::regtype, 'varchar'::regtype) and a.base_modifier > 4
            then a.base_modifier - 4
        when a.base_type in ('bit'::regtype, 'varbit'::regtype) and a.base_modifier > 0
            then a.base_modifier
    end as max_length,
    case when t.typtype = 'e' then array(
        select e.enumlabel::text from pg_enum e where e.enumtypid = t.oid order by e.enumsortorder
    ) end as enum_values,
    described.description
from typed a
join pg_type t on t.oid = a.base_type
left join pg_attrdef ad on ad.adrelid = a.attrelid and ad.adnum = a.attnum
left join lateral (
    select d.objid::regclass::text as sequence
    from pg_depend d
    where a.attidentity = 'd'
      and d.classid = 'pg_class'::regclass
      and d.refclassid = 'pg_class'::regclass
      and d.refobjid = a.attrelid
      and d.refobjsubid = a.attnum
      and d.deptype = 'i'
) s on true
left join pg_description described
  on described.objoid = a.attrelid
 and described.classoid = 'pg_class'::regclass
 and described.objsubid = a.attnum
order by a.attrelid, a.attnum
