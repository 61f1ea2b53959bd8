// From an empty installation to somebody who is back in: each step by somebody with that role.

import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from './cards.mjs';
import { launch, passingFolder, servePortal } from './portal.mjs';
import {
  LOG_IN,
  PASSWORD,
  born,
  button,
  choose,
  codeOf,
  field,
  heading,
  link,
  refused,
  says,
  shows,
} from './steps.mjs';

const HEADER = 'employee_number,title,first_names,last_name,date_of_birth,email,position,department,start_date,leaving_date\n';
const line = (number, title, first, last, date, email, leaving = '') =>
  `${number},${title},${first},${last},${date},${email},Staff Nurse,Ward 7,2020-01-06,${leaving}\n`;
const HANNAH = { name: 'Hannah Reed', username: '427HREED01', email: 'hannah.reed@nhs.net', born: ['1', '2', '1980'] };
const DAVE = { name: 'Dave Okoro', username: '427DOKORO01', email: 'dave.okoro@nhs.net', born: ['3', '4', '1985'] };
const MEERA = { name: 'Meera Shah', username: '427MSHAH01', email: 'meera.shah@nhs.net', born: ['5', '6', '1990'] };
const HR_LINE = line('1', 'Ms', 'Hannah', 'Reed', '1980-02-01', HANNAH.email);

const folder = await passingFolder();
const portal = await servePortal(folder, `http://localhost:${await freePort()}`);

/** The link in the newest mail to this address. */
async function linkTo(email) {
  for (let tries = 0; tries < 200; tries += 1) {
    const names = await readdir(join(folder, 'mail')).catch(() => []);
    for (const name of names.filter((one) => one.endsWith('.eml')).sort().reverse()) {
      const text = (await readFile(join(folder, 'mail', name), 'utf8')).replaceAll(/=\r?\n/g, '').replaceAll('=3D', '=');
      const found = text.match(/http:\/\/localhost:\d+\/reset\?link=[\w-]+/);
      if (found && text.includes(email)) return found[0];
    }
    await pause(50);
  }
  return assert.fail(`no mail with a link to ${email}`);
}

/** Somebody sets their first password by the guide's section 3, and logs in. */
async function firstLogIn(who, how) {
  const page = await launch(portal, how);
  await page.goto('/forgotten');
  await field(page, 'Email*').fill(who.email);
  await born(page, who.born);
  await button(page, 'Submit').click();
  await page.waitForURL('**/forgotten/sent');
  await page.goto(await linkTo(who.email));
  await choose(page, PASSWORD);
  await giveCredentials(page, who);
  return page;
}

async function giveCredentials(page, who) {
  await page.goto('/');
  await field(page, 'Username*').fill(who.username);
  await field(page, 'Password*').fill(PASSWORD);
  await button(page, LOG_IN).click();
}

/** Before their first page, whoever holds a role sets up a second factor. */
async function setUpApp(page, who) {
  await shows(heading(page, 'Set up a second way to show that it is you'));
  await link(page, 'Set up an authenticator app').click();
  const key = await page.locator('main strong.portal-code').innerText();
  await field(page, 'Code*').fill(codeOf(key));
  await button(page, 'Set up the app').click();
  await button(page, 'Go on').click();
  await shows(heading(page, who.name));
}

let hannah;

test('the operator sets an employer up, and its first HR', async () => {
  const settings = ['mail_domains=nhs.net', 'networks=127.0.0.0/8', 'service_desk.name=Service Desk', 'service_desk.phone=01632 960427'];
  await portal.command(['employer', 'add', '427', '--name', 'Northmoor', ...settings.flatMap((one) => ['--set', one])]);
  await portal.command(['staff', 'import', '--employer', '427'], HEADER + HR_LINE);
  await portal.command(['role', 'grant', HANNAH.username, 'hr']);
  hannah = await firstLogIn(HANNAH);
  await setUpApp(hannah, HANNAH);
});

test('HR uploads a thousand, sees what would change, and loads them', async () => {
  await link(hannah, 'Upload staff').click();
  const upload = async (name, text) => {
    await hannah.goto('/hr/staff-upload');
    await field(hannah, 'Staff file*').setInputFiles({ name, mimeType: 'text/csv', buffer: Buffer.from(text) });
    await button(hannah, 'Upload and check').click();
  };
  await button(hannah, 'Upload and check').click();
  await refused(hannah, 'file', 'Choose a file');

  const others = Array.from({ length: 998 }, (_, at) => line(at + 4, 'Mx', 'Many', `Person${at}`, '1991-07-08', `many.${at}@nhs.net`));
  const file =
    HEADER +
    line('2', 'Mr', 'Dave', 'Okoro', '1985-04-03', DAVE.email) +
    line('3', 'Ms', 'Meera', 'Shah', '1990-06-05', MEERA.email) +
    others.join('');
  await upload('wrong.csv', file.replace('1990-06-05', '1990-13-05').replace('dave.okoro@nhs.net', '=dave'));
  await shows(heading(hannah, 'The file has 2 errors', 2));
  const [download] = await Promise.all([
    hannah.waitForEvent('download'),
    link(hannah, 'Download all errors as a file').click(),
  ]);
  const errors = await readFile(await download.path(), 'utf8');
  assert.match(errors, /'=dave/, 'nothing in it is a formula to a spreadsheet');

  await upload('staff.csv', file);
  await shows(heading(hannah, 'What would change', 2));
  await button(hannah, 'Load these changes').click();
  await hannah.getByText(/^All of it is loaded/).waitFor();
});

let dave;

test('HR grants the service desk, whose pages open after a second factor', async () => {
  await link(hannah, 'Roles').click();
  await button(hannah, 'Grant a role').click();
  await field(hannah, 'Username*').fill(DAVE.username);
  await hannah.getByLabel('Service desk', { exact: true }).check();
  await field(hannah, 'Reason*').fill('Works at the desk');
  await button(hannah, 'Grant the role').click();
  await shows(heading(hannah, 'Roles'));
  await hannah.getByText(DAVE.name, { exact: false }).first().waitFor();
  dave = await firstLogIn(DAVE);
  await setUpApp(dave, DAVE);
});

test('somebody who mistyped their date of birth is helped, and is in', async () => {
  const meera = await launch(portal, { screen: 'phone' });
  await meera.goto('/forgotten');
  await field(meera, 'Email*').fill(MEERA.email);
  await born(meera, ['6', '5', '1990']);
  await button(meera, 'Submit').click();
  await meera.waitForURL('**/forgotten/sent');

  await link(dave, 'Service desk').click();
  await field(dave, 'Username, name, employee number or email').fill('meera');
  await dave.getByRole('link', { name: 'Ms Meera Shah' }).click();
  await dave.getByText(/another date of birth than the record's/).waitFor();
  await dave.getByLabel('Send a link', { exact: true }).check();
  await field(dave, 'Reason*').fill('Mistyped the date of birth');
  await button(dave, 'Do this').click();
  await says(dave, 'A link is on its way to the address on their record. It arrives within 10 minutes.');

  await meera.goto(await linkTo(MEERA.email));
  await choose(meera, PASSWORD);
  await giveCredentials(meera, MEERA);
  await shows(heading(meera, MEERA.name));
});
