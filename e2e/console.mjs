// How people get about in the console.

// signIn opens the console and signs an operator in with name and password.
export async function signIn(page, { operator, password }) {
  await page.goto('/');
  await page.getByLabel('Name').fill(operator);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.waitForURL('**/console/overview');
}

// signOut leaves the console from any of its pages.
export async function signOut(page) {
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL('**/console/sign-in**');
}

// tabTo presses Tab until what is looked for has the focus, as people do who
// use no mouse.
export async function tabTo(page, locator) {
  for (let presses = 0; presses < 150; presses++) {
    await page.keyboard.press('Tab');
    if (await locator.evaluate((element) => element === document.activeElement)) return;
  }
  throw new Error(`no Tab leads to ${locator}`);
}

// crawl follows the links of the console from some addresses on, in some tabs
// at once, and calls look on the first page of each sort: a sort is a pattern
// such as /console/devices/{id}. It returns the sorts for which there was no link.
export async function crawl(tabs, addresses, sorts, look) {
  const exactFirst = sorts.toSorted((a, b) => a.split('{').length - b.split('{').length);
  const left = new Map(exactFirst.map((sort) => [sort, pattern(sort)]));
  const console = new URL('/console/', tabs[0].url()).href;
  const found = addresses.map((address) => new URL(address, console).href);
  const known = new Set(found);
  const visit = async (page, address) => {
    const { pathname } = new URL(address);
    const sort = [...left.keys()].find((sort) => left.get(sort).test(pathname));
    if (!sort) return;
    left.delete(sort);
    await page.goto(address);
    await look(page, sort);
    for (const link of await page.locator('a[href]').evaluateAll((links) => links.filter((a) => !a.download).map((a) => a.href.split('#')[0]))) {
      if (known.has(link) || !link.startsWith(console)) continue;
      known.add(link);
      found.push(link);
    }
  };
  const visits = new Map();
  try {
    while (visits.size || left.size && found.length) {
      const idle = tabs.find((page) => !visits.has(page));
      if (idle && left.size && found.length) visits.set(idle, visit(idle, found.shift()).finally(() => visits.delete(idle)));
      else await Promise.race(visits.values());
    }
  } finally {
    await Promise.allSettled(visits.values());
  }
  return [...left.keys()];
}

// pattern is what the paths of a sort look like.
function pattern(sort) {
  return new RegExp(`^${sort.replaceAll(/[.+]/g, '\\$&').replaceAll(/\{[^}]*\}/g, '[^/]+')}$`);
}
