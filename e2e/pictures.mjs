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
await stage(async (method, path, body) => {
  const answer = await call(world, token, method, `/api/v1${path}`, body);
  assert.ok(answer.status < 300, `${method} ${path}: ${JSON.stringify(answer.body)}`);
  return answer.body;
});

// stage makes groups and gives devices a past.
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
  await api('POST', '/apps', { name: 'Nightly tidy', scopes: ['read', 'write'] });
}

const browser = await open();
const people = {
  light: await Person.of(browser, world.url, { colorScheme: 'light' }),
  dark: await Person.of(browser, world.url, { colorScheme: 'dark' }),
};
for (const { page } of Object.values(people)) await signIn(page, world);

// take makes a picture of what a window shows of a page.
async function take(name, path, window, colorScheme = 'light') {
  const { page } = people[colorScheme];
  await page.setViewportSize(window);
  await page.goto(path);
  await page.locator('[aria-busy]').first().waitFor({ state: 'detached' });
  await page.evaluate(() => document.activeElement.blur());
  await page.screenshot({ path: join(folder, `${name}.png`) });
}

const { page } = people.light;
await page.goto('/console/jobs?action=scan_threats');
const scan = await page.locator('tbody a[href*="/jobs/"]').first().getAttribute('href');
await page.goto('/console/devices?q=OLD-00004');
const device = await page.locator('tbody a[href*="/devices/"]').first().getAttribute('href');

await take('overview', '/console/overview', WIDE);
await take('overview-dark', '/console/overview', WIDE, 'dark');
await take('overview-phone', '/console/overview', NARROW);
await take('devices', '/console/devices?q=WIN-&presence=connected', WIDE);
await take('device-phone', device, NARROW, 'dark');
await take('device', device, MIDDLE);
await take('job', scan, WIDE);
await take('log', '/console/log', MIDDLE, 'dark');
await browser.close();
