import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { TestServer } from '../support/test-server.js';
import { ChatPage, launchChromium } from './browser/chat-page.js';
import { PageServer } from './browser/page-server.js';

const PASSWORD = 'correct horse battery';

const server = new TestServer();
let browser: Browser;
let trusted: PageServer;
let foreign: PageServer;
const windows: ChatPage[] = [];

beforeAll(async () => {
  trusted = await PageServer.start();
  foreign = await PageServer.start();
  browser = await launchChromium();
  await server.start({ CORS_ORIGINS: trusted.origin });
});

afterEach(async () => {
  await Promise.all(windows.splice(0).map((window) => window.close()));
});

afterAll(async () => {
  await browser?.close();
  await server.remove();
  await trusted?.stop();
  await foreign?.stop();
});

async function open(page: PageServer): Promise<ChatPage> {
  const window = await ChatPage.open(browser, page.origin, server.url);
  windows.push(window);
  return window;
}

/** A window of somebody who has signed up, logged in and entered the room, all through the page. */
async function enter(room: { id: number }, name: string): Promise<{ window: ChatPage; username: string }> {
  const window = await open(trusted);
  const username = server.uniqueName(name);
  await window.signUp(username, PASSWORD);
  await window.logIn(username, PASSWORD);
  await window.enter(room.id);
  await window.status(`connected as ${username}`);
  return { window, username };
}

async function publicRoom(): Promise<{ id: number }> {
  return server.room(await server.person('host'));
}

describe('A page in a browser', () => {
  it('signs up and logs in with fetch from another origin', async () => {
    const window = await open(trusted);
    const username = server.uniqueName('ada');

    expect(await window.signUp(username, PASSWORD)).toBe('sign-up 201');
    expect(await window.signUp(username, PASSWORD)).toBe('sign-up 409');
    expect(await window.logIn(username, 'not the password')).toBe('log-in 401');
    expect(await window.logIn(username, PASSWORD)).toBe('log-in 200');
  });

  it('shows everyone the same messages in the same order, and who joined', async () => {
    const room = await publicRoom();
    const ada = await enter(room, 'ada');
    const bob = await enter(room, 'bob');
    expect(await ada.window.notice(bob.username)).toBe(`${bob.username} joined`);

    const talk = async ({ window }: { window: ChatPage }, words: string[]) => {
      for (const word of words) await window.say(word);
    };
    await Promise.all([talk(ada, ['a1', 'a2', 'a3', 'a4', 'a5']), talk(bob, ['b1', 'b2', 'b3', 'b4', 'b5'])]);

    const adas = await ada.window.messages(10);
    expect(await bob.window.messages(10)).toEqual(adas);
    const wordsOf = (username: string) => adas.filter((line) => line.startsWith(`${username}: `));
    expect(wordsOf(ada.username)).toEqual(['a1', 'a2', 'a3', 'a4', 'a5'].map((w) => `${ada.username}: ${w}`));
    expect(wordsOf(bob.username)).toEqual(['b1', 'b2', 'b3', 'b4', 'b5'].map((w) => `${bob.username}: ${w}`));
  });

  it('shows that somebody is typing to the others only', async () => {
    const room = await publicRoom();
    const ada = await enter(room, 'ada');
    const bob = await enter(room, 'bob');

    await ada.window.type('hel');
    expect(await bob.window.typing(ada.username)).toBe(`${ada.username} is typing`);
    await ada.window.send();

    // The message came after any typing frame: what is not there by now was not sent.
    expect(await ada.window.messages(1)).toEqual([`${ada.username}: hel`]);
    expect(await ada.window.frameTypes()).not.toContain('user_typing');
  });

  it('shows the history after a reload, and goes on from there', async () => {
    const room = await publicRoom();
    const ada = await enter(room, 'ada');
    const bob = await enter(room, 'bob');
    await ada.window.say('one');
    await ada.window.messages(1);
    await bob.window.say('two');
    const before = await ada.window.messages(2);

    await ada.window.reload();

    await ada.window.status(`connected as ${ada.username}`);
    expect(await ada.window.messages(2)).toEqual(before);
    expect((await ada.window.frameTypes()).slice(0, 2)).toEqual([
      'connection_established',
      'message_history',
    ]);
    await bob.window.say('three');
    expect(await ada.window.messages(3)).toEqual([...before, `${bob.username}: three`]);
  });

  it('tells the others when somebody closes the window, and when somebody leaves the room', async () => {
    const room = await publicRoom();
    const ada = await enter(room, 'ada');
    const bob = await enter(room, 'bob');
    await bob.window.close();
    expect(await ada.window.notice('gone')).toBe(`${bob.username} is gone`);

    const leaver = await server.logIn({ username: bob.username, password: PASSWORD });
    await server.rest.post(`/api/rooms/${room.id}/leave`, undefined, leaver);
    expect(await ada.window.notice('left')).toBe(`${bob.username} left`);
  });

  it('gets nothing from a foreign origin: no socket and no answer, whatever token it has', async () => {
    const room = await publicRoom();
    const ada = await server.person('ada');
    const window = await open(foreign);
    await window.useToken(ada.token);

    await window.enter(room.id);
    expect(await window.status('closed')).toBe('closed 1006');
    expect(await window.frameTypes()).toEqual([]);
    expect(await window.logIn(ada.username, ada.password)).toBe('log-in TypeError');

    const home = await open(trusted);
    await home.useToken(ada.token);
    await home.enter(room.id);
    expect(await home.status('connected')).toBe(`connected as ${ada.username}`);
  });
});
