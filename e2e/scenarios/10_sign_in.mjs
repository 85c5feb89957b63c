import assert from 'node:assert/strict';
import { checkPage } from '../pages.mjs';
import { signIn, signOut } from '../console.mjs';

export default {
  'an operator signs in with a password, and out': async (world, enter) => {
    const person = await enter();
    const { page } = person;
    await page.goto('/console/overview?from=mail');
    assert.match(page.url(), /\/console\/sign-in\?next=/);
    assert.deepEqual(await checkPage(page), []);
    await page.getByLabel('Name').fill(world.operator);
    await page.getByLabel('Password').fill('not this one');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').waitFor();
    assert.deepEqual(await checkPage(page), []);
    await page.getByLabel('Password').fill(world.password);
    await page.keyboard.press('Enter');
    await page.waitForURL('**/console/overview?from=mail');

    const [kept] = (await person.context.cookies()).filter((cookie) => cookie.name === '__Host-reeve');
    assert.deepEqual([kept.httpOnly, kept.secure, kept.sameSite, kept.path], [true, true, 'Strict', '/']);
    await signOut(page);
    await person.context.addCookies([kept]); // as somebody would who had copied it
    await page.goto('/console/overview');
    assert.match(page.url(), /\/console\/sign-in/);
    await signIn(page, world);
  },
};
