// node run.mjs [PATTERN]
//
// Plays the scenarios whose names match, each in a browser window of its own,
// and prints a line for each. The server to play against, with everything that
// a scenario may know of it, is in REEVE_E2E, as JSON:
//
//   url     of the server, whose authority's certificate NODE_EXTRA_CA_CERTS names
//   folder  where pictures of what failed are put
//
// and whatever else the test that starts this made: operators, apps, devices.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { open, Person } from './browser.mjs';

const world = JSON.parse(process.env.REEVE_E2E);
const only = new RegExp(process.argv[2] ?? '');
const folder = new URL('scenarios/', import.meta.url);

const scenarios = [];
for (const file of readdirSync(folder).sort()) {
  for (const [name, play] of Object.entries((await import(new URL(file, folder))).default)) {
    if (only.test(name)) scenarios.push({ name, play });
  }
}

let failed = 0;
const browser = await open();
for (const { name, play } of scenarios) {
  const began = performance.now();
  const people = [];
  const enter = async (options) => {
    people.push(await Person.of(browser, world.url, options));
    return people.at(-1);
  };
  let faults = [];
  try {
    await play(world, enter);
  } catch (error) {
    faults.push(error.stack);
  }
  faults.push(...people.flatMap((person) => person.faults));
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`${faults.length ? 'FAILED' : 'ok'} ${name} (${seconds} s)`);
  if (faults.length) {
    failed++;
    faults.forEach((fault) => console.log(`  ${fault}`));
    for (const [i, person] of people.entries()) {
      const picture = join(world.folder, `${name.replaceAll(/\W+/g, '-')}-${i}.png`);
      await person.page.screenshot({ path: picture, fullPage: true }).then(() => console.log(`  picture: ${picture}`), () => {});
    }
  }
  await Promise.all(people.map((person) => person.context.close()));
}
await browser.close();
console.log(`${scenarios.length - failed} of ${scenarios.length} scenarios passed`);
process.exitCode = failed || !scenarios.length ? 1 : 0;
