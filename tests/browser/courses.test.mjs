// What the role learning does: a package is taken in or refused, looked at, published, described and retired; on a desktop, on a phone,
// without script and by keyboard.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';
import { startPortal, tabTo } from './portal.mjs';
import { packed } from './packages.mjs';
import {
  PASSWORD,
  STAFF,
  button,
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
const { helen, ruth } = STAFF;
const { page } = await inWithRole(portal, ruth);
const MANIFEST = 'imsmanifest.xml';
const manifest = await readFile(new URL(`courses/pages12/${MANIFEST}`, import.meta.url), 'utf8');
/** One that lists a file that is not there. */
const careless = manifest.replace('<file href="index.html"/>', '<file href="index.html"/><file href="pictures/a_very_long_name_of_a_picture_that_an_authoring_tool_has_made_up.png"/>');

/** Chooses a package, and sends it with this code. */
async function upload(page, buffer, code) {
  await page.goto('/learning/courses');
  await page.locator('input[type=file]').setInputFiles({ name: `${code}.zip`, mimeType: 'application/zip', buffer });
  await field(page, 'Course code*').fill(code);
  await button(page, 'Upload and check').click();
}

test('a package is refused, mended, taken in with what was found, published, described and retired', async () => {
  await page.goto('/portal');
  await link(page, 'Courses').click();
  await shows(heading(page, 'Courses'));
  await soundOnBoth(page, 'courses');
  await button(page, 'Upload and check').click();
  await refused(page, 'file', 'Choose a file');
  await upload(page, Buffer.from('This is no zip file.'), 'six-pages');
  await shows(heading(page, 'There is a problem', 2));
  await soundOnBoth(page, 'courses-refused');
  assert.equal(await field(page, 'Course code*').inputValue(), 'six-pages', 'what was typed is there still');
  // Everything that keeps it out is told at once, at the field.
  await upload(page, await packed('pages12', { [MANIFEST]: null }), 'six-pages');
  await page.locator('.nhsuk-error-summary').getByText(/imsmanifest\.xml/).first().waitFor();
  await upload(page, await packed('pages12', { 'index.html': null }), 'six-pages');
  await page.locator('.nhsuk-error-summary').getByText(/index\.html/).first().waitFor();

  await upload(page, await packed('pages12', { [MANIFEST]: careless }), 'six-pages');
  await shows(heading(page, 'Six pages, version 1'));
  await page.getByText(/a_very_long_name/).waitFor();
  assert.equal((await facts(page, 'Six pages, version 1')).State, 'Not published yet');
  await soundOnBoth(page, 'course-version');
  await button(page, 'Publish this version').click();
  await page.waitForURL('**?done=published');
  assert.equal((await facts(page, 'Six pages, version 1')).State, 'Published');
  await soundOnBoth(page, 'course-version-published');

  await field(page, 'Tested on').fill('Edge on Windows, iPad');
  await button(page, 'Save').click();
  await page.waitForURL('**?done=kept');
  assert.equal(await field(page, 'Tested on').inputValue(), 'Edge on Windows, iPad');
  await link(page, 'Six pages').first().click();
  await shows(heading(page, 'Six pages'));
  await field(page, 'Description').fill('Six pages to turn, for whoever turns pages.');
  await field(page, 'How many minutes it takes').fill('soon');
  await button(page, 'Save').click();
  await refused(page, 'minutes', 'Enter how many minutes it takes, such as 30, or leave it empty');
  await field(page, 'How many minutes it takes').fill('15');
  await button(page, 'Save').click();
  await page.waitForURL('**?done=kept');
  await soundOnBoth(page, 'course-desk');

  // Staff read what was written, and what it was tested on.
  const staff = await loggedIn(portal, helen, { script: false });
  await staff.goto('/e-learning?q=turn');
  await staff.getByText('Six pages to turn, for whoever turns pages.').waitFor();
  await button(staff, 'Start Six pages').click();
  const known = await facts(staff, 'Six pages');
  assert.deepEqual([known['It takes about'], known['Tested on']], ['15 minutes', 'Edge on Windows, iPad']);
  await soundOnBoth(staff, 'attempt-new');

  await link(page, 'Version 1').click();
  await button(page, 'Retire this version').click();
  await page.waitForURL('**?done=retired');
  assert.equal((await facts(page, 'Six pages, version 1')).State, 'Retired');
  await soundOnBoth(page, 'course-version-retired');
  await staff.goto('/e-learning?q=turn');
  await staff.getByText(/^No course fits/).waitFor();
});

test('the same by keyboard alone', async () => {
  await page.goto('/learning/courses');
  await tabTo(page, page.locator('input[type=file]'));
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.keyboard.press('Space')]);
  await chooser.setFiles({ name: 'parts.zip', mimeType: 'application/zip', buffer: await packed('parts2004') });
  await tabTo(page, field(page, 'Course code*'));
  await page.keyboard.type('parts');
  await tabTo(page, button(page, 'Upload and check'));
  await page.keyboard.press('Enter');
  await page.waitForURL('**?done=uploaded');
  await says(page, 'Nothing is wrong with the package.');
  await shows(heading(page, 'Parts of this course', 2));
  await soundOnBoth(page, 'course-version-parts');
  await tabTo(page, button(page, 'Publish this version'));
  await page.keyboard.press('Enter');
  await page.waitForURL('**?done=published');
});
