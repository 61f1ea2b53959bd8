// Section 1 of the guide: `If you have a username and password`.

import assert from 'node:assert/strict';
import test from 'node:test';
import { launch, startPortal } from './portal.mjs';
import {
  FORGOTTEN,
  LOG_IN,
  PASSWORD,
  STAFF,
  WAYS,
  button,
  field,
  heading,
  link,
  logIn,
  named,
  refused,
  says,
  shows,
  sound,
  soundOnBoth,
} from './steps.mjs';

const portal = await startPortal();

for (const way of WAYS) {
  test(`logging in, ${named(way)}`, async () => {
    const page = await launch(portal, way);
    await page.goto('/');
    await shows(heading(page, 'NHS Electronic Staff Record'));
    await shows(heading(page, 'Log in with your credentials', 2));
    await says(page, 'Fields with an asterisk (*) are required fields');
    await says(page, 'Username*');
    await says(page, '(Example: 999JSMITH01)');
    await says(page, 'Password*');
    await shows(link(page.locator('main'), FORGOTTEN));
    await shows(button(page, LOG_IN));
    await sound(page, 'P1');

    // It stands at the bottom of the form, and is blue.
    const colour = await button(page, LOG_IN).evaluate((one) => getComputedStyle(one).backgroundColor);
    assert.equal(colour, 'rgb(0, 94, 184)');
    const [form, pressed] = [await page.locator('main form').boundingBox(), await button(page, LOG_IN).boundingBox()];
    const above = await link(page.locator('main'), FORGOTTEN).boundingBox();
    assert.ok(above.y + above.height <= pressed.y && pressed.y + pressed.height <= form.y + form.height);

    // As people type it.
    await field(page, 'Username*').fill(' 427howsea01 ');
    await field(page, 'Password*').fill(PASSWORD);
    await button(page, LOG_IN).click();
    await page.waitForURL('**/portal');

    await shows(heading(page, "Helen O'Wsea"));
    const menu = page.getByRole('navigation', { name: 'Portal', exact: true });
    await shows(link(menu, 'Manage Internet Access'));
    await shows(heading(page, 'My e-Learning', 2));
    await shows(
      page.getByText(
        'It is recommended that eLearning is completed on a Windows PC or laptop. We do not recommend completing eLearning on your mobile phone.',
        { exact: true },
      ),
    );
    const homepage = button(page, 'Learner Homepage');
    await shows(homepage);
    assert.equal(await homepage.getAttribute('href'), '/e-learning');
    await shows(heading(page, 'Local Links', 2));
    const local = page.getByRole('listitem').filter({ has: heading(page, 'Local Links', 2) });
    assert.deepEqual(await local.getByRole('link').allInnerTexts(), [
      'Learning and Development Prospectus',
      'PC Checker',
      'STAR Homepage',
    ]);
    await page.getByText(/^If you do nothing, you will be logged out at \d\d:\d\d\.$/).waitFor();
    await sound(page, 'P4');

    // Whoever comes back to the first page while logged in need not log in again.
    await page.goto('/');
    assert.equal(new URL(page.url()).pathname, '/portal');
  });

  test(`a wrong password, ${named(way)}`, async () => {
    const page = await launch(portal, way);
    await page.goto('/');
    await field(page, 'Username*').fill(STAFF.john.username);
    await field(page, 'Password*').fill('not this one');
    await button(page, LOG_IN).click();
    const words =
      'You could not be logged in. Check your username and password and try again, or use the link below the password.';
    await refused(page, 'username', words);
    assert.equal(await field(page, 'Username*').inputValue(), STAFF.john.username, 'what was typed is still there');
    assert.equal(await field(page, 'Password*').inputValue(), '', 'but no password');
    await sound(page, 'P1-refused');
    const summary = page.locator('.nhsuk-error-summary');
    if (way.script) {
      assert.ok(await summary.evaluate((one) => one === document.activeElement), 'the summary has the focus');
      await link(summary, words).click();
      assert.ok(await field(page, 'Username*').evaluate((one) => one === document.activeElement));
    }
    await field(page, 'Password*').fill(PASSWORD);
    await button(page, LOG_IN).click();
    await page.waitForURL('**/portal');
  });

  test(`an empty form, ${named(way)}`, async () => {
    const page = await launch(portal, way);
    await page.goto('/');
    await button(page, LOG_IN).click();
    await refused(page, 'username', 'Enter your username.');
    await refused(page, 'password', 'Enter your password.');
    await sound(page);
  });
}

test('a password may be pasted and shown', async () => {
  const page = await launch(portal);
  await page.goto('/');
  const [username, password] = [field(page, 'Username*'), field(page, 'Password*')];
  await username.fill(PASSWORD);
  await username.press('Control+a');
  await username.press('Control+x');
  await password.press('Control+v');
  assert.equal(await password.inputValue(), PASSWORD);
  assert.equal(await password.getAttribute('type'), 'password');
  await button(page, 'Show password').click();
  assert.equal(await password.getAttribute('type'), 'text');
  await soundOnBoth(page, 'P1-password-shown');
  await button(page, 'Hide password').click();
  assert.equal(await password.getAttribute('type'), 'password');

  // It is sent as a password, so that no browser offers it as a word typed before.
  await button(page, 'Show password').click();
  await username.fill(STAFF.john.username);
  await page.evaluate(() =>
    document.querySelector('main form').addEventListener('submit', () => {
      sessionStorage.setItem('sent as', document.getElementById('password').type);
    }),
  );
  await button(page, LOG_IN).click();
  await page.waitForURL('**/portal');
  assert.equal(await page.evaluate(() => sessionStorage.getItem('sent as')), 'password');
});

test('without script there is no button that does nothing', async () => {
  const page = await launch(portal, { script: false });
  await page.goto('/');
  assert.deepEqual(await page.locator('main').getByRole('button').allInnerTexts(), [LOG_IN]);
});

test('somebody who asks for a page of theirs logs in first and is led there', async () => {
  const page = await launch(portal);
  await page.goto('/my-account');
  assert.equal(new URL(page.url()).pathname, '/');
  await field(page, 'Username*').fill(STAFF.helen.username);
  await field(page, 'Password*').fill(PASSWORD);
  await button(page, LOG_IN).click();
  await page.waitForURL('**/my-account');
});

test('the last log-in is shown', async () => {
  await logIn(await launch(portal), STAFF.john.username);
  const page = await launch(portal);
  await logIn(page, STAFF.john.username);
  await page
    .getByText(/^You last logged in on \d+ \w+ \d{4} at \d\d:\d\d, Chrome on Linux\. Was that not you\? See where you are logged in\.$/)
    .waitFor();
  await link(page, 'See where you are logged in').click();
  await heading(page, 'My account').waitFor();
});

test('somebody without internet access is told how to get it', async () => {
  await portal.command(['access', 'withdraw', STAFF.john.username, '--reason', 'a test']);
  try {
    for (const screen of ['desktop', 'phone']) {
      const page = await launch(portal, { screen });
      await page.goto('/');
      await field(page, 'Username*').fill(STAFF.john.username);
      await field(page, 'Password*').fill(PASSWORD);
      await button(page, LOG_IN).click();
      await shows(heading(page, 'You cannot log in from here yet'));
      await says(page, 'Withdrawn');
      await shows(link(page.locator('main'), '01632 960999'));
      await sound(page, 'no-internet-access');
    }
  } finally {
    await portal.command(['access', 'approve', STAFF.john.username]);
  }
});
