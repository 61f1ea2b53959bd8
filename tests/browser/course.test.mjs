// The demo's courses, through the portal as it is: left and gone on with elsewhere, finished and counted, with the network cut and with the
// session ended.

import assert from 'node:assert/strict';
import test from 'node:test';
import { launch, startPortal } from './portal.mjs';
import { STAFF, button, heading, logIn, loggedIn, openCourse, picture } from './steps.mjs';

const portal = await startPortal();
const { helen } = STAFF;

const saved = (player) => player.getByText('Saved', { exact: true }).waitFor();

/** All questions of Fire safety, answered rightly. */
async function answer(course) {
  for (const right of [/^Shout/, 'Carbon dioxide', /^Take the wedge/, /^No: go through/, /^Turn the oxygen off/]) {
    await course.getByLabel(right).check();
  }
  await button(course, 'Check my answers').click();
  await heading(course, 'You passed with 100%', 3).or(course.getByText('You passed with 100%')).first().waitFor();
}

for (const screen of ['desktop', 'phone']) {
  test(`left in the middle, gone on with in another browser, finished and counted: ${screen}`, async () => {
    const own = screen === 'desktop' ? portal : await startPortal();
    const page = await loggedIn(own, helen, { screen });
    const first = await openCourse(page, 'Fire safety');
    await button(first.course, 'Next').click();
    await button(first.course, 'Next').click();
    await heading(first.course, 'If you find a fire', 2).waitFor();
    await saved(first.player);
    await page.close();

    const other = await loggedIn(own, helen, { screen });
    // It asks whether to go on where it was left.
    other.on('dialog', (dialog) => dialog.accept());
    const again = await openCourse(other, 'Fire safety');
    await heading(again.course, 'If you find a fire', 2).waitFor();
    await picture(other, 'course');
    for (let pages = 0; pages < 3; pages += 1) await button(again.course, 'Next').click();
    await answer(again.course);
    await saved(again.player);
    await button(again.player, 'Save and leave').click();
    await other.waitForURL('**/e-learning?done=left');
    const done = other.locator('#done ~ ul li').filter({ hasText: 'Fire safety' });
    await done.getByText(/100/).waitFor();
    await done.getByRole('link', { name: /^Certificate/ }).waitFor();
  });
}

test('the session ends while a course is open: what is done still lands', async () => {
  const page = await loggedIn(portal, helen);
  const { player, course } = await openCourse(page, 'Moving and handling');
  const csrf = await page.locator('meta[name="portal-csrf"]').getAttribute('content');
  const ended = await page.context().request.post('/log-out', { form: { csrf }, headers: { origin: portal.address } });
  assert.ok(ended.ok());
  await button(course, 'Next').click();
  await button(course, 'Next').click();
  await button(course, 'Finish this lesson').click();
  await saved(player);
  await button(player, 'Parts').click();
  await player.getByRole('button', { name: /^Why backs get hurt (Passed|Done)$/ }).waitFor();
  await page.close();
  const again = await loggedIn(portal, helen);
  const second = await openCourse(again, 'Moving and handling');
  await button(second.player, 'Parts').click();
  await second.player.getByRole('button', { name: /^Why backs get hurt (Passed|Done)$/ }).waitFor();
});

test('the network is cut at the end and the tab shut: it counts once the portal is opened again, by anybody', async () => {
  const own = await startPortal();
  const page = await loggedIn(own, helen);
  const { player, course } = await openCourse(page, 'Fire safety');
  for (let pages = 0; pages < 5; pages += 1) await button(course, 'Next').click();
  await saved(player);
  const context = page.context();
  await context.setOffline(true);
  await answer(course);
  await player.getByText('Not saved yet: keep this page open', { exact: true }).waitFor();
  await page.close();
  await context.setOffline(false);
  // The first page of all, where nobody is logged in.
  await context.clearCookies();
  const next = await context.newPage();
  const sent = next.waitForResponse((answer) => answer.url().endsWith('/commit') && answer.ok());
  await next.goto('/');
  await sent;
  const elsewhere = await launch(own);
  await logIn(elsewhere, helen.username);
  await elsewhere.goto('/e-learning');
  await elsewhere.locator('#done ~ ul li').filter({ hasText: 'Fire safety' }).getByText(/100/).waitFor();
});
