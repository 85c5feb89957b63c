import assert from 'node:assert/strict';
import { signIn, tabTo } from '../console.mjs';

export default {
  'a device is found by keyboard alone': async (world, enter) => {
    const { page } = await enter();
    await signIn(page, world);
    const press = (key) => page.keyboard.press(key);
    await press('Tab');
    await press('Enter'); // "skip to the content" is the first thing that Tab finds
    assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
    await page.goto('/console/overview');
    await tabTo(page, page.getByRole('link', { name: 'Devices', exact: true }));
    await press('Enter');
    await page.waitForURL('**/console/devices');
    await tabTo(page, page.getByRole('searchbox'));
    await page.keyboard.type('SRV-0001');
    await press('Enter');
    await page.waitForURL('**q=SRV-0001**');
    const found = page.getByRole('link', { name: /^srv-0001\d$/ });
    assert.ok(await found.count() > 1);
    assert.equal(await page.locator('tbody tr').count(), await found.count());
    await tabTo(page, found.first());
    await press('Enter');
    await page.waitForURL('**/console/devices/*');
  },

  'what has the focus is not under the bar of what was selected': async (world, enter) => {
    const { page } = await enter();
    await signIn(page, world);
    await page.setViewportSize({ width: 360, height: 740 });
    await page.goto('/console/devices');
    await page.locator('tbody input').first().focus();
    for (let i = 0; i < 30; i++) {
      await page.keyboard.press('Tab');
      assert.ok(await page.evaluate(() => document.activeElement.getBoundingClientRect().bottom <= document.querySelector('.selection').getBoundingClientRect().top));
    }
  },

  'a device is found by its hardware address and by its id': async (world, enter) => {
    const { page } = await enter();
    await signIn(page, world);
    await page.goto('/console/devices?q=WIN-&columns=macs,id');
    const row = page.locator('tbody tr').first();
    const [name, mac, id] = [await row.locator('a.link').textContent(), (await row.locator('td.mono').first().innerText()).split('\n')[0],
      await row.locator('td.mono').last().textContent()];
    for (const asked of [mac.replaceAll(':', '-').toUpperCase(), id]) {
      await page.getByRole('searchbox').fill(asked);
      await page.keyboard.press('Enter');
      await page.waitForURL((url) => url.searchParams.get('q') === asked);
      assert.deepEqual(await page.locator('tbody tr a.link').allTextContents(), [name]);
    }
  },
};
