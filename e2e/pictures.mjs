// node pictures.mjs FOLDER
//
// Makes the pictures that the documents show. The server in REEVE_E2E, with
// what its first start told, has simulated devices on it; what else the pictures
// show is done here first, in the same order each time.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { MIDDLE, NARROW, open, Person, WIDE } from './browser.mjs';
import { call, devicesOf, grant } from './api.mjs';
import { signIn } from './console.mjs';

const world = JSON.parse(process.env.REEVE_E2E);
const [folder] = process.argv.slice(2);

const token = await grant(world, { id: world.client_id, secret: world.client_secret });
const app = await stage(async (method, path, body) => {
  const answer = await call(world, token, method, `/api/v1${path}`, body);
  assert.ok(answer.status < 300, `${method} ${path}: ${JSON.stringify(answer.body)}`);
  return answer.body;
});

// stage makes groups, gives devices a past, and returns an app.
async function stage(api) {
  let devices = [];
  for (const end = Date.now() + 60_000; devices.length < 500 && Date.now() < end;) { // they enrol now
    devices = await devicesOf(world, token);
  }
  devices.sort((a, b) => a.hostname.localeCompare(b.hostname));
  const named = (prefix, count) => devices.filter((d) => d.hostname.startsWith(prefix)).slice(0, count).map((d) => d.id);
  const order = (action, ids, params, comment) => api('POST', '/jobs', { action, ids, params, comment });

  for (const [name, description, ...ids] of [
    ['Head office', 'Desks and meeting rooms', ...named('WIN-', 90), ...named('mac-', 40)],
    ['Laboratory', 'Machines that stay on at night', ...named('OLD-', 40)],
    ['Data centre', 'Servers and domain controllers', ...named('srv-', 110), ...named('dc-', 20)],
  ]) {
    const group = await api('POST', '/groups', { name, description });
    await order('assign_to_group', ids, { group_id: group.id });
  }
  await api('POST', '/devices/import', {
    devices: Array.from({ length: 12 }, (_, i) => ({ hostname: `printer-${i + 1}`, macs: [`02:00:5e:00:53:${(i + 16).toString(16)}`] })),
  });
  await order('exempt', named('OLD-', 12), { exempt_time: 24 }, 'Waits for its new disk');
  await order('exempt', named('mac-', 5), { exempt_time: 168 }, 'Lent to a fair');
  await order('scan_threats', named('srv-', 60), { full_scan: 1 }, 'Monthly scan');
  await order('fetch_agent_log', named('WIN-', 8), undefined, 'Support case');
  return api('POST', '/apps', { name: 'Nightly tidy', scopes: ['read', 'write'] });
}
