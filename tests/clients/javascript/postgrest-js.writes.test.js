// postgrest-js writing: insert, update, delete, upserts, and what comes back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { festival, refusal, rows, startOverEachTime } from './support.js';

const TENT = { id: 4, name: 'Tent', capacity: 30, address: { city: 'Hull' }, opened: '2026-07-01' };
const BARN = { id: 1, name: 'Barn', capacity: 200 };
const CELLAR = { id: 2, name: 'Cellar', capacity: 80 };
const DOME = { id: 3, name: 'Dome', capacity: 5000 };

const venues = festival.from('venues');
const allVenues = () => rows(venues.select('id, name, capacity').order('id'));

startOverEachTime();

test('insert one and get it back', async () => {
  const added = await venues.insert(TENT).select();
  assert.deepEqual([added.data, added.status], [[TENT], 201]);
  assert.deepEqual(await rows(venues.select().eq('id', 4)), [TENT]);
});

test('insert with nothing back', async () => {
  const added = await venues.insert(TENT);
  assert.deepEqual([added.data, added.error, added.status], [null, null, 201]);
  assert.equal((await allVenues()).length, 4);
});

test('insert many', async () => {
  const some = [
    { id: 5, name: 'E', capacity: 1 },
    { id: 6, name: 'F "6", (é)', capacity: 2 },
  ];
  const added = await venues.insert(some, { count: 'exact' }).select('id, name');
  assert.deepEqual(added.data, [
    { id: 5, name: 'E' },
    { id: 6, name: 'F "6", (é)' },
  ]);
  assert.equal(added.count, 2);
});

test('insert with defaults', async () => {
  const concerts = festival.from('concerts');
  const some = [
    { title: 'Late', artist_id: 2 },
    { title: 'Later', artist_id: 2, price: 7 },
  ];
  assert.equal((await refusal(concerts.insert(some))).code, '23502');
  assert.deepEqual(
    await rows(concerts.insert(some, { defaultToNull: false }).select('title, price, venue_id')),
    [
      { title: 'Late', price: 10, venue_id: null },
      { title: 'Later', price: 7, venue_id: null },
    ],
  );
});

test('insert and embed what it belongs to', async () => {
  const late = { title: 'Late', artist_id: 2, venue_id: 3 };
  const added = festival
    .from('concerts')
    .insert(late)
    .select('title, venues(name), artists(name, genres(name))');
  assert.deepEqual(await rows(added.single()), {
    title: 'Late',
    venues: { name: 'Dome' },
    artists: { name: 'Brass & Co', genres: [{ name: 'jazz' }] },
  });
});

test('update', async () => {
  const changed = await venues.update({ capacity: 90 }, { count: 'exact' }).lt('capacity', 100);
  assert.deepEqual([changed.data, changed.count, changed.status], [null, 1, 204]);
  assert.deepEqual(await allVenues(), [BARN, { ...CELLAR, capacity: 90 }, DOME]);
  assert.deepEqual(await rows(venues.update({ capacity: 1 }).eq('id', 9).select()), []);
});

test('update by a filter of JSON', async () => {
  const moved = venues.update({ address: { city: 'Hull' } }).eq('address->>city', 'York');
  assert.deepEqual(await rows(moved.select('id, city:address->>city')), [{ id: 2, city: 'Hull' }]);
});

test('update one row or nothing', async () => {
  const one = venues.update({ capacity: 1 }).eq('id', 1).select('id, capacity').single();
  assert.deepEqual(await rows(one), { id: 1, capacity: 1 });
  const two = await refusal(venues.update({ capacity: 2 }).gt('id', 1).select().single());
  assert.equal(two.code, 'PGRST116');
  assert.deepEqual(await allVenues(), [{ ...BARN, capacity: 1 }, CELLAR, DOME]);
});

test('update of a few at most', async () => {
  const refused = await refusal(venues.update({ capacity: 1 }).gt('id', 1).maxAffected(1));
  assert.deepEqual([refused.code, refused.details], ['PGRST124', 'The query affects 2 rows']);
  assert.deepEqual(await allVenues(), [BARN, CELLAR, DOME]);
  assert.equal((await rows(venues.update({ capacity: 1 }).gt('id', 1).maxAffected(2).select())).length, 2);
});

test('a change that is taken back', async () => {
  assert.deepEqual(await rows(venues.update({ capacity: 1 }).eq('id', 1).rollback().select('capacity')), [
    { capacity: 1 },
  ]);
  assert.deepEqual(await rows(venues.insert(TENT).rollback().select('id')), [{ id: 4 }]);
  assert.deepEqual(await allVenues(), [BARN, CELLAR, DOME]);
});

test('delete', async () => {
  const tickets = festival.from('tickets');
  const removed = await tickets.delete({ count: 'exact' }).eq('concert_id', 1).is('holder', null).select();
  assert.deepEqual([removed.data, removed.count], [[{ concert_id: 1, seat: 'A2', holder: null }], 1]);
  const rest = await tickets.delete().gt('concert_id', 0);
  assert.deepEqual([rest.data, rest.error, rest.status], [null, null, 204]);
  assert.deepEqual(await rows(tickets.select()), []);
});

test('upsert merges by the key', async () => {
  const nook = { id: 9, name: 'Nook', capacity: 9 };
  const merged = await venues
    .upsert([{ ...BARN, capacity: 210 }, nook])
    .select('id, capacity, address->>city');
  assert.deepEqual(merged.data, [
    { id: 1, capacity: 210, city: 'Leeds' },
    { id: 9, capacity: 9, city: null },
  ]);
  assert.deepEqual(await allVenues(), [{ ...BARN, capacity: 210 }, CELLAR, DOME, nook]);
  const one = await venues.upsert({ ...BARN, capacity: 220 });
  assert.deepEqual([one.data, one.error, one.status], [null, null, 200]);
});

test('upsert passes over what is there', async () => {
  const some = [
    { ...BARN, capacity: 210 },
    { id: 9, name: 'Nook', capacity: 9 },
  ];
  const added = venues.upsert(some, { ignoreDuplicates: true, count: 'exact' }).select('id');
  assert.deepEqual(await rows(added), [{ id: 9 }]);
  assert.deepEqual((await allVenues())[0], BARN);
});

test('upsert by other columns', async () => {
  const row = { title: 'Grand opening', artist_id: 1, code: 'OPEN' };
  const concerts = festival.from('concerts');
  const merged = concerts.upsert(row, { onConflict: 'code' }).select('id, title, price, venue_id');
  assert.deepEqual(await rows(merged), [{ id: 1, title: 'Grand opening', price: 12.5, venue_id: 1 }]);
  assert.equal((await refusal(concerts.upsert({ ...row, id: 2 }, { onConflict: 'id' }))).code, '23505');
  assert.equal((await refusal(concerts.upsert(row, { onConflict: 'title' }))).code, '42P10');
});

test('upsert by a key of two columns', async () => {
  const some = [
    { concert_id: 1, seat: 'A2', holder: 'Ivy' },
    { concert_id: 2, seat: 'B2', holder: 'Jo' },
  ];
  const tickets = festival.from('tickets');
  assert.deepEqual(await rows(tickets.upsert(some, { onConflict: 'concert_id,seat' }).select()), some);
  const seats = await rows(tickets.select('holder').order('concert_id').order('seat'));
  assert.deepEqual(
    seats.map((row) => row.holder),
    ['Zoe', 'Ivy', 'Max', 'Jo'],
  );
});

test('upsert with defaults', async () => {
  const some = [
    { id: 1, title: 'Opening', artist_id: 1, price: 13 },
    { id: 8, title: 'New', artist_id: 1 },
  ];
  const merged = festival
    .from('concerts')
    .upsert(some, { defaultToNull: false })
    .select('id, price')
    .order('id');
  assert.deepEqual(await rows(merged), [
    { id: 1, price: 13 },
    { id: 8, price: 10 },
  ]);
});

test('writing in another schema', async () => {
  const concerts = festival.schema('archive').from('concerts');
  const third = { id: 3, title: 'The third', year: 2023 };
  assert.deepEqual(await rows(concerts.insert(third).select('id')), [{ id: 3 }]);
  assert.equal((await concerts.select('*', { count: 'exact', head: true })).count, 3);
});
