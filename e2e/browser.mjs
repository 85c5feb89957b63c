// The machine's Chromium, and people in front of it who notice what must never
// happen: a request that leaves the server, an error in the console, a breach
// of the Content-Security-Policy, a script that does not end well.
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

// open starts Chromium. Certificates hold of the authority in the file that
// NODE_EXTRA_CA_CERTS names, as they do for people who installed it.
export async function open() {
  const authority = new X509Certificate(readFileSync(process.env.NODE_EXTRA_CA_CERTS));
  const key = createHash('sha256').update(authority.publicKey.export({ type: 'spki', format: 'der' })).digest('base64');
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', `--ignore-certificate-errors-spki-list=${key}`,
    ],
  });
}

// WIDE and NARROW are a laptop's window and a small phone's.
export const WIDE = { width: 1440, height: 900 };
export const MIDDLE = { width: 768, height: 1024 };
export const NARROW = { width: 360, height: 740 };

// A Person has one window and a browser of his own: no cookie of others.
export class Person {
  #excused = [];
  #visited = new Set(); // a page may be answered with 403, what it loads may not
  faults = [];

  static async of(browser, origin, options = {}) {
    const context = await browser.newContext({
      baseURL: origin, viewport: WIDE, reducedMotion: 'reduce', locale: 'en-GB', timezoneId: 'Europe/Berlin', ...options,
    });
    const person = new Person();
    person.context = context;
    context.setDefaultTimeout(15_000);
    context.on('request', (request) => {
      if (request.isNavigationRequest()) person.#visited.add(request.url());
      const url = new URL(request.url());
      if (url.origin !== origin && !['data:', 'blob:'].includes(url.protocol)) person.#note(`a request leaves the server: ${url.origin}`);
    });
    context.on('console', (message) => {
      const { url } = message.location();
      if (message.text().startsWith('Failed to load resource') && person.#visited.has(url)) return;
      if (['error', 'warning'].includes(message.type())) person.#note(`${message.text()} (at ${url})`);
    });
    context.on('weberror', (error) => person.#note(`uncaught: ${error.error().stack}`));
    person.page = await context.newPage();
    return person;
  }

  // excuse lets a fault pass that a scenario brings about on purpose.
  excuse(pattern) {
    this.#excused.push(pattern);
  }

  #note(fault) {
    if (!this.#excused.some((pattern) => pattern.test(fault))) this.faults.push(fault);
  }
}
