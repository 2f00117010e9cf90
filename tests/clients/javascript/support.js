// What the tests share: the address that pytest serves the festival at, a client as staff, a fresh start.
import assert from 'node:assert/strict';
import { beforeEach } from 'node:test';
import { PostgrestClient } from '@supabase/postgrest-js';

export const url = process.env.FESTIVAL_URL;
export const authorization = `Bearer ${process.env.FESTIVAL_TOKEN}`;

export const festival = new PostgrestClient(url, { headers: { Authorization: authorization } });
export const visitor = new PostgrestClient(url);

// The rows of an answer that must be a good one.
export async function rows(query) {
  const { data, error } = await query;
  assert.equal(error, null);
  return data;
}

// The error of an answer that must be none.
export async function refusal(query) {
  const { data, error } = await query;
  assert.notEqual(error, null, `no error, but ${JSON.stringify(data)}`);
  return error;
}

export function startOverEachTime() {
  beforeEach(async () => {
    const answer = await fetch(`${url}/rpc/start_over`, { method: 'POST' });
    assert.ok(answer.ok, await answer.text());
  });
}
