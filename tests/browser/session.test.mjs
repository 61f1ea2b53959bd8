// What happens to somebody who is logged in: logging out, idleness, other places, and what others see afterwards.

import assert from 'node:assert/strict';
import test from 'node:test';
import { axe, launch, startPortal } from './portal.mjs';
import {
  PASSWORD,
  STAFF,
  WAYS,
  button,
  field,
  heading,
  link,
  LOG_IN,
  loggedIn,
  logIn,
  named,
  picture,
  says,
  shows,
  sound,
  soundOnBoth,
} from './steps.mjs';

const portal = await startPortal();
const { helen, john } = STAFF;
const MINUTE = 60_000;

const logOut = (page) => button(page.getByRole('banner'), 'Log out').click();

/** Asserts that nothing of this person is on the page. */
async function knowsNothingOf(page, who) {
  const markup = await page.content();
  for (const word of [who.name.replace("'", '&#39;'), who.name, who.username, who.email]) {
    assert.ok(!markup.includes(word), `${page.url()} still says ${word}`);
  }
}

for (const way of WAYS) {
  test(`after logging out, Back shows nothing, ${named(way)}`, async () => {
    const page = await loggedIn(portal, helen, way);
    await page.goto('/internet-access');
    await page.goto('/my-account');
    await logOut(page);
    await shows(heading(page, 'You are logged out'));
    await knowsNothingOf(page, helen);
    await sound(page, 'logged-out');
    for (let steps = 0; steps < 3; steps += 1) {
      await page.goBack();
      await heading(page, 'Log in with your credentials', 2).waitFor();
      await knowsNothingOf(page, helen);
    }
    await page.goForward();
    await knowsNothingOf(page, helen);
  });
}

test('a page that a browser brings back as it was is asked for again', async () => {
  const page = await loggedIn(portal, helen);
  const other = await page.context().newPage();
  // Without script, so that the first tab is not told.
  await other.route('**/*.js', (route) => route.abort());
  await other.goto('/portal');
  await logOut(other);
  await shows(heading(other, 'You are logged out'));
  await shows(heading(page, helen.name));
  await page.evaluate(() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })));
  await shows(heading(page, 'Log in with your credentials', 2));
  await knowsNothingOf(page, helen);
});

test('a second tab is logged out with the first', async () => {
  const page = await loggedIn(portal, helen);
  const second = await page.context().newPage();
  await second.goto('/my-account');
  await logOut(page);
  await second.waitForURL('**/logged-out');
  await knowsNothingOf(second, helen);
});

test('a second tab without script does nothing more', async () => {
  const page = await loggedIn(portal, helen, { script: false });
  const second = await page.context().newPage();
  await second.goto('/internet-access');
  await logOut(page);
  await shows(heading(page, 'You are logged out'));
  await button(second, 'Reset Password').click();
  await shows(heading(second, 'Log in with your credentials', 2));
  await knowsNothingOf(second, helen);
});

test('a form opened before somebody logged in in another tab still works', async () => {
  const page = await launch(portal);
  await page.goto('/');
  const second = await page.context().newPage();
  await logIn(second, helen.username);
  await field(page, 'Username*').fill(john.username);
  await field(page, 'Password*').fill(PASSWORD);
  await button(page, LOG_IN).click();
  await page.waitForURL('**/portal');
  await shows(heading(page, john.name));
  await second.reload();
  await shows(heading(second, john.name));
});

for (const screen of ['desktop', 'phone']) {
  test(`two minutes before the idle limit a dialog asks, ${screen}`, async () => {
    // Only the browser's clock is moved on: what the server would do is for the server's own tests.
    const page = await launch(portal, { screen });
    await page.clock.install();
    await logIn(page, helen.username);
    const second = await page.context().newPage();
    await second.goto('/my-account');
    const dialogs = [page, second].map((one) => one.getByRole('dialog', { name: 'You will soon be logged out', exact: true }));
    await page.clock.fastForward(12.9 * MINUTE);
    for (const dialog of dialogs) assert.equal(await dialog.count(), 0, 'not yet');

    await page.clock.fastForward(0.2 * MINUTE);
    for (const dialog of dialogs) await dialog.waitFor();
    await page.bringToFront();
    const [dialog] = dialogs;
    await dialog.getByText(/you will be logged out in 1 minute \d+ seconds\./).waitFor();
    const stay = button(dialog, 'Stay logged in');
    assert.ok(await stay.evaluate((one) => one === document.activeElement), 'the focus is on the way to stay');
    await axe(page);
    await picture(page, 'idle');

    // In one tab is enough.
    await stay.click();
    for (const one of dialogs) await one.waitFor({ state: 'hidden' });
    await page.clock.fastForward(12.9 * MINUTE);
    assert.equal(await dialog.count(), 0);

    // Escape means the same as staying: it must not throw anybody out.
    await page.clock.fastForward(0.2 * MINUTE);
    await dialog.waitFor();
    const kept = page.waitForResponse('**/session/stay');
    await page.keyboard.press('Escape');
    assert.equal((await kept).status(), 200);
    await dialog.waitFor({ state: 'hidden' });

    // No network: it says so, and may be pressed again.
    await page.clock.fastForward(13.1 * MINUTE);
    await dialog.waitFor();
    await page.route('**/session/stay', (route) => route.abort());
    await stay.click();
    await dialog.getByText('That did not work. Check the network, then press again.', { exact: true }).waitFor();
    await page.unroute('**/session/stay');
    await stay.click();
    await dialog.waitFor({ state: 'hidden' });

    await page.clock.fastForward(13.1 * MINUTE);
    await dialog.waitFor();
    await button(dialog, 'Log out').click();
    await shows(heading(page, 'You are logged out'));
  });
}

test('when the time is over the page is left', async () => {
  const page = await launch(portal);
  await page.clock.install();
  await logIn(page, helen.username);
  // The server's time has not passed, so the session is ended for it from another place.
  const other = await loggedIn(portal, helen);
  await other.goto('/my-account');
  await button(other, 'Log out everywhere else').click();
  await says(other, 'You are logged out everywhere else.');

  await page.clock.fastForward(15.1 * MINUTE);
  await page.waitForURL('**/logged-out?why=idle');
  await says(page, 'Nothing had happened for a while, so you were logged out to keep your record safe.');
  await knowsNothingOf(page, helen);
  await soundOnBoth(page, 'logged-out-idle');
});

for (const way of WAYS) {
  test(`My account lists the places and ends another, ${named(way)}`, async () => {
    const other = await loggedIn(portal, john, way);
    await other.goto('/internet-access/reset-password');
    const page = await loggedIn(portal, john, way);
    await link(page.getByRole('navigation', { name: 'Portal', exact: true }), 'My account').click();
    await shows(heading(page, 'My account'));
    await says(page, '2 November');
    await says(page, john.email);
    assert.ok(!(await page.content()).includes('1979'), 'no year of birth');
    await page.getByText('Wrong? Tell HR.').waitFor();
    await shows(heading(page, 'Where you are logged in', 2));
    await shows(page.getByText('Chrome on Linux (here)'));
    await sound(page, 'my-account');

    const places = button(page.locator('main'), 'Log out there');
    const before = await places.count();
    assert.ok(before >= 1);
    const rows = page.getByRole('listitem').filter({ has: page.getByRole('button', { name: 'Log out there' }) });
    for (let left = before; left > 0; left -= 1) {
      await button(rows.first(), 'Log out there').click();
      await places.nth(left - 1).waitFor({ state: 'detached' });
      await says(page, 'That place is logged out.');
    }

    // A session that was ended from elsewhere is not trusted with anything more: what it sends is not kept.
    await field(other, 'Present password*').fill(PASSWORD);
    await field(other, 'New password*').fill('eleven slow trams hum');
    await button(other, 'Reset Password').click();
    await says(other, 'You have been logged out. Log in again to go on.');
    await sound(other, 'P1-logged-out-elsewhere');
    await field(other, 'Username*').fill(john.username);
    await field(other, 'Password*').fill(PASSWORD);
    await button(other, LOG_IN).click();
    await shows(heading(other, john.name));
    await logOut(other);
    await shows(heading(other, 'You are logged out'));
  });
}

test('a change of an email is told, and stopped', async () => {
  const header = 'employee_number,first_names,last_name,date_of_birth,email,position,department,location,start_date';
  const [first, last] = helen.name.split(' ');
  for (const screen of ['desktop', 'phone']) {
    const changed = `${header}\n10001,${first},${last},1984-03-14,another.${screen}@nhs.net,Staff Nurse,Ward 7,Main Site,2012-09-03\n`;
    await portal.command(['staff', 'import', '--employer', '427'], changed);
    const page = await loggedIn(portal, helen, { screen });
    await shows(heading(page, 'Something on your staff record is about to change', 2));
    await sound(page, 'P4-about-to-change');
    await link(page.locator('main'), 'My account').click();
    await shows(heading(page, 'Your email is about to change', 2));
    await says(page, `another.${screen}@nhs.net`);
    await sound(page, 'my-account-about-to-change');
    await button(page, 'Stop this change').click();
    await says(
      page,
      'The change is stopped. What is held stays as it was. Tell HR, so that they correct their own records.',
    );
    await sound(page, 'my-account-stopped');
    await logOut(page);
    await shows(heading(page, 'You are logged out'));
  }
});

test('confirming that it is you', async () => {
  for (const screen of ['desktop', 'phone']) {
    const page = await loggedIn(portal, helen, { screen });
    await page.goto('/confirm?return=/my-account');
    await shows(heading(page, 'Confirm that it is you'));
    await sound(page, 'confirm');
    await field(page, 'Password*').fill(PASSWORD);
    await button(page, 'Confirm').click();
    await shows(heading(page, 'My account'));
  }
});
