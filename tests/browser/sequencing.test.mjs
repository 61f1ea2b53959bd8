// The demo's course of SCORM 2004 through the portal as it is, from its first lesson to the certificate: its test opens when the lessons are
// done, a tab that is shut in the middle costs nothing, and another computer goes on at the same place.

import test from 'node:test';
import { startPortal } from './portal.mjs';
import { STAFF, button, heading, loggedIn, openCourse, picture } from './steps.mjs';

const TITLE = 'Moving and handling';
const LESSONS = ['Why backs get hurt', 'Think before you lift', 'Helping people to move'];
const RIGHT = [/^Whether they can do it themselves/, 'Environment', 'With your feet', /^The label, the sling/, /^Move furniture away/];

const saved = (player) => player.getByText('Saved', { exact: true }).waitFor();

/** The tree of parts, open. */
async function parts(player) {
  const button = player.getByRole('button', { name: 'Parts', exact: true });
  if ((await button.getAttribute('aria-expanded')) === 'false') await button.click();
  return player.getByRole('navigation', { name: 'Parts of this course' });
}

async function readLesson(course, title, pages = 3) {
  await heading(course, title).waitFor();
  for (let page = 1; page < pages; page += 1) await button(course, 'Next').click();
  await button(course, 'Finish this lesson').click();
}

for (const screen of ['desktop', 'phone']) {
  test(`from the first lesson to the certificate, in two browsers: ${screen}`, async () => {
    const portal = await startPortal();
    const page = await loggedIn(portal, STAFF.helen, { screen });
    const first = await openCourse(page, TITLE);
    await heading(first.course, LESSONS[0]).waitFor();

    // The test does not open before the lessons are done.
    const test = () => first.player.getByRole('button', { name: /^Test / });
    await parts(first.player);
    await picture(page, 'course-parts');
    await test().click();
    await first.player.getByRole('alert').filter({ hasText: 'Finish the parts before it' }).waitFor();
    await heading(first.course, LESSONS[0]).waitFor();

    await readLesson(first.course, LESSONS[0]);
    await heading(first.course, LESSONS[1]).waitFor();
    await button(first.course, 'Next').click();
    await heading(first.course, 'Four things to look at', 2).waitFor();
    await saved(first.player);
    await page.close();

    const other = await loggedIn(portal, STAFF.helen, { screen });
    const again = await openCourse(other, TITLE);
    await heading(again.course, LESSONS[1]).waitFor();
    await heading(again.course, 'Four things to look at', 2).waitFor();
    await readLesson(again.course, LESSONS[1], 2);
    await readLesson(again.course, LESSONS[2]);

    // It opens by itself, or from the tree once it may.
    await heading(again.course, 'Test').waitFor();
    await saved(again.player);
    const tree = await parts(again.player);
    for (const lesson of LESSONS) await tree.getByRole('button', { name: `${lesson} Passed`, exact: true }).waitFor();
    await tree.getByRole('button', { name: /^Helping people/ }).click();
    await heading(again.course, LESSONS[2]).waitFor();
    await (await parts(again.player)).getByRole('button', { name: /^Test / }).click();
    await heading(again.course, 'Test').waitFor();

    for (const right of RIGHT) await again.course.getByLabel(right, { exact: typeof right === 'string' }).check();
    await button(again.course, 'Check my answers').click();
    await heading(again.course, 'You passed with 100%', 2).waitFor();
    await saved(again.player);
    await picture(other, 'course-passed');
    await button(again.course, 'Finish the course').click();
    await again.player.getByRole('alert').filter({ hasText: 'The course is over.' }).waitFor();
    await button(again.player, 'Save and leave').click();
    await other.waitForURL('**/e-learning?done=left');
    const done = other.locator('#done ~ ul li').filter({ hasText: TITLE });
    await done.getByText(/Score 100\s?%\. \d+ minutes?\./).waitFor();
    await done.getByRole('link', { name: /^Certificate/ }).waitFor();
    await other.getByText(/^You are on no course at present\./).waitFor();
  });
}
