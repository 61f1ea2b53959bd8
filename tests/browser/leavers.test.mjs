// The personal address, set on a phone, confirmed and stopped; and the page for people who have left.

import assert from 'node:assert/strict';
import test from 'node:test';
import { launch, startPortal } from './portal.mjs';
import {
  PASSWORD,
  STAFF,
  born,
  button,
  field,
  heading,
  link,
  logIn,
  loggedIn,
  refused,
  says,
  shows,
  sound,
} from './steps.mjs';

const portal = await startPortal();

const DOOR = 'Payslips and P60s after you have left';
const REFUSED =
  'You could not be logged in. Check your username and password and try again. This page lets in people who have left, set a personal address 14 days ago or longer while they worked here, and have a second factor. Nobody else: ask payroll of your employer for your payslips and P60s on paper.';

/** From My account to the form, on which the employer's own mailbox is tried first; the mails to both addresses. */
async function setAddress(page, who, address, look = async () => {}) {
  await page.goto('/my-account');
  await link(page, 'Set a personal address').click();
  await shows(heading(page, 'Set a personal address'));
  await look('personal-address');
  await field(page, 'Your own email address*').fill(who.email);
  await button(page, 'Set this address').click();
  await refused(
    page,
    'address',
    'This mailbox belongs to your employer and ends with your job. Enter one that stays yours when you leave.',
  );
  await look('personal-address-refused');
  await field(page, 'Your own email address*').fill(address);
  let notice;
  const toConfirm = await portal.mailAfter(address, async () => {
    notice = await portal.mailAfter(who.email, async () => {
      await button(page, 'Set this address').click();
      await page.waitForURL('**/my-account?done=personal-address');
    });
  });
  assert.match(notice.subject, /^A personal address was set for you/);
  assert.equal(notice.links.length, 1);
  assert.ok(!notice.text.includes(address), 'others may read that mailbox');
  return { toConfirm, notice };
}

for (const [script, who, address] of [
  [true, STAFF.helen, 'helen@home.example'],
  [false, STAFF.john, 'john@home.example'],
]) {
  test(`an address is set, confirmed and stopped on a phone, ${script ? 'with' : 'without'} script`, async () => {
    const way = { screen: 'phone', script };
    const page = await loggedIn(portal, who, way);
    const look = async (name) => sound(page, name);
    const { toConfirm, notice } = await setAddress(page, who, address, look);
    await shows(heading(page, 'A personal address was set', 2));
    await look('my-account-personal-address');

    // The link is opened wherever the mail is read.
    assert.equal(toConfirm.links.length, 1);
    const elsewhere = await launch(portal, way);
    await elsewhere.goto(toConfirm.links[0]);
    await shows(heading(elsewhere, 'Confirm your personal address'));
    await sound(elsewhere, 'personal-address-confirm');
    await button(elsewhere, 'Confirm this address').click();
    await shows(heading(elsewhere, 'Your personal address is confirmed'));
    await sound(elsewhere, 'personal-address-confirmed');
    await elsewhere.goto(toConfirm.links[0]);
    await shows(heading(elsewhere, 'This link does not work any more'));
    await sound(elsewhere, 'personal-address-dead');
    await page.goto('/my-account');
    await page.getByText(/Works once you have left, from .+ at the earliest$/).waitFor();
    await shows(page.locator('main').getByText('Confirmed the personal address.', { exact: true }));

    // It was somebody else: the notice stops it, without logging in.
    await elsewhere.goto(notice.links[0]);
    await shows(heading(elsewhere, 'Stop the personal address'));
    await sound(elsewhere, 'personal-address-stop');
    const told = await portal.mailAfter(who.email, async () => {
      await button(elsewhere, 'Stop this address').click();
      await shows(heading(elsewhere, 'The personal address is stopped'));
    });
    assert.match(told.subject, /was taken off$/);
    await sound(elsewhere, 'personal-address-stopped');
    await page.goto('/my-account');
    await page.waitForURL('**/?ended=yes**');
    await logIn(page, who.username);
    await page.goto('/my-account');
    assert.equal(await page.getByText(address).count(), 0, 'nothing is left of it');
  });
}

test('in My account it is stopped, or taken off', async () => {
  const page = await loggedIn(portal, STAFF.helen, { screen: 'phone' });
  for (const [press, banner] of [
    ['Take it off', 'Your personal address is taken off.'],
    ['Stop this address', 'The personal address is stopped, and you are logged out everywhere else. Reset your password, and ring your service desk.'],
  ]) {
    await setAddress(page, STAFF.helen, `${press.split(' ')[0].toLowerCase()}@home.example`);
    await button(page, press).click();
    await page.getByText(banner, { exact: true }).waitFor();
    await sound(page);
  }
});

for (const script of [true, false]) {
  test(`whoever has left finds the page and is told what it asks for, ${script ? 'with' : 'without'} script`, async () => {
    const page = await launch(portal, { screen: 'phone', script });
    const look = async (name) => sound(page, name);
    await page.goto('/');
    await link(page.getByRole('contentinfo'), 'Help to log in').click();
    await shows(heading(page, 'Have you left your employer?', 2));
    await look('help-to-log-in');
    await link(page, DOOR).click();
    await shows(heading(page, DOOR));
    await look('leavers');
    await says(page, 'No personal address, or no second factor? Ask payroll of your employer for your payslips and P60s on paper.');

    // Somebody who works here, and whoever knows no password, are answered alike.
    for (const [username, password] of [
      [STAFF.helen.username, PASSWORD],
      [STAFF.helen.username, 'not her password at all'],
      ['427NOBODY77', PASSWORD],
    ]) {
      await field(page, 'Username*').fill(username);
      await field(page, 'Password*').fill(password);
      await button(page, 'Log in').click();
      await refused(page, 'username', REFUSED);
    }
    await look('leavers-refused');

    await link(page, 'Forgotten your password? Set a new one').click();
    await shows(heading(page, 'Set a new password after you have left'));
    await look('leavers-forgotten');
    await button(page, 'Submit').click();
    await refused(page, 'username', 'Enter your username.');
    await look('leavers-forgotten-refused');
    await field(page, 'Username*').fill(STAFF.helen.username);
    await field(page, 'Personal address*').fill('helen@home.example');
    await born(page, STAFF.helen.born);
    await button(page, 'Submit').click();
    await shows(heading(page, 'Look in your mail'));
    await look('leavers-forgotten-sent');
    await link(page, 'Go to the page for people who have left').click();
    await shows(heading(page, DOOR));
    await page.goto('/leavers/reset?link=abc');
    await shows(heading(page, 'This link does not work any more'));
    assert.equal(await link(page, 'Ask for a new link').getAttribute('href'), '/leavers/forgotten');
  });
}

test('whoever has left is answered at the first page like a wrong password', async () => {
  const who = STAFF.john;
  const yesterday = new Date(Date.now() - 36 * 3600_000).toISOString().slice(0, 10);
  await portal.command(
    ['staff', 'import', '--employer', '999'],
    `employee_number,first_names,last_name,date_of_birth,email,position,department,location,start_date,leaving_date
10001,John,Smith,1979-11-02,${who.email},Physiotherapist,Outpatients,Main Site,2015-01-05,${yesterday}
`,
  );
  const page = await launch(portal, { screen: 'phone' });
  await page.goto('/');
  await field(page, 'Username*').fill(who.username);
  await field(page, 'Password*').fill(PASSWORD);
  await button(page, 'Log in via Username Password').click();
  await refused(
    page,
    'username',
    'You could not be logged in. Check your username and password and try again, or use the link below the password.',
  );
  // He has no address that works, so the other page does not know him either.
  await page.goto('/leavers');
  await field(page, 'Username*').fill(who.username);
  await field(page, 'Password*').fill(PASSWORD);
  await button(page, 'Log in').click();
  await refused(page, 'username', REFUSED);
});
