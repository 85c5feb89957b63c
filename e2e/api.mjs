// What a program does that knows the published API.
import assert from 'node:assert/strict';

// grant fetches a token of an app for itself.
export async function grant(world, app) {
  const answer = await fetch(`${world.url}/o/oauth/token`, {
    method: 'POST', body: new URLSearchParams({ grant_type: 'client_credentials', client_id: app.id, client_secret: app.secret }),
  });
  assert.equal(answer.status, 200);
  return (await answer.json()).access_token;
}

// order places an action on devices and returns the answer.
export async function order(world, token, body) {
  return fetch(`${world.url}/o/api/v3.3/devices/action`, {
    method: 'POST', headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }, body: JSON.stringify(body),
  });
}
