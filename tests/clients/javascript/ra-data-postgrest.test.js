// The data provider of react-admin, with react-admin's own HTTP client.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import postgrest from '@raphiniert/ra-data-postgrest';
import { fetchUtils } from 'ra-core';
import { authorization, startOverEachTime, url } from './support.js';

const user = { authenticated: true, token: authorization };
const config = {
  apiUrl: url,
  httpClient: (address, options = {}) => fetchUtils.fetchJson(address, { ...options, user }),
  defaultListOp: 'eq',
  primaryKeys: new Map([
    ['tickets', ['concert_id', 'seat']],
    ['artist_genres', ['artist_id', 'genre_id']],
    ['websites', ['artist_id']],
    ['rpc/concerts_below', ['id']],
  ]),
  schema: postgrest.defaultSchema,
};
const provider = postgrest.default(config);

const TENT = { id: 4, name: 'Tent', capacity: 30, address: null, opened: null };

// A list's parameters: by default everything, by its key.
function list({ filter = {}, page = 1, perPage = 10, field = 'id', order = 'ASC', ...rest }) {
  return { filter, pagination: { page, perPage }, sort: { field, order }, ...rest };
}

async function ids(resource, parameters) {
  const { data } = await provider.getList(resource, list(parameters));
  return data.map((row) => row.id);
}

startOverEachTime();

test('getList: pages and the total', async () => {
  const first = await provider.getList('concerts', list({ perPage: 3, meta: { columns: ['id', 'title'] } }));
  assert.equal(first.total, 4);
  assert.deepEqual(first.data, [
    { id: 1, title: 'Opening' },
    { id: 2, title: 'Night' },
    { id: 3, title: 'Encore' },
  ]);
  const second = await provider.getList('concerts', list({ perPage: 3, page: 2, meta: { columns: 'id' } }));
  assert.deepEqual(second, { data: [{ id: 4 }], total: 4, meta: undefined });
  const none = await provider.getList('concerts', list({ filter: { title: 'none' } }));
  assert.deepEqual([none.data, none.total], [[], 0]);
});

test('getList: order', async () => {
  assert.deepEqual(await ids('concerts', { field: 'price' }), [3, 4, 1, 2]);
  assert.deepEqual(await ids('concerts', { field: 'price', order: 'DESC' }), [2, 1, 4, 3]);
  assert.deepEqual((await ids('concerts', { field: 'code', meta: { nullsfirst: true } })).slice(2), [2, 1]);
  assert.deepEqual(
    (await ids('concerts', { field: 'code', order: 'DESC', meta: { nullslast: true } })).slice(0, 2),
    [1, 2],
  );
  const last = postgrest.default({ ...config, sortOrder: 'asc,desc.nullslast' });
  const { data } = await last.getList('concerts', list({ field: 'code', order: 'DESC' }));
  assert.deepEqual(data.map((row) => row.code).slice(0, 2), ['OPEN', 'NIGHT']);
});

test('getList: filters', async () => {
  const filters = [
    [{ name: 'Ann Lee' }, [1]],
    [{ 'name@eq': 'D, E (and F)' }, [4]],
    [{ 'name@neq': 'Ann Lee' }, [2, 3, 4]],
    [{ 'founded@gt': 1990 }, [2, 4]],
    [{ 'founded@gte': 1990, 'active@is': true }, [1, 2]],
    [{ 'founded@lt': 2005 }, [1]],
    [{ 'founded@lte': 2005 }, [1, 2]],
    [{ 'active@is': null }, [4]],
    [{ 'founded@not.is': null }, [1, 2, 4]],
    [{ 'name@like': 'Lee' }, [1]],
    [{ 'name@ilike': 'lee' }, [1]],
    [{ 'name@match': '^[AB]' }, [1, 2]],
    [{ 'name@imatch': 'TEA$' }, [3]],
    [{ 'id@in': '(1,3)' }, [1, 3]],
    [{ 'id@not.in': '(1,3)' }, [2, 4]],
    [{ 'tags@cs': '{band}' }, [2, 3]],
    [{ 'tags@cd': '{rock,band}' }, [3, 4]],
    [{ 'tags@ov': '{jazz,folk}' }, [1, 2]],
    [{ 'search@fts': 'sing & sea' }, [1]],
    [{ 'search@plfts': 'ships' }, [1, 3]],
    [{ 'search@phfts': 'cold harbour' }, [3]],
    [{ 'search@wfts': 'ships -sea' }, [3]],
    [{ '@or': { 'founded@lt': 2000, 'name@eq': 'Cold Tea' } }, [1, 3]],
    [{ '@and': { 'founded@gt': 1990, 'active@is': true } }, [2]],
  ];
  for (const [filter, expected] of filters) {
    assert.deepEqual(await ids('artists', { filter }), expected, JSON.stringify(filter));
  }
});

test('getList: each word of a pattern', async () => {
  assert.deepEqual(await ids('artists', { filter: { 'name@ilike': 'lee ann' } }), [1]);
  assert.deepEqual(await ids('artists', { filter: { 'name@like': 'Cold Lee' } }), []);
});

test('getList: filters of ranges', async () => {
  const filters = [
    [{ 'days@sl': '[2026-07-09,2026-07-10)' }, [1, 2]],
    [{ 'days@sr': '[2026-07-01,2026-07-09)' }, [3, 4]],
    [{ 'days@nxl': '[2026-07-03,2026-07-30)' }, [2, 3, 4]],
    [{ 'days@nxr': '[2026-07-01,2026-07-04)' }, [1, 2]],
    [{ 'days@adj': '[2026-07-04,2026-07-10)' }, [2, 3]],
  ];
  for (const [filter, expected] of filters) {
    assert.deepEqual(await ids('concerts', { filter }), expected, JSON.stringify(filter));
  }
});

test('getList: filters inside JSON and in what is embedded', async () => {
  assert.deepEqual(await ids('venues', { filter: { 'address->>city@eq': 'York' } }), [2]);
  const meta = { columns: ['id', 'concerts!inner(title)'] };
  assert.deepEqual(await ids('venues', { filter: { 'concerts.price@eq': 0 }, meta }), [2]);
  assert.deepEqual(await ids('venues', { filter: { concerts: { 'title@like': 'Opening' } }, meta }), [1]);
});

test('getList: embeds', async () => {
  const { data } = await provider.getList(
    'concerts',
    list({ filter: { id: 1 }, meta: { embed: ['venues', 'tickets'] } }),
  );
  assert.equal(data[0].title, 'Opening');
  assert.equal(data[0].venues.name, 'Barn');
  assert.deepEqual(data[0].tickets.map((ticket) => ticket.holder).sort(), [null, 'Zoe'].sort());
});

test('getList: embeds for the store of react-admin', async () => {
  const { data, meta } = await provider.getList(
    'concerts',
    list({ filter: { 'id@lte': 3 }, meta: { prefetch: ['venues'] } }),
  );
  assert.ok(data.every((row) => !('venues' in row)));
  assert.deepEqual(
    meta.prefetched.venues.map((venue) => venue.name),
    ['Barn', 'Cellar'],
  );
});

test('getList: another schema', async () => {
  const { data, total } = await provider.getList('concerts', list({ meta: { schema: 'archive' } }));
  assert.deepEqual([data[1], total], [{ id: 2, title: 'The second', year: 2021 }, 2]);
  const archive = postgrest.default({ ...config, schema: () => 'archive' });
  assert.equal((await archive.getOne('concerts', { id: 1 })).data.year, 2019);
});

test('getList: a function', async () => {
  const parameters = list({ filter: { 'ceiling@': 15, 'price@gt': 0 }, field: 'title', perPage: 1 });
  const { data, total } = await provider.getList('rpc/concerts_below', parameters);
  assert.deepEqual([data[0].title, total], ['Lost', 2]);
});

test('getOne', async () => {
  assert.deepEqual((await provider.getOne('venues', { id: 3 })).data, {
    id: 3,
    name: 'Dome',
    capacity: 5000,
    address: null,
    opened: '2012-09-30',
  });
  const one = await provider.getOne('concerts', {
    id: 1,
    meta: { columns: ['id'], embed: ['venues'], prefetch: ['artists'] },
  });
  assert.deepEqual([one.data.id, one.data.venues.name], [1, 'Barn']);
  assert.equal(one.meta.prefetched.artists[0].name, 'Ann Lee');
});

test('getOne: a key that is not id, a key of two columns', async () => {
  assert.deepEqual((await provider.getOne('websites', { id: 2 })).data, {
    id: 2,
    artist_id: 2,
    address: 'brass.example',
  });
  assert.deepEqual((await provider.getOne('tickets', { id: '[1,"A1"]' })).data, {
    id: '[1,"A1"]',
    concert_id: 1,
    seat: 'A1',
    holder: 'Zoe',
  });
});

test('getMany', async () => {
  const { data } = await provider.getMany('venues', { ids: [1, 3] });
  assert.deepEqual(data.map((row) => row.name).sort(), ['Barn', 'Dome']);
  assert.deepEqual(
    (await provider.getMany('venues', { ids: [2] })).data.map((row) => row.name),
    ['Cellar'],
  );
  assert.deepEqual((await provider.getMany('venues', { ids: [] })).data, []);
});

test('getMany: a key of two columns', async () => {
  const { data } = await provider.getMany('tickets', { ids: ['[1,"A1"]', '[2,"B1"]'] });
  assert.deepEqual(data.map((row) => [row.id, row.holder]).sort(), [
    ['[1,"A1"]', 'Zoe'],
    ['[2,"B1"]', 'Max'],
  ]);
});

test('getManyReference', async () => {
  const parameters = { target: 'venue_id', id: 2, ...list({ field: 'price', order: 'DESC', perPage: 1 }) };
  const page = await provider.getManyReference('concerts', parameters);
  assert.deepEqual([page.data.map((row) => row.title), page.total], [['Night'], 2]);
  const filtered = await provider.getManyReference('concerts', {
    target: 'venue_id',
    id: 2,
    ...list({ filter: { 'price@eq': 0 } }),
  });
  assert.deepEqual([filtered.data.map((row) => row.title), filtered.total], [['Encore'], 1]);
  const tickets = await provider.getManyReference('tickets', { target: 'concert_id', id: 1, ...list({}) });
  assert.deepEqual(
    tickets.data.map((row) => row.id),
    ['[1,"A1"]', '[1,"A2"]'],
  );
});

test('create', async () => {
  assert.deepEqual((await provider.create('venues', { data: TENT })).data, TENT);
  const concert = { title: 'Late', artist_id: 2, venue_id: 3 };
  const made = await provider.create('concerts', {
    data: concert,
    meta: { columns: ['id', 'title', 'price'], embed: ['venues'] },
  });
  assert.deepEqual(
    [made.data.id, made.data.title, made.data.price, made.data.venues.name],
    [5, 'Late', 10, 'Dome'],
  );
  const ticket = { concert_id: 3, seat: 'C1', holder: 'Ivy' };
  assert.equal((await provider.create('tickets', { data: ticket })).data.id, '[3,"C1"]');
});

test('create: an upsert by a header', async () => {
  const meta = { headers: { Prefer: 'return=representation,resolution=merge-duplicates' } };
  const data = { id: 1, name: 'Barn', capacity: 210 };
  assert.equal((await provider.create('venues', { data, meta })).data.capacity, 210);
});

test('update', async () => {
  const { data: previousData } = await provider.getOne('venues', { id: 2 });
  const changed = await provider.update('venues', {
    id: 2,
    data: { ...previousData, capacity: 90 },
    previousData,
  });
  assert.deepEqual(changed.data, { ...previousData, capacity: 90 });
  const same = await provider.update('venues', { id: 2, data: previousData, previousData });
  assert.deepEqual(same.data, previousData);
});

test('update: a key of two columns', async () => {
  const previousData = { id: '[1,"A2"]', concert_id: 1, seat: 'A2', holder: null };
  const { data } = await provider.update('tickets', {
    id: '[1,"A2"]',
    data: { ...previousData, holder: 'Ivy' },
    previousData,
  });
  assert.deepEqual(data, { ...previousData, holder: 'Ivy' });
  assert.equal((await provider.getOne('tickets', { id: '[1,"A1"]' })).data.holder, 'Zoe');
});

test('updateMany', async () => {
  assert.deepEqual(
    (await provider.updateMany('venues', { ids: [1, 2], data: { opened: '2026-01-01' } })).data.sort(),
    [1, 2],
  );
  assert.deepEqual(await ids('venues', { filter: { opened: '2026-01-01' } }), [1, 2]);
  const tickets = await provider.updateMany('tickets', {
    ids: ['[1,"A1"]', '[2,"B1"]'],
    data: { holder: 'Jo' },
  });
  assert.deepEqual(tickets.data.sort(), ['[1,"A1"]', '[2,"B1"]']);
  assert.equal((await provider.getOne('tickets', { id: '[1,"A2"]' })).data.holder, null);
});

test('delete', async () => {
  assert.equal((await provider.delete('tickets', { id: '[1,"A2"]' })).data.seat, 'A2');
  assert.deepEqual((await provider.delete('venues', { id: 3 })).data.name, 'Dome');
  assert.deepEqual(await ids('venues', {}), [1, 2]);
});

test('deleteMany', async () => {
  assert.deepEqual((await provider.deleteMany('tickets', { ids: ['[1,"A1"]', '[2,"B1"]'] })).data.sort(), [
    '[1,"A1"]',
    '[2,"B1"]',
  ]);
  assert.deepEqual(await ids('tickets', { field: 'seat' }), ['[1,"A2"]']);
  assert.deepEqual((await provider.deleteMany('websites', { ids: [1, 2] })).data.sort(), [1, 2]);
});

test('errors', async () => {
  const meets = (promise, status, code, message) =>
    assert.rejects(promise, (error) => {
      assert.deepEqual([error.name, error.status, error.body.code], ['HttpError', status, code]);
      assert.match(error.message, message);
      return true;
    });
  await meets(provider.getOne('venues', { id: 99 }), 406, 'PGRST116', /single JSON object/);
  await meets(provider.getList('venuse', list({})), 404, 'PGRST205', /festival.venuse/);
  await meets(
    provider.getList('venues', list({ filter: { nmae: 'x' } })),
    400,
    '42703',
    /column venues.nmae/,
  );
  await meets(provider.create('venues', { data: { ...TENT, id: 1 } }), 409, '23505', /venues_pkey/);
  await meets(provider.delete('venues', { id: 1 }), 409, '23503', /foreign key/);
  const visitor = postgrest.default({ ...config, httpClient: fetchUtils.fetchJson });
  await meets(visitor.create('venues', { data: TENT }), 401, '42501', /permission denied/);
});
