import assert from 'node:assert/strict';
import { signOut } from '../console.mjs';
import { checkPage } from '../pages.mjs';
import { codeNow } from '../second.mjs';

export default {
  'an operator adds an authenticator app and needs it from then on': async (world, enter) => {
    const { page } = await enter();
    const person = world.careful;
    const enterPassword = async () => {
      await page.goto('/console/sign-in');
      await page.getByLabel('Name').fill(person.operator);
      await page.getByLabel('Password').fill(person.password);
      await page.keyboard.press('Enter');
    };
    await enterPassword();
    await page.waitForURL('**/console/overview');
    await page.goto('/console/me');
    await page.getByRole('button', { name: 'Set up an app' }).click();
    assert.deepEqual(await checkPage(page), []);
    const secret = await page.locator('code').first().textContent();
    await page.getByLabel('Code that the app shows').fill(codeNow(secret));
    await page.keyboard.press('Enter');
    await page.getByText('I have kept them').waitFor();
    assert.deepEqual(await checkPage(page), []);
    const codes = await page.locator('.codes code').allTextContents();
    await page.getByRole('button', { name: 'Dark' }).click(); // the codes are there only now, and stay
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark');
    assert.deepEqual(await page.locator('.codes code').allTextContents(), codes);
    await page.getByText('I have kept them').click();
    await page.getByText('in use').waitFor();
    await signOut(page);

    await enterPassword();
    await page.getByLabel('Code', { exact: true }).fill('000000');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').first().waitFor();
    assert.deepEqual(await checkPage(page), []);
    await page.getByLabel('Code', { exact: true }).fill(codeNow(secret, 1)); // each is good once
    await page.keyboard.press('Enter');
    await page.waitForURL('**/console/overview');
  },
};
