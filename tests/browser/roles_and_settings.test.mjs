// HR's pages on roles and on the employer's settings, walked by somebody from HR.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { launch, passingFolder, startPortal, tabTo } from './portal.mjs';
import { STAFF, button, field, heading, inWithRole, link, loggedIn, refused, says, shows, sound, soundOnBoth } from './steps.mjs';

const portal = await startPortal();
const { helen, joanne, gareth, priya } = STAFF;
const { page } = await inWithRole(portal, gareth);

test('HR grants a role and withdraws it', async () => {
  await link(page, 'Roles').click();
  await shows(heading(page, 'Roles'));
  await button(page, 'Grant a role').click();
  await soundOnBoth(page, 'hr-role-grant');
  await button(page, 'Grant the role').click();
  await refused(page, 'username', 'Write a username, such as 999JSMITH01.');
  await refused(page, 'role', 'Choose a role.');
  await refused(page, 'reason', 'Write the reason: it stands on the trail, and they can read it.');
  await soundOnBoth(page, 'hr-role-grant-refused');
  await field(page, 'Username*').fill(helen.username);
  await page.getByLabel('Learning', { exact: true }).check();
  await field(page, 'Reason*').fill('Runs the courses from December');
  const mail = await portal.mailAfter(helen.email, () => button(page, 'Grant the role').click());
  assert.equal(mail.subject, 'You have a new role');
  await says(page, 'The role is granted. They are told by mail.');
  await soundOnBoth(page, 'hr-roles-granted');

  await page.getByRole('link', { name: "Withdraw learning of Helen O'Wsea" }).click();
  await soundOnBoth(page, 'hr-role-withdraw');
  await field(page, 'Reason*').fill('Somebody else runs them');
  await button(page, 'Withdraw the role').click();
  await says(page, 'The role is withdrawn. They are told by mail.');
});

test('of two, the second confirms', async () => {
  await portal.command(['role', 'grant', joanne.username, 'hr', '--recover', '--reason', 'A second one']);
  await page.goto('/hr/roles/grant');
  await field(page, 'Username*').fill(priya.username);
  await page.getByLabel('Payroll', { exact: true }).check();
  await field(page, 'Reason*').fill('New in payroll');
  await button(page, 'Grant the role').click();
  await page.getByText('A second HR person has to confirm this role.', { exact: false }).waitFor();
  await soundOnBoth(page, 'hr-roles-waiting');
  await page.getByRole('link', { name: 'Look or take back payroll of Priya Patel' }).click();
  await says(page, 'You asked for this role yourself: another HR person has to confirm it.');
  await soundOnBoth(page, 'hr-role-asked');

  const second = (await inWithRole(portal, joanne, { screen: 'phone', script: false })).page;
  await second.goto('/hr/roles');
  await second.getByRole('link', { name: 'Confirm or refuse payroll of Priya Patel' }).click();
  await sound(second);
  await button(second, 'Confirm the role').click();
  await says(second, 'The role is confirmed and granted. They are told by mail.');
  await second.getByText('Gareth Pugh, confirmed by Joanne Fletcher', { exact: false }).waitFor();
});

test('each section of the settings has its form, and shows what it changes first', async () => {
  await link(page, 'Settings').click();
  await shows(heading(page, 'Settings'));
  await soundOnBoth(page, 'hr-settings');
  for (const [name, title] of [
    ['contacts', 'Service desks'],
    ['networks', 'Networks'],
    ['mail-domains', 'Mail domains'],
    ['messages', 'Messages'],
    ['policies', 'Policies'],
    ['links/2', 'Change a link'],
    ['links/add', 'Add a link'],
  ]) {
    await page.goto(`/hr/settings/${name}`);
    await shows(heading(page, title));
    await soundOnBoth(page, `hr-settings-${name.replace('/', '-')}`);
    if (name.startsWith('links')) continue;
    await button(page, 'See what will change').click();
    await page.locator('.nhsuk-error-summary').getByText('You have changed nothing.').waitFor();
    await sound(page);
  }

  await page.goto('/hr/settings/networks');
  await field(page, 'Networks').fill('192.0.2.0/24\n10.0.0.0/33');
  await button(page, 'See what will change').click();
  await refused(page, 'networks', '10.0.0.0/33: this is no network; write one such as 10.20.0.0/16 or 2001:db8::/32.');
  await field(page, 'Networks').fill('192.0.2.0/24\n127.0.0.0/8');
  await button(page, 'See what will change').click();
  await shows(heading(page, 'See what will change'));
  await soundOnBoth(page, 'hr-settings-change');
  await button(page, 'Apply this').click();
  await says(page, 'Changed: Networks.');
  // Now they are inside, and are warned before they would no longer be.
  await page.goto('/hr/settings/networks');
  await field(page, 'Networks').fill('192.0.2.0/24');
  await button(page, 'See what will change').click();
  await page.getByText('Your own address, 127.0.0.1, would no longer be inside.', { exact: false }).waitFor();
  await soundOnBoth(page, 'hr-settings-change-warned');
});

test('a message and a link reach the portal page, without script as well', async () => {
  await page.goto('/hr/settings/messages');
  await tabTo(page, field(page, 'Message on the portal page'));
  await page.keyboard.type('The canteen is shut on Friday.');
  await tabTo(page, button(page, 'See what will change'));
  await page.keyboard.press('Enter');
  await tabTo(page, button(page, 'Apply this'));
  await page.keyboard.press('Enter');
  await says(page, 'Changed: Messages.');
  await page.goto('/hr/settings/links');
  await soundOnBoth(page, 'hr-settings-links');
  await button(page, 'Add a link').click();
  await field(page, 'Words of the link*').fill('Rota');
  await field(page, 'Address*').fill('https://rota.example/');
  await page.getByLabel('Everyone', { exact: true }).check();
  await field(page, 'Place in the list*').fill('1');
  await button(page, 'See what will change').click();
  await soundOnBoth(page, 'hr-settings-change-links');
  await button(page, 'Apply this').click();
  await says(page, 'Changed: Local links.');
  const own = await loggedIn(portal, helen, { screen: 'phone', script: false });
  await says(own, 'The canteen is shut on Friday.');
  await shows(link(own, 'Rota'));
  await sound(own);
});

test('a logo is chosen, shown first, and stands in the header', async () => {
  const folder = await passingFolder();
  // A wide picture, as the browser itself draws it.
  const drawer = await launch(portal);
  await drawer.setContent('<body style="margin:0;background:#005eb8;color:#fff;font:60px sans-serif">Northmoor</body>');
  const file = join(folder, 'logo.png');
  await drawer.screenshot({ path: file, clip: { x: 0, y: 0, width: 900, height: 120 } });
  await page.goto('/hr/settings/logo');
  await soundOnBoth(page, 'hr-settings-logo');
  const text = join(folder, 'logo.svg');
  await writeFile(text, '<svg xmlns="http://www.w3.org/2000/svg"/>');
  await page.locator('#picture').setInputFiles(text);
  await button(page, 'See what will change').click();
  await refused(page, 'picture', 'This file is no PNG and no JPEG. Save the picture as one of these.');
  await page.locator('#picture').setInputFiles(file);
  await button(page, 'See what will change').click();
  const shown = page.getByRole('img', { name: 'The logo as it would be' });
  await shows(shown);
  assert.equal(await shown.evaluate((picture) => picture.naturalWidth), 600);
  await soundOnBoth(page, 'hr-settings-change-logo');
  await button(page, 'Apply this').click();
  await says(page, 'Changed: Logo.');
  await shows(page.getByRole('banner').getByRole('img', { name: 'Northmoor Hospitals Trust' }));
  await soundOnBoth(page, 'hr-settings-with-logo');
  await page.goto('/hr/settings/logo');
  await button(page, 'Take the logo off').click();
  await button(page, 'Apply this').click();
  await says(page, 'Changed: Logo.');
  assert.equal(await page.getByRole('banner').getByRole('img').count(), 0);
});
