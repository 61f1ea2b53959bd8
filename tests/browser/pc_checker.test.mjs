// PC Checker on this very device: as it is, without script, in a private window, and behind a proxy that empties what is sent. What it found
// stands on its page and on the service desk's.

import assert from 'node:assert/strict';
import test from 'node:test';
import { openProfile, startPortal } from './portal.mjs';
import { startProxy } from './proxy.mjs';
import { STAFF, button, heading, inWithRole, link, logIn, loggedIn, shows, sound, soundOnBoth } from './steps.mjs';

const portal = await startPortal();
const proxy = await startProxy(portal);
const { helen, john, joanne } = STAFF;
/** PC Checker's frame comes from a host of its own. */
portal.elsewhere.push(`http://check.content.localhost:${new URL(portal.address).port}`);
const QUESTION = 'PC Checker: do you see this question? Press OK.';

/** Each check with how it went and what to do, after the page's button was pressed. */
async function checked(page) {
  const asked = [];
  page.on('dialog', (dialog) => {
    asked.push(dialog.message());
    dialog.accept();
  });
  await page.goto('/pc-checker');
  await button(page, 'Check this device').click();
  await page.waitForURL('**/pc-checker?done=kept', { timeout: 60_000 });
  assert.deepEqual(asked, [QUESTION]);
  const rows = await page.locator('main .portal-rows__row').evaluateAll((all) =>
    all.map((row) => {
      const [what, how] = row.querySelectorAll('p');
      const [name, says = ''] = what.innerText.split('\n');
      return [name, how.innerText, says];
    }),
  );
  return Object.fromEntries(rows.map(([name, ...found]) => [name, found]));
}

test('without script it says what to do', async () => {
  const page = await loggedIn(portal, helen, { screen: 'phone', script: false });
  await link(page, 'PC Checker').tap();
  await shows(heading(page, 'PC Checker'));
  await button(page, 'Check this device').tap();
  await page.getByText(/^JavaScript is switched off in this browser/).waitFor();
  await sound(page, 'pc-checker-no-script');
});

test('a usual browser can do all that courses need, and the service desk sees it', async () => {
  const context = await openProfile(portal.address);
  const page = await context.newPage();
  await logIn(page, helen.username);
  await page.goto('/pc-checker');
  await soundOnBoth(page, 'pc-checker');
  const found = await checked(page);
  for (const name of [
    'JavaScript',
    'Courses load',
    'What courses send is answered',
    'It arrives whole',
    'Saving when a page is shut',
    'Keeping what could not be sent',
    'What courses keep in the browser',
    "A course's questions",
    'Video',
    'Screen',
    'Clock',
    'Speed',
  ]) {
    assert.equal(found[name]?.[0], 'Works', `${name}: ${JSON.stringify(found)}`);
  }
  // Whether something is there to play a tone on is not the portal's to say.
  assert.ok(found.Sound);
  assert.match(found.Screen[1], /^The window is 1280 pixels wide\.$/);
  assert.match(found.Speed[1], /^\d+\.\d megabits a second\.$/);
  await soundOnBoth(page, 'pc-checker-found');

  const desk = await inWithRole(portal, joanne);
  await desk.page.goto('/service-desk?q=427HOWSEA01');
  await desk.page.getByRole('link', { name: helen.name }).click();
  await desk.page.getByText(/Chrome on Linux, .+ at \d\d:\d\d: /).waitFor();
  await soundOnBoth(desk.page, 'service-desk-person-device');
});

test('a private window is told what it does not keep', async () => {
  const page = await loggedIn(portal, helen, { screen: 'phone' });
  const found = await checked(page);
  assert.deepEqual([found.JavaScript[0], found['Keeping what could not be sent'][0]], ['Works', 'Works']);
  assert.match(found.Screen.join(' '), /^Could be better The window is 390 pixels wide\./);
  await sound(page, 'pc-checker-found');
});

test('behind a proxy that empties what courses send, it says so', async () => {
  const page = await loggedIn(portal, john, proxy.behind);
  proxy.empties = ({ headers }) => !headers['content-type']?.startsWith('application/x-www-form-urlencoded');
  const found = await checked(page);
  assert.equal(found['What courses send is answered'][0], 'Works', 'it is answered');
  assert.deepEqual(found['It arrives whole'][0], 'Does not work');
  assert.match(found['It arrives whole'][1], /^Something between this device and the portal changes or cuts what is sent\. Do not do a course here yet/);
  assert.equal(found['Saving when a page is shut'][0], 'Could be better', 'what arrives empty has not arrived');
  await page.getByText(/^Courses do not run here as they should/).waitFor();
  await soundOnBoth(page, 'pc-checker-proxy');
});

test('and where it empties the result as well, the page itself says so', async () => {
  proxy.empties = () => false;
  const page = await loggedIn(portal, john, proxy.behind);
  await page.goto('/pc-checker');
  page.on('dialog', (dialog) => dialog.accept());
  proxy.empties = () => true;
  await button(page, 'Check this device').click();
  await page.getByText(/^What this device sends does not arrive as it is/).waitFor({ timeout: 30_000 });
  await soundOnBoth(page, 'pc-checker-lost');
  // Once that is mended it is checked again from the same page.
  proxy.empties = () => false;
  await button(page, 'Check this device').click();
  await page.waitForURL('**/pc-checker?done=kept', { timeout: 30_000 });
});
