// Section 2 of the guide from its first step: `Log into the ESR portal using your smartcard`, and what a card says that
// lets nobody in.

import assert from 'node:assert/strict';
import test from 'node:test';
import { Authority, OUTSIDE, UUIDS, cannotChoose, chooseByPolicy, computer, portalWithCards, showing } from './cards.mjs';
import { launch, tabTo } from './portal.mjs';
import {
  OTHER_PASSWORD,
  STAFF,
  button,
  facts,
  field,
  heading,
  link,
  logIn,
  refused,
  says,
  shows,
  soundOnBoth,
} from './steps.mjs';

const authority = await Authority.named('Cards of the tests');
const portal = await portalWithCards(authority);
const reason = await cannotChoose();
// Continuous integration leaves nothing out.
if (reason && process.env.CI === 'true') throw new Error(reason);
if (!reason) await chooseByPolicy(portal);
const skip = reason;

const card = (uuid, how) => authority.card(uuid, how);
/** Somebody at a computer of the employer's with these cards in its reader. */
const at = async (cards, how) => launch(portal, { browser: await computer(authority, ...cards), ...how });

async function logInByCard(page) {
  await page.goto('/');
  await button(page, 'Log in via Smartcard').click();
}

for (const [script, who, uuid] of [
  [true, STAFF.helen, UUIDS.helen],
  [false, STAFF.grace, UUIDS.grace],
]) {
  test(`a username and password by smartcard, ${script ? 'with' : 'without'} script`, { skip }, async () => {
    // Step 1: Log into the ESR portal using your smartcard.
    const page = await at([await card(uuid)], { script });
    await page.goto('/');
    await shows(heading(page, 'Log in with your credentials', 2));
    if (script) await soundOnBoth(page, 'P1-with-smartcard');
    await button(page, 'Log in via Smartcard').click();
    await page.waitForURL('**/portal');
    await shows(heading(page, who.name));

    // Step 2: Click on Manage Internet Access.
    await link(page.getByRole('navigation', { name: 'Portal', exact: true }), 'Manage Internet Access').click();

    // Step 3: Make a note of your username and use the reset password functionality to create a password.
    const noted = await facts(page, 'Manage Internet Access');
    assert.deepEqual(noted, { 'ESR Username': who.username, Password: 'Not set', Status: 'Not requested' });
    if (script) await soundOnBoth(page, 'P5-by-smartcard');
    await button(page, 'Reset Password').click();
    await shows(heading(page, 'Reset Password'));
    assert.equal(await field(page, 'Present password*').count(), 0, 'the card stands for the present password');
    if (script) await soundOnBoth(page, 'P5-reset-password-by-smartcard');
    await field(page, 'New password*').fill('too short');
    await button(page, 'Reset Password').click();
    await refused(page, 'new_password', 'The password is too short. Use 15 characters or more: three or four words that do not belong together are good.');
    await field(page, 'New password*').fill(OTHER_PASSWORD);
    await button(page, 'Reset Password').click();
    await says(page, 'Your password is set. You have been logged out everywhere else.');
    assert.deepEqual(await facts(page, 'Manage Internet Access'), { 'ESR Username': who.username, Password: '*****', Status: 'Approved' });
    await button(page.getByRole('banner'), 'Log out').click();
    await shows(heading(page, 'You are logged out'));

    // And from now on from anywhere, with any device.
    await portal.command(['employer', 'set', '427', '--set', OUTSIDE]);
    const home = await launch(portal, { script, settings: { ignoreHTTPSErrors: true } });
    await logIn(home, noted['ESR Username'], OTHER_PASSWORD);
    await shows(heading(home, who.name));
  });
}

test('the card is shown once more, to confirm', { skip }, async () => {
  const page = await at([await card(UUIDS.helen)]);
  await logInByCard(page);
  await page.waitForURL('**/portal');
  await page.goto('/confirm?return=/internet-access/reset-password');
  await shows(heading(page, 'Confirm that it is you'));
  await soundOnBoth(page, 'confirm-by-smartcard');
  await tabTo(page, button(page, 'Show your smartcard'));
  await page.keyboard.press('Enter');
  await page.waitForURL('**/internet-access/reset-password');
  assert.equal(await field(page, 'Present password*').count(), 0);
});

test('a card that is on records at two employers lets its holder choose', { skip }, async () => {
  const page = await at([await card(UUIDS.amina)]);
  await logInByCard(page);
  await shows(heading(page, 'Your smartcard is on several staff records'));
  await soundOnBoth(page, 'smartcard-choice');
  await button(page, 'Go on').click();
  await refused(page, 'staff_record', 'Choose where you want to log in.');
  await soundOnBoth(page, 'smartcard-choice-refused');
  await tabTo(page, page.getByRole('radio').first());
  await page.keyboard.press('ArrowDown');
  await tabTo(page, button(page, 'Go on'));
  await page.keyboard.press('Enter');
  await page.waitForURL('**/portal');
  await page.goto('/my-account');
  assert.equal((await facts(page, 'My account')).Employer, 'Southdown Community Health Trust');
});

/** Asserts that a page says why there is no way in, and lets one go on. */
async function saysWhy(page, title, words) {
  await shows(heading(page, title));
  await says(page, words);
  await shows(link(page, 'Try again with your smartcard'));
  await shows(link(page.locator('main'), '01632 960427'));
  await page.goto('/portal');
  await shows(heading(page, 'Log in with your credentials', 2));
}

const NOT_READ = [
  'No smartcard was read',
  'Put your card into the reader, close all windows of the browser, open it again and choose your card when it asks. Does it not ask? The card may have expired, or the computer may have no card software: ring your service desk.',
];
const UNKNOWN_ISSUER = [
  'This smartcard is not one that is taken here',
  'It was issued by somebody whom the portal does not know. Close all windows of the browser, try again and choose the certificate of your NHS smartcard.',
];

test('no card: a page, and no waiting', { skip }, async () => {
  const page = await at([]);
  await logInByCard(page);
  await shows(heading(page, NOT_READ[0]));
  await soundOnBoth(page, 'smartcard-none');
  await tabTo(page, link(page, 'Try again with your smartcard'));
  await page.keyboard.press('Enter');
  await saysWhy(page, ...NOT_READ);
});

for (const [name, make, title, words] of [
  [
    'a cancelled card',
    async () => {
      const cancelled = await card(UUIDS.helen);
      await authority.revoke(cancelled);
      return cancelled;
    },
    'Your smartcard was cancelled',
    'It was reported lost, replaced or taken back. Ask whoever issued it for a new one.',
  ],
  [
    'a card without a number',
    () => card(),
    'This smartcard has no number that we can read',
    'Choose the certificate of your NHS smartcard, or ask whoever issued it.',
  ],
  [
    "a card that is on nobody's record",
    () => card(UUIDS.nobody),
    'Your smartcard is not on a staff record',
    "The card is good, but its number stands on nobody's record here. Ask HR to put it on yours, or log in with your username and password.",
  ],
  [
    "a leaver's card",
    () => card(UUIDS.carol),
    'Your smartcard does not let you in any more',
    'The staff record that it stands on has ended. If you still work there, ask HR to correct it.',
  ],
  ['a card of an authority that only has the name', async () => (await Authority.named('Cards of the tests')).card(UUIDS.helen), ...UNKNOWN_ISSUER],
]) {
  test(name, { skip }, async () => {
    const page = await at([await make()]);
    await logInByCard(page);
    await saysWhy(page, title, words);
  });
}

const PAST = ['20260101000000Z', '20260201000000Z'];
const FUTURE = ['20400101000000Z', '20410101000000Z'];
const stranger = await Authority.named('Other cards');
const WITHHELD = [
  ['an expired card', await card(UUIDS.helen, { valid: PAST }), 'Your smartcard has expired', 'Ask whoever issued it to renew it. Until then log in with your username and password.'],
  [
    'a card whose first day has not come',
    await card(UUIDS.helen, { valid: FUTURE }),
    'Your smartcard is not valid yet',
    'Its first day has not come, or the clock of the portal is wrong. Ask whoever issued it.',
  ],
  [
    'a certificate that is for something else',
    await card(UUIDS.helen, { use: 'emailProtection' }),
    'This certificate is not for logging in',
    'Your card holds several. Close all windows of the browser, try again and choose the one for logging in.',
  ],
  ['a card of another authority', await stranger.card(UUIDS.helen), ...UNKNOWN_ISSUER],
];

test('cards that Chromium itself keeps back', { skip }, async () => {
  const page = await at(WITHHELD.map(([, one]) => one));
  await logInByCard(page);
  await saysWhy(page, ...NOT_READ);
});

for (const [name, one, title, words] of WITHHELD) {
  test(`${name}, from a browser that shows it`, async () => {
    const page = await showing(portal, one);
    await logInByCard(page);
    await shows(heading(page, title));
    if (one === WITHHELD[0][1]) await soundOnBoth(page, 'smartcard-expired');
    await saysWhy(page, title, words);
  });
}
