// Section 3 of the guide: `If you don't have a Smartcard`, and what becomes of the mailed link.

import assert from 'node:assert/strict';
import test from 'node:test';
import { axe, fits, launch, startPortal } from './portal.mjs';
import {
  FORGOTTEN,
  LOG_IN,
  OTHER_PASSWORD,
  STAFF,
  WAYS,
  ask,
  born,
  button,
  choose,
  facts,
  field,
  heading,
  link,
  loggedIn,
  logIn,
  mailedLink,
  named,
  picture,
  refused,
  says,
  shows,
  sound,
  soundOnBoth,
} from './steps.mjs';

const portal = await startPortal();

/** One newcomer for each way of walking. */
const NEWCOMERS = [STAFF.grace, STAFF.tomasz, STAFF.priya, STAFF.owen];

for (const [at, way] of WAYS.entries()) {
  test(`somebody new gets in, ${named(way)}`, async () => {
    const who = NEWCOMERS[at];
    const page = await launch(portal, way);
    await page.goto('/');
    await link(page, FORGOTTEN).click();

    await shows(heading(page, FORGOTTEN));
    await says(
      page,
      'Enter the email address associated with your account and your date of birth, your login details will then be emailed to you. If known, entering your username will enable you to receive details for that account only.',
    );
    await shows(heading(page, 'REQUEST USERNAME AND RESET PASSWORD', 2));
    await says(
      page,
      'Enter your NHS email and date of birth only (leaving the username section blank) then click Submit. You will receive an email containing your username and a link to reset your password.',
    );
    await shows(heading(page, 'RESET PASSWORD ONLY', 2));
    await says(page, 'Email*');
    await says(page, '(Example : first.last@domain.com)');
    const date = page.getByRole('group', { name: 'Date of Birth*', exact: true });
    await shows(date);
    for (const part of ['Date', 'Month', 'Year']) await shows(field(date, part));
    await says(page, 'Username');
    await shows(button(page, 'Submit'));
    await sound(page, 'P2');

    await field(page, 'Email*').fill(who.email);
    await born(page, who.born);
    const mail = await portal.mailAfter(who.email, () => button(page, 'Submit').click());
    await shows(heading(page, 'Look in your mail'));
    await says(
      page,
      'If the details match, an email arrives within 10 minutes. Look in junk. None? Your employer may hold another address or date of birth: ring your service desk.',
    );
    await sound(page, 'P2-sent');

    assert.equal(mail.subject, 'Your username for NHS Electronic Staff Record');
    assert.match(mail.text, new RegExp(`^Username: ${who.username}\nEmployer: Northmoor Hospitals Trust$`, 'm'));
    assert.match(mail.text, /^The link works once, for 30 minutes\./m);
    assert.equal(mail.links.length, 1);
    await page.goto(mail.links[0]);

    assert.deepEqual(await facts(page, 'Set your password'), { 'ESR Username': who.username, Employer: 'Northmoor Hospitals Trust' });
    await sound(page, 'P3-set-password');
    await field(page, 'New password*').fill('too short');
    await button(page, 'Set password').click();
    await refused(
      page,
      'new_password',
      'The password is too short. Use 15 characters or more: three or four words that do not belong together are good.',
    );
    await sound(page, 'P3-refused');
    await choose(page, OTHER_PASSWORD);
    await says(page, 'You can log in from anywhere. You have been logged out everywhere else.');
    await sound(page, 'P3-done');

    await button(page, 'Log in').click();
    await field(page, 'Username*').fill(who.username);
    await field(page, 'Password*').fill(OTHER_PASSWORD);
    await button(page, LOG_IN).click();
    await shows(heading(page, who.name));
    await link(page.getByRole('navigation'), 'Manage Internet Access').click();
    assert.deepEqual(await facts(page, 'Manage Internet Access'), { 'ESR Username': who.username, Password: '*****', Status: 'Approved' });
  });
}

test('a person with two employers: every username, or that account only', async () => {
  const { amina } = STAFF;
  const page = await launch(portal, { screen: 'phone' });
  const both = await ask(portal, page, amina);
  assert.equal(both.subject, 'Your usernames for NHS Electronic Staff Record');
  assert.equal(both.links.length, 2);
  const parts = both.text.split(/\n\n/);
  for (const [username, employer, at] of [
    [amina.username, 'Northmoor Hospitals Trust', 0],
    [amina.other, 'Southdown Community Health Trust', 1],
  ]) {
    const part = parts.indexOf(`Username: ${username}\nEmployer: ${employer}`);
    assert.ok(part >= 0, both.text);
    assert.ok(parts[part + 1].endsWith(both.links[at]), 'its link comes next');
  }
  assert.match(both.text, /^Each link works once, for 30 minutes\./m);
  assert.match(both.text, /^Help at Northmoor Hospitals Trust: ESR Service Desk, 01632 960427, /m);
  assert.match(both.text, /^Help at Southdown Community Health Trust: ESR Service Desk, 01632 960999, /m);
  await looksRight(both);

  // Each link is for its own account.
  await page.goto(both.links[1]);
  assert.deepEqual(await facts(page, 'Set your password'), { 'ESR Username': amina.other, Employer: 'Southdown Community Health Trust' });
  await choose(page, OTHER_PASSWORD);
  await logIn(page, amina.other, OTHER_PASSWORD);

  // With the username given, the account at the other employer only.
  const asking = await launch(portal, { script: false });
  const one = await ask(portal, asking, amina, ` ${amina.username.toLowerCase()} `);
  assert.equal(one.subject, 'Reset your password for NHS Electronic Staff Record');
  assert.equal(one.links.length, 1);
  assert.ok(one.text.includes(amina.username) && !one.text.includes(amina.other));
  await looksRight(one);
  await asking.goto(one.links[0]);
  assert.deepEqual(await facts(asking, 'Set your password'), { 'ESR Username': amina.username, Employer: 'Northmoor Hospitals Trust' });
  const kept = 'nine warm stones in a pond';
  await choose(asking, kept);
  await logIn(asking, amina.username, kept);
  await shows(heading(asking, amina.name));

  // The account at 999 still has its own password.
  await logIn(await launch(portal), amina.other, OTHER_PASSWORD);
});

/** A mail is read on a phone without scrolling sideways, and leads nowhere but where it has to. */
async function looksRight(mail) {
  for (const screen of ['phone', 'desktop', 'narrow']) {
    const page = await launch(portal, { screen });
    await page.setContent(mail.html);
    await fits(page);
    const places = await page.locator('[href], [src], [action], [background]').evaluateAll((all) => all.map((one) => one.href));
    assert.deepEqual(places, mail.links);
    assert.equal(await page.locator('img, iframe, form, script, link, style').count(), 0);
    const words = await page.locator('body').innerText();
    for (const line of mail.text.split('\n').filter((line) => line && !/: ?/.test(line))) {
      assert.ok(words.includes(line), `the HTML part says it too: ${line}`);
    }
    if (screen !== 'narrow') await picture(page, `P3-mail-of-${mail.links.length}`);
  }
}

test('mistakes in the form are named at their fields', async () => {
  for (const screen of ['desktop', 'phone']) {
    const page = await launch(portal, { screen });
    await page.goto('/forgotten');
    await button(page, 'Submit').click();
    await refused(page, 'email', 'Enter your email address.');
    await refused(page, 'date-of-birth-day', 'Enter your date of birth.');
    assert.ok(await page.locator('.nhsuk-error-summary').evaluate((one) => one === document.activeElement));
    await sound(page, 'P2-refused');

    await field(page, 'Email*').fill('first.last');
    await born(page, ['31', '02', '1980']);
    await field(page, 'Username').fill('427HOWSEA01');
    await button(page, 'Submit').click();
    await refused(page, 'email', 'Enter an email address like first.last@domain.com.');
    const words = 'Enter a date of birth that is in the calendar, like 27 3 1980.';
    await refused(page, 'date-of-birth-day', words);
    for (const [name, typed] of [
      ['Email*', 'first.last'],
      ['Date', '31'],
      ['Month', '02'],
      ['Year', '1980'],
      ['Username', '427HOWSEA01'],
    ]) {
      assert.equal(await field(page, name).inputValue(), typed, 'what was typed is still there');
    }
    await link(page.locator('.nhsuk-error-summary'), words).click();
    assert.ok(await field(page, 'Date').evaluate((one) => one === document.activeElement));
  }
});

test('the answer is the same for whoever is not known', async () => {
  const page = await launch(portal);
  await page.goto('/forgotten');
  await field(page, 'Email*').fill('nobody@nhs.net');
  await born(page, ['1', '1', '1980']);
  await button(page, 'Submit').click();
  await shows(heading(page, 'Look in your mail'));
});

test('a browser that opens the link and runs script, but presses nothing, does not use it up', async () => {
  const { daniel } = STAFF;
  const address = await mailedLink(portal, daniel);
  for (const way of WAYS) {
    const scanner = await launch(portal, way);
    await scanner.goto(address, { waitUntil: 'networkidle' });
    await shows(heading(scanner, 'Set your password'));
    await scanner.reload({ waitUntil: 'networkidle' });
    await shows(heading(scanner, 'Set your password'));
    for (const method of ['HEAD', 'GET']) {
      const answer = await scanner.request.fetch(address, { method });
      assert.equal(answer.status(), 200);
    }
    if (way.script) {
      const statuses = await scanner.evaluate(async () => {
        const answers = await Promise.all(['HEAD', 'GET'].map((method) => fetch(location.href, { method })));
        return answers.map((answer) => answer.status);
      });
      assert.deepEqual(statuses, [200, 200]);
    }
  }

  const page = await launch(portal);
  await page.goto(address);
  await choose(page, OTHER_PASSWORD);
  for (const screen of ['desktop', 'phone']) {
    const later = await launch(portal, { screen });
    await later.goto(address);
    await shows(heading(later, 'This link does not work any more'));
    await later.getByText(/^It was used on \d+ \w+ \d{4} at \d\d:\d\d\. A link works once\.$/).waitFor();
    await sound(later, 'P3-used');
    await link(later, 'Ask for a new link').click();
    await shows(heading(later, FORGOTTEN));
  }
});

test('only the newest link works, and the older one says so', async () => {
  const { mei } = STAFF;
  const older = await mailedLink(portal, mei);
  const newer = await mailedLink(portal, mei);
  const page = await launch(portal);
  await page.goto(older);
  await shows(heading(page, 'This link does not work any more'));
  await page
    .getByText(
      /^A newer one was sent on \d+ \w+ \d{4} at \d\d:\d\d\. Use the link in the newest mail: only that one works\.$/,
    )
    .waitFor();
  await axe(page);
  await page.goto(newer);
  await choose(page, OTHER_PASSWORD);
});

test('a link cut off in the mail says what to do', async () => {
  const page = await launch(portal);
  const answer = await page.goto('/reset?link=6d25f2d45137');
  assert.equal(answer.status(), 410);
  await says(page, 'It may have been cut off in the mail. Copy the whole address from the mail into the browser.');
});

test('a locked person unlocks the account by mail and keeps the password', async () => {
  const { john } = STAFF;
  const page = await launch(portal);
  for (let failures = 0; failures < 10; failures += 1) {
    await page.goto('/');
    await field(page, 'Username*').fill(john.username);
    await field(page, 'Password*').fill(`wrong ${failures}`);
    await button(page, LOG_IN).click();
    await page.locator('.nhsuk-error-summary').waitFor();
  }
  await page.goto(await mailedLink(portal, john));
  await shows(heading(page, 'Reset your password'));
  await page
    .getByText(/^After too many wrong passwords, log-in by password is stopped until \d\d:\d\d\. Either button lifts that now\.$/)
    .waitFor();
  await soundOnBoth(page, 'P3-locked');
  await button(page, 'Unlock and keep my password').click();
  await shows(heading(page, 'Your account is unlocked'));
  await sound(page);
  await logIn(page, john.username);
});

for (const way of WAYS) {
  test(`a link opened where somebody else is logged in offers to log them out, ${named(way)}`, async () => {
    const address = await linkOfKwame();
    const page = await loggedIn(portal, STAFF.helen, way);
    const answer = await page.goto(address);
    assert.equal(answer.status(), 409);
    await shows(heading(page, 'Somebody else is logged in here'));
    await says(page, "Helen O'Wsea is logged in on this browser. To go on with the link in your mail, log them out first.");
    await sound(page, 'P3-somebody-else');

    await link(page, 'No, leave them logged in').click();
    await shows(heading(page, "Helen O'Wsea"));
    await page.goto(address);
    await button(page, 'Log them out and go on').click();
    assert.equal((await facts(page, 'Set your password'))['ESR Username'], STAFF.kwame.username);
    assert.equal(await page.getByText("Helen O'Wsea").count(), 0);
  });
}

let ofKwame;
/** Opening a link does not use it up, so one mail is enough for every way. */
function linkOfKwame() {
  ofKwame ??= mailedLink(portal, STAFF.kwame);
  return ofKwame;
}
