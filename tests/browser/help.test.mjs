// Every dead end says whom to ring, and a page that is not there says so.

import assert from 'node:assert/strict';
import test from 'node:test';
import { launch, startPortal } from './portal.mjs';
import {
  FORGOTTEN,
  LOG_IN,
  PASSWORD,
  STAFF,
  WAYS,
  ask,
  button,
  choose,
  field,
  heading,
  link,
  loggedIn,
  named,
  says,
  shows,
  sound,
} from './steps.mjs';

const portal = await startPortal();

let used;
/** A link that was used. */
function deadLink() {
  used ??= (async () => {
    const page = await launch(portal);
    const { links } = await ask(portal, page, STAFF.grace);
    await page.goto(links[0]);
    await choose(page, PASSWORD);
    return links[0];
  })();
  return used;
}

/** Opens `Help to log in` if it is shut, and asserts what it says. */
async function helps(page) {
  const help = page.locator('main details').filter({ hasText: 'Help to log in' });
  await shows(help);
  const summary = help.locator('summary');
  assert.equal((await summary.innerText()).trim(), 'Help to log in');
  if ((await help.getAttribute('open')) === null) {
    assert.equal(await link(help, '01632 960427').isVisible(), false);
    await summary.click();
  }
  await desks(help);
}

async function desks(part) {
  for (const [employer, phone, mail] of [
    ['Northmoor Hospitals Trust', '01632 960427', 'servicedesk@northmoor.example'],
    ['Southdown Community Health Trust', '01632 960999', 'servicedesk@southdown.example'],
  ]) {
    const desk = part.locator('.portal-desk').filter({ has: heading(part.page(), employer, 2) });
    await shows(desk);
    assert.equal(await link(desk, phone).getAttribute('href'), `tel:${phone.replace(' ', '')}`);
    assert.equal(await link(desk, mail).getAttribute('href'), `mailto:${mail}`);
    const words = await desk.innerText();
    assert.match(words, /Monday to Friday, 8 am to 6 pm/);
    assert.match(words, /No NHS mail account\? Ask the IT Service Desk: 01632 960100/);
    assert.equal(await link(desk, '01632 960100').getAttribute('href'), 'tel:01632960100');
  }
}

for (const way of WAYS) {
  test(`Help to log in on every dead end, ${named(way)}`, async () => {
    const page = await launch(portal, way);
    for (const [path, title, status] of [
      ['/', 'NHS Electronic Staff Record', 200],
      ['/forgotten', FORGOTTEN, 200],
      ['/forgotten/sent', 'Look in your mail', 200],
      [await deadLink(), 'This link does not work any more', 410],
      ['/nothing/here', 'Page not found', 404],
    ]) {
      const answer = await page.goto(path);
      assert.equal(answer.status(), status);
      await shows(heading(page, title));
      await helps(page);
      await sound(page, path === '/' ? 'P1-help' : undefined);
    }
    await page.goto('/');
    await field(page, 'Username*').fill('427NOBODY01');
    await field(page, 'Password*').fill('whatever it was');
    await button(page, LOG_IN).click();
    await page.locator('.nhsuk-error-summary').waitFor();
    await helps(page);

    await link(page.getByRole('contentinfo'), 'Help to log in').click();
    await shows(heading(page, 'Help to log in'));
    await desks(page.locator('main'));
    await shows(link(page.locator('main'), FORGOTTEN));
    await sound(page, 'help');
  });
}

for (const screen of ['desktop', 'phone']) {
  test(`a page that is not there, ${screen}`, async () => {
    const page = await launch(portal, { screen });
    const answer = await page.goto('/nothing/here');
    assert.equal(answer.status(), 404);
    await says(page, 'Check the address, or start again from the page below.');
    await page.getByText(/^Reference: [A-Z2-9]{10}$/).waitFor();
    await sound(page, 'not-found');
    await link(page, 'Go to the first page').click();
    await shows(heading(page, 'Log in with your credentials', 2));

    const inside = await loggedIn(portal, STAFF.helen, { screen });
    assert.equal((await inside.goto('/nothing/here')).status(), 404);
    await shows(heading(inside, 'Page not found'));
    await sound(inside, 'not-found-logged-in');
    await link(inside, 'Go to the portal page').click();
    await shows(heading(inside, STAFF.helen.name));
  });
}

test('a form from a page that is no longer good does nothing, and says what to do', async () => {
  for (const screen of ['desktop', 'phone']) {
    const page = await launch(portal, { screen });
    await page.goto('/');
    await page.context().clearCookies();
    await field(page, 'Username*').fill(STAFF.helen.username);
    await field(page, 'Password*').fill(PASSWORD);
    await button(page, LOG_IN).click();
    await shows(heading(page, 'The page was open too long'));
    await sound(page, 'too-old');
  }
});

test("the demo's mailbox", async () => {
  for (const screen of ['desktop', 'phone']) {
    const page = await launch(portal, { screen });
    await page.goto('/');
    await link(page, 'mailbox').click();
    await shows(heading(page, 'Mailbox of the demo'));
    await sound(page, 'mailbox');
  }
});
