// Section 3 of the guide where the employer asks for a second factor: from outside, with a new phone and no card.

import assert from 'node:assert/strict';
import test from 'node:test';
import { launch, startPortal, tabTo } from './portal.mjs';
import {
  FORGOTTEN,
  LOG_IN,
  OTHER_PASSWORD,
  PASSWORD,
  STAFF,
  ask,
  button,
  choose,
  codeOf,
  field,
  heading,
  link,
  loggedIn,
  refused,
  says,
  shows,
  sound,
  soundOnBoth,
} from './steps.mjs';

const portal = await startPortal();
const policies = (...all) => portal.command(['employer', 'set', '427', ...all.flatMap((one) => ['--set', `policies.${one}`])]);

const WRONG = 'This code is not right, or was used before. Wait for the next one and type that.';

async function giveCredentials(page, who, password = PASSWORD) {
  await page.goto('/');
  await field(page, 'Username*').fill(who.username);
  await field(page, 'Password*').fill(password);
  await button(page, LOG_IN).click();
}

async function giveCode(page, code, label = 'Code*') {
  await field(page, label).fill(code);
  await button(page, 'Go on').click();
}

async function logOut(page) {
  await button(page.getByRole('banner'), 'Log out').click();
  await shows(heading(page, 'You are logged out'));
}

/** Sets an authenticator app up on its page, mistyping once; the key. */
async function setUpApp(page, look = async () => {}) {
  await shows(heading(page, 'Set up an authenticator app'));
  await shows(page.getByRole('img', { name: 'Picture for the authenticator app to scan' }));
  const key = await page.locator('main strong.portal-code').innerText();
  await look('set-up-authenticator');
  await field(page, 'Code*').fill('abcdef');
  await button(page, 'Set up the app').click();
  await refused(
    page,
    'code',
    'This is not the code that the app shows now. Check that the clock of your phone is right, and type the newest code.',
  );
  assert.equal(await page.locator('main strong.portal-code').innerText(), key, 'the app need not be told anew');
  await look('set-up-authenticator-refused');
  await field(page, 'Code*').fill(codeOf(key));
  await button(page, 'Set up the app').click();
  return key;
}

for (const [script, who, days] of [
  [true, STAFF.grace, 0],
  [false, STAFF.tomasz, 14],
]) {
  test(`somebody new sets one up on the way in, ${script ? 'with' : 'without'} script`, async () => {
    await policies('second_factor=required', `second_factor_grace_days=${days}`, 'remember_device_days=30');
    const page = await launch(portal, { screen: 'phone', script });
    const look = async (name) => sound(page, name);
    await page.goto('/');
    await link(page, FORGOTTEN).click();
    const { links } = await ask(portal, page, who);
    await page.goto(links[0]);
    await choose(page, OTHER_PASSWORD);
    await button(page, 'Log in').click();
    await giveCredentials(page, who, OTHER_PASSWORD);

    await shows(heading(page, 'Set up a second way to show that it is you'));
    await look('set-up-second-factor');
    // Nothing else is to be had before.
    await page.goto('/internet-access');
    await shows(heading(page, 'Set up a second way to show that it is you'));
    if (days > 0) {
      // For some days it can be put off.
      await page.getByText(/ You can put it off until .+\.$/).waitFor();
      await button(page, 'Not now').click();
      await shows(heading(page, who.name));
      await logOut(page);
      await giveCredentials(page, who, OTHER_PASSWORD);
    } else {
      assert.equal(await button(page, 'Not now').count(), 0);
    }
    await link(page, 'Set up an authenticator app').click();
    let key;
    const mail = await portal.mailAfter(who.email, async () => {
      key = await setUpApp(page, look);
      await shows(heading(page, 'Recovery codes'));
    });
    assert.match(mail.subject, /^Your second factors for .* were changed$/);
    const codes = await page.locator('main li code').allInnerTexts();
    assert.equal(new Set(codes).size, 10);
    await look('recovery-codes-first');
    await button(page, 'Go on').click();
    await shows(heading(page, who.name));
    await logOut(page);

    // And from then on.
    await giveCredentials(page, who, OTHER_PASSWORD);
    await shows(heading(page, 'One more step'));
    await look('second-factor');
    await giveCode(page, '12345');
    await refused(page, 'code', WRONG);
    await look('second-factor-refused');
    const code = codeOf(key, 1);
    await page.getByLabel('This is my own device: do not ask here again for 30 days').check();
    await giveCode(page, code);
    await shows(heading(page, who.name));
    await logOut(page);
    await giveCredentials(page, who, OTHER_PASSWORD);
    await shows(heading(page, who.name));

    // Elsewhere, after the phone is lost: a code of the app works once, and so does one that was written down.
    const elsewhere = await launch(portal, { script });
    await giveCredentials(elsewhere, who, OTHER_PASSWORD);
    await giveCode(elsewhere, code);
    await refused(elsewhere, 'code', WRONG);
    await giveCode(elsewhere, codes[0].toLowerCase().replaceAll('-', ' '));
    await shows(heading(elsewhere, who.name));
    await logOut(elsewhere);
    await giveCredentials(elsewhere, who, OTHER_PASSWORD);
    await giveCode(elsewhere, codes[0]);
    await refused(elsewhere, 'code', WRONG);
    await giveCode(elsewhere, codes[1]);
    await shows(heading(elsewhere, who.name));
  });
}

test('My account: an app, new recovery codes, and an end to both, by keyboard', async () => {
  await policies('second_factor=offered');
  const page = await loggedIn(portal, STAFF.helen);
  await page.goto('/my-account');
  await tabTo(page, link(page, 'Set up an authenticator app'));
  await page.keyboard.press('Enter');
  await soundOnBoth(page, 'my-account-authenticator');
  const key = await setUpApp(page);
  await shows(heading(page, 'Recovery codes'));
  const [used, old] = await page.locator('main li code').allInnerTexts();
  // They are not shown again, and from now on a password is not enough to make new ones.
  await page.goto('/my-account/recovery-codes');
  await shows(heading(page, 'Confirm that it is you'));
  await soundOnBoth(page, 'confirm-by-code');
  await tabTo(page, field(page, 'Code*'));
  await page.keyboard.type(used);
  await page.keyboard.press('Enter');
  await says(page, 'You have 9 recovery codes left. Making new ones puts an end to the old ones.');
  await soundOnBoth(page, 'recovery-codes-left');
  await tabTo(page, button(page, 'Make new recovery codes'));
  await page.keyboard.press('Enter');
  const codes = page.locator('main li code');
  await codes.first().waitFor();
  assert.ok(!(await codes.allInnerTexts()).includes(old));

  await logOut(page);
  await giveCredentials(page, STAFF.helen);
  await tabTo(page, field(page, 'Code*'));
  await page.keyboard.type(old);
  await page.keyboard.press('Enter');
  await refused(page, 'code', WRONG);
  await tabTo(page, field(page, 'Code*'));
  await page.keyboard.type(codeOf(key, 1));
  await page.keyboard.press('Enter');
  await shows(heading(page, STAFF.helen.name));

  // Somebody says at the service desk that it is lost.
  await portal.command(['access', 're-enrol', STAFF.helen.username, '--reason', 'rang, and knew all the answers']);
  await page.goto('/my-account');
  await shows(heading(page, 'Your second factors are about to be taken off', 2));
  await soundOnBoth(page, 'my-account-re-enrolment');
  await button(page, 'Stop this').click();
  await says(page, 'Your second factors stay as they are. Ring your service desk and tell them.');

  await tabTo(page, button(page, 'Take off Authenticator app'));
  await page.keyboard.press('Enter');
  await says(page, 'The second factor is taken off.');
  await soundOnBoth(page, 'my-account-without-factors');

  // What was enough once to set up the first is not enough again.
  await policies('second_factor=required');
  await logOut(page);
  await giveCredentials(page, STAFF.helen);
  await shows(heading(page, 'You need a second factor to log in from here'));
  await shows(link(page.locator('main'), '01632 960427'));
  await soundOnBoth(page, 'second-factor-needed');
});
