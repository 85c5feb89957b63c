import assert from 'node:assert/strict';
import { checkPage } from '../pages.mjs';
import { signIn, signOut } from '../console.mjs';
import { givePasskeys } from '../second.mjs';

export default {
  'an operator adds a passkey and signs in with nothing else': async (world, enter) => {
    const person = await enter();
    const { page } = person;
    await givePasskeys(page);
    await signIn(page, world);
    await page.goto('/console/me');
    await page.getByLabel('Name, such as the device').fill('<i>laptop</i>');
    await page.getByRole('button', { name: 'Add a passkey' }).click();
    await page.getByText('was added.').waitFor();
    assert.equal(await page.locator('b').getByText('<i>laptop</i>', { exact: true }).count(), 1);
    assert.deepEqual(await checkPage(page), []);

    await signOut(page);
    await page.goto('/console/sign-in?next=me');
    await page.getByRole('button', { name: 'Use a passkey' }).click();
    await page.waitForURL('**/console/me');
    await page.getByRole('button', { name: 'Remove <i>laptop</i>' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await page.getByText('The passkey was removed.').waitFor();

    await signOut(page);
    person.excuse(/status of 401/); // which the browser reports as an error of the page
    const refused = page.waitForResponse('**/console/sign-in/passkey/answer');
    await page.getByRole('button', { name: 'Use a passkey' }).click();
    assert.equal((await refused).status(), 401);
    await page.getByRole('alert').getByText('This passkey is not known here', { exact: false }).waitFor();
  },
};
