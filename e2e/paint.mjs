// node paint.mjs
//
// Opens pages of the server in REEVE_E2E again and again, each time in a
// browser that has loaded nothing from it yet, and prints of the worst of them
// the median time to the first paint with contents, in milliseconds, and how
// many bytes came over the wire, as JSON.
import { open, Person } from './browser.mjs';
import { signIn } from './console.mjs';

const ROUNDS = 15;
const PAGES = ['/console/overview', '/console/devices'];

const world = JSON.parse(process.env.REEVE_E2E);
const browser = await open();
const first = await Person.of(browser, world.url);
await signIn(first.page, world);
const storageState = await first.context.storageState();

const worst = { paint: 0, transferred: 0 };
for (const path of PAGES) {
  const paints = [];
  for (let round = 0; round < ROUNDS; round++) {
    const { page, context } = await Person.of(browser, world.url, { storageState });
    const cdp = await context.newCDPSession(page);
    let transferred = 0;
    cdp.on('Network.loadingFinished', ({ encodedDataLength }) => { transferred += encodedDataLength; });
    await cdp.send('Network.enable');
    await page.goto(path);
    paints.push(await page.evaluate(() => new Promise((resolve) => {
      new PerformanceObserver((list) => {
        const paint = list.getEntriesByName('first-contentful-paint')[0];
        if (paint) resolve(paint.startTime);
      }).observe({ type: 'paint', buffered: true });
    })));
    worst.transferred = Math.max(worst.transferred, transferred);
    await context.close();
  }
  worst.paint = Math.max(worst.paint, paints.sort((a, b) => a - b)[ROUNDS >> 1]);
}
await browser.close();
console.log(JSON.stringify(worst));
