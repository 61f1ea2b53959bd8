// Payroll publishes a run: what is wrong with its file, what is unusual, and that staff read it when it is published and not before.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { launch, startPortal, tabTo } from './portal.mjs';
import {
  LOG_IN,
  PASSWORD,
  STAFF,
  button,
  codeOf,
  field,
  heading,
  inWithRole,
  link,
  loggedIn,
  refused,
  shows,
  soundOnBoth,
} from './steps.mjs';

const portal = await startPortal();

/** The files that the demo has written to try an upload with. */
const folder = join(portal.folder, 'payslip-files');
const [GOOD, WRONG] = ['-main.csv', '-main-with-errors.csv'].map((end) =>
  join(folder, readdirSync(folder).find((name) => name.endsWith(end))),
);

/** The key of her authenticator app, once it is set up. */
const shared = {};

const publishButton = (page) => button(page, 'Publish');

async function upload(page, file) {
  await page.goto('/payroll/runs');
  await page.locator('input[type=file]').setInputFiles(file);
  await button(page, 'Upload and check').click();
}

/** Ticks off every kind of warning. */
async function tickAll(page) {
  for (;;) {
    const reason = page.locator('input[name^=reason-]').first();
    if ((await reason.count()) === 0) return;
    await reason.fill('Looked at, and right');
    await reason.locator('xpath=ancestor::form').getByRole('button').click();
    await page.getByText('The warnings are ticked off').waitFor();
  }
}

/** Proves oneself again where the page asks for it. */
async function confirmed(page, key) {
  if (!new URL(page.url()).pathname.startsWith('/confirm')) return;
  await field(page, 'Code*').fill(codeOf(key, 1));
  await button(page, 'Go on').click();
}

/** The newest month, which the demo leaves to be published. */
async function publishNewest(page, key) {
  await page.goto('/payroll/runs');
  await page.locator('.portal-rows a').first().click();
  await heading(page, 'Publish', 2).waitFor();
  await tickAll(page);
  await button(page, 'Go on to publish it').click();
  await confirmed(page, key);
}

test('from the file to the payslip, and taken back', async () => {
  const { page, key } = await inWithRole(portal, STAFF.rosalind);
  shared.key = key;
  const helen = await loggedIn(portal, STAFF.helen, { screen: 'phone' });
  await helen.goto('/payslips');
  const before = await helen.locator('main a[href^="/payslips/"]').count();

  await link(page, 'Payslip runs').click();
  await shows(heading(page, 'Payslip runs'));
  await page.getByText('What each column and section holds').click();
  await soundOnBoth(page, 'payroll-runs');
  const [example] = await Promise.all([
    page.waitForEvent('download'),
    link(page, 'Download an example to fill in').click(),
  ]);
  assert.equal(example.suggestedFilename(), 'payslips.csv');
  await button(page, 'Upload and check').click();
  await refused(page, 'file', 'Choose a file');

  // The newest month waits: its warnings are looked at and ticked off.
  await page.goto('/payroll/runs');
  await page.locator('.portal-rows a').first().click();
  await heading(page, 'Publish', 2).waitFor();
  await soundOnBoth(page, 'payroll-run');
  const ticks = page.locator('input[name^=reason-]');
  if ((await ticks.count()) > 0) {
    const form = ticks.first().locator('xpath=ancestor::form');
    const id = await ticks.first().getAttribute('id');
    await form.getByRole('button').click();
    await refused(page, id, 'Write the reason: it stands on the trail, and they can read it.');
    await soundOnBoth(page, 'payroll-run-refused');
  }
  await publishNewest(page, key);
  await heading(page, (await page.locator('h1').innerText()).trim()).waitFor();
  await soundOnBoth(page, 'payroll-publish');
  await field(page, 'At once').check();
  await publishButton(page).click();
  await page.getByText('The run is published').waitFor();
  await soundOnBoth(page, 'payroll-published');

  await helen.goto('/payslips');
  assert.equal(await helen.locator('main a[href^="/payslips/"]').count(), before + 1, 'Helen reads the new one');

  // A file with errors says where they are, and is put right.
  await upload(page, WRONG);
  await page.getByText('Nobody sees anything of it. Put the file right').waitFor();
  await page.getByText('A tax code that cannot be one').waitFor();
  await soundOnBoth(page, 'payroll-run-wrong');
  const [found] = await Promise.all([
    page.waitForEvent('download'),
    link(page, 'Download all that was found as a file').click(),
  ]);
  assert.match(found.suggestedFilename(), /-findings\.csv$/);
  assert.match(readFileSync(await found.path(), 'utf8'), /12X57/);
  await upload(page, GOOD);
  await heading(page, 'Publish', 2).waitFor();
  await tickAll(page);

  // A look at somebody's says before that they will see it.
  await field(page, 'Assignment number').fill('10001');
  await button(page, 'Go on').click();
  await shows(heading(page, 'Important: They will see that you looked', 2));
  await soundOnBoth(page, 'payroll-look');
  await field(page, 'Reason*').fill('To see how a name of many letters is printed');
  await button(page, 'Look at it').click();
  await page.getByText("You are looking at somebody's pay").waitFor();
  await soundOnBoth(page, 'payroll-document');
  await link(page, 'Back to the run').click();

  await button(page, 'Go on to publish it').click();
  await confirmed(page, key);
  await field(page, 'At once').check();
  await publishButton(page).click();
  await page.getByText('The run is published').waitFor();
  await helen.goto('/payslips');
  assert.equal(await helen.locator('main a[href^="/payslips/"]').count(), before + 2);

  await link(page, 'Who is not reached, and what to print').click();
  await page.getByText('Has never logged in').first().waitFor();
  await soundOnBoth(page, 'payroll-not-reached');
  await page.getByRole('button', { name: /for printing$/ }).click();
  await refused(page, 'reason', 'Write the reason: it stands on the trail, and they can read it.');
  await field(page, 'Reason*').fill('They have no other way to it');
  await page.getByRole('button', { name: /for printing$/ }).click();
  await page.getByRole('heading', { level: 1, name: /^For the post: / }).waitFor();
  await soundOnBoth(page, 'payroll-print');
  await page.emulateMedia({ media: 'print' });
  const sheet = page.locator('.portal-sheet').nth(1);
  assert.equal(await sheet.evaluate((one) => getComputedStyle(one).breakBefore), 'page', 'each begins on a sheet of its own');
  await page.emulateMedia({ media: 'screen' });
  await link(page, 'Back to the list').click();
  await link(page, 'Back to the run').click();
  await link(page, 'Withdraw this run').click();
  await confirmed(page, key);
  await soundOnBoth(page, 'payroll-withdraw');
  await button(page, 'Withdraw this run').click();
  await refused(page, 'reason', 'Write the reason: it stands on the trail, and they can read it.');
  await field(page, 'Reason*').fill('It was uploaded a month too early');
  await button(page, 'Withdraw this run').click();
  await page.getByText('The run is withdrawn').waitFor();
  await soundOnBoth(page, 'payroll-withdrawn');
  await helen.goto('/payslips');
  assert.equal(await helen.locator('main a[href^="/payslips/"]').count(), before + 1, 'a withdrawn one is not to be opened');
  await helen.getByText('Withdrawn', { exact: false }).first().waitFor();
});

test('without script and without a mouse, at a set hour', async () => {
  const page = await launch(portal, { script: false });
  await page.goto('/');
  await field(page, 'Username*').fill(STAFF.rosalind.username);
  await field(page, 'Password*').fill(PASSWORD);
  await button(page, LOG_IN).click();
  await field(page, 'Code*').fill(codeOf(shared.key, 1));
  await button(page, 'Go on').click();
  await heading(page, STAFF.rosalind.name).waitFor();
  await page.goto('/payroll/runs');
  await page.locator('input[type=file]').setInputFiles(GOOD);
  await tabTo(page, button(page, 'Upload and check'));
  await page.keyboard.press('Enter');
  // Without script as well, the page comes again by itself until the check is done.
  await heading(page, 'Publish', 2).waitFor();
  await tickAll(page);
  await tabTo(page, button(page, 'Go on to publish it'), 200);
  await page.keyboard.press('Enter');
  await confirmed(page, shared.key);
  await tabTo(page, field(page, 'At once'));
  await page.keyboard.press('ArrowDown');
  for (const [label, text] of [
    ['Date', '1'],
    ['Month', '1'],
    ['Year', String(new Date().getFullYear() + 1)],
    ['Time', '07:00'],
  ]) {
    await tabTo(page, field(page, label), 3);
    await page.keyboard.type(text);
  }
  await page.keyboard.press('Enter');
  await page.getByText('The run is set to be published').waitFor();
  await soundOnBoth(page, 'payroll-scheduled');
  await button(page, 'Call it off').click();
  await page.getByText('The run will not be published by itself any more').waitFor();
  await button(page, 'Discard this run').click();
  await page.getByText('The run is discarded').waitFor();
});
