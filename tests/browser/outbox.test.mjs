// Nothing is lost, through the portal as it is: how often a course is saved, a network that is cut, clocks that are wrong, two courses at
// once, and one course on two computers.

import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { published } from './packages.mjs';
import { startPortal } from './portal.mjs';
import { STAFF, button, heading, loggedIn, openCourse } from './steps.mjs';

const portal = await startPortal();
/** One more, where the same people have done nothing yet. */
const other = await startPortal();
await published(portal, 'probe12');
const { helen, john } = STAFF;
const FIRE = 'Fire safety';
const MOVING = 'Moving and handling';
/** One that says nothing by itself. */
const PROBE = 'Probe of SCORM 1.2';
const NOT_SAVED = 'Not saved yet: keep this page open';

const saved = (player) => player.getByText('Saved', { exact: true }).waitFor();
const unsaved = (player) => player.getByText(NOT_SAVED, { exact: true }).waitFor();
const inner = (page) => page.frames().findLast((one) => one.url().includes('/course/'));
const wrapper = (page) => page.frames().find((one) => /\/launch\/[^/]+\/$/.test(one.url()));
/** The player is told that the network is there again, as browsers do; it would try by itself after ever longer waits. */
const back = (page) => wrapper(page).evaluate(() => window.dispatchEvent(new Event('online')));
const done = (page, title) => page.locator('#done ~ ul li').filter({ hasText: title });

/** All questions of Fire safety, answered rightly. */
async function answer(course) {
  for (const right of [/^Shout/, 'Carbon dioxide', /^Take the wedge/, /^No: go through/, /^Turn the oxygen off/]) {
    await course.getByLabel(right).check();
  }
  await button(course, 'Check my answers').click();
  await course.getByText('You passed with 100%').first().waitFor();
}

/** Each commit that the page sends, with the time when. */
function commitsOf(page) {
  const sent = [];
  page.on('request', (request) => {
    if (request.method() === 'POST' && request.url().endsWith('/commit')) sent.push({ at: Date.now(), body: request.postDataJSON() });
  });
  return sent;
}

test('a place is saved within five seconds, a score and a page that is hidden at once', async () => {
  const page = await loggedIn(portal, helen);
  const sent = commitsOf(page);
  const { player } = await openCourse(page, PROBE);
  await inner(page).evaluate(() => window.api.LMSInitialize(''));
  await saved(player);
  await pause(400);
  const says = (element, value) => inner(page).evaluate(([element, value]) => window.api.LMSSetValue(element, value), [element, value]);
  let before = sent.length;
  let began = Date.now();
  await says('cmi.core.lesson_location', 'here');
  await unsaved(player);
  await saved(player);
  assert.equal(sent.length - before, 1);
  const waited = sent.at(-1).at - began;
  assert.ok(waited > 4000 && waited < 6000, `it waits ${waited} ms`);

  before = sent.length;
  began = Date.now();
  await says('cmi.core.score.raw', '10');
  await saved(player);
  assert.ok(sent.length > before && sent.at(-1).at - began < 1000, 'a score does not wait');

  before = sent.length;
  began = Date.now();
  await says('cmi.core.lesson_location', 'there');
  await wrapper(page).evaluate(() => {
    Object.defineProperty(document, 'visibilityState', { configurable: true, value: 'hidden' });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await saved(player);
  assert.ok(sent.length > before && sent.at(-1).at - began < 1000, 'a page that is hidden does not wait');
  assert.equal(sent.at(-1).body.state.core.lesson_location, 'there');
});

for (const [what, days, own, who] of [
  ['the next day', 1, portal, john],
  ['by a clock that is twenty days ahead', 20, other, john],
]) {
  test(`the network is cut in the middle and at the end, the tab shut, the portal visited ${what}: it counts`, async () => {
    const page = await loggedIn(own, who);
    const { player, course } = await openCourse(page, FIRE);
    for (let pages = 0; pages < 2; pages += 1) await button(course, 'Next').click();
    await saved(player);
    const context = page.context();
    // For a while, and it comes back by itself.
    await context.setOffline(true);
    await button(course, 'Next').click();
    await unsaved(player);
    await context.setOffline(false);
    await back(page);
    await saved(player);
    for (let pages = 0; pages < 2; pages += 1) await button(course, 'Next').click();
    await saved(player);
    // And at the end.
    await context.setOffline(true);
    await answer(course);
    await unsaved(player);
    const did = Date.now();
    await pause(500);
    await page.close();
    await context.setOffline(false);
    await context.addInitScript((ahead) => {
      const Right = Date;
      globalThis.Date = class extends Right {
        constructor(...given) {
          super(...(given.length > 0 ? given : [Right.now() + ahead]));
        }
        static now() {
          return Right.now() + ahead;
        }
      };
    }, days * 24 * 60 * 60 * 1000);
    const next = await context.newPage();
    const sent = commitsOf(next);
    const taken = next.waitForResponse((response) => response.url().endsWith('/commit') && response.ok());
    await next.goto('/e-learning');
    await taken;
    await next.getByText(/had waited here is sent now/).waitFor();
    const [passed] = sent.filter(({ body }) => body.status.success === 'passed');
    assert.ok(Math.abs(Date.parse(passed.body.at) - did) < 5000, `${passed.body.at} is when it was done`);
    await next.reload();
    await done(next, FIRE).getByText(/Score 100\s?%/).waitFor();
    assert.equal(await next.locator('#not-saved').count(), 0, 'nothing is said to be missing');
  });
}

test('two courses in two tabs keep apart, also without a network', async () => {
  const one = await loggedIn(other, helen);
  const first = await openCourse(one, FIRE);
  for (let pages = 0; pages < 5; pages += 1) await button(first.course, 'Next').click();
  const two = await one.context().newPage();
  const second = await openCourse(two, MOVING);
  for (let pages = 0; pages < 2; pages += 1) await button(second.course, 'Next').click();
  await Promise.all([saved(first.player), saved(second.player)]);
  await one.context().setOffline(true);
  await one.bringToFront();
  await answer(first.course);
  await two.bringToFront();
  await button(second.course, 'Finish this lesson').click();
  await Promise.all([unsaved(first.player), unsaved(second.player)]);
  await one.context().setOffline(false);
  await Promise.all([back(one), back(two)]);
  await saved(first.player);
  await one.goto('/e-learning');
  await done(one, FIRE).getByText(/Score 100\s?%/).waitFor();
  await two.close();
  const again = await openCourse(one, MOVING);
  await button(again.player, 'Parts').click();
  await again.player.getByRole('button', { name: /^Why backs get hurt (Passed|Done)$/ }).waitFor();
});

test('one course on two computers: the first is told and what it had not sent counts; the second’s place is kept', async () => {
  const one = await loggedIn(portal, helen);
  const first = await openCourse(one, FIRE);
  for (let pages = 0; pages < 5; pages += 1) await button(first.course, 'Next').click();
  await saved(first.player);
  await one.context().setOffline(true);
  await answer(first.course);
  await unsaved(first.player);

  const two = await loggedIn(portal, helen);
  two.on('dialog', (dialog) => dialog.accept());
  const second = await openCourse(two, FIRE);
  await button(second.course, 'Back').click();
  const place = await second.course.getByRole('heading', { level: 2 }).first().textContent();
  await saved(second.player);

  await one.context().setOffline(false);
  await back(one);
  await first.player.getByRole('alert').filter({ hasText: 'You have opened this course somewhere else.' }).waitFor();
  await first.player.getByText('Not saved', { exact: true }).waitFor();
  await two.goto('/e-learning');
  await done(two, FIRE).getByText(/Score 100\s?%/).waitFor();
  const third = await loggedIn(portal, helen);
  third.on('dialog', (dialog) => dialog.accept());
  // What is done is opened once more, not begun anew.
  await third.goto('/e-learning');
  await done(third, FIRE).getByRole('link', { name: FIRE, exact: true }).click();
  await third.locator('main').getByRole('button').first().click();
  await heading(third.frameLocator('iframe[data-launch]').frameLocator('#course'), place, 2).waitFor();
});

test('suspend data of 64 KiB are kept whole', async () => {
  const page = await loggedIn(portal, helen);
  // Letters of every length.
  const kept = 'x😀é"\\\n\t'.repeat(9000).slice(0, 65_536);
  const acting = async (page, act) => {
    const { player } = await openCourse(page, PROBE);
    return { player, said: await inner(page).evaluate(act, kept) };
  };
  const { player, said } = await acting(page, (kept) => {
    window.api.LMSInitialize('');
    return [window.api.LMSSetValue('cmi.suspend_data', kept), window.api.LMSCommit('')];
  });
  assert.deepEqual(said, ['true', 'true']);
  await saved(player);
  await page.close();
  const again = await acting(await loggedIn(portal, helen), () => {
    window.api.LMSInitialize('');
    return window.api.LMSGetValue('cmi.suspend_data');
  });
  assert.equal(again.said.length, kept.length);
  assert.ok(again.said === kept, 'letter for letter');
});
