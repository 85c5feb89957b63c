import assert from 'node:assert/strict';
import { call, devicesOf, grant } from '../api.mjs';
import { signIn } from '../console.mjs';
import { checkPage } from '../pages.mjs';

const LIMIT = 100;
const PUBLISHED = '/o/api/v3.3/devices/action';

export default {
  'a large order needs a second person at every door': async (world, enter) => {
    const { page } = await enter();
    await signIn(page, world);
    await page.goto('/console/settings');
    await page.getByLabel('Devices without approval').fill(String(LIMIT));
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('The settings are stored.').waitFor();

    const token = await grant(world, world.client);
    const ids = (await devicesOf(world, token)).filter((d) => d.standing === 'managed').map((d) => d.id);
    assert.ok(ids.length > LIMIT);
    const order = { action: 'dhcprenew', ids };
    const published = (headers) => call(world, token, 'POST', PUBLISHED, { types: order.action, ids }, headers);
    const placed = () => rows(page, 'event=job_placed&outcome=ok&source=asked');
    const before = await placed();
    for (const answer of [await published(), await call(world, token, 'POST', '/api/v1/jobs', order)]) {
      assert.deepEqual([answer.status, answer.body.error], [403, 'approval_required']);
      assert.match(JSON.stringify(answer.body), new RegExp(`finds ${ids.length} devices.* at most ${LIMIT} .*nothing was done.*Approved-Job`));
    }
    assert.deepEqual(await placed(), before);

    // On the console the same order becomes a proposal.
    await page.goto('/console/devices?standing=managed');
    await page.getByRole('combobox', { name: 'Choose an action' }).selectOption(order.action);
    await page.getByRole('button', { name: 'All that match' }).click();
    await page.getByRole('button', { name: 'See what it would do' }).click();
    const confirm = page.getByLabel(/^Type \d+ to confirm/);
    await confirm.fill((await page.locator('label', { has: confirm }).textContent()).match(/\d+/)[0]);
    assert.deepEqual(await checkPage(page), []);
    await page.getByRole('button', { name: 'Ask for approval' }).click();
    await page.waitForURL('**/console/approvals/*');
    const job = lastOf(page.url());
    assert.equal(await page.getByRole('button', { name: /^Approve/ }).count(), 0, 'nobody approves what he asked for');
    assert.deepEqual(await checkPage(page), []);

    const other = (await enter()).page;
    await signIn(other, world.second);
    await approve(other, job);
    await other.waitForURL(`**/console/jobs/${job}`);
    await other.locator('#progress').getByText('done', { exact: true }).waitFor({ timeout: 60_000 });
    assert.deepEqual(await checkPage(other), []);
    assert.deepEqual(await rows(page, `job=${job}&outcome=ok&source=console`), [
      ['Job placed: Renew the DHCP lease', world.operator], ['Job approved: Renew the DHCP lease', world.second.operator],
      ['Approval asked for: Renew the DHCP lease', world.operator],
    ]);
    await page.locator('tbody summary').first().click();
    await page.locator('tbody tr').first().locator('dd').getByText(world.second.operator, { exact: true }).waitFor();

    // A program's order waits for its approval, and brings it along.
    const { status, body } = await call(world, token, 'POST', '/api/v1/jobs', { ...order, propose: true, hold: true });
    assert.equal(status, 202);
    const approved = { 'Approved-Job': body.proposal.id };
    assert.equal((await published(approved)).status, 403, 'it waits');
    await approve(other, body.proposal.id);
    await other.getByText('The order is approved.').waitFor();
    const answer = await published(approved);
    assert.deepEqual([answer.status, answer.body.length], [200, ids.length]);
    assert.equal((await published(approved)).status, 409, 'an approval is good once');
    assert.deepEqual(await rows(page, `job=${body.proposal.id}&event=job_placed&outcome=ok`), [['Job placed: Renew the DHCP lease', world.client.name]]);
  },
};

// approve agrees to what waits for a second person, from the list on.
async function approve(page, id) {
  await page.goto('/console/approvals');
  await page.locator(`a[href$="/approvals/${id}"]`).click();
  await page.getByText('targeted', { exact: true }).waitFor(); // what it would do now
  await page.getByLabel('Reason').fill('As agreed');
  await page.getByRole('button', { name: /^Approve: \d+ targeted/ }).click();
}

// rows returns what rows of the log are about, and who did it.
async function rows(page, query) {
  await page.goto(`/console/log?${query}`);
  return page.locator('tbody tr').evaluateAll((found) => found.map((row) => [row.querySelector('summary').textContent, row.querySelector('td:nth-child(4) a').textContent]));
}

const lastOf = (address) => new URL(address).pathname.split('/').at(-1);
