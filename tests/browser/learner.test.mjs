// What people see around courses: Learner Homepage in each of its states, the page around the player in its sizes, the certificate and what
// verifies it; and what the role learning does with packages.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { launch, startPortal, tabTo } from './portal.mjs';
import { packed } from './packages.mjs';
import { startProxy } from './proxy.mjs';
import {
  STAFF,
  button,
  facts,
  field,
  heading,
  inWithRole,
  link,
  loggedIn,
  openCourse,
  picture,
  refused,
  says,
  shows,
  sound,
  soundOnBoth,
} from './steps.mjs';

const portal = await startPortal();
const proxy = await startProxy(portal);
const { helen, john, ruth } = STAFF;
/** So long a course is quiet before it is said that something of it is missing, in milliseconds. */
const QUIET = 60_000;

const saved = (player) => player.getByText('Saved', { exact: true }).waitFor();

/** All questions of Fire safety, answered rightly. */
async function answer(course) {
  for (let pages = 0; pages < 5; pages += 1) await button(course, 'Next').click();
  for (const right of [/^Shout/, 'Carbon dioxide', /^Take the wedge/, /^No: go through/, /^Turn the oxygen off/]) {
    await course.getByLabel(right).check();
  }
  await button(course, 'Check my answers').click();
}

// It is looked at last: a course that has gone quiet is not told of at once.
const cut = { page: await loggedIn(portal, john, proxy.behind) };
Object.assign(cut, await openCourse(cut.page, 'Fire safety'));
await button(cut.course, 'Next').click();
await saved(cut.player);
proxy.isDown = true;
await button(cut.course, 'Next').click();
await cut.player.getByText('Not saved yet: keep this page open', { exact: true }).waitFor();
// What a course says is handed over every few seconds, and tried; what was saved before is forgotten by then.
while (!proxy.turnedAway.some((url) => url.endsWith('/commit'))) await pause(50);
await cut.page.waitForFunction(
  () =>
    new Promise((settle) => {
      const opening = indexedDB.open('staffrecord', 1);
      opening.onsuccess = () => {
        const counting = opening.result.transaction('commits').objectStore('commits').count();
        counting.onsuccess = () => (opening.result.close(), settle(counting.result === 1));
      };
    }),
);
await cut.page.close();
const since = Date.now();

test('the page around a course: as it opens, as the whole page, and back', async () => {
  const page = await loggedIn(portal, helen);
  await page.goto('/e-learning');
  await soundOnBoth(page, 'learner-homepage-empty');
  const { player, course } = await openCourse(page, 'Fire safety');
  await saved(player);
  await sound(page, 'player-page');
  await page.setViewportSize({ width: 1280, height: 900 });
  const whole = () => page.evaluate(() => {
    const { x, y, width, height } = document.querySelector('.portal-player').getBoundingClientRect();
    return x === 0 && y === 0 && width === document.documentElement.clientWidth && height === window.innerHeight;
  });
  assert.equal(await whole(), false);
  // From the player, from the course's own page, and from the page around them.
  for (const leave of [() => page.keyboard.press('Escape'), () => course.getByRole('heading', { level: 1 }).press('Escape')]) {
    await button(player, 'Full page').focus();
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.querySelector('.portal-player--full'));
    assert.equal(await whole(), true);
    await picture(page, 'player-page-full');
    await leave();
    await page.waitForFunction(() => !document.querySelector('.portal-player--full'));
  }
  await button(player, 'Save and leave').click();
  await page.waitForURL('**/e-learning?done=left');
  await page.locator('#going ~ ul li').filter({ hasText: 'Fire safety' }).getByText('Begun', { exact: true }).waitFor();
  await soundOnBoth(page, 'learner-homepage-going');
});

test('a course on a phone, and all of it by touch', async () => {
  const page = await loggedIn(portal, helen, { screen: 'phone' });
  page.on('dialog', (dialog) => dialog.accept());
  const { player, course } = await openCourse(page, 'Moving and handling');
  await saved(player);
  await sound(page, 'player-page');
  await button(player, 'Full page').tap();
  await page.waitForFunction(() => document.querySelector('.portal-player--full'));
  await picture(page, 'player-page-full');
  await button(player, 'Parts').tap();
  await picture(page, 'player-page-parts');
  await button(player, 'Parts').tap();
  await button(course, 'Next').tap();
  await saved(player);
  await button(player, 'Save and leave').tap();
  await page.waitForURL('**/e-learning?done=left');
});

test('a certificate says name, course, date and code, and the public page no more than that', async () => {
  const page = await loggedIn(portal, helen);
  page.on('dialog', (dialog) => dialog.accept());
  const { player, course } = await openCourse(page, 'Fire safety');
  await answer(course);
  await saved(player);
  await button(player, 'Save and leave').click();
  await page.waitForURL('**/e-learning?done=left');
  const done = page.locator('#done ~ ul li').filter({ hasText: 'Fire safety' });
  await soundOnBoth(page, 'learner-homepage-done');
  const place = await done.getByRole('link', { name: /^Certificate/ }).getAttribute('href');
  const paper = await page.request.get(place);
  assert.deepEqual([paper.status(), paper.headers()['content-type']], [200, 'application/pdf']);
  assert.match(paper.headers()['content-disposition'], /filename="Certificate Fire safety \d{4}-\d\d-\d\d\.pdf"/);
  const file = join(portal.folder, 'certificate.pdf');
  await writeFile(file, await paper.body());
  const today = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'Europe/London' }).format(new Date());
  // Where nothing reads it here, its words are read elsewhere; its code is then none that can be typed.
  if (spawnSync('pdftotext', ['-v']).error) return;
  const text = execFileSync('pdftotext', [file, '-'], { encoding: 'utf8' });
  for (const words of [helen.name, 'Fire safety', today, '100 %', `${portal.address}/verify`]) assert.ok(text.includes(words), `${words} in ${text}`);
  const [code] = text.match(/\b(?:[0-9A-Z]{5}-){5}[0-9A-Z]\b/);

  const anybody = await launch(portal);
  await anybody.goto('/verify');
  await field(anybody, 'Code*').fill(code.toLowerCase().replaceAll('-', ' '));
  const [answered] = await Promise.all([
    anybody.waitForResponse((answer) => answer.url().includes('/verify/')),
    button(anybody, 'Verify').click(),
  ]);
  assert.equal(answered.status(), 200);
  assert.equal(await anybody.locator('meta[name=robots]').getAttribute('content'), 'noindex');
  assert.deepEqual(await facts(anybody, 'This certificate is genuine'), {
    Name: helen.name,
    Course: 'Fire safety',
    'Completed on': today,
    Code: code,
  });
  assert.doesNotMatch(await anybody.locator('main').innerText(), /100|427|nhs\.net|1984/, 'no score, username, address or birth');
  await soundOnBoth(anybody, 'verify-genuine');
  // One letter wrong is somebody else's or nobody's.
  const other = code.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
  const unknown = await anybody.goto(`/verify/${other}`);
  assert.equal(unknown.status(), 404);
  await shows(heading(anybody, 'There is no certificate with this code'));
  await soundOnBoth(anybody, 'verify-unknown');
});

const MANIFEST = 'imsmanifest.xml';
const manifest = await readFile(new URL(`courses/pages12/${MANIFEST}`, import.meta.url), 'utf8');
/** One that lists a file that is not there. */
const careless = manifest.replace('<file href="index.html"/>', '<file href="index.html"/><file href="pictures/a_very_long_name_of_a_picture_that_an_authoring_tool_has_made_up.png"/>');

/** Where the role learning works. */
let desk;

/** Chooses a package, and sends it with this code. */
async function upload(page, buffer, code) {
  await page.goto('/learning/courses');
  await page.locator('input[type=file]').setInputFiles({ name: `${code}.zip`, mimeType: 'application/zip', buffer });
  await field(page, 'Course code*').fill(code);
  await button(page, 'Upload and check').click();
}

test('the role learning: a package is refused, mended, taken in with what was found, published, described and retired', async () => {
  const { page } = await inWithRole(portal, ruth);
  desk = page;
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
  const page = desk;
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

test('what has not arrived is named, with the device to open; it is sent from there', async () => {
  await pause(Math.max(0, QUIET + 1000 - (Date.now() - since)));
  // Another computer: nothing waits there.
  const elsewhere = await loggedIn(portal, john);
  await elsewhere.goto('/e-learning');
  await shows(heading(elsewhere, 'Not all of this is saved yet', 2));
  await elsewhere.getByText(/on Chrome on Linux/).waitFor();
  await soundOnBoth(elsewhere, 'learner-homepage-not-saved');
  // That computer: it is sent by itself.
  proxy.isDown = false;
  const page = await cut.page.context().newPage();
  await page.goto('/e-learning');
  await page.getByText(/had waited here is sent now/).waitFor();
  await soundOnBoth(page, 'learner-homepage-sent');
});
