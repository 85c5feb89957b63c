import assert from 'node:assert/strict';
import { call, devicesOf, grant } from '../api.mjs';
import { signIn } from '../console.mjs';
import { checkPage } from '../pages.mjs';

export default {
  'an operator acts on all devices and watches them to the end': async (world, enter) => {
    const { page } = await enter();
    await signIn(page, world);
    await page.goto('/console/devices?standing=managed');
    await page.getByRole('combobox', { name: 'Choose an action' }).selectOption('dhcprenew');
    await page.getByRole('button', { name: 'All that match' }).click();
    await page.getByLabel('Comment').fill('All moved to another network');
    assert.deepEqual(await checkPage(page), []);
    await page.getByRole('button', { name: 'See what it would do' }).click();

    const confirm = page.getByLabel(/^Type \d+ to confirm/);
    await confirm.waitFor();
    assert.deepEqual(await checkPage(page), []);
    const meant = Number((await page.locator('label', { has: confirm }).textContent()).match(/\d+/)[0]);
    assert.ok(meant > 300, `it applies to ${meant} devices`); // and not to all: some have agents that cannot
    const place = page.getByRole('button', { name: /^Renew the leases of \d+ devices$/ });
    await confirm.fill(String(meant - 1));
    await place.click();
    assert.match(page.url(), /\/act\//); // the browser does not send another number
    await confirm.fill(String(meant));
    await page.addInitScript(watchSums);
    const fetched = [];
    page.on('request', (request) => fetched.push(request.url()));
    await place.click();
    await page.waitForURL('**/console/jobs/*');
    const job = new URL(page.url()).pathname.split('/').at(-1);
    const device = page.locator('#result-rows a').first();
    await device.focus();
    await page.locator('#progress').getByText('done', { exact: true }).waitFor({ timeout: 60_000 });
    await page.getByRole('status').getByText(/^done: (\d+) of \1 finished$/).waitFor({ state: 'attached' });
    assert.ok(await device.evaluate((link) => link === document.activeElement), 'news take the focus away');

    const { looks, sums } = await page.evaluate(() => globalThis.sums);
    assert.equal(sums.length, 1, `the counts add up to ${sums}, not always to the same`);
    assert.ok(sums[0] >= 500, `${sums} devices were targeted`);
    assert.ok(looks > 2, `progress was told ${looks} times`);
    assert.equal(fetched.filter((url) => url.endsWith('/live')).length, 1, 'one stream, no polling');
    assert.deepEqual(await checkPage(page), []);

    await page.goBack(); // to the look, which sends nothing again
    await confirm.waitFor();
    await confirm.fill(String(meant));
    await place.click();
    await page.waitForURL(`**/console/jobs/${job}`);
    await page.getByText('This was ordered already').first().waitFor();

    await page.goto(`/console/log?job=${job}`);
    const row = page.locator('tbody tr').last();
    await row.getByText('Console', { exact: true }).waitFor();
    await row.getByText(world.operator, { exact: true }).waitFor();
  },

  'a page that gets no more news says so': async (world, enter) => {
    const person = await enter();
    const { page } = person;
    person.excuse(/status of 404 .*jobs\/live/);
    await signIn(page, world);
    await page.route('**/console/jobs', async (route) => {
      const answer = await route.fetch();
      const body = (await answer.text()).replace('role="region"', '$& data-live="/console/jobs/live?id=none"');
      await route.fulfill({ response: answer, body });
    });
    await page.goto('/console/jobs');
    await page.getByRole('alert').getByText('no longer kept up to date').waitFor();
    assert.deepEqual(await checkPage(page), []);
    await page.unrouteAll();
    await page.getByRole('link', { name: 'Load the page again' }).click();
    await page.getByRole('alert').waitFor({ state: 'detached' });
  },

  'an app does the same, and the log tells them apart': async (world, enter) => {
    const token = await grant(world, world.client);
    const ids = (await devicesOf(world, token)).filter((d) => d.standing === 'managed').map((d) => d.id);
    const { status, body } = await call(world, token, 'POST', '/o/api/v3.3/devices/action', { types: 'dhcprenew', ids });
    assert.equal(status, 200);
    assert.equal(body.length, ids.length);

    const { page } = await enter();
    await signIn(page, world);
    await page.goto('/console/log?source=oauth_api');
    const row = page.locator('tbody tr').first();
    await row.getByText('OAuth API', { exact: true }).waitFor();
    await row.getByText(world.client.name, { exact: true }).waitFor();
  },
};

// watchSums runs in the page: whenever a progress is shown, it adds up the counts.
function watchSums() {
  globalThis.sums = { looks: 0, sums: [] };
  const look = () => {
    const shown = document.querySelector('#progress');
    if (!shown?.querySelector('tfoot td')) return;
    const number = (cell) => Number(cell.textContent.replaceAll(/\D/g, ''));
    const sum = [...shown.querySelectorAll('tbody td.number')].map(number).reduce((a, b) => a + b, 0);
    globalThis.sums.looks++;
    for (const n of [sum, number(shown.querySelector('tfoot td'))]) {
      if (!globalThis.sums.sums.includes(n)) globalThis.sums.sums.push(n);
    }
  };
  addEventListener('DOMContentLoaded', () => {
    look();
    new MutationObserver(look).observe(document.body, { childList: true, characterData: true, subtree: true });
  });
}
