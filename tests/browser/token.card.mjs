// Section 2 of the guide with a card that asks for its PIN: a SoftHSM token, Chromium on a screen (Xvfb), and xdotool at
// its keyboard, since the dialog is none of the page's. `cargo xtask card` runs it; continuous integration does not.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import { Authority, OUTSIDE, UUIDS, cannotChoose, chooseByPolicy, emptyReader, portalWithCards } from './cards.mjs';
import { afterwards, launch, openBrowser } from './portal.mjs';
import { OTHER_PASSWORD, STAFF, button, facts, field, heading, link, logIn, says, shows } from './steps.mjs';

const run = promisify(execFile);
const PIN = '271828';
const MODULE = '/usr/lib/softhsm/libsofthsm2.so';
const DIALOG = 'Unlock Security Device';
const { helen } = STAFF;

const reason = await cannotChoose();
if (reason) throw new Error(reason);
const authority = await Authority.named('Cards of the tests');
const portal = await portalWithCards(authority);
await chooseByPolicy(portal);
const display = await screen();

/** A screen of its own. */
async function screen() {
  const server = spawn('Xvfb', ['-displayfd', '1', '-screen', '0', '1400x1000x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = once(server, 'exit');
  afterwards(async () => {
    server.kill();
    await ended;
  });
  const [number] = await Promise.race([
    once(server.stdout.setEncoding('utf8'), 'data'),
    ended.then(() => Promise.reject(new Error('Xvfb has ended'))),
  ]);
  return `:${number.trim()}`;
}

/** A browser at a computer with this card, behind its PIN, in the reader. */
async function computer({ certificate, key }) {
  const { home, store } = await emptyReader(authority);
  const tokens = join(home, 'tokens');
  await mkdir(tokens);
  const configuration = join(home, 'softhsm2.conf');
  await writeFile(configuration, `directories.tokendir = ${tokens}\nobjectstore.backend = file\nlog.level = ERROR\n`);
  const env = { ...process.env, SOFTHSM2_CONF: configuration };
  const hsm = (...words) => run('softhsm2-util', [...words, '--pin', PIN], { env });
  await hsm('--init-token', '--free', '--label', 'card', '--so-pin', '31415926');
  await hsm('--import', key, '--token', 'card', '--label', 'card', '--id', 'a1');
  const der = certificate.replace(/pem$/, 'der');
  await run('openssl', ['x509', '-in', certificate, '-outform', 'der', '-out', der]);
  const object = ['--write-object', der, '--type', 'cert', '--id', 'a1', '--label', 'card'];
  await run('pkcs11-tool', ['--module', MODULE, '--token-label', 'card', '--login', '--pin', PIN, ...object], { env });
  await run('modutil', ['-dbdir', store[1], '-add', 'reader', '-libfile', MODULE, '-force'], { env });
  return openBrowser({ HOME: home, SOFTHSM2_CONF: configuration, DISPLAY: display }, false);
}

let answered;
/** Waits for a new dialog and types at a person's pace: in a dialog's first half second Chromium takes no answer. */
async function answer(pin) {
  const xdotool = async (...words) => (await run('xdotool', words, { env: { ...process.env, DISPLAY: display }, timeout: 15_000 })).stdout.trim();
  let dialog;
  do dialog = await xdotool('search', '--sync', '--onlyvisible', '--name', DIALOG);
  while (dialog === answered);
  answered = dialog;
  await xdotool('windowfocus', '--sync', dialog, 'type', '--delay', '150', pin);
  await xdotool('key', 'Return');
}

test('a username and password by a smartcard and its PIN', async () => {
  const page = await launch(portal, { browser: await computer(await authority.card(UUIDS.helen)) });
  await page.goto('/');
  await button(page, 'Log in via Smartcard').click({ noWaitAfter: true });
  await answer('000000');
  await answer(PIN);
  await page.waitForURL('**/portal');
  await link(page.getByRole('navigation', { name: 'Portal', exact: true }), 'Manage Internet Access').click();
  const noted = await facts(page, 'Manage Internet Access');
  assert.equal(noted['ESR Username'], helen.username);
  await button(page, 'Reset Password').click();
  assert.equal(await field(page, 'Present password*').count(), 0);
  await field(page, 'New password*').fill(OTHER_PASSWORD);
  await button(page, 'Reset Password').click();
  await says(page, 'Your password is set. You have been logged out everywhere else.');

  await portal.command(['employer', 'set', '427', '--set', OUTSIDE]);
  const home = await launch(portal, { settings: { ignoreHTTPSErrors: true } });
  await logIn(home, noted['ESR Username'], OTHER_PASSWORD);
  await shows(heading(home, helen.name));
});
