// e-Learning's pages: the guide's words, Learner Homepage, a course's page on a phone, a certificate's verification. The player, the role
// learning and PC Checker are tested beside it.

import assert from 'node:assert/strict';
import test from 'node:test';
import { launch, startPortal, tabTo } from './portal.mjs';
import { STAFF, WAYS, button, facts, field, heading, link, logIn, loggedIn, named, says, shows, sound } from './steps.mjs';

const portal = await startPortal();
const { helen, john } = STAFF;
/** A phone as it names itself. */
const PHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1';
const RECOMMENDED = 'It is recommended that eLearning is completed on a Windows PC or laptop.';
const NOT_RECOMMENDED = 'We do not recommend completing eLearning on your mobile phone.';

for (const way of WAYS) {
  test(`the picture of section 2, whole, ${named(way)}`, async () => {
    const page = await loggedIn(portal, helen, way);
    for (const title of ['My e-Learning', 'Local Links']) await shows(heading(page, title, 2));
    const manage = link(page.getByRole('navigation', { name: 'Portal' }), 'Manage Internet Access');
    await shows(manage);
    await says(page, `${RECOMMENDED} ${NOT_RECOMMENDED}`);
    await shows(button(page, 'Learner Homepage'));
    for (const to of ['Learning and Development Prospectus', 'PC Checker', 'STAR Homepage']) await shows(link(page.locator('main'), to));
    await sound(page, 'portal-section-2');
    await manage.click();
    const known = await facts(page, 'Manage Internet Access');
    assert.deepEqual(
      ['ESR Username', 'Password', 'Status'].map((name) => known[name]),
      [helen.username, '*****', 'Approved'],
    );
    await shows(button(page, 'Reset Password'));
    await sound(page, 'internet-access-section-2');
  });

  test(`from the portal page to a course's page, ${named(way)}`, async () => {
    const page = await loggedIn(portal, helen, way);
    await shows(heading(page, 'My e-Learning', 2));
    await says(page, `${RECOMMENDED} ${NOT_RECOMMENDED}`);
    await button(page, 'Learner Homepage').click();
    await shows(heading(page, 'Learner Homepage'));
    for (const part of ['What I am on', 'Find a course', 'What I have done']) await shows(heading(page, part, 2));
    await sound(page, 'learner-homepage');

    await field(page, 'Words of its title or description').fill('fire');
    await button(page, 'Find').click();
    await page.waitForURL(/\?q=fire/);
    await sound(page, 'learner-homepage-found');
    // Once it is begun it stands further up as well.
    await button(page, 'Start Fire safety').last().click();
    await page.waitForURL('**/e-learning/attempts/*');
    await shows(heading(page, 'Fire safety'));
    await says(page, 'A course never asks for your password.');
    await sound(page, 'attempt');
    await link(page, 'Learner Homepage').first().click();
    await shows(link(page.locator('main'), 'Fire safety').first());
  });
}

test('a phone is told once what is recommended, and goes on', async () => {
  const page = await launch(portal, { screen: 'phone', settings: { userAgent: PHONE } });
  await logIn(page, john.username);
  await page.goto('/e-learning');
  await button(page, 'Start Fire safety').tap();
  await shows(page.getByRole('heading', { level: 2, name: 'You are on a phone' }));
  await says(page, RECOMMENDED);
  await says(page, NOT_RECOMMENDED);
  await shows(button(page, 'Start'));
  await sound(page, 'phone-warning');
  await page.reload();
  await shows(button(page, 'Start'));
  assert.equal(await page.getByText(NOT_RECOMMENDED, { exact: true }).count(), 0, 'it is said once');
});

test('a course is found and begun by keyboard alone', async () => {
  const page = await loggedIn(portal, john);
  await page.goto('/e-learning');
  await tabTo(page, field(page, 'Words of its title or description'));
  await page.keyboard.type('handling');
  await tabTo(page, button(page, 'Find'));
  await page.keyboard.press('Enter');
  await page.waitForURL(/\?q=handling/);
  await tabTo(page, button(page, 'Start Moving and handling'));
  await page.keyboard.press('Enter');
  await page.waitForURL('**/e-learning/attempts/*');
  await tabTo(page, button(page, 'Start'));
});

for (const script of [true, false]) {
  test(`a code that no certificate has, ${script ? 'with' : 'without'} script`, async () => {
    const page = await launch(portal, { screen: 'phone', script });
    await page.goto('/verify');
    await shows(heading(page, 'Verify a certificate'));
    await sound(page, 'verify');
    await button(page, 'Verify').tap();
    await shows(link(page, 'Enter the code as it stands on the certificate: 26 letters and digits'));
    await field(page, 'Code*').fill('7zk2m 7zk2m-7zk2m-7zk2m-7zk2m-7');
    await button(page, 'Verify').tap();
    await shows(heading(page, 'There is no certificate with this code'));
    await sound(page, 'verify-unknown');
  });
}
