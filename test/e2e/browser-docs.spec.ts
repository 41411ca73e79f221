import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { runServer } from '../support/test-server.js';
import { until } from '../support/until.js';
import { launchChromium } from './browser/chat-page.js';

const server = runServer();
let browser: Browser;
let page: Page;
/** What the page asked of anybody but the server, and what went wrong in it. */
let foreign: string[];
let faults: string[];

beforeAll(async () => {
  browser = await launchChromium();
});
beforeEach(async () => {
  page = await browser.newPage();
  foreign = [];
  faults = [];
  page.on('request', (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol.startsWith('http') && origin !== server.url) foreign.push(request.url());
  });
  page.on('pageerror', (error) => faults.push(error.message));
  // What the content security policy refuses is an error on the console.
  page.on('console', (line) => {
    if (line.type() === 'error') faults.push(line.text());
  });
});
afterEach(() => page.close());
afterAll(async () => {
  await browser?.close();
});

describe('The API pages in a browser', () => {
  it('/docs logs in through its Authorize button, and then calls what needs a token', async () => {
    const ada = await server.person('ada');

    await page.goto(`${server.url}/docs`);
    await page.click('button.authorize');
    await page.fill('#oauth_username', ada.username);
    await page.fill('#oauth_password', ada.password);
    await page.click('.modal-ux button.modal-btn.authorize');
    await page.waitForSelector('.modal-ux button:has-text("Logout")');
    await page.click('.modal-ux .close-modal');
    const operation = page.locator('#operations-users-getMe');
    await operation.locator('.opblock-summary-control').click();
    await operation.locator('.try-out__btn').click();
    await operation.locator('.execute').click();
    const answer = operation.locator('.live-responses-table .highlight-code').first();

    expect(await answer.textContent()).toContain(`"username": "${ada.username}"`);
    expect({ foreign, faults }).toEqual({ foreign: [], faults: [] });
  });

  it('/redoc shows every tag, and loads nothing from elsewhere', async () => {
    await page.goto(`${server.url}/redoc`);
    await page.waitForSelector('h2:has-text("Make a room")');

    const titles = await page.locator('h1, h2').allTextContents();
    for (const tag of ['auth', 'users', 'rooms', 'messages', 'operations', 'sockets']) {
      expect(titles.map((title) => title.trim())).toContain(tag);
    }
    await page.fill('input[placeholder="Search..."]', 'ticket');
    await page.waitForSelector('[role=search] li:has-text("Get a ticket for one socket")');
    expect({ foreign, faults }).toEqual({ foreign: [], faults: [] });
  });

  it.each(['/docs', '/redoc'])('%s does not run what was smuggled into it', async (path) => {
    await page.goto(server.url + path);
    await page.evaluate(`
      document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.ran = 1' }));
      document.body.insertAdjacentHTML('beforeend', '<img src="data:," onerror="window.ran = 2">');
    `);
    const refused = () =>
      Promise.resolve(faults.filter((fault) => fault.includes('Content Security Policy')));

    expect(await until(refused, (lines) => lines.length >= 2)).toHaveLength(2);
    expect(await page.evaluate('window.ran')).toBeUndefined();
  });

  it('/ leads to them', async () => {
    await page.goto(`${server.url}/`);

    expect(new URL(page.url()).pathname).toMatch(/^\/docs/);
    expect(await page.title()).toBe('Parlor API');
  });
});
