// HR loads staff from a file: what is wrong with it, what it would change, and that it does just that.

import assert from 'node:assert/strict';
import test from 'node:test';
import { startPortal } from './portal.mjs';
import { STAFF, button, facts, field, heading, link, refused, shows, soundOnBoth, inWithRole } from './steps.mjs';

const portal = await startPortal();

const HEADER = 'employee_number,first_names,last_name,date_of_birth,start_date,leaving_date,email\n';

/** Chooses a file with these rows and sends it. */
async function send(page, rows) {
  await page.goto('/hr/staff-upload');
  const buffer = Buffer.from(HEADER + rows.map((row) => `${row}\n`).join(''));
  await page.locator('input[type=file]').setInputFiles({ name: 'staff.csv', mimeType: 'text/csv', buffer });
  await button(page, 'Upload and check').click();
  await heading(page, 'Staff file staff.csv').waitFor();
}

test('a file is put right, looked at and loaded', async () => {
  const { page } = await inWithRole(portal, STAFF.gareth);
  await link(page, 'Upload staff').click();
  await shows(heading(page, 'Upload staff'));
  await page.getByText('What each column holds').click();
  await soundOnBoth(page, 'staff-upload');
  const [example] = await Promise.all([
    page.waitForEvent('download'),
    link(page, 'Download an example to fill in').click(),
  ]);
  assert.equal(example.suggestedFilename(), 'staff.csv');
  await button(page, 'Upload and check').click();
  await refused(page, 'file', 'Choose a file');
  await soundOnBoth(page, 'staff-upload-refused');

  await send(page, ['70001,Ann,Ng,31/02/1980,2020-01-01,,ann.ng@nhs.net']);
  // The page comes again by itself until the check is done.
  await heading(page, 'The file has 1 error', 2).waitFor();
  await page.getByText('the calendar has no such day').waitFor();
  await soundOnBoth(page, 'staff-upload-wrong');

  await send(page, ['70001,Ann,Ng,1980-02-28,2020-01-01,,ann.ng@nhs.net', '20004,Owen,Hughes-Pritchard,2000-03-16,2020-01-01,2031-01-31,owen.pritchard@nhs.net']);
  await heading(page, 'What would change', 2).waitFor();
  const numbers = await facts(page, 'Staff file staff.csv');
  assert.deepEqual([numbers.New, numbers.Changed, numbers.Leavers], ['1', '1', '1']);
  await soundOnBoth(page, 'staff-upload-preview');
  await button(page, 'Load these changes').click();
  await page.getByText('All of it is loaded').waitFor();
  await soundOnBoth(page, 'staff-upload-loaded');
});

test('many leavers wait for a second person, and without script all of it works as well', async () => {
  const { page } = await inWithRole(portal, STAFF.jane, { script: false });
  const rows = Array.from({ length: 12 }, (_, n) => `7100${String(n).padStart(2, '0')},Jo,Person,1980-01-01,2020-01-01,LEAVES,`);
  const all = (leaves) => rows.map((row) => row.replace('LEAVES', leaves));
  await send(page, all(''));
  await button(page, 'Load these changes').click();
  await page.getByText('All of it is loaded').waitFor();

  await send(page, all('2031-01-31'));
  await shows(heading(page, 'Important: many people at once', 2));
  await soundOnBoth(page, 'staff-upload-many');
  await button(page, 'Confirm the number').click();
  await refused(page, 'number', 'Type the number 12, if that many people are right.');
  await field(page, 'Type 12 if that is right*').fill('12');
  await button(page, 'Confirm the number').click();
  await page.getByText('Somebody else in HR has to agree now').waitFor();
  assert.equal(await button(page, 'Agree, and load these changes').count(), 0);
  await soundOnBoth(page, 'staff-upload-typed');
});
