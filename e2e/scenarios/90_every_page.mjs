import assert from 'node:assert/strict';
import { checkPage, sheet, textOf } from '../pages.mjs';
import { crawl, signIn } from '../console.mjs';

export default {
  // Devices, apps, groups and whatever else has a name are called things that
  // would run if a page took them for markup, or a spreadsheet for a formula.
  'every page is fit for everybody and shows markup as text': async (world, enter) => {
    const person = await enter();
    await person.context.addInitScript(() => { globalThis.planted = () => console.error('markup ran'); });
    await signIn(person.page, world);
    const tabs = [person.page, await person.context.newPage()];

    const wrong = [];
    const unshown = new Set(world.marked.texts);
    const files = new Set();
    const read = async (page) => {
      const text = await textOf(page);
      for (const mark of unshown) if (text.includes(mark)) unshown.delete(mark);
      if (await page.locator('img[src="x"], [onerror]').count()) wrong.push(`${page.url()} shows markup as markup`);
      for (const file of await page.locator('a[download]').evaluateAll((links) => links.map((a) => a.href))) files.add(file);
    };
    const device = `/console/devices/${world.marked.device}`;
    const order = `/console/act/preview?id=${world.marked.device}&action=exempt&param.exempt_time=8`;
    const unseen = await crawl(tabs, [LISTED, device, order, '/console/overview'], world.pages.filter((sort) => !sort.startsWith('/console/sign-in')), async (page, sort) => {
      await read(page);
      await page.evaluate(() => { // rows are alike: a few are enough
        for (const { rows } of document.querySelectorAll('tbody')) [...rows].slice(10).forEach((row) => row.remove());
      });
      wrong.push(...(await checkPage(page)).map((fault) => `${sort} ${fault}`));
    });
    assert.deepEqual(unseen, [], 'no link leads to these pages');

    const { page } = person;
    await page.goto(device);
    for (const answer of await page.locator('a[href*="/console/commands/"], a[href*="/console/jobs/"]').evaluateAll((links) => links.map((a) => a.href))) {
      await page.goto(answer);
      await read(page);
    }
    assert.deepEqual(wrong, []);
    assert.deepEqual([...unshown], [], 'no page shows these');

    const sheets = (await Promise.all([...files].map((file) => sheet(page, file)))).filter((cells) => cells);
    assert.ok(sheets.length >= 3, 'devices, the log and the results of a job are there as tables');
    for (const cells of sheets) {
      assert.ok(cells.some((cell) => cell.includes('planted()')), `markup is in no cell of ${cells.slice(0, 5)}`);
      assert.deepEqual(cells.filter((cell) => /^[=+\-@\t\r]/.test(cell)), [], 'a spreadsheet would run these');
    }
  },
};

// LISTED are the devices whose names begin like a formula, in all columns.
const LISTED = '/console/devices?q=%3D&columns=standing,presence,seen,system,group,exempt,version,user,address,macs,kind,type,nickname,custom_id,linked,added,enrolled,id';
