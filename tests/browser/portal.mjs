// The portal in a real browser: starts `staffrecord demo` in a folder of its own, opens pages on a desktop's and a
// phone's screen, with script and without, checks them with axe, reads the demo's mailbox and takes pictures.
//
// import { axe, launch, startPortal } from './portal.mjs';
//
// `servePortal` serves one as an operator does, where a demo will not do: by HTTPS, with smartcards.
//
// `cargo xtask test --browser` sets STAFFRECORD_BINARY and CHROMIUM. Everything a test opens is closed after its file.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import axeCore from 'axe-core';
import { chromium } from 'playwright-core';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** How long the demo may take to make its people and listen. */
const START = 60_000;
/** How long the demo may take to stop. */
const STOP = 10_000;
/** How long a mail or a page may take. */
const PATIENCE = 30_000;

const NAME = 'NHS Electronic Staff Record';
const DATABASE = 'sqlite:staffrecord.sqlite';
const SENDER = 'portal@demo.example';

export const SCREENS = {
  desktop: { viewport: { width: 1280, height: 900 } },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true },
  // 320 CSS pixels: what WCAG 2.2 §1.4.10 asks pages to fit into.
  narrow: { viewport: { width: 320, height: 640 } },
};

/** What is to be closed when the file's tests have ended, the newest first. */
const closing = [];
after(async () => {
  const failures = [];
  for (const close of closing.reverse()) await close().catch((failure) => failures.push(failure));
  if (failures.length > 0) throw failures[0];
});

function program() {
  const binary = process.env.STAFFRECORD_BINARY;
  assert.ok(binary, 'STAFFRECORD_BINARY is not set: use `cargo xtask test --browser`');
  return resolve(binary);
}

/** Does this when the file's tests have ended, before what was asked for earlier. */
export const afterwards = (close) => closing.push(close);

/** What is done where they are broken off. */
const leaving = new Set();
process.once('exit', () => {
  for (const leave of leaving) leave();
});

/** A folder that goes when the file's tests have ended. */
export async function passingFolder() {
  const folder = await mkdtemp(join(tmpdir(), 'staffrecord-browser-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  leaving.add(remove);
  afterwards(async () => {
    leaving.delete(remove);
    await rm(folder, { recursive: true, force: true });
  });
  return folder;
}

/**
 * Starts a demo of its own.
 * @param {string[]} more further arguments of `staffrecord demo`
 * @returns {Promise<Portal>}
 */
export async function startPortal(more = []) {
  const folder = await passingFolder();
  // Whole words only: the number of the port may still be on its way.
  const named = /(https?:\/\/[^\s/]+)(?:\/\S*)?\s/;
  const { found, said } = await running(['demo', '--folder', folder, '--port', '0', ...more], folder, named);
  await configure(folder, found);
  return new Portal(found, folder, said);
}

/**
 * Serves a portal as an operator does, with cheap hashing and no employers yet.
 * @param {string} folder the folder of its configuration
 * @param {string} address what people type, with its port; `*.localhost` is this machine to browsers
 * @param {Record<string, string>} more further lines of the tables `serve` and `access`, and further tables
 * @returns {Promise<Portal>}
 */
export async function servePortal(folder, address, { serve = '', access = '', tables = '' } = {}) {
  const { port } = new URL(address);
  const init = ['init', '--name', NAME, '--address', address, '--database', DATABASE, '--mail-from', SENDER];
  await promisify(execFile)(program(), init, { cwd: folder, timeout: PATIENCE });
  await configure(
    folder,
    address,
    `[serve]\nlisten = "127.0.0.1:${port}"\n${serve}\n[access]\nhash_memory_kib = 8\nhash_passes = 1\n${access}\n${tables}\n`,
  );
  const words = ['serve', '--config', join(folder, 'staffrecord.toml')];
  const { said } = await running(words, folder, /^(Serving) /m);
  return new Portal(address, folder, said);
}

const configure = (folder, address, more = '') =>
  writeFile(
    join(folder, 'staffrecord.toml'),
    `[site]
name = "${NAME}"
address = "${address}"
[database]
address = "${DATABASE}"
[mail]
folder = "mail"
from = "${SENDER}"
${more}`,
  );

/** Runs the program until the file's tests have ended; resolves once it has printed what is looked for. */
async function running(words, folder, wanted) {
  const server = spawn(program(), words, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise((settle) => {
    server.once('exit', (code, signal) => settle(signal ?? `exit code ${code}`));
    server.once('error', (error) => settle(error.message));
  });
  // A test run that is broken off takes its portal with it.
  const kill = () => server.kill('SIGKILL');
  leaving.add(kill);
  afterwards(async () => {
    server.kill('SIGTERM');
    const inTime = await Promise.race([ended, pause(STOP, undefined, { ref: false })]);
    if (inTime === undefined) kill();
    await ended;
    leaving.delete(kill);
    assert.ok(inTime !== undefined, `the portal did not stop within ${STOP / 1000} seconds of being asked`);
  });

  let [said, printed] = ['', ''];
  server.stderr.setEncoding('utf8').on('data', (chunk) => (said += chunk));
  const looking = new Promise((settle) => {
    server.stdout.setEncoding('utf8').on('data', (chunk) => {
      said += chunk;
      printed += chunk;
      const match = printed.match(wanted);
      if (match) settle(match[1]);
    });
  });
  const late = pause(START, undefined, { ref: false });
  const found = await Promise.race([
    looking,
    ended.then((how) => Promise.reject(new Error(`the portal has ended (${how}):\n${said}`))),
    late.then(() => Promise.reject(new Error(`the portal does not say that it is there:\n${said}`))),
  ]).catch((error) => {
    kill();
    throw error;
  });
  return { found, said: () => said };
}

export class Portal {
  #said;

  constructor(address, folder, said) {
    /** Without a slash at its end: `http://localhost:40123` */
    this.address = address;
    /** Other origins that its pages lead to: a card host's, a provider's. */
    this.elsewhere = [];
    /** Where its database, keys, mails and files are. */
    this.folder = folder;
    this.#said = said;
  }

  /**
   * What the operator does beside the running portal: `command(['access', 'withdraw', '427HOWSEA01'])`.
   * @param {string[]} words the program's arguments
   * @param {string} [file] the contents of a file that is named by one more argument at the end
   * @returns {Promise<string>} what it printed
   */
  async command(words, file) {
    const given = join(this.folder, 'given.csv');
    if (file !== undefined) await writeFile(given, file);
    const configuration = join(this.folder, 'staffrecord.toml');
    const all = [...words, '--config', configuration, ...(file === undefined ? [] : [given])];
    const { stdout } = await promisify(execFile)(program(), all, { timeout: PATIENCE });
    return stdout;
  }

  /** All that it has printed so far. */
  said() {
    return this.#said();
  }

  /**
   * Every mail sent so far, the newest first.
   * @returns {Promise<{to: string, subject: string, text: string, html: string, links: string[], at: string}[]>}
   */
  async mails() {
    const answer = await fetch(`${this.address}/demo/mailbox.json`, { signal: AbortSignal.timeout(PATIENCE) });
    assert.equal(answer.status, 200, 'the mailbox can be read');
    return answer.json();
  }

  /**
   * Does something, and waits for the mail to this address that follows it. Mail is sent behind the page's back, so
   * there is nothing to wait for but the mailbox.
   */
  async mailAfter(to, act) {
    const before = (await this.mails()).filter((mail) => mail.to === to).length;
    await act();
    const until = Date.now() + PATIENCE;
    for (;;) {
      const mails = (await this.mails()).filter((mail) => mail.to === to);
      if (mails.length > before) return mails[0];
      assert.ok(Date.now() < until, `no mail to ${to} within ${PATIENCE / 1000} seconds:\n${this.said().slice(-2000)}`);
      await pause(50);
    }
  }
}

let shared;

/**
 * A browser of its own.
 * @param {Record<string, string>} [env] what its surroundings are besides ours
 * @param {boolean} [headless] whether it has no screen
 */
export function openBrowser(env = {}, headless = true) {
  const opening = chromium.launch({ ...howToRun(), headless, env: { ...process.env, ...env } });
  afterwards(async () => (await opening).close());
  return opening;
}

/**
 * A browser as people have it, with one profile that keeps things: windows of `launch` are private ones, which keep nothing for frames.
 * @param {string} address where its pages start from
 * @returns {Promise<import('playwright-core').BrowserContext>}
 */
export async function openProfile(address) {
  const folder = await passingFolder();
  // What frames of other sites may keep is a setting, which not all browsers have as most people do.
  await mkdir(join(folder, 'Default'));
  await writeFile(join(folder, 'Default', 'Preferences'), JSON.stringify({ profile: { cookie_controls_mode: 0 } }));
  const context = await chromium.launchPersistentContext(folder, {
    ...howToRun(),
    ...SCREENS.desktop,
    baseURL: address,
    locale: 'en-GB',
    timezoneId: 'Europe/London',
  });
  context.setDefaultTimeout(PATIENCE);
  afterwards(() => context.close());
  return context;
}

const howToRun = () => ({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox', // Chromium's sandbox does not work as root; it only ever opens our own pages here.
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
});

/** Contexts whose pages run no script. */
const scriptless = new WeakSet();

const devtools = new WeakMap();
/** The page's one session with the browser's own tools: the end of another would take virtual devices with it. */
export async function toolsOf(page) {
  if (!devtools.has(page)) devtools.set(page, page.context().newCDPSession(page));
  return devtools.get(page);
}

/**
 * A new person at a new device: no cookies, nothing remembered. An error in a page's script, a breach of its policy and
 * a request to a host that is not the portal's fail the file when it ends.
 * @param {Portal} portal
 * @param {{screen?: keyof SCREENS, script?: boolean, cookies?: object[], browser?: import('playwright-core').Browser,
 *   settings?: import('playwright-core').BrowserContextOptions}} how
 * @returns {Promise<import('playwright-core').Page>}
 */
export async function launch(portal, { screen = 'desktop', script = true, cookies = [], browser, settings } = {}) {
  assert.ok(SCREENS[screen], `no such screen: ${screen}`);
  const context = await (browser ?? (await (shared ??= openBrowser()))).newContext({
    ...SCREENS[screen],
    baseURL: portal.address,
    javaScriptEnabled: script,
    locale: 'en-GB',
    timezoneId: 'Europe/London',
    ...settings,
  });
  if (!script) scriptless.add(context);
  context.setDefaultTimeout(PATIENCE);
  await context.addCookies(cookies);

  const wrong = [];
  const own = [portal.address, ...portal.elsewhere].map((address) => new URL(address).host);
  // Each version of a course has a name of its own.
  const courses = `.content.localhost:${new URL(portal.address).port}`;
  context.on('request', (request) => {
    const url = new URL(request.url());
    const isOwn = own.includes(url.host) || url.host.endsWith(courses);
    if (url.protocol.startsWith('http') && !isOwn) wrong.push(`a page asked another host: ${url.origin}`);
  });
  context.on('weberror', (error) => wrong.push(`${error.page()?.url()}: ${error.error().stack}`));
  context.on('console', (message) => {
    if (/Content.Security.Policy/i.test(message.text())) wrong.push(`${message.page()?.url()}: ${message.text()}`);
  });
  closing.push(async () => {
    await context.close();
    assert.ok(wrong.length === 0, `pages stay on their own host and run without errors:\n${wrong.join('\n')}`);
  });
  return context.newPage();
}

/** Everything of WCAG 2.2 AA that a program can judge, and axe's own advice. */
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/**
 * Asserts that axe finds nothing on the page. It runs in an isolated world: the page's policy does not hinder it, and
 * the page does not see it. Where script is switched off an isolated world runs too, but without timers, so axe gets
 * some that come at once, and leaves out the one rule (css-orientation-lock) for which it would fetch style sheets.
 */
export async function axe(page) {
  const still = scriptless.has(page.context());
  const tools = await toolsOf(page);
  const { frameTree } = await tools.send('Page.getFrameTree');
  const { executionContextId: contextId } = await tools.send('Page.createIsolatedWorld', {
    frameId: frameTree.frame.id,
    worldName: 'axe',
  });
  const evaluate = async (expression) => {
    const answer = await tools.send('Runtime.evaluate', {
      expression,
      contextId,
      awaitPromise: true,
      returnByValue: true,
    });
    const thrown = answer.exceptionDetails;
    if (thrown) throw new Error(`axe failed: ${thrown.exception?.description ?? thrown.text}`);
    return answer.result.value;
  };
  if (still) {
    await evaluate(`
      globalThis.setTimeout = (call, wait = 0, ...rest) => (wait < 1000 && queueMicrotask(() => call(...rest)), 0);
      globalThis.requestAnimationFrame = (call) => (queueMicrotask(() => call(0)), 0);
      0`);
  }
  await evaluate(`${axeCore.source};0`);
  const options = { runOnly: { type: 'tag', values: RULES }, resultTypes: ['violations'], preload: !still };
  const running = evaluate(`
    axe.run(document, ${JSON.stringify(options)}).then(({ violations }) => violations.map((found) => ({
      rule: found.id, help: found.help, more: found.helpUrl,
      where: found.nodes.map((node) => ({ html: node.html, why: node.failureSummary })),
    })))`);
  const late = pause(PATIENCE, undefined, { ref: false }).then(() => Promise.reject(new Error('axe does not end')));
  const violations = await Promise.race([running, late]);
  assert.ok(violations.length === 0, `${page.url()} is not accessible:\n${violations.map(described).join('\n')}`);
}

function described({ rule, help, more, where }) {
  const nodes = where.map(({ html, why }) => `    ${html}\n      ${why.replaceAll('\n', '\n      ')}`);
  return `  ${rule}: ${help} (${more})\n${nodes.join('\n')}`;
}

/** Asserts that nothing makes the page scroll sideways. */
export async function fits(page) {
  const { wide, screen, beyond } = await page.evaluate(() => {
    const screen = document.documentElement.clientWidth;
    const beyond = [...document.body.querySelectorAll('*')].filter((one) => one.getBoundingClientRect().right > screen + 1);
    return {
      wide: document.documentElement.scrollWidth,
      screen,
      beyond: beyond.slice(-3).map((one) => one.outerHTML.slice(0, 200)),
    };
  });
  assert.ok(wide <= screen, `${page.url()} is ${wide} pixels wide on a screen of ${screen}:\n${beyond.join('\n')}`);
}

/** Presses Tab until this has the focus, as somebody without a mouse does. */
export async function tabTo(page, locator, most = 60) {
  for (let presses = 0; presses < most; presses += 1) {
    await page.keyboard.press('Tab');
    if (await locator.evaluate((one) => one === document.activeElement)) return;
  }
  assert.fail(`not reached within ${most} presses of Tab: ${locator}`);
}

/** Takes a picture of the whole page: `target/screenshots/NAME.png`. */
export async function screenshot(page, name) {
  const folder = join(ROOT, 'target', 'screenshots');
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true, animations: 'disabled' });
}
