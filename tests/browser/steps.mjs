// What the tests of the guide share: who is at the portal, the steps that staff take, and what holds for every page.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { SCREENS, axe, fits, launch, screenshot } from './portal.mjs';

/** The password of everybody who has one when the demo starts. */
export const PASSWORD = 'seven quiet herons wade';
/** One to choose instead. */
export const OTHER_PASSWORD = 'eleven slow trams hum';

/** Staff of the demo: username, email, and date of birth as it is typed. */
export const STAFF = {
  helen: { name: "Helen O'Wsea", username: '427HOWSEA01', email: 'helen.owsea@nhs.net', born: ['14', '3', '1984'] },
  john: { name: 'John Smith', username: '999JSMITH01', email: 'john.smith@nhs.net', born: ['2', '11', '1979'] },
  // They have never logged in.
  amina: {
    name: 'Amina de la Cruz',
    username: '427ADELAC01',
    other: '999ADELAC01',
    email: 'amina.delacruz@nhs.net',
    born: ['29', '2', '1992'],
  },
  grace: { name: 'Grace Okafor', username: '427GOKAFO01', email: 'grace.okafor@nhs.net', born: ['27', '10', '1970'] },
  tomasz: { name: 'Tomasz Nowak', username: '427TNOWAK01', email: 'tomasz.nowak@nhs.net', born: ['23', '9', '1960'] },
  priya: { name: 'Priya Patel', username: '427PPATEL01', email: 'priya.patel@nhs.net', born: ['24', '10', '1981'] },
  owen: { name: 'Owen Hughes', username: '427OHUGHE01', email: 'owen.hughes@nhs.net', born: ['16', '3', '2000'] },
  daniel: { name: 'Daniel Taylor', username: '427DTAYLO01', email: 'daniel.taylor@nhs.net', born: ['5', '2', '1983'] },
  mei: { name: 'Mei Chen', username: '427MCHEN01', email: 'mei.chen@nhs.net', born: ['14', '3', '1998'] },
  // They hold roles.
  joanne: { name: 'Joanne Fletcher', username: '427JFLETC01', email: 'joanne.fletcher@nhs.net', born: ['1', '12', '1988'] },
  gareth: { name: 'Gareth Pugh', username: '427GPUGH01', email: 'gareth.pugh@nhs.net', born: ['22', '7', '1971'] },
  rosalind: { name: 'Rosalind Achebe', username: '427RACHEB01', email: 'rosalind.achebe@nhs.net', born: ['9', '9', '1983'] },
  ruth: { name: 'Ruth Cohen', username: '427RCOHEN01', email: 'ruth.cohen@nhs.net', born: ['27', '11', '1991'] },
  jane: { name: 'Jane Smith', username: '999JSMITH02', email: 'jane.smith@nhs.net', born: ['5', '5', '1990'] },
  kwame: { name: 'Kwame Mensah', username: '427KMENSA01', email: 'kwame.mensah@nhs.net', born: ['19', '5', '1980'] },
};

export const FORGOTTEN = 'Forgotten | Request Username/Password | Unlock Account';
export const LOG_IN = 'Log in via Username Password';

/** Every screen of the guide's walks, with script and without. */
export const WAYS = [
  { screen: 'desktop', script: true },
  { screen: 'desktop', script: false },
  { screen: 'phone', script: true },
  { screen: 'phone', script: false },
];

export const named = ({ screen, script }) => `${screen}, ${script ? 'with' : 'without'} script`;

export const heading = (page, name, level = 1) => page.getByRole('heading', { level, name, exact: true });
export const button = (page, name) => page.getByRole('button', { name, exact: true });
export const link = (page, name) => page.getByRole('link', { name, exact: true });
export const field = (page, name) => page.getByLabel(name, { exact: true });

/** Asserts that this is to be seen, exactly so and once. */
export async function shows(locator) {
  await locator.waitFor();
  assert.equal(await locator.count(), 1, `${locator} is there once`);
}

/** Asserts that the page says this, word for word, as a line or paragraph of its own. */
export async function says(page, words) {
  await shows(page.locator('main').getByText(words, { exact: true }));
}

/** The values of the list of facts on the page with this heading. */
export async function facts(page, title) {
  await heading(page, title).waitFor();
  const [names, values] = await Promise.all(
    ['dt', 'dd'].map((kind) => page.locator(`main ${kind}`).evaluateAll((all) => all.map((one) => one.innerText.trim()))),
  );
  return Object.fromEntries(names.map((name, at) => [name, values[at]]));
}

/**
 * What holds for every page: axe finds nothing, one heading says what it is and the title agrees, it fits its screen, one
 * of 320 pixels, and its screen with text twice as big.
 */
export async function sound(page, name) {
  await axe(page);
  const headings = await page.getByRole('heading', { level: 1 }).allInnerTexts();
  assert.equal(headings.length, 1, `${page.url()} has one first heading: ${headings}`);
  assert.match(await page.title(), / - NHS Electronic Staff Record$/);
  await fits(page);
  // Pictures are of what most people see.
  if (name && (await page.evaluate(() => document.body.classList.contains('js-enabled')))) await picture(page, name);
  const screen = page.viewportSize();
  await page.setViewportSize({ width: 320, height: 640 });
  await fits(page);
  await page.setViewportSize(screen);
  await page.evaluate(() => document.documentElement.style.setProperty('font-size', '200%'));
  await fits(page);
  await page.evaluate(() => document.documentElement.style.removeProperty('font-size'));
}

/** The same for a page that is walked on a desktop only, and on a phone's screen as well. */
export async function soundOnBoth(page, name) {
  await sound(page, name);
  const screen = page.viewportSize();
  await page.setViewportSize(SCREENS.phone.viewport);
  await sound(page, name);
  await page.setViewportSize(screen);
}

/** A picture of this kind of page, named after the screen. */
export async function picture(page, name) {
  await screenshot(page, `${name}-${page.viewportSize().width < 500 ? 'phone' : 'desktop'}`);
}

/**
 * From Learner Homepage into a course that is begun or gone on with: the player, and the course in it. A phone is told first what is
 * recommended.
 */
export async function openCourse(page, title) {
  await page.goto('/e-learning');
  const row = page.locator('main li').filter({ hasText: title });
  await row.getByRole('button', { name: /^(Start|Resume)/ }).or(row.getByRole('link', { name: title, exact: true })).first().click();
  await page.waitForURL('**/e-learning/attempts/*');
  await page.getByRole('button', { name: /^(Start|Resume)$/ }).click();
  const player = page.frameLocator('iframe[data-launch]');
  const course = player.frameLocator('#course');
  await course.getByRole('heading', { level: 1 }).waitFor();
  return { player, course };
}

/** Section 1 of the guide, without looking around. */
export async function logIn(page, username, password = PASSWORD) {
  await page.goto('/');
  await field(page, 'Username*').fill(username);
  await field(page, 'Password*').fill(password);
  await button(page, LOG_IN).click();
  await page.waitForURL('**/portal');
}

/** Somebody who is logged in at a device of their own. */
export async function loggedIn(portal, who, how) {
  const page = await launch(portal, how);
  await logIn(page, who.username);
  return page;
}

/** Step 3 of section 3 of the guide, without looking around; the mail that it brings. */
export async function ask(portal, page, who, username = '') {
  await page.goto('/forgotten');
  await field(page, 'Email*').fill(who.email);
  await born(page, who.born);
  await field(page, 'Username').fill(username);
  return portal.mailAfter(who.email, async () => {
    await button(page, 'Submit').click();
    await page.waitForURL('**/forgotten/sent');
  });
}

export async function born(page, [day, month, year]) {
  await field(page, 'Date').fill(day);
  await field(page, 'Month').fill(month);
  await field(page, 'Year').fill(year);
}

/** A mailed link to set this person's password, asked for from another device. */
export async function mailedLink(portal, who) {
  const { links } = await ask(portal, await launch(portal), who);
  return links[0];
}

/** On the page behind a link: chooses a password. */
export async function choose(page, password) {
  await field(page, 'New password*').fill(password);
  await button(page, 'Set password').click();
  await heading(page, 'Your password is set').waitFor();
}

/** Asserts that a form was shown again with this: at the top, at the field, for whoever sees and whoever hears the page. */
export async function refused(page, id, words) {
  const summary = page.locator('.nhsuk-error-summary');
  const to = link(summary, words);
  await shows(to);
  await shows(heading(summary, 'There is a problem', 2));
  assert.match(await page.title(), /^Error: /);
  const wrong = page.locator(`#${id}`);
  const spoken = await wrong.evaluate((one) => {
    const by = [one, one.closest('fieldset')].map((part) => part?.getAttribute('aria-describedby') ?? '').join(' ').trim();
    return by.split(/\s+/).map((part) => document.getElementById(part)?.innerText.replace(/\s+/g, ' ').trim());
  });
  assert.ok(spoken.includes(`Error: ${words}`), `${id} is described by ${JSON.stringify(spoken)}`);
  assert.equal(await to.getAttribute('href'), `#${id}`);
}

/** What an authenticator app shows for this key (RFC 6238), now or so many half minutes later. */
export function codeOf(key, later = 0) {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...key.replaceAll(/\s/g, '')].map((letter) => letters.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const secret = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + later));
  const digest = createHmac('sha1', secret).update(counter).digest();
  const number = digest.readUInt32BE(digest.at(-1) & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, '0');
}

/** Somebody with a role logs in for the first time, and sets up an authenticator app on the way; the page and the app's key. */
export async function inWithRole(portal, who, how) {
  const page = await launch(portal, how);
  await page.goto('/');
  await field(page, 'Username*').fill(who.username);
  await field(page, 'Password*').fill(PASSWORD);
  await button(page, LOG_IN).click();
  await link(page, 'Set up an authenticator app').click();
  const key = await page.locator('main strong.portal-code').innerText();
  await field(page, 'Code*').fill(codeOf(key));
  await button(page, 'Set up the app').click();
  await button(page, 'Go on').click();
  await heading(page, who.name).waitFor();
  return { page, key };
}
