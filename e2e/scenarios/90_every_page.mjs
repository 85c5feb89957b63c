import assert from 'node:assert/strict';
import { checkPage } from '../pages.mjs';
import { crawl, signIn } from '../console.mjs';

export default {
  // Devices, apps, groups and whatever else has a name are called things that
  // would run if a page took them for markup.
  'every page is fit for everybody and shows markup as text': async (world, enter) => {
    const { page } = await enter();
    await page.addInitScript(() => { globalThis.planted = () => console.error('markup ran'); });
    await signIn(page, world);
    const wrong = [];
    const starts = ['/console/devices?q=%3D', `/console/devices/${world.marked}`, '/console/overview'];
    const unseen = await crawl(page, starts, world.pages.filter((sort) => !sort.startsWith('/console/sign-in')), async (sort) => {
      await page.evaluate(() => { // rows are alike: a few are enough
        for (const { rows } of document.querySelectorAll('tbody')) [...rows].slice(10).forEach((row) => row.remove());
      });
      const faults = await checkPage(page);
      if (await page.locator('img[src="x"], [onerror]').count()) faults.push('shows markup as markup');
      wrong.push(...faults.map((fault) => `${sort} ${fault}`));
    });
    assert.deepEqual(wrong, []);
    assert.deepEqual(unseen, [], 'no link leads to these pages');
  },
};
