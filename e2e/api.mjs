// What a program does that knows the server's APIs.
import assert from 'node:assert/strict';

// grant fetches a token of an app for itself.
export async function grant(world, app) {
  const answer = await fetch(`${world.url}/o/oauth/token`, {
    method: 'POST', body: new URLSearchParams({ grant_type: 'client_credentials', client_id: app.id, client_secret: app.secret }),
  });
  assert.equal(answer.status, 200);
  return (await answer.json()).access_token;
}

// call makes a request with a token and returns the answer's status and what is in it.
export async function call(world, token, method, path, body, headers = {}) {
  const answer = await fetch(world.url + path, {
    method, headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', ...headers }, body: body && JSON.stringify(body),
  });
  return { status: answer.status, body: await answer.json() };
}

// devicesOf returns all devices that a token may see.
export async function devicesOf(world, token) {
  const all = [];
  for (let page = { next: '' }; page; page = page.next && page) {
    ({ body: page } = await call(world, token, 'GET', `/api/v1/devices?limit=200${page.next && `&cursor=${page.next}`}`));
    all.push(...page.items);
  }
  return all;
}
