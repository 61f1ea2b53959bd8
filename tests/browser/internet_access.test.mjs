// Section 2 of the guide, from step 2 on: `Click on Manage Internet Access` and make a password.

import assert from 'node:assert/strict';
import test from 'node:test';
import { launch, startPortal } from './portal.mjs';
import {
  LOG_IN,
  OTHER_PASSWORD,
  PASSWORD,
  STAFF,
  WAYS,
  button,
  facts,
  field,
  heading,
  link,
  loggedIn,
  logIn,
  named,
  refused,
  says,
  shows,
  sound,
  soundOnBoth,
} from './steps.mjs';

const portal = await startPortal();
const { helen } = STAFF;

/** Sets the password and asserts that it is done. */
async function reset(page, present, next) {
  await field(page, 'Present password*').fill(present);
  await field(page, 'New password*').fill(next);
  await button(page, 'Reset Password').click();
  await page.waitForURL('**/internet-access?*');
}

for (const way of WAYS) {
  test(`Manage Internet Access, ${named(way)}`, async () => {
    const elsewhere = await loggedIn(portal, helen);
    const page = await loggedIn(portal, helen, way);
    await link(page.getByRole('navigation', { name: 'Portal', exact: true }), 'Manage Internet Access').click();

    assert.deepEqual(await facts(page, 'Manage Internet Access'), { 'ESR Username': '427HOWSEA01', Password: '*****', Status: 'Approved' });
    await says(page, 'You can log in with your username and password from anywhere.');
    assert.equal(await page.getByRole('navigation').locator('[aria-current=page]').innerText(), 'Manage Internet Access');
    await sound(page, 'P5');

    await button(page, 'Reset Password').click();
    await shows(heading(page, 'Reset Password'));
    await sound(page, 'P5-reset-password');
    await field(page, 'Present password*').fill('not this one');
    await field(page, 'New password*').fill(OTHER_PASSWORD);
    await button(page, 'Reset Password').click();
    await refused(page, 'present_password', 'This is not your present password. Type it again.');
    await sound(page, 'P5-refused');

    await reset(page, PASSWORD, OTHER_PASSWORD);
    await says(page, 'Your password is set. You have been logged out everywhere else.');
    await sound(page, 'P5-done');
    await elsewhere.reload();
    await shows(heading(elsewhere, 'Log in with your credentials', 2));
    await says(elsewhere, 'You have been logged out. Log in again to go on.');
    await soundOnBoth(elsewhere, 'P1-logged-out-elsewhere');

    await button(page.getByRole('banner'), 'Log out').click();
    await shows(heading(page, 'You are logged out'));
    await page.goto('/');
    await field(page, 'Username*').fill(helen.username);
    await field(page, 'Password*').fill(PASSWORD);
    await button(page, LOG_IN).click();
    await shows(page.getByRole('heading', { name: 'There is a problem' }));
    await logIn(page, helen.username, OTHER_PASSWORD);

    // As it was, for the next one.
    await page.goto('/internet-access/reset-password');
    await reset(page, OTHER_PASSWORD, PASSWORD);
  });
}

test('a password that is soon guessed is refused with the reason', async () => {
  const page = await loggedIn(portal, helen);
  for (const [password, words] of [
    ['password12345678', 'This password is one that many people use, or a simple pattern, so it is soon guessed. Choose another.'],
    [
      "helen o'wsea 427HOWSEA01",
      'This password is made of your name, your username, your employer or the like, so it is soon guessed. Choose another.',
    ],
    ['a'.repeat(129), 'The password is too long. Use at most 128 characters.'],
  ]) {
    await page.goto('/internet-access/reset-password');
    await field(page, 'Present password*').fill(PASSWORD);
    await field(page, 'New password*').fill(password);
    await button(page, 'Reset Password').click();
    await refused(page, 'new_password', words);
    assert.equal(await field(page, 'New password*').inputValue(), '');
  }
});

test('internet access that was withdrawn is asked for again', async () => {
  const page = await loggedIn(portal, STAFF.john);
  await portal.command(['access', 'withdraw', STAFF.john.username]);
  await page.goto('/internet-access');
  assert.equal((await facts(page, 'Manage Internet Access')).Status, 'Withdrawn');
  await soundOnBoth(page, 'P5-withdrawn');
  await button(page, 'Request internet access').click();
  await says(page, 'Your request is made.');
  assert.notEqual((await facts(page, 'Manage Internet Access')).Status, 'Withdrawn');
  await portal.command(['access', 'approve', STAFF.john.username]);
});
