// The player and the outbox in a real browser, before a host whose answers are chosen: nothing that a course said is lost, and nothing is
// called saved before the host has said so.

import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { axe, fits, launch, screenshot, tabTo } from './portal.mjs';
import { standIn } from './stand_in.mjs';

const host = await standIn();
const NOT_SAVED = 'Not saved yet: keep this page open';

/** A person opens a course: the portal's page, the player in it, and the course in that. */
async function opened(name, who, how) {
  const page = await launch(host, how);
  return { page, ...(await play(page, name, who)) };
}

async function play(page, name, who) {
  await page.goto(`/play/${name}?who=${encodeURIComponent(who)}`);
  const player = page.frameLocator('iframe[data-launch]');
  return { player, course: player.frameLocator('#course') };
}

const press = (place, name) => place.getByRole('button', { name, exact: true }).click();
const heading = (place, name) => place.getByRole('heading', { name, exact: true }).waitFor();
const saved = (player) => player.getByText('Saved', { exact: true }).waitFor();

/** Waits for what happens behind the page's back. */
async function until(isSo, what, most = 15_000) {
  for (const end = Date.now() + most; !(await isSo()); await pause(25)) assert.ok(Date.now() < end, what);
}

const commits = (name, who) => host.attempt(name, who).received ?? [];
const passed = (name, who) => commits(name, who).filter(({ status }) => status.success === 'passed');

for (const screen of ['desktop', 'phone']) {
  test(`left in the middle by shutting the tab, gone on with in another browser, finished: ${screen}`, async () => {
    const who = `middle ${screen}`;
    const { page, player, course } = await opened('pages12', who, { screen });
    await heading(course, 'Page 1 of 6');
    for (let at = 0; at < 3; at += 1) await press(course, 'Next page');
    await heading(course, 'Page 4 of 6');
    await saved(player);
    await press(course, 'Next page');
    await page.close();
    const left = () => host.attempt('pages12', who).states.pages?.core;
    await until(() => left()?.exit === 'suspend', 'what was said last has come by the letter of a page that goes');
    assert.equal(left().lesson_location, '5');

    const other = await launch(host, { screen });
    const asked = [];
    other.on('dialog', (dialog) => {
      asked.push(dialog.message());
      dialog.accept();
    });
    const again = await play(other, 'pages12', who);
    await heading(again.course, 'Page 5 of 6');
    assert.deepEqual(asked, ['resume?']);
    await press(again.course, 'Answer all questions rightly');
    await saved(again.player);
    await until(() => passed('pages12', who).length > 0, 'it counts');
    await screenshot(other, `player-${screen}`);
    await press(again.player, 'Save and leave');
    await other.waitForURL('**/e-learning?done=left');
    const { status } = commits('pages12', who).at(-1);
    assert.deepEqual([status.completion, status.success, status.raw], ['completed', 'passed', 100]);
    assert.match(host.attempt('pages12', who).states.pages.core.total_time, /^0000:00:\d\d\.\d\d$/);
    assert.equal(host.log.at(-1).final, true);
  });
}

test('the network is cut in the middle and at the end, the tab shut: the next visit sends it, with its own time', async () => {
  const who = 'cut';
  const { page, player, course } = await opened('pages12', who);
  await heading(course, 'Page 1 of 6');
  await saved(player);
  host.down = true;
  await press(course, 'Next page');
  await player.getByText(NOT_SAVED, { exact: true }).waitFor();
  await press(course, 'Answer all questions rightly');
  await heading(course, 'You have 100 of 100');
  const did = Date.now();
  await player.getByText(/^The network does not answer\./).waitFor({ state: 'attached' });
  assert.equal(await player.getByText('Saved', { exact: true }).count(), 0);
  const context = page.context();
  await page.close();
  assert.equal(passed('pages12', who).length, 0);

  // The server is there again; nobody opens the course, and somebody else may be logged in.
  await pause(1500);
  host.down = false;
  const next = await context.newPage();
  await next.goto('/');
  await next.getByText('Sent', { exact: true }).waitFor();
  const [found] = passed('pages12', who);
  assert.ok(Math.abs(Date.parse(found.at) - did) < 1000, `${found.at} is when it was done`);
  assert.ok(await next.getByText('Waiting').isHidden());
  // It is sent once.
  const before = host.log.length;
  await next.reload();
  await pause(300);
  assert.equal(host.log.length, before);
  await next.close();
});

test('nothing but a receipt is taken for one, and what failed is sent again until there is', async () => {
  const who = 'garbage';
  const answers = [
    { status: 500, body: 'broken' },
    { status: 200, type: 'html', body: '<h1>Log in to the guest network</h1>' },
    { status: 404, type: 'html', body: '<h1>Not here</h1>' },
    { status: 200, body: '{"result":true,"errorCode":0}' },
    { status: 429, body: '{"result":false,"why":"too_many"}' },
    { status: 503, body: '{"result":false}' },
  ];
  host.answer = ({ launch: id }) => (host.attempt('pages12', who).launches.some((one) => one.id === id) ? answers.shift() : null);
  const { player, course } = await opened('pages12', who);
  await heading(course, 'Page 1 of 6');
  await press(course, 'Answer all questions rightly');
  await player.getByText(NOT_SAVED, { exact: true }).waitFor();
  const tryAgain = () => player.locator('body').evaluate(() => window.dispatchEvent(new Event('online')));
  while (answers.length > 0) {
    // Until the last of them it must not say so. A try that was not answered rightly is made again after ever longer waits.
    assert.equal(await player.getByText('Saved', { exact: true }).count(), 0);
    const left = answers.length;
    await tryAgain();
    await until(() => answers.length < left, 'it is tried again');
  }
  await tryAgain();
  await saved(player);
  assert.equal(passed('pages12', who).length > 0, true);
  host.answer = () => null;
});

test('what is refused for good is told and not sent again', async () => {
  for (const [status, why, says] of [
    [413, 'too_long', /more than it may/],
    [400, 'malformed', /was not taken/],
    [409, 'repeated', /was not taken/],
  ]) {
    const who = `refused ${status}`;
    host.answer = () => ({ status, body: JSON.stringify({ result: false, errorCode: 101, why }) });
    const { page, player, course } = await opened('pages12', who);
    await player.getByRole('alert').filter({ hasText: says }).waitFor();
    host.answer = () => null;
    await heading(course, 'Page 1 of 6');
    await press(course, 'Next page');
    await saved(player);
    await page.goto('/');
    await pause(200);
    assert.ok(await page.getByText('Waiting').isHidden(), 'nothing of it is left in the outbox');
  }
});

test('whoever leaves while the network is cut is asked to wait, and is let go', async () => {
  const who = 'leaves';
  const { page, player, course } = await opened('pages12', who);
  await heading(course, 'Page 1 of 6');
  await saved(player);
  host.down = true;
  await press(course, 'Answer all questions rightly');
  await press(player, 'Save and leave');
  await player.getByRole('alert').filter({ hasText: 'The network does not answer.' }).waitFor();
  assert.match(page.url(), /play/);
  host.down = false;
  await page.waitForURL('**/e-learning?done=left');
  assert.ok(passed('pages12', who).length > 0);
});

test('one course on two computers: the first is told and saves nothing any more; what it did before counts', async () => {
  const who = 'two computers';
  const first = await opened('pages12', who);
  await heading(first.course, 'Page 1 of 6');
  await saved(first.player);
  const second = await opened('pages12', who);
  second.page.on('dialog', (dialog) => dialog.accept());
  await second.course.getByRole('heading').waitFor();
  await press(first.course, 'Answer all questions rightly');
  await first.player.getByRole('alert').filter({ hasText: 'You have opened this course somewhere else.' }).waitFor();
  await first.player.getByText('Not saved', { exact: true }).waitFor();
  assert.equal(passed('pages12', who).length, 0);
  await press(second.course, 'Answer all questions wrongly');
  await saved(second.player);
  await until(() => commits('pages12', who).some(({ status }) => status.success === 'failed'), 'the second counts');
  // The first is opened again by its old address: there is nothing.
  const frame = first.page.frames().find((one) => /\/launch\/[^/]+\/$/.test(one.url()));
  await frame.evaluate(() => location.reload());
  await first.player.getByRole('alert').filter({ hasText: 'This page does not work any more' }).waitFor();
});

test('two courses in two tabs keep apart', async () => {
  const who = 'two tabs';
  const one = await opened('pages12', who);
  await heading(one.course, 'Page 1 of 6');
  const tab = await one.page.context().newPage();
  const two = await play(tab, 'parts2004', who);
  await heading(two.course, 'Part one');
  host.down = true;
  await press(one.course, 'Answer all questions rightly');
  await press(two.course, 'Finish this part');
  await one.player.getByText(NOT_SAVED, { exact: true }).waitFor();
  await two.player.getByText(NOT_SAVED, { exact: true }).waitFor();
  host.down = false;
  await Promise.all([saved(one.player), saved(two.player)]);
  assert.ok(passed('pages12', who).length > 0 && passed('parts2004', who).length > 0);
  assert.deepEqual(Object.keys(host.attempt('pages12', who).states), ['pages']);
  assert.deepEqual(Object.keys(host.attempt('parts2004', who).states), ['one']);
});

test('parts of SCORM 2004: next, choice and the course’s own way; a window that was shut counts as suspended', async () => {
  const who = 'parts';
  const { page, player, course } = await opened('parts2004', who);
  await heading(course, 'Part one');
  await until(() => player.getByRole('button', { name: 'Previous part' }).isDisabled(), 'there is no part before it');
  await press(course, 'Finish this part');
  await press(player, 'Next part');
  await heading(course, 'Part two');
  await press(course, 'Note this place');
  await saved(player);
  // The course's page is gone without a word.
  const inner = page.frames().find((one) => one.url().includes('part.html'));
  await inner.evaluate(() => (window.parent.API_1484_11.Terminate = () => 'false'));
  await page.close();

  const again = await opened('parts2004', who);
  await heading(again.course, 'Part two');
  await again.course.getByText('resume at here in two', { exact: true }).waitFor();
  await press(again.course, 'Finish this part');
  await press(again.course, 'Go on by itself');
  await heading(again.course, 'Part three');
  await again.player.getByRole('button', { name: 'First part Passed' }).click();
  await heading(again.course, 'Part one');
  await again.player.getByRole('button', { name: 'Third part' }).click();
  await heading(again.course, 'Part three');
  await press(again.course, 'Finish this part');
  await saved(again.player);
  await until(() => host.attempt('parts2004', who).root?.success === 'passed', 'the whole is rolled up of its parts');
  assert.equal(host.attempt('parts2004', who).root.completion, 'completed');
  await press(again.player, 'Save and leave');
  await again.page.waitForURL('**/e-learning?done=left');
});

test('parts of SCORM 1.2: each keeps its own place, whichever way one goes from one to the other', async () => {
  const who = 'parts of 1.2';
  const { page, player, course } = await opened('parts12', who);
  page.on('dialog', (dialog) => dialog.accept());
  await heading(course, 'Page 1 of 6');
  await press(course, 'Next page');
  await press(player, 'Next part');
  await heading(course, 'Page 1 of 6');
  await press(course, 'Answer all questions rightly');
  await saved(player);
  assert.ok(await player.getByRole('button', { name: 'Next part' }).isDisabled());
  await press(player, 'Previous part');
  await heading(course, 'Page 2 of 6');
  await player.getByRole('button', { name: 'Second part Passed' }).waitFor();
  assert.ok(await player.getByRole('alert').isHidden(), 'nothing is said to be over');
  await saved(player);
  const { first, second } = host.attempt('parts12', who).states;
  assert.deepEqual([first.core.lesson_location, second.core.lesson_status], ['2', 'passed']);
});

test('what a course leaves open is decided as the standard says', async () => {
  // It asks for nothing and says nothing: seen is done. One that has said something is done when it says so.
  for (const [who, acts, status, entry] of [
    ['silent', [['LMSFinish', '']], 'completed', ''],
    ['a place', [['LMSSetValue', 'cmi.core.lesson_location', '1'], ['LMSFinish', '']], 'not attempted', ''],
    ['a good score', [['LMSSetValue', 'cmi.core.score.raw', '75'], ['LMSFinish', '']], 'passed', ''],
    ['a bad score', [['LMSSetValue', 'cmi.core.score.raw', '74'], ['LMSFinish', '']], 'failed', ''],
    ['suspended', [['LMSSetValue', 'cmi.core.exit', 'suspend'], ['LMSSetValue', 'cmi.core.lesson_status', 'incomplete'], ['LMSFinish', '']], 'incomplete', 'resume'],
    ['shut', [['LMSSetValue', 'cmi.core.lesson_status', 'incomplete']], 'incomplete', 'resume'],
  ]) {
    const acting = async (acts) => {
      const { page, player } = await opened('probe12', who);
      await player.frameLocator('#course').getByRole('heading', { name: 'Probe' }).waitFor();
      const inner = page.frames().find((one) => one.url().includes('/course/'));
      const said = await inner.evaluate((acts) => acts.map(([call, ...given]) => window.api[call](...given)), [['LMSInitialize', ''], ...acts]);
      return { page, player, said };
    };
    const { page, player } = await acting(acts);
    await saved(player);
    await page.close();
    await pause(200);
    assert.equal(host.attempt('probe12', who).states.probe.core.lesson_status, status, who);
    const { said } = await acting([['LMSGetValue', 'cmi.core.entry']]);
    assert.equal(said[1], entry, who);
  }
});

test('a course that saves a thousand times a second is heard now and then, and its last word is kept', async () => {
  const who = 'flood';
  const { page, player, course } = await opened('pages12', who);
  await heading(course, 'Page 1 of 6');
  await saved(player);
  const before = host.log.length;
  const inner = page.frames().find((one) => one.url().includes('/course/'));
  await inner.evaluate(async () => {
    for (let turn = 0; turn < 2000; turn += 1) {
      window.parent.API.LMSSetValue('cmi.core.lesson_location', String(turn));
      window.parent.API.LMSSetValue('cmi.core.score.raw', String(turn % 100));
      window.parent.API.LMSCommit('');
      if (turn % 20 === 0) await new Promise((settle) => setTimeout(settle, 5));
    }
  });
  await saved(player);
  assert.ok(host.log.length - before < 20, `${host.log.length - before} commits`);
  assert.equal(host.attempt('pages12', who).states.pages.core.lesson_location, '1999');
});

test('the portal’s page believes no message but of its own player and launch, and keeps no flood', async () => {
  const who = 'messages';
  const { page, player, course } = await opened('pages12', who);
  await heading(course, 'Page 1 of 6');
  await saved(player);
  const kept = () =>
    page.evaluate(
      () =>
        new Promise((settle) => {
          const opening = indexedDB.open('staffrecord', 1);
          opening.onsuccess = () => {
            const asking = opening.result.transaction('commits').objectStore('commits').getAll();
            asking.onsuccess = () => (opening.result.close(), settle(asking.result));
          };
        }),
    );
  await until(() => host.log.length > 0, 'it has saved');
  const id = host.attempt('pages12', who).launches[0].id;
  const inner = page.frames().find((one) => one.url().includes('/course/'));
  const wrapper = page.frames().find((one) => /\/launch\/[^/]+\/$/.test(one.url()));
  const post = (frame, message) => frame.evaluate((said) => window.top.postMessage(said, '*'), message);
  // From the course's own window, of another launch, without a number, too long.
  await post(inner, { staffrecord: 1, kind: 'commit', launch: id, sequence: 5, item: 'x', body: '{}' });
  await post(inner, { staffrecord: 1, kind: 'exit', launch: id });
  await post(wrapper, { staffrecord: 1, kind: 'commit', launch: 'another', sequence: 5, item: 'x', body: '{}' });
  await post(wrapper, { staffrecord: 1, kind: 'commit', launch: id, sequence: '5', item: 'x', body: '{}' });
  await post(wrapper, { staffrecord: 1, kind: 'commit', launch: id, sequence: 5, item: 'x', body: 'x'.repeat(512 * 1024 + 1) });
  await post(wrapper, null);
  await pause(200);
  assert.deepEqual(await kept(), []);
  assert.match(page.url(), /\/play\/pages12/);
  // From the player's window, which a course can speak through: never to another address, and not without end.
  await wrapper.evaluate((id) => {
    for (let sequence = 1; sequence <= 5000; sequence += 1) {
      window.parent.postMessage({ staffrecord: 1, kind: 'commit', launch: id, sequence, item: 'x', body: '{}', url: 'https://elsewhere.example/' }, '*');
    }
  }, id);
  await pause(500);
  const rows = await kept();
  assert.ok(rows.length <= 200, `${rows.length} rows`);
  assert.ok(rows.every(({ url }) => url.startsWith(`${host.content('pages12')}/launch/`)));
});

test('by keyboard, at 320 pixels, with what a screen reader needs', async () => {
  const page = await launch(host, { screen: 'narrow' });
  const { id, token } = host.launch('parts2004', 'reader');
  assert.ok(id);
  // The player by itself, as axe sees it: in the portal's page it is another origin.
  await page.goto(`${host.content('parts2004')}/launch/${token}/`);
  await page.frameLocator('#course').getByRole('heading', { name: 'Part one' }).waitFor();
  await axe(page);
  await fits(page);
  await tabTo(page, page.getByRole('button', { name: 'Parts', exact: true }));
  await page.keyboard.press('Enter');
  await axe(page);
  await screenshot(page, 'player-narrow-parts');
  await tabTo(page, page.getByRole('button', { name: 'Second part Not started' }));
  await page.keyboard.press('Enter');
  await page.frameLocator('#course').getByRole('heading', { name: 'Part two' }).waitFor();
  await fits(page);
});

test('the full page fills the window, and Escape brings it back', async () => {
  const { page, player, course } = await opened('pages12', 'full');
  await heading(course, 'Page 1 of 6');
  const frame = page.locator('iframe[data-launch]');
  const before = await frame.boundingBox();
  await press(player, 'Full page');
  await page.locator('.portal-player--full').waitFor();
  const full = await frame.boundingBox();
  assert.ok(full.width === 1280 && full.height === 900 && full.height > before.height, JSON.stringify(full));
  await screenshot(page, 'player-full');
  await page.keyboard.press('Escape');
  await page.locator('.portal-player--full').waitFor({ state: 'detached' });
});
