// What holds for every page: everybody can use it, at every width, in light and
// in dark.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { WIDE, NARROW } from './browser.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

// checkPage returns what is wrong with the page that is shown, in sentences.
export async function checkPage(page) {
  const wrong = [];
  await page.evaluate(axe);
  for (const viewport of [WIDE, NARROW]) {
    await page.setViewportSize(viewport);
    if (viewport === NARROW) wrong.push(...await tooWide(page));
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      // Only contrast changes with the colours; the other rules ran in light.
      wrong.push(...await violations(page, colorScheme === 'dark' ? ['color-contrast'] : null, `${viewport.width} px, ${colorScheme}`));
    }
  }
  await page.setViewportSize(WIDE);
  await page.emulateMedia({ colorScheme: 'light' });
  return wrong;
}

async function violations(page, rules, where) {
  const found = await page.evaluate(async (rules) => {
    const options = rules ? { runOnly: { type: 'rule', values: rules } } : {};
    const { violations } = await globalThis.axe.run(document, { resultTypes: ['violations'], ...options });
    return violations.map((v) => ({ id: v.id, help: v.help, nodes: v.nodes.slice(0, 3).map((n) => `${n.target.join(' ')}: ${n.failureSummary?.split('\n')[1]?.trim()}`) }));
  }, rules);
  return found.map((v) => `${where}: ${v.id}: ${v.help}\n    ${v.nodes.join('\n    ')}`);
}

// tooWide names what reaches over the right edge, if the page scrolls sideways.
async function tooWide(page) {
  return page.evaluate(() => {
    const root = document.documentElement;
    if (root.scrollWidth <= root.clientWidth) return [];
    const over = [...document.body.querySelectorAll('*')].filter((e) => e.getBoundingClientRect().right > root.clientWidth + 1);
    const names = over.slice(0, 3).map((e) => `${e.tagName.toLowerCase()}.${e.className}`);
    return [`the page is ${root.scrollWidth} px wide in a window of ${root.clientWidth} px: ${names.join(', ')}`];
  });
}
