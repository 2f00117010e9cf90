// postgrest-js reading: filters, order, pages, JSON paths, embeds, counts, shapes of the answer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { festival, refusal, rows, url } from './support.js';

const [ANN, BRASS, COLD, STRINGS] = ['Ann Lee', 'Brass & Co', 'Cold Tea', 'D, E (and F)'];
const [OPENING, NIGHT, ENCORE, LOST] = ['Opening', 'Night', 'Encore', 'Lost'];

// Each filter, and what it must find, in the order of the keys.
async function check(table, column, filters) {
  for (const [filter, expected] of filters) {
    const found = await rows(filter(festival.from(table).select(column)).order('id'));
    assert.deepEqual(
      found.map((row) => row[column]),
      expected,
      String(filter),
    );
  }
}

test('filters that compare', () =>
  check('artists', 'name', [
    [(q) => q.eq('name', BRASS), [BRASS]],
    [(q) => q.eq('name', STRINGS), [STRINGS]],
    [(q) => q.neq('name', ANN), [BRASS, COLD, STRINGS]],
    [(q) => q.gt('founded', 1990), [BRASS, STRINGS]],
    [(q) => q.gte('founded', 1990), [ANN, BRASS, STRINGS]],
    [(q) => q.lt('founded', 2005), [ANN]],
    [(q) => q.lte('founded', 2005), [ANN, BRASS]],
    [(q) => q.gt('founded', 1990).lt('founded', 2015), [BRASS]],
    [(q) => q.is('active', null), [STRINGS]],
    [(q) => q.is('active', true), [ANN, BRASS]],
    [(q) => q.is('active', false), [COLD]],
    [(q) => q.isDistinct('founded', 1990), [BRASS, COLD, STRINGS]],
    [(q) => q.in('name', [COLD, STRINGS]), [COLD, STRINGS]],
    [(q) => q.in('id', [1, 3, 9]), [ANN, COLD]],
    [(q) => q.in('id', []), []],
    [(q) => q.notIn('id', [1, 3]), [BRASS, STRINGS]],
    [(q) => q.match({ active: true, founded: 2005 }), [BRASS]],
    [(q) => q.filter('id', 'in', '(2,3)'), [BRASS, COLD]],
    [(q) => q.filter('name', 'not.eq', ANN), [BRASS, COLD, STRINGS]],
  ]));

test('filters by pattern', () =>
  check('artists', 'name', [
    [(q) => q.like('name', '%Lee'), [ANN]],
    [(q) => q.like('name', 'ann%'), []],
    [(q) => q.ilike('name', 'ann%'), [ANN]],
    [(q) => q.likeAllOf('name', ['%o%', '%C%']), [BRASS, COLD]],
    [(q) => q.likeAnyOf('name', ['A%', '%Tea']), [ANN, COLD]],
    [(q) => q.ilikeAllOf('name', ['%O%', '%L%']), [COLD]],
    [(q) => q.ilikeAnyOf('name', ['a%', '%TEA']), [ANN, COLD]],
    [(q) => q.regexMatch('name', '^[AB]'), [ANN, BRASS]],
    [(q) => q.regexIMatch('name', 'TEA$'), [COLD]],
  ]));

test('filters of arrays', () =>
  check('artists', 'name', [
    [(q) => q.contains('tags', ['band']), [BRASS, COLD]],
    [(q) => q.contains('tags', ['band', 'rock']), [COLD]],
    [(q) => q.containedBy('tags', ['folk', 'solo', 'jazz']), [ANN, STRINGS]],
    [(q) => q.overlaps('tags', ['jazz', 'rock']), [BRASS, COLD]],
  ]));

test('filters of ranges', () =>
  check('concerts', 'title', [
    [(q) => q.rangeLt('days', '[2026-07-09,2026-07-10)'), [OPENING, NIGHT]],
    [(q) => q.rangeGt('days', '[2026-07-01,2026-07-09)'), [ENCORE, LOST]],
    [(q) => q.rangeGte('days', '[2026-07-03,2026-07-30)'), [NIGHT, ENCORE, LOST]],
    [(q) => q.rangeLte('days', '[2026-07-01,2026-07-04)'), [OPENING, NIGHT]],
    [(q) => q.rangeAdjacent('days', '[2026-07-04,2026-07-10)'), [NIGHT, ENCORE]],
    [(q) => q.overlaps('days', '[2026-07-02,2026-07-04)'), [OPENING, NIGHT]],
    [(q) => q.contains('days', '[2026-07-02,2026-07-02]'), [OPENING]],
    [(q) => q.containedBy('days', '[2026-07-03,2026-07-15)'), [NIGHT, ENCORE]],
  ]));

test('filters inside JSON', () =>
  check('venues', 'name', [
    [(q) => q.eq('address->>city', 'Leeds'), ['Barn']],
    [(q) => q.lt('address->geo->floor', 0), ['Cellar']],
    [(q) => q.eq('address->doors->>0', 'east'), ['Cellar']],
    [(q) => q.contains('address', { geo: { floor: 0 } }), ['Barn']],
    [(q) => q.containedBy('address', { city: 'York', geo: { floor: -1 }, doors: ['east'] }), ['Cellar']],
    [(q) => q.is('address->>city', null), ['Dome']],
  ]));

test('filters of full-text search', () =>
  check('artists', 'name', [
    [(q) => q.textSearch('search', 'sing & sea'), [ANN]],
    [(q) => q.textSearch('search', 'ships', { type: 'plain', config: 'english' }), [ANN, COLD]],
    [(q) => q.textSearch('biography', 'loud trumpets', { type: 'phrase' }), [BRASS]],
    [(q) => q.textSearch('search', 'ships -sea', { type: 'websearch' }), [COLD]],
  ]));

test('filters that join or negate others', () =>
  check('artists', 'name', [
    [(q) => q.or('founded.lt.2000,name.eq.Cold Tea'), [ANN, COLD]],
    [(q) => q.or('name.eq."D, E (and F)",and(active.is.true,founded.gt.2000)'), [BRASS, STRINGS]],
    [(q) => q.or('active.is.null,active.is.false').gt('id', 3), [STRINGS]],
    [(q) => q.not('founded', 'is', null), [ANN, BRASS, STRINGS]],
    [(q) => q.not('name', 'like', '%e%'), [BRASS, STRINGS]],
    [(q) => q.not('id', 'in', '(1,3)'), [BRASS, STRINGS]],
  ]));

test('order and pages', () =>
  check('concerts', 'title', [
    [(q) => q.order('price'), [ENCORE, LOST, OPENING, NIGHT]],
    [(q) => q.order('price', { ascending: false }), [NIGHT, OPENING, LOST, ENCORE]],
    [(q) => q.order('code'), [NIGHT, OPENING, ENCORE, LOST]],
    [(q) => q.order('code', { nullsFirst: true }), [ENCORE, LOST, NIGHT, OPENING]],
    [(q) => q.order('code', { ascending: false, nullsFirst: false }), [OPENING, NIGHT, ENCORE, LOST]],
    [(q) => q.order('venue_id').order('price', { ascending: false }), [OPENING, NIGHT, ENCORE, LOST]],
    [(q) => q.limit(2), [OPENING, NIGHT]],
    [(q) => q.range(2, 3), [ENCORE, LOST]],
    [(q) => q.range(3, 9), [LOST]],
    [(q) => q.limit(0), []],
  ]));

test('JSON paths in columns and in the order', async () => {
  const columns = 'name, city:address->>city, floor:address->geo->floor, address->doors->>-1';
  const order = { ascending: false, nullsFirst: true };
  assert.deepEqual(await rows(festival.from('venues').select(columns).order('address->>city', order)), [
    { name: 'Dome', city: null, floor: null, doors: null },
    { name: 'Cellar', city: 'York', floor: -1, doors: 'east' },
    { name: 'Barn', city: 'Leeds', floor: 0, doors: 'south' },
  ]);
});

test('columns renamed and cast', async () => {
  const one = festival.from('concerts').select('id::text, what: title, price').eq('id', 1);
  assert.deepEqual(await rows(one), [{ id: '1', what: 'Opening', price: 12.5 }]);
});

test('aggregates', async () => {
  const sums = festival.from('concerts').select('venue_id, count(), price.sum()').order('venue_id');
  assert.deepEqual(await rows(sums), [
    { venue_id: 1, count: 1, sum: 12.5 },
    { venue_id: 2, count: 2, sum: 20 },
    { venue_id: null, count: 1, sum: 5 },
  ]);
});

test('embeds to one and to many', async () => {
  const concerts = festival.from('concerts').select('title, venues(name), artist:artists(name)');
  assert.deepEqual(await rows(concerts.in('id', [1, 4]).order('id')), [
    { title: 'Opening', venues: { name: 'Barn' }, artist: { name: ANN } },
    { title: 'Lost', venues: null, artist: { name: COLD } },
  ]);
  const venues = festival
    .from('venues')
    .select('name, concerts(title, tickets(seat))')
    .order('id')
    .order('price', { ascending: false, referencedTable: 'concerts' })
    .order('seat', { referencedTable: 'concerts.tickets' });
  assert.deepEqual(await rows(venues), [
    { name: 'Barn', concerts: [{ title: 'Opening', tickets: [{ seat: 'A1' }, { seat: 'A2' }] }] },
    {
      name: 'Cellar',
      concerts: [
        { title: 'Night', tickets: [{ seat: 'B1' }] },
        { title: 'Encore', tickets: [] },
      ],
    },
    { name: 'Dome', concerts: [] },
  ]);
});

test('embeds through a junction, and one to one', async () => {
  const artists = festival.from('artists').select('name, genres(name), websites(address)').lte('id', 3);
  assert.deepEqual(await rows(artists.order('id').order('id', { referencedTable: 'genres' })), [
    { name: ANN, genres: [{ name: 'folk' }, { name: 'jazz' }], websites: { address: 'ann.example' } },
    { name: BRASS, genres: [{ name: 'jazz' }], websites: { address: 'brass.example' } },
    { name: COLD, genres: [], websites: null },
  ]);
});

test('an inner embed filters its parents', async () => {
  const venues = (columns) => festival.from('venues').select(columns).order('id');
  assert.deepEqual(await rows(venues('name, concerts(title)').eq('concerts.price', 0)), [
    { name: 'Barn', concerts: [] },
    { name: 'Cellar', concerts: [{ title: 'Encore' }] },
    { name: 'Dome', concerts: [] },
  ]);
  assert.deepEqual(await rows(venues('name, concerts!inner(title)').eq('concerts.price', 0)), [
    { name: 'Cellar', concerts: [{ title: 'Encore' }] },
  ]);
  const either = venues('name, concerts!inner(title)').or('title.eq.Opening,price.eq.0', {
    referencedTable: 'concerts',
  });
  assert.deepEqual(await rows(either), [
    { name: 'Barn', concerts: [{ title: 'Opening' }] },
    { name: 'Cellar', concerts: [{ title: 'Encore' }] },
  ]);
  assert.deepEqual(await rows(venues('name, concerts()').is('concerts', null)), [{ name: 'Dome' }]);
});

test('spreads', async () => {
  const concerts = festival.from('concerts').select('title, ...venues(venue:name, capacity)').eq('id', 1);
  assert.deepEqual(await rows(concerts), [{ title: 'Opening', venue: 'Barn', capacity: 200 }]);
  const venues = festival.from('venues').select('name, ...concerts(titles:title)').order('id');
  assert.deepEqual(await rows(venues.order('id', { referencedTable: 'concerts' })), [
    { name: 'Barn', titles: ['Opening'] },
    { name: 'Cellar', titles: ['Night', 'Encore'] },
    { name: 'Dome', titles: [] },
  ]);
});

test('pages inside an embed', async () => {
  const concerts = { referencedTable: 'concerts' };
  const cellar = () => festival.from('venues').select('concerts(title)').eq('id', 2).order('id', concerts);
  assert.deepEqual(await rows(cellar().limit(1, concerts)), [{ concerts: [{ title: 'Night' }] }]);
  assert.deepEqual(await rows(cellar().range(1, 1, concerts)), [{ concerts: [{ title: 'Encore' }] }]);
});

test('a hint chooses between two ways', async () => {
  const columns = 'from:venues!journeys_from_venue_fkey(name), to:venues!to_venue(name)';
  assert.deepEqual(await rows(festival.from('journeys').select(columns)), [
    { from: { name: 'Barn' }, to: { name: 'Cellar' } },
  ]);
});

test('order by what is embedded', async () => {
  const order = { ascending: true, nullsFirst: true };
  const concerts = festival.from('concerts').select('title, venues()').order('venues(capacity)', order);
  const found = await rows(concerts.order('id'));
  assert.deepEqual(
    found.map((row) => row.title),
    [LOST, NIGHT, ENCORE, OPENING],
  );
});

test('counts', async () => {
  const concerts = festival.from('concerts');
  const some = await concerts.select('title', { count: 'exact' }).order('id').limit(1);
  assert.deepEqual([some.data, some.count, some.status], [[{ title: 'Opening' }], 4, 206]);
  const planned = await concerts.select('title', { count: 'planned' }).eq('id', 2);
  assert.deepEqual([planned.data, planned.count, planned.status], [[{ title: 'Night' }], 1, 200]);
  const estimated = await concerts.select('id', { count: 'estimated' }).lt('price', 15);
  assert.equal(estimated.count, 3);
  const head = await concerts.select('*', { count: 'exact', head: true }).gt('price', 5);
  assert.deepEqual([head.data, head.count, head.status], [null, 2, 200]);
  assert.equal((await concerts.select()).count, null);
});

test('one row or none', async () => {
  const venues = festival.from('venues');
  assert.deepEqual(await rows(venues.select('name').eq('id', 3).single()), { name: 'Dome' });
  assert.deepEqual(await rows(venues.select('name').eq('id', 3).maybeSingle()), { name: 'Dome' });
  assert.equal(await rows(venues.select('name').eq('id', 9).maybeSingle()), null);
  assert.deepEqual(await refusal(venues.select('name').eq('id', 9).single()), {
    code: 'PGRST116',
    message: 'Cannot coerce the result to a single JSON object',
    details: 'The result contains 0 rows',
    hint: null,
  });
  const many = await venues.select('name').single();
  assert.deepEqual([many.status, many.error.details], [406, 'The result contains 3 rows']);
  assert.equal((await refusal(venues.select('name').maybeSingle())).code, 'PGRST116');
});

test('nulls stripped', async () => {
  const concerts = festival.from('concerts').select('title, code, venue_id');
  assert.deepEqual(await rows(concerts.eq('id', 4).stripNulls()), [{ title: 'Lost' }]);
  const one = festival.from('concerts').select('title, code, venue_id').eq('id', 3).single().stripNulls();
  assert.deepEqual(await rows(one), { title: 'Encore', venue_id: 2 });
});

test('CSV', async () => {
  const text = await rows(festival.from('artists').select('id, name, founded').gt('id', 2).order('id').csv());
  assert.equal(text, 'id,name,founded\n3,"Cold Tea",\n4,"D, E (and F)",2015');
});

test('plans', async () => {
  const concerts = festival.from('concerts');
  assert.match(await rows(concerts.select('title').explain()), /concerts.*cost=/s);
  const analyzed = concerts
    .select('title')
    .explain({ analyze: true, buffers: true, settings: true, wal: true });
  assert.match(await rows(analyzed), /actual time/);
  const [{ Plan: plan }] = await rows(concerts.select('title').explain({ format: 'json', verbose: true }));
  assert.ok('Output' in plan && 'Node Type' in plan);
});

test('another schema', async () => {
  const found = festival.schema('archive').from('concerts').select('title, year').gt('year', 2019);
  assert.deepEqual(await rows(found), [{ title: 'The second', year: 2021 }]);
});

test('the description of what is served', async () => {
  const { data, error } = await festival.getOpenApiSpec();
  assert.equal(error, null);
  assert.equal(data.swagger, '2.0');
  assert.ok('/concerts' in data.paths && '/rpc/add_up' in data.paths);
  assert.deepEqual(Object.keys((await festival.schema('archive').getOpenApiSpec()).data.definitions), [
    'concerts',
  ]);
});

test('a request that is given up', async () => {
  const error = await refusal(festival.from('venues').select().abortSignal(AbortSignal.abort()));
  assert.match(error.message, /^AbortError/);
  assert.equal((await rows(festival.from('venues').select('id'))).length, 3);
});

test('a browser may read what the clients read', async () => {
  const answer = await fetch(`${url}/venues?limit=1`, {
    headers: { Origin: 'http://shop.example', Prefer: 'count=exact' },
  });
  assert.equal(answer.headers.get('access-control-allow-origin'), '*');
  assert.match(answer.headers.get('access-control-expose-headers'), /Content-Range/);
  const asked = 'accept-profile,authorization,content-profile,content-type,prefer,x-client-info';
  const preflight = await fetch(`${url}/venues`, {
    method: 'OPTIONS',
    headers: {
      Origin: 'http://shop.example',
      'Access-Control-Request-Method': 'PATCH',
      'Access-Control-Request-Headers': asked,
    },
  });
  assert.equal(preflight.status, 200);
  assert.match(preflight.headers.get('access-control-allow-methods'), /PATCH/);
  const allowed = preflight.headers.get('access-control-allow-headers').toLowerCase();
  for (const name of asked.split(',')) assert.ok(allowed.includes(name), `${name} in ${allowed}`);
});
