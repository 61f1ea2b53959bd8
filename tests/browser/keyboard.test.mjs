// The guide by keyboard alone: section 3, section 1 and the end of section 2, seeing at each step where one is.

import assert from 'node:assert/strict';
import test from 'node:test';
import { launch, startPortal, tabTo } from './portal.mjs';
import { FORGOTTEN, LOG_IN, OTHER_PASSWORD, STAFF, button, facts, field, heading, link, says, shows } from './steps.mjs';

const portal = await startPortal();
const { grace } = STAFF;

/** Tabs to this and asserts that it looks different for having the focus. */
async function reach(page, locator) {
  const clip = await locator.evaluate((one) => {
    const { left, top, width, height } = one.getBoundingClientRect();
    return { x: left + scrollX - 6, y: top + scrollY - 6, width: width + 12, height: height + 12 };
  });
  const look = () => page.screenshot({ clip, fullPage: true, animations: 'disabled', caret: 'hide' });
  const before = await look();
  await tabTo(page, locator);
  assert.ok(await locator.evaluate((one) => {
    const { top, bottom } = one.getBoundingClientRect();
    return top >= 0 && bottom <= innerHeight;
  }), `${locator} is in sight`);
  assert.ok(!before.equals(await look()), `${locator} shows that it has the focus`);
}

async function type(page, locator, words) {
  await reach(page, locator);
  await page.keyboard.type(words);
}

async function press(page, locator, key = 'Enter') {
  await reach(page, locator);
  await page.keyboard.press(key);
}

for (const script of [true, false]) {
  test(`the guide by keyboard alone, ${script ? 'with' : 'without'} script`, async () => {
    const who = script ? grace : STAFF.tomasz;
    const page = await launch(portal, { script });
    await page.goto('/');

    // The first press of Tab offers to skip what is the same on each page.
    await page.keyboard.press('Tab');
    const skip = link(page, 'Skip to main content');
    assert.ok(await skip.evaluate((one) => one === document.activeElement));
    await page.keyboard.press('Enter');
    await page.waitForURL('**/#maincontent');
    await press(page, link(page.locator('main'), FORGOTTEN));
    await shows(heading(page, FORGOTTEN));

    await type(page, field(page, 'Email*'), who.email);
    for (const [at, part] of ['Date', 'Month', 'Year'].entries()) await type(page, field(page, part), who.born[at]);
    const { links } = await portal.mailAfter(who.email, () => press(page, button(page, 'Submit')));
    await shows(heading(page, 'Look in your mail'));

    await page.goto(links[0]);
    await type(page, field(page, 'New password*'), OTHER_PASSWORD);
    await press(page, button(page, 'Set password'), 'Space');
    await shows(heading(page, 'Your password is set'));
    await press(page, button(page, 'Log in'));

    await type(page, field(page, 'Username*'), who.username);
    await type(page, field(page, 'Password*'), OTHER_PASSWORD);
    await press(page, button(page, LOG_IN));
    await shows(heading(page, who.name));

    await press(page, link(page.getByRole('navigation'), 'Manage Internet Access'));
    assert.deepEqual(await facts(page, 'Manage Internet Access'), { 'ESR Username': who.username, Password: '*****', Status: 'Approved' });
    // It looks like a button, so with script Space presses it too.
    await press(page, button(page, 'Reset Password'), script ? 'Space' : 'Enter');
    await type(page, field(page, 'Present password*'), OTHER_PASSWORD);
    await type(page, field(page, 'New password*'), 'nine warm stones in a pond');
    await press(page, button(page, 'Reset Password'));
    await says(page, 'Your password is set. You have been logged out everywhere else.');

    await press(page, button(page.getByRole('banner'), 'Log out'));
    await shows(heading(page, 'You are logged out'));
  });
}

test('what is wrong with a form is reached by keyboard', async () => {
  const page = await launch(portal);
  await page.goto('/forgotten');
  await press(page, button(page, 'Submit'));
  const summary = page.locator('.nhsuk-error-summary');
  await summary.waitFor();
  await press(page, link(summary, 'Enter your date of birth.'));
  assert.ok(await field(page, 'Date').evaluate((one) => one === document.activeElement));
  await page.keyboard.type('1');
  assert.equal(await field(page, 'Date').inputValue(), '1');
});

test('the help opens by keyboard, and nothing catches the focus', async () => {
  const page = await launch(portal);
  await page.goto('/');
  await press(page, page.locator('main summary'), 'Space');
  await reach(page, link(page.locator('main'), '01632 960999'));
  await reach(page, link(page.getByRole('contentinfo'), 'Help to log in'));
  await page.keyboard.press('Shift+Tab');
  assert.ok(await link(page.locator('main'), '01632 960100').last().evaluate((one) => one === document.activeElement));
});
