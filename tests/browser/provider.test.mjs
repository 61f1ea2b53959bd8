// Logging in by an identity provider's card log-in, at a real provider (tests/oidc/provider.mjs).

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { UUIDS, freePort, hire } from './cards.mjs';
import { afterwards, launch, passingFolder, servePortal, tabTo } from './portal.mjs';
import { OTHER_PASSWORD, STAFF, button, facts, field, heading, link, says, shows, sound, soundOnBoth } from './steps.mjs';

const SECRET = 'the secret of the tests: it + percent % and &';
const { helen } = STAFF;

const address = `http://localhost:${await freePort()}`;
const provider = await startProvider(['--redirect', `${address}/smartcard/provider`, '--back', `${address}/logged-out`]);
const portal = await servePortal(await passingFolder(), address, {
  tables: [
    ['cards', 'Test Cards', provider.address],
    // Nobody listens there.
    ['elsewhere', 'Other Cards', `http://127.0.0.1:${await freePort()}`],
  ]
    .map(([id, name, issuer]) => `[[access.smartcard_providers]]
id = "${id}"
name = "${name}"
issuer = "${issuer}"
client_id = "staffrecord"
client_secret = "${SECRET}"
scopes = ["staff"]
uuid_claim = "nhsid_useruid"
acr = ["AAL3_ANY"]
identity_assurance = { claim = "id_assurance_level", least = 3 }
`)
    .join('\n'),
});
portal.elsewhere.push(provider.address);
await hire(portal);

/** The provider, who knows Helen's card and one that is on nobody's record. */
async function startProvider(words) {
  const script = fileURLToPath(new URL('../oidc/provider.mjs', import.meta.url));
  const accounts = [`owsea=${UUIDS.helen}`, `nobody=${UUIDS.nobody}`].flatMap((one) => ['--account', one]);
  const child = spawn(process.execPath, [script, ...words, ...accounts], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise((settle) => child.once('exit', settle));
  afterwards(async () => {
    child.stdin.end('quit\n');
    await ended;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await lines.next();
    assert.ok(!done, 'the provider goes on');
    return JSON.parse(value);
  };
  const { port } = await answer();
  return {
    address: `http://127.0.0.1:${port}`,
    async does(order) {
      child.stdin.write(`${order}\n`);
      assert.deepEqual(await answer(), { ok: order.split(' ')[0] });
    },
  };
}

/** To the provider's form. */
async function toProvider(page) {
  await page.goto('/');
  await button(page, 'Log in via Smartcard').click();
  await button(page, 'Use Test Cards').click();
  await shows(heading(page, 'Present your card'));
}

async function presentCard(page, account = 'owsea') {
  await field(page, 'Account').fill(account);
  await button(page, 'Log in').click();
}

test('section 2 of the guide, by an identity provider', async () => {
  const page = await launch(portal);
  await page.goto('/');
  await tabTo(page, button(page, 'Log in via Smartcard'));
  await page.keyboard.press('Enter');

  // There are two, so one chooses.
  await shows(heading(page, 'Log in via Smartcard'));
  await shows(button(page, 'Use Other Cards'));
  await soundOnBoth(page, 'smartcard-ways');
  await tabTo(page, button(page, 'Use Test Cards'));
  await page.keyboard.press('Enter');
  await presentCard(page);
  await page.waitForURL(`${address}/portal`);
  await shows(heading(page, helen.name));

  await link(page.getByRole('navigation', { name: 'Portal', exact: true }), 'Manage Internet Access').click();
  assert.equal((await facts(page, 'Manage Internet Access'))['ESR Username'], helen.username);
  await button(page, 'Reset Password').click();
  await field(page, 'New password*').fill(OTHER_PASSWORD);
  await button(page, 'Reset Password').click();
  await says(page, 'Your password is set. You have been logged out everywhere else.');

  // Logged out here, and there too.
  await button(page.getByRole('banner'), 'Log out').click();
  await shows(heading(page, 'Log out of your card?'));
  await button(page, 'Log out').click();
  await page.waitForURL(`${address}/logged-out`);
  await shows(heading(page, 'You are logged out'));
  await toProvider(page);
});

test('on a phone without script; the provider has new keys since', async () => {
  await provider.does('rotate');
  const page = await launch(portal, { script: false, screen: 'phone' });
  await toProvider(page);
  await presentCard(page);
  await page.waitForURL(`${address}/portal`);
  await shows(heading(page, helen.name));
  await button(page.getByRole('banner'), 'Log out').click();
  await shows(heading(page, 'Log out of your card?'));
});

test('the card is shown once more at the provider', async () => {
  const page = await launch(portal);
  await toProvider(page);
  await presentCard(page);
  await page.waitForURL(`${address}/portal`);
  await page.goto('/confirm?return=/internet-access/reset-password');
  await button(page, 'Show your smartcard').click();
  await button(page, 'Use Test Cards').click();
  await presentCard(page);
  await page.waitForURL(`${address}/internet-access/reset-password`);
  assert.equal(await field(page, 'Present password*').count(), 0);
});

/** Asserts that a page says why there is no way in, and that nobody is in. */
async function refuses(page, title, words) {
  await shows(heading(page, title));
  await says(page, words);
  await shows(link(page, 'Try again with your smartcard'));
  await page.goto('/portal');
  await shows(heading(page, 'Log in with your credentials', 2));
}

const NOT_STRONG = [
  'This way of logging in is not strong enough',
  'Log in at Test Cards with your smartcard, not in another way. If you did, ask whoever issued it whether your identity was checked in full.',
];
for (const [name, orders, account, ...page] of [
  ['a log-in there without a card', ['set owsea acr AAL1_USERPASS', 'set owsea acr AAL3_ANY'], 'owsea', ...NOT_STRONG],
  ['an identity that was not checked in full', ['set owsea assurance 1', 'set owsea assurance 3'], 'owsea', ...NOT_STRONG],
  [
    'an answer to another question',
    ['nonce of-somebody-else'],
    'owsea',
    'The answer could not be trusted',
    'What came back from Test Cards was not right, so you were not logged in. Start again; if it goes on, ring your service desk.',
  ],
  [
    'a card without a number',
    ['set owsea uuid -', `set owsea uuid ${UUIDS.helen}`],
    'owsea',
    'This smartcard has no number that we can read',
    'Test Cards did not say which card it was. Ask your service desk.',
  ],
  [
    "a card that is on nobody's record",
    [],
    'nobody',
    'Your smartcard is not on a staff record',
    "The card is good, but its number stands on nobody's record here. Ask HR to put it on yours, or log in with your username and password.",
  ],
]) {
  test(name, async () => {
    const [before, after] = orders;
    if (before) await provider.does(before);
    const here = await launch(portal);
    await toProvider(here);
    await presentCard(here, account);
    await refuses(here, ...page);
    if (after) await provider.does(after);
  });
}

test('a log-in that is broken off at the provider, and one that comes twice', async () => {
  const page = await launch(portal);
  const asked = page.waitForRequest((request) => new URL(request.url()).pathname === '/auth');
  await toProvider(page);
  const state = new URL((await asked).url()).searchParams.get('state');
  await page.goto(`/smartcard/provider?error=access_denied&state=${state}`);
  await shows(heading(page, 'The log-in was broken off'));
  await soundOnBoth(page, 'smartcard-broken-off');
  await refuses(page, 'The log-in was broken off', 'Test Cards sent you back without logging you in. Try again, or log in another way.');

  await toProvider(page);
  const returned = page.waitForRequest((request) => new URL(request.url()).pathname === '/smartcard/provider');
  await presentCard(page);
  await page.waitForURL(`${address}/portal`);
  await page.context().clearCookies();
  await page.goto((await returned).url());
  await refuses(page, 'This took too long', 'The log-in with your smartcard was begun in another window, too long ago, or finished before. Start again.');
});

test('a provider that is not there', async () => {
  const page = await launch(portal);
  await page.goto('/smartcard');
  await button(page, 'Use Other Cards').click();
  await shows(heading(page, 'The card log-in does not answer'));
  await sound(page, 'smartcard-provider-down');
  await refuses(
    page,
    'The card log-in does not answer',
    'Other Cards cannot be reached just now. Try again in a few minutes, or log in with your username and password.',
  );
});
