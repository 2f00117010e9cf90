// postgrest-js calling functions, and meeting errors.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PostgrestClient } from '@supabase/postgrest-js';
import { festival, refusal, rows, startOverEachTime, url, visitor } from './support.js';

startOverEachTime();

async function values(how) {
  assert.equal(await rows(festival.rpc('add_up', { a: 2, b: 3 }, how)), 5);
  assert.equal(await rows(festival.rpc('greeting', {}, how)), 'welcome');
  assert.equal(await rows(festival.rpc('join_words', { words: ['a', 'b c', 'd'] }, how)), 'a b c d');
  assert.deepEqual(await rows(festival.rpc('totals', undefined, how)), { concerts: 4, artists: 4 });
}

test('values by POST', () => values({ get: false }));

test('values by GET', () => values({ get: true }));

test('a document goes in and comes back', async () => {
  const payload = { a: [1, { b: null }] };
  assert.deepEqual(await rows(festival.rpc('echo', { payload })), payload);
});

async function sets(how) {
  assert.deepEqual(await rows(festival.rpc('prices', {}, how)), [12.5, 20, 0, 5]);
  const below = (options) => festival.rpc('concerts_below', { ceiling: 15 }, { ...how, ...options });
  const found = below().select('title, venues(name)').gt('price', 0).order('price', { ascending: false });
  assert.deepEqual(await rows(found), [
    { title: 'Opening', venues: { name: 'Barn' } },
    { title: 'Lost', venues: null },
  ]);
  const page = await below({ count: 'exact' }).select('id').order('id').range(1, 1);
  assert.deepEqual([page.data, page.count], [[{ id: 3 }], 3]);
  assert.deepEqual(await rows(below().select('id').eq('id', 3).single()), { id: 3 });
  assert.equal(await rows(below().eq('id', 99).maybeSingle()), null);
}

test('sets by POST', () => sets({ get: false }));

test('sets by GET', () => sets({ get: true }));

test('a row', async () => {
  assert.equal((await rows(festival.rpc('first_concert'))).days, '[2026-07-01,2026-07-03)');
  assert.deepEqual(await rows(festival.rpc('first_concert').select('title, artists(name)')), {
    title: 'Opening',
    artists: { name: 'Ann Lee' },
  });
});

test('only the count', async () => {
  const head = await festival.rpc('concerts_below', { ceiling: 15 }, { head: true, count: 'exact' });
  assert.deepEqual([head.data, head.count, head.status], [null, 3, 200]);
  const byPost = await festival.rpc('echo', { payload: { a: 1 } }, { head: true });
  assert.equal(byPost.error, null);
});

test('CSV of a function', async () => {
  const text = festival.rpc('concerts_below', { ceiling: 6 }).select('id, title').order('id').csv();
  assert.equal(await rows(text), 'id,title\n3,Encore\n4,Lost');
});

test('nothing comes back', async () => {
  const { data, error, status } = await festival.rpc('tidy_up');
  assert.deepEqual([data, error, status], [null, null, 204]);
});

test('a function that writes', async () => {
  const order = { concert: 1, place: 'A2', buyer: 'Ivy' };
  const byGet = await festival.rpc('sell', order, { get: true });
  assert.deepEqual([byGet.status, byGet.error.code], [405, '25006']);
  assert.deepEqual(await rows(festival.rpc('sell', order)), { concert_id: 1, seat: 'A2', holder: 'Ivy' });
  assert.deepEqual(await refusal(festival.rpc('sell', { ...order, buyer: 'Jo' })), {
    code: 'P0001',
    message: 'seat A2 is taken',
    details: 'It was sold before.',
    hint: 'Choose another seat.',
  });
});

test('a function that writes a few at most', async () => {
  assert.equal((await refusal(festival.rpc('free_seats', { concert: 1 }).maxAffected(1))).code, 'PGRST124');
  const held = await rows(festival.from('tickets').select('seat').not('holder', 'is', null).order('seat'));
  assert.deepEqual(held, [{ seat: 'A1' }, { seat: 'B1' }]);
});

test('names that are not there', async () => {
  const table = await festival.from('concrts').select();
  assert.equal(table.status, 404);
  assert.deepEqual(table.error, {
    code: 'PGRST205',
    message: "Could not find the table 'festival.concrts' in the schema cache",
    details: null,
    hint: "Perhaps you meant the table 'festival.concerts'",
  });
  const column = await festival.from('concerts').select('titel');
  assert.deepEqual([column.status, column.error.code], [400, '42703']);
  assert.equal(column.error.message, 'column concerts.titel does not exist');
  const argument = await festival.rpc('add_up', { a: 1, c: 2 });
  assert.deepEqual([argument.status, argument.error.code], [404, 'PGRST202']);
  assert.equal(argument.error.hint, 'Perhaps you meant to call the function festival.add_up(a, b)');
  const embed = await refusal(festival.from('concerts').select('journeys(*)'));
  assert.equal(embed.code, 'PGRST200');
  assert.equal((await refusal(festival.from('venues').insert([{ id: 9, nmae: 'x' }]))).code, 'PGRST204');
  const schema = await festival.schema('attic').from('concerts').select();
  assert.deepEqual([schema.status, schema.error.code], [406, 'PGRST106']);
});

test('two ways to embed', async () => {
  const { status, error } = await festival.from('journeys').select('venues(*)');
  assert.deepEqual([status, error.code], [300, 'PGRST201']);
  assert.deepEqual(
    error.details.map((way) => way.relationship),
    [
      'journeys_from_venue_fkey using journeys(from_venue) and venues(id)',
      'journeys_to_venue_fkey using journeys(to_venue) and venues(id)',
    ],
  );
  assert.match(error.hint, /'venues!journeys_from_venue_fkey', 'venues!journeys_to_venue_fkey'/);
});

test('what the database refuses', async () => {
  const venues = festival.from('venues');
  const twin = await venues.insert({ id: 1, name: 'Barn II', capacity: 1 });
  assert.equal(twin.status, 409);
  assert.deepEqual(twin.error, {
    code: '23505',
    message: 'duplicate key value violates unique constraint "venues_pkey"',
    details: 'Key (id)=(1) already exists.',
    hint: null,
  });
  const orphan = await festival.from('concerts').update({ venue_id: 99 }).eq('id', 1);
  assert.deepEqual([orphan.status, orphan.error.code], [409, '23503']);
  const small = await venues.update({ capacity: 0 }).eq('id', 1);
  assert.deepEqual([small.status, small.error.code], [400, '23514']);
  const typed = await venues.select().eq('capacity', 'many');
  assert.deepEqual([typed.status, typed.error.code], [400, '22P02']);
});

test('what cannot be read', async () => {
  const operator = await festival.from('venues').select().filter('id', 'equals', 1);
  assert.deepEqual([operator.status, operator.error.code], [400, 'PGRST100']);
  assert.equal((await refusal(festival.from('venues').select().or('id.eq.1,'))).code, 'PGRST100');
});

test('errors that are thrown', async () => {
  const thrown = async () => await festival.from('venues').select('nmae').throwOnError();
  await assert.rejects(thrown, {
    name: 'PostgrestError',
    code: '42703',
    message: 'column venues.nmae does not exist',
  });
});

test('tokens', async () => {
  const stranger = new PostgrestClient(url, {
    headers: { Authorization: 'Bearer header.payload.signature' },
  });
  const refused = await stranger.from('venues').select();
  assert.deepEqual([refused.status, refused.error.code], [401, 'PGRST301']);
  assert.equal((await rows(visitor.from('venues').select())).length, 3);
  const write = await visitor.from('venues').delete().eq('id', 1);
  assert.deepEqual([write.status, write.error.code], [401, '42501']);
});
