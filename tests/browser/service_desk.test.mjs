// The service desk's pages and HR's about one of its staff, walked by somebody with that role.

import assert from 'node:assert/strict';
import test from 'node:test';
import { launch, startPortal, tabTo } from './portal.mjs';
import {
  LOG_IN,
  PASSWORD,
  STAFF,
  ask,
  born,
  button,
  choose,
  facts,
  field,
  heading,
  inWithRole,
  link,
  loggedIn,
  refused,
  says,
  shows,
  sound,
  soundOnBoth,
} from './steps.mjs';

const portal = await startPortal();
const { helen, joanne, gareth, grace } = STAFF;
const FIND = 'Username, name, employee number or email';

/** Types a wrong password on so many new devices. */
async function lockOut(who, times = 11) {
  for (let time = 0; time < times; time += 1) {
    const page = await launch(portal, { script: false });
    await page.goto('/');
    await field(page, 'Username*').fill(who.username);
    await field(page, 'Password*').fill('not the password');
    await button(page, LOG_IN).click();
    await page.context().close();
  }
}

const desks = [];
for (const [how, what] of [
  [{}, 'with script'],
  [{ screen: 'phone', script: false }, 'on a phone, without script'],
]) {
  test(`the service desk helps somebody whose account is locked, ${what}`, async () => {
    await lockOut(helen);
    // One app for both: it is set up once.
    const page = desks[0] ?? (await inWithRole(portal, joanne, how)).page;
    const script = how.script !== false;
    await page.goto('/portal');
    let clicks = 0;
    const click = async (locator) => {
      clicks += 1;
      await locator.click();
    };
    await click(link(page, 'Service desk'));
    await shows(heading(page, 'Service desk'));
    await soundOnBoth(page, 'service-desk');
    await field(page, FIND).fill('hellen owsea');
    if (script && desks.length === 0) {
      // Found as one types.
      await page.getByText('One person fits.').waitFor();
    } else {
      await click(button(page, 'Search'));
    }
    await soundOnBoth(page, 'service-desk-found');
    await click(page.getByRole('link', { name: "Mrs Helen O'Wsea" }));
    await shows(heading(page, helen.name));
    await page.getByText(/^Too many wrong passwords were typed\. Their account is locked until .+\.$/).waitFor();
    await soundOnBoth(page, 'service-desk-person');
    assert.ok(await page.getByLabel('Unlock', { exact: true }).isChecked(), 'what to do is chosen already');
    await click(button(page, 'Do this'));
    await refused(page, 'reason', 'Write the reason: it stands on the trail, and they can read it.');
    await soundOnBoth(page, 'service-desk-person-refused');
    await field(page, 'Reason*').fill('Rang from Ward 7, knows her manager');
    await click(button(page, 'Do this'));
    await says(page, 'It is unlocked. Their password is as it was.');
    assert.ok(clicks <= 5, `${clicks} presses, one of them in vain`);
    desks.push(page);
    const own = await loggedIn(portal, helen);
    await own.goto('/my-account');
    await own.getByText('Unlocked your account.').first().waitFor();
    await own.getByText('Rang from Ward 7, knows her manager').first().waitFor();
    await soundOnBoth(own, 'my-account-done');
  });
}

test('a date of birth is checked, and never shown', async () => {
  const [page] = desks;
  await page.goto('/service-desk?q=10001');
  await page.getByRole('link', { name: "Mrs Helen O'Wsea" }).click();
  await born(page, ['13', '3', '1984']);
  await button(page, 'Check').click();
  await page.getByText('That is not the date of birth on the record.', { exact: false }).waitFor();
  await born(page, helen.born);
  await button(page, 'Check').click();
  await says(page, 'That is the date of birth on the record.');
  assert.doesNotMatch(await page.content(), /1984|14 March/);
});

test('a link from the service desk lets somebody in who never was, with the keyboard only', async () => {
  const [page] = desks;
  await page.goto('/service-desk');
  await tabTo(page, field(page, FIND));
  await page.keyboard.type('okafor');
  await page.getByText('One person fits.').waitFor();
  await tabTo(page, page.getByRole('link', { name: 'Dr Grace Okafor' }));
  await page.keyboard.press('Enter');
  await page.getByText('They have never set a password.', { exact: true }).waitFor();
  await tabTo(page, page.getByLabel('Send a link', { exact: true }));
  await tabTo(page, field(page, 'Reason*'));
  await page.keyboard.type('New starter');
  const mail = await portal.mailAfter(grace.email, async () => {
    await page.keyboard.press('Enter');
    await page.getByText('A link is on its way', { exact: false }).waitFor();
  });
  const own = await launch(portal, { screen: 'phone' });
  await own.goto(mail.links[0]);
  await choose(own, PASSWORD);
  await button(own, 'Log in').click();
  await field(own, 'Username*').fill(grace.username);
  await field(own, 'Password*').fill(PASSWORD);
  await button(own, LOG_IN).click();
  await shows(heading(own, grace.name));
});

test('HR finds, corrects and decides', async () => {
  await portal.command(['employer', 'set', '427', '--set', 'policies.internet_access=hr']);
  const priya = STAFF.priya;
  const { links } = await ask(portal, await launch(portal), priya);
  const own = await launch(portal);
  await own.goto(links[0]);
  await choose(own, PASSWORD);

  const { page } = await inWithRole(portal, gareth);
  await link(page, 'Internet access requests').click();
  await shows(heading(page, 'Internet access requests'));
  await soundOnBoth(page, 'hr-internet-access');
  await button(page, 'Decide').click();
  await refused(page, 'people', 'Tick at least one person.');
  await soundOnBoth(page, 'hr-internet-access-refused');
  await page.getByLabel('Priya Patel (20003)').check();
  await page.getByLabel('Approve', { exact: true }).check();
  await field(page, 'Reason*').fill('Works from home on Fridays');
  await button(page, 'Decide').click();
  await says(page, 'It is decided for one person, who is told by mail.');

  await link(page, 'Staff').click();
  await soundOnBoth(page, 'hr-staff');
  await field(page, FIND).fill('patel');
  await page.getByRole('link', { name: 'Ms Priya Patel' }).click();
  await soundOnBoth(page, 'hr-staff-person');
  await link(page, 'Correct this record').click();
  await soundOnBoth(page, 'hr-staff-correct');
  await field(page, 'Email').fill('priya');
  await field(page, 'Reason*').fill('Has a new address');
  await button(page, 'Save').click();
  await refused(page, 'email', 'This is not an email address; write one such as first.last@nhs.net.');
  await soundOnBoth(page, 'hr-staff-correct-refused');
  await field(page, 'Email').fill('priya.new@nhs.net');
  await button(page, 'Save').click();
  await page.getByText('The record is corrected.', { exact: false }).waitFor();
  assert.equal((await facts(page, priya.name)).Email, 'priya.new@nhs.net');
  await soundOnBoth(page, 'hr-staff-corrected');
  await link(page, 'Held changes').first().click();
  await shows(heading(page, 'Held changes'));
  await says(page, 'Somebody else has to let it work.');
  await soundOnBoth(page, 'hr-held-changes');
  await link(page, 'Roles').click();
  await soundOnBoth(page, 'hr-roles');
});

test('nobody opens pages of a role that they do not have', async () => {
  const page = await loggedIn(portal, helen);
  for (const path of ['/service-desk', '/hr/staff', '/hr/roles', '/hr/internet-access']) {
    await page.goto(path);
    await shows(heading(page, 'This page is not for you'));
  }
  await sound(page, 'not-for-you');
  assert.equal(await link(page, 'Service desk').count(), 0);
});
