import assert from 'node:assert/strict';
import { signOut } from '../console.mjs';
import { checkPage } from '../pages.mjs';

export default {
  // It comes first: the link ends when its operator signs in for the first time.
  'the link of the first run is good for a password, once': async (world, enter) => {
    const { page } = await enter();
    await page.goto(world.first);
    assert.deepEqual(await checkPage(page), []);
    await page.getByLabel('New password').fill(world.password);
    await page.keyboard.press('Enter');
    await page.waitForURL('**/console/overview');
    await signOut(page);
    const again = await page.goto(world.first);
    assert.ok(again.status() >= 400, `the link is answered again with ${again.status()}`);
    assert.equal(await page.getByLabel('New password').count(), 0);
    assert.deepEqual(await checkPage(page), []);
  },
};
