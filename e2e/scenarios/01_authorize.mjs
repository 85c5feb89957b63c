import assert from 'node:assert/strict';
import { checkPage } from '../pages.mjs';

export default {
  'an operator agrees to what an app asks': async (world, enter) => {
    const person = await enter();
    const { page } = person;
    await page.goto('/o/oauth/authorize?' + new URLSearchParams({
      response_type: 'code', client_id: world.gateway.id, redirect_uri: world.gateway.redirect, scope: 'read', state: 'kept',
    }));
    const signIn = async (password) => {
      await page.getByLabel('Name').fill(world.operator);
      await page.getByLabel('Password').fill(password);
      await page.keyboard.press('Enter');
    };
    assert.deepEqual(await checkPage(page), []);
    await signIn('not this one');
    await page.getByRole('alert').waitFor();
    assert.deepEqual(await checkPage(page), []);
    await signIn(world.password);
    await page.getByRole('button', { name: 'Allow', exact: true }).waitFor();
    assert.deepEqual(await checkPage(page), []);
    person.excuse(new RegExp(new URL(world.gateway.redirect).origin)); // which nobody listens to
    const [back] = await Promise.all([
      page.waitForRequest((request) => request.url().startsWith(world.gateway.redirect)),
      page.getByRole('button', { name: 'Allow', exact: true }).click(),
    ]);
    const answer = new URL(back.url()).searchParams;
    assert.equal(answer.get('state'), 'kept');
    assert.ok(answer.get('code'));
  },
};
