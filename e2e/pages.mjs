// What holds for every page: everybody can use it, at every width, in light and
// in dark.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { WIDE, NARROW } from './browser.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

// LOOKS are how a page is looked at. Two tell what all four would: colours have
// the same names at every width, and what there is depends on no colour.
const LOOKS = [
  { viewport: WIDE, colorScheme: 'light' },
  { viewport: NARROW, colorScheme: 'dark' },
];

// checkPage returns what is wrong with the page that is shown, in sentences.
export async function checkPage(page) {
  const wrong = [];
  await page.evaluate(axe);
  for (const { viewport, colorScheme } of LOOKS) {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme });
    wrong.push(...await tooWide(page), ...await violations(page, `${viewport.width} px, ${colorScheme}`));
  }
  await page.setViewportSize(WIDE);
  await page.emulateMedia({ colorScheme: 'light' });
  return wrong;
}

// textOf returns all text on a page, that in fields included.
export async function textOf(page) {
  return page.evaluate(() => [document.body.textContent, ...[...document.querySelectorAll('input, textarea')].map((field) => field.value)].join('\n'));
}

// sheet fetches a file that a page offers, and returns its cells if it is a table.
export async function sheet(page, address) {
  const { type, text } = await page.evaluate(async (address) => {
    const answer = await fetch(address);
    return { type: answer.headers.get('Content-Type'), text: await answer.text() };
  }, address);
  if (!type.startsWith('text/csv')) return null;
  return [...text.matchAll(/"((?:[^"]|"")*)"|[^",\r\n]+/g)].map(([bare, quoted]) => quoted?.replaceAll('""', '"') ?? bare);
}

async function violations(page, where) {
  const found = await page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, { resultTypes: ['violations'] });
    return violations.map((v) => ({ id: v.id, help: v.help, nodes: v.nodes.slice(0, 3).map((n) => `${n.target.join(' ')}: ${n.failureSummary?.split('\n')[1]?.trim()}`) }));
  });
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
