import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';

/** Nothing that reaches for the network, and no sandbox: the page is our own, and CI runs as root. */
const CHROMIUM_ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const PATIENCE_MS = 8_000;

export function launchChromium(): Promise<Browser> {
  const executablePath = process.env['CHROMIUM_PATH'];
  if (executablePath === undefined) {
    throw new Error('Chromium was not found: install it (Debian: chromium) or set CHROMIUM_PATH.');
  }
  return chromium.launch({ executablePath, args: CHROMIUM_ARGUMENTS });
}

/** One person's window: what they do with the page, and what it shows them. */
export class ChatPage {
  private constructor(
    private readonly context: BrowserContext,
    private readonly page: Page,
  ) {}

  static async open(browser: Browser, origin: string, serverUrl: string): Promise<ChatPage> {
    const context = await browser.newContext();
    context.setDefaultTimeout(PATIENCE_MS);
    const page = await context.newPage();
    await page.goto(`${origin}/?server=${new URL(serverUrl).host}`);
    return new ChatPage(context, page);
  }

  /** Gives what the page says of it: `sign-up STATUS`, or the name of the error that fetch ended with. */
  async signUp(username: string, password: string): Promise<string> {
    await this.page.fill('#sign-up [name=username]', username);
    await this.page.fill('#sign-up [name=email]', `${username}@example.org`);
    await this.page.fill('#sign-up [name=password]', password);
    await this.page.click('#sign-up button');
    return this.textOf('#account', 'sign-up');
  }

  async logIn(username: string, password: string): Promise<string> {
    await this.page.fill('#log-in [name=username]', username);
    await this.page.fill('#log-in [name=password]', password);
    await this.page.click('#log-in button');
    return this.textOf('#account', 'log-in');
  }

  /** Uses a token that was got elsewhere. */
  async useToken(token: string): Promise<void> {
    await this.page.evaluate(`sessionStorage.setItem('token', ${JSON.stringify(token)})`);
  }

  async enter(room: number): Promise<void> {
    await this.page.fill('#enter [name=room]', String(room));
    await this.page.click('#enter button');
  }

  async type(text: string): Promise<void> {
    await this.page.fill('#say [name=text]', text);
  }

  async send(): Promise<void> {
    await this.page.click('#say button');
  }

  async say(text: string): Promise<void> {
    await this.type(text);
    await this.send();
  }

  /** The socket's state, once it says what is expected. */
  status(expected: string): Promise<string> {
    return this.textOf('#status', expected);
  }

  typing(expected: string): Promise<string> {
    return this.textOf('#typing', expected);
  }

  notice(expected: string): Promise<string> {
    return this.textOf('#notices li', expected);
  }

  /** All messages shown, once there are so many. */
  async messages(count: number): Promise<string[]> {
    const items = this.page.locator('#messages li');
    if (count > 0) await items.nth(count - 1).waitFor();
    return items.allTextContents();
  }

  /** The types of all frames that ever came to this page, in their order. */
  frameTypes(): Promise<string[]> {
    return this.page.evaluate<string[]>('received.map((frame) => frame.type)');
  }

  async reload(): Promise<void> {
    await this.page.reload();
  }

  async close(): Promise<void> {
    await this.context.close();
  }

  private async textOf(selector: string, expected: string): Promise<string> {
    const element = this.page.locator(selector).filter({ hasText: expected }).first();
    await element.waitFor();
    return (await element.textContent()) ?? '';
  }
}
