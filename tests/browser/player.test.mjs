// The player and the outbox in a real browser, before a host whose answers are chosen: nothing that a course said is lost, and nothing is
// called saved before the host has said so.

import assert from 'node:assert/strict';
import test, { afterEach } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { axe, fits, launch, screenshot, tabTo } from './portal.mjs';
import { standIn } from './stand_in.mjs';

const host = await standIn();
/** Whatever a test has made of it. */
afterEach(() => Object.assign(host, { down: false, gone: false, answer: () => null, commitBytes: 512 * 1024 }));
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
const unsaved = (player) => player.getByText(NOT_SAVED, { exact: true }).waitFor();
const heading = (place, name) => place.getByRole('heading', { name, exact: true }).waitFor();
const saved = (player) => player.getByText('Saved', { exact: true }).waitFor();

/** The page of the course that is open. */
const inner = (page) => page.frames().findLast((one) => one.url().includes('/course/'));
/** The player's own. */
const wrapper = (page) => page.frames().find((one) => /\/launch\/[^/]+\/$/.test(one.url()));

/** What waits in this browser's outbox. */
const rows = (page) =>
  page.evaluate(
    () =>
      new Promise((settle) => {
        const opening = indexedDB.open('staffrecord', 1);
        opening.onsuccess = () => {
          const asking = opening.result.transaction('commits').objectStore('commits').getAll();
          asking.onsuccess = () => (opening.result.close(), settle(asking.result.map(({ url, body }) => ({ url, body }))));
        };
      }),
  );

/** A computer whose clock is wrong by so many days. */
const clock = (context, days) =>
  context.addInitScript((ahead) => {
    const Right = Date;
    globalThis.Date = class extends Right {
      constructor(...given) {
        super(...(given.length > 0 ? given : [Right.now() + ahead]));
      }
      static now() {
        return Right.now() + ahead;
      }
    };
  }, days * 24 * 60 * 60 * 1000);

/** The player is told that the network is there again, as browsers do; it would try by itself after ever longer waits. */
const back = (player) => player.locator('body').evaluate(() => window.dispatchEvent(new Event('online')));
/** Commits are not answered, all else is. */
const silent = () => ({ status: 503, body: '' });
/** So long a course is not heard after it was, and a bit. */
const GAP = 400;

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
  while (answers.length > 0) {
    // Until the last of them it must not say so. A try that was not answered rightly is made again after ever longer waits.
    assert.equal(await player.getByText('Saved', { exact: true }).count(), 0);
    const left = answers.length;
    await back(player);
    await until(() => answers.length < left, 'it is tried again');
  }
  await back(player);
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

test('what was refused stays not saved until a later commit of the same part has all of it', async () => {
  const who = 'not all';
  const { page, player, course } = await opened('parts12', who);
  page.on('dialog', (dialog) => dialog.accept());
  await heading(course, 'Page 1 of 6');
  await saved(player);
  const refused = JSON.stringify({ result: false, errorCode: 101, why: 'malformed' });
  host.answer = ({ item, status }) => (item === 'first' && status.success === 'passed' ? { status: 400, body: refused } : null);
  await press(course, 'Answer all questions rightly');
  await player.getByRole('alert').filter({ hasText: 'was not taken' }).waitFor();
  const notAll = () => player.getByText('Not all is saved', { exact: true }).waitFor();
  await notAll();
  // What other parts say is taken, and makes nothing good.
  await press(player, 'Next part');
  await heading(course, 'Page 1 of 6');
  await press(course, 'Next page');
  await until(() => host.attempt('parts12', who).states.second?.core.lesson_location === '2', 'the other part is saved');
  await notAll();
  assert.equal(await player.getByText('Saved', { exact: true }).count(), 0);
  // Whoever leaves is told so, and once only.
  await press(player, 'Save and leave');
  await player.getByRole('alert').filter({ hasText: 'Not all that the course wanted to save was saved.' }).waitFor();
  await press(player, 'Save and leave');
  await page.waitForURL('**/e-learning?done=left');
  host.answer = () => null;

  // The same, and the part says it once more.
  const again = await opened('parts12', `${who} again`);
  again.page.on('dialog', (dialog) => dialog.accept());
  await heading(again.course, 'Page 1 of 6');
  await saved(again.player);
  let times = 0;
  host.answer = ({ status }) => (status.success === 'passed' && (times += 1) === 1 ? { status: 400, body: refused } : null);
  await press(again.course, 'Answer all questions rightly');
  await again.player.getByText('Not all is saved', { exact: true }).waitFor();
  await press(again.course, 'Next page');
  await saved(again.player);
  assert.ok(passed('parts12', `${who} again`).length > 0);
  host.answer = () => null;
});

test('what is too long to be sent is not called saved, until it is shorter', async () => {
  host.commitBytes = 20_000;
  const { page, player } = await opened('probe12', 'long');
  await player.frameLocator('#course').getByRole('heading', { name: 'Probe' }).waitFor();
  const says = (length) =>
    inner(page).evaluate((length) => {
      window.api.LMSInitialize('');
      return window.api.LMSSetValue('cmi.suspend_data', 'x'.repeat(length)) && window.api.LMSCommit('');
    }, length);
  await says(100);
  await saved(player);
  await says(30_000);
  await player.getByRole('alert').filter({ hasText: 'more than it may' }).waitFor();
  await player.getByText('Not all is saved', { exact: true }).waitFor();
  await pause(1500);
  assert.equal(await player.getByText('Saved', { exact: true }).count(), 0);
  await says(200);
  await saved(player);
  assert.equal(host.attempt('probe12', 'long').states.probe.suspend_data.length, 200);
  host.commitBytes = 512 * 1024;
});

test('without a network one number is used, however much a course says, and the outbox has what it said last', async () => {
  const who = 'numbers';
  const { page, player, course } = await opened('pages12', who);
  await heading(course, 'Page 1 of 6');
  await saved(player);
  host.answer = silent;
  for (let at = 0; at < 4; at += 1) {
    await press(course, 'Next page');
    await pause(1300);
  }
  await unsaved(player);
  const said = () => rows(page).then((all) => all.map(({ body }) => JSON.parse(body)));
  await until(async () => (await said()).at(-1).state.core.lesson_location === '5', 'it is the newest');
  const waiting = await said();
  assert.ok(waiting.length <= 2, `${waiting.length} wait`);
  assert.ok(waiting.every(({ after, sequence }) => after.every((other) => other < sequence)));
  assert.deepEqual(waiting.at(-1).after, waiting.slice(0, -1).map(({ sequence }) => sequence), 'each says what was sent before it');
  host.answer = () => null;
  await back(player);
  await saved(player);
  const [{ seen }] = host.attempt('pages12', who).launches;
  const numbers = [...seen.keys()].sort((one, other) => one - other);
  assert.deepEqual(numbers, numbers.map((_, at) => 1_000_001 + at), 'no number is left out');
  assert.equal(host.attempt('pages12', who).states.pages.core.lesson_location, '5');
});

test('what was done first is not lost to what was said after it: it keeps its time', async () => {
  const who = 'first time';
  const { player, course } = await opened('pages12', who);
  await heading(course, 'Page 1 of 6');
  await saved(player);
  host.answer = silent;
  await press(course, 'Next page');
  await pause(GAP);
  await press(course, 'Answer all questions rightly');
  await pause(GAP);
  const did = Date.now() - GAP;
  for (let at = 0; at < 3; at += 1) {
    await press(course, 'Next page');
    await pause(1200);
  }
  await press(course, 'Answer all questions wrongly');
  await unsaved(player);
  host.answer = () => null;
  await back(player);
  await saved(player);
  assert.ok(Math.abs(Date.parse(passed('pages12', who)[0].at) - did) < 1000, 'it is the time when it was passed');
});

test('a better score is not lost to a worse one that was said after it', async () => {
  const who = 'scores';
  const { page, player } = await opened('probe12', who);
  await player.frameLocator('#course').getByRole('heading', { name: 'Probe' }).waitFor();
  const says = async (acts) => {
    await inner(page).evaluate((acts) => acts.forEach(([call, ...given]) => window.api[call](...given)), acts);
    await pause(GAP);
  };
  const set = (element, value) => ['LMSSetValue', element, value];
  await says([['LMSInitialize', ''], set('cmi.core.lesson_status', 'incomplete')]);
  await saved(player);
  host.answer = silent;
  await says([set('cmi.core.lesson_location', '1'), ['LMSCommit', '']]);
  await says([set('cmi.core.score.raw', '40')]);
  await says([set('cmi.core.lesson_location', '2'), ['LMSCommit', '']]);
  await says([set('cmi.core.score.raw', '10')]);
  host.answer = () => null;
  await back(player);
  await saved(player);
  const raw = commits('probe12', who).map(({ status }) => status.raw);
  assert.ok(raw.includes(40) && raw.at(-1) === 10, `${raw}`);
});

test('the state of sequencing comes with the next commit where the one that had it was replaced', async () => {
  const who = 'sequencing';
  const { player, course } = await opened('parts2004', who);
  await heading(course, 'Part one');
  await saved(player);
  host.answer = silent;
  await press(course, 'Note this place');
  await unsaved(player);
  await press(course, 'Finish this part');
  await pause(GAP);
  await press(course, 'Note this place');
  await pause(1300);
  host.answer = () => null;
  await back(player);
  await saved(player);
  const kept = JSON.parse(host.attempt('parts2004', who).sequencing);
  assert.equal(kept.sequencing.activityStates.one.completionStatus, 'completed');
});

test('a state of sequencing that is long is kept shorter, and one that is too long is not called saved', async () => {
  host.commitBytes = 30_000;
  const who = 'long sequencing';
  const { page, player, course } = await opened('gated2004', who);
  await heading(course, 'Part one');
  await press(course, 'Finish this part');
  await press(player, 'Next part');
  await heading(course, 'Part two');
  await press(course, 'Note this place');
  await saved(player);
  await page.close();
  assert.equal(JSON.parse(host.attempt('gated2004', who).sequencing).suspensionState, undefined);
  const again = await opened('gated2004', who);
  await heading(again.course, 'Part two');
  await again.course.getByText('resume at here in two', { exact: true }).waitFor();
  await press(again.course, 'Finish this part');
  await press(again.player, 'Next part');
  await heading(again.course, 'Part three');

  host.commitBytes = 8_000;
  const short = await opened('gated2004', `${who} that is not kept`);
  await short.player.getByRole('alert').filter({ hasText: 'more than it may' }).waitFor();
  await press(short.course, 'Finish this part');
  await short.player.getByText('Not all is saved', { exact: true }).waitFor();
  await until(() => host.attempt('gated2004', `${who} that is not kept`).statuses?.one?.success === 'passed', 'what the part said is');
});

test('more parts done without an answer than the player can hold: it says so, and the outbox has the rest', async () => {
  const who = 'many';
  const { page, player, course } = await opened('many12', who);
  await heading(course, 'Page 1');
  await saved(player);
  host.answer = silent;
  // As fast as it can be pressed.
  await wrapper(page).evaluate(async () => {
    const isOpen = (at) => document.getElementById('course')?.contentDocument?.getElementById('heading')?.textContent === `Page ${at}`;
    for (let at = 2; at <= 104; at += 1) {
      for (document.getElementById('next').click(); !isOpen(at); ) await new Promise((settle) => setTimeout(settle, 5));
      await new Promise((settle) => setTimeout(settle, 0));
    }
  });
  await player.getByRole('alert').filter({ hasText: 'not all can be sent from here' }).waitFor();
  host.answer = () => null;
  await back(player);
  await player.getByText('Not all is saved', { exact: true }).waitFor();
  assert.equal(await player.getByText('Saved', { exact: true }).count(), 0);
  assert.ok(Object.keys(host.attempt('many12', who).states).length < 104);
  await page.goto('/');
  await page.getByText('Sent', { exact: true }).waitFor();
  assert.equal(Object.keys(host.attempt('many12', who).states).length, 104);
});

test('a launch has ended once all that was sent before its end has come', async () => {
  const who = 'end';
  const { page, player, course } = await opened('pages12', who);
  await heading(course, 'Page 1 of 6');
  await saved(player);
  const context = page.context();
  host.answer = ({ final }) => (final ? null : silent());
  await press(course, 'Answer all questions rightly');
  const [made] = host.attempt('pages12', who).launches;
  await until(() => host.log.some(({ launch, status }) => launch === made.id && status.success === 'passed'), 'it is sent');
  await page.close();
  await until(() => made.awaits !== null, 'the end has come');
  assert.ok(made.awaits.length > 0, 'something before it has not');
  host.answer = () => null;
  const next = await context.newPage();
  await next.goto('/');
  await next.getByText('Sent', { exact: true }).waitFor();
  assert.deepEqual(made.awaits, []);
});

for (const [what, before, after] of [
  ['a visit the next day', 0, 1],
  ['a visit after three weeks by a clock that was set', 0, 21],
  ['a clock that is twenty days ahead all the time', 20, 20],
  ['a clock that was set back', 0, -400],
]) {
  test(`the outbox asks no clock of this computer: ${what}`, async () => {
    const who = `clock ${what}`;
    const page = await launch(host);
    await clock(page.context(), before);
    const { player, course } = await play(page, 'pages12', who);
    await heading(course, 'Page 1 of 6');
    await saved(player);
    host.down = true;
    await press(course, 'Answer all questions rightly');
    const did = Date.now();
    await unsaved(player);
    await until(async () => (await rows(page)).some(({ body }) => body.includes('passed')), 'it waits');
    const context = page.context();
    await page.close();
    await clock(context, after - before);
    const next = await context.newPage();
    // Its page comes from another way in, as long as the host is not there.
    await pause(100);
    host.down = false;
    host.gone = true;
    await next.goto('/');
    await next.getByText('Waiting').waitFor();
    assert.equal(passed('pages12', who).length, 0);
    host.gone = false;
    await next.reload();
    await next.getByText('Sent', { exact: true }).waitFor();
    assert.ok(Math.abs(Date.parse(passed('pages12', who)[0].at) - did) < 2000, 'it arrives with its own time');
    await next.close();
  });
}

test('what goes to an address that does not answer any more is kept, told, and asked now and then', async () => {
  const who = 'gone';
  const { page, player, course } = await opened('pages12', who);
  await heading(course, 'Page 1 of 6');
  await saved(player);
  host.gone = true;
  await press(course, 'Answer all questions rightly');
  await unsaved(player);
  await until(async () => (await rows(page)).length > 0, 'it waits');
  const context = page.context();
  await page.close();
  const next = await context.newPage();
  let asked = 0;
  next.on('request', (request) => (asked += request.url().endsWith('/commit') ? 1 : 0));
  await next.goto(`/?launch=${host.attempt('pages12', who).launches[0].id}`);
  await next.getByText('Waiting').waitFor();
  for (let visit = 2; visit <= 5; visit += 1) {
    await until(() => asked === visit - 1, 'each visit tries');
    await pause(100);
    await next.reload();
  }
  await next.getByText('Stuck', { exact: true }).waitFor();
  await next.getByText('Here', { exact: true }).waitFor();
  const tried = asked;
  await next.reload();
  await next.getByText('Stuck', { exact: true }).waitFor();
  await pause(300);
  assert.equal(asked, tried, 'it is left alone for a while');
  // A while later it is there again.
  host.gone = false;
  await clock(context, 0.01);
  await next.reload();
  await next.getByText('Sent', { exact: true }).waitFor();
  assert.ok(await next.getByText('Here', { exact: true }).isHidden());
  assert.ok(passed('pages12', who).length > 0);
});

test('a course says little for seconds, and much at once; hidden and left it is saved at once', async () => {
  const who = 'cadence';
  const { page, player, course } = await opened('pages12', who);
  await heading(course, 'Page 1 of 6');
  await saved(player);
  const since = (begin) => host.log.slice(begin).filter(({ item }) => item === 'pages');
  let begin = host.log.length;
  await press(course, 'Next page');
  await pause(500);
  assert.deepEqual(since(begin), [], 'a place waits for a while');
  await until(() => since(begin).length === 1, 'and is saved then', 2000);

  begin = host.log.length;
  await press(course, 'Next page');
  const show = (state) =>
    wrapper(page).evaluate((state) => {
      Object.defineProperty(document, 'visibilityState', { configurable: true, value: state });
      document.dispatchEvent(new Event('visibilitychange'));
    }, state);
  await show('hidden');
  await until(() => since(begin).length === 1, 'hidden it is saved at once', 700);
  assert.equal(since(begin)[0].state.core.lesson_location, '3');
  await show('visible');

  // What waits for an answer does not hold up what was said since.
  host.answer = ({ type }) => (type === 'text/plain' ? null : silent());
  begin = host.log.length;
  await press(course, 'Next page');
  await until(() => since(begin).length > 0, 'it is sent');
  await press(course, 'Next page');
  await show('hidden');
  const letters = () => since(begin).filter(({ type }) => type === 'text/plain');
  await until(() => letters().some(({ state }) => state.core.lesson_location === '5'), 'it goes by a letter', 1000);
  host.answer = () => null;
});

for (const name of ['assets12', 'assets2004']) {
  test(`parts that only show something are done once they were opened: ${name}`, async () => {
    const who = 'shown';
    const { page, player, course } = await opened(name, who);
    await heading(course, 'Page 1');
    await saved(player);
    const statuses = () => host.attempt(name, who).statuses ?? {};
    assert.deepEqual([statuses().first.completion, statuses().second], ['completed', undefined]);
    await player.getByRole('button', { name: 'First page Done' }).waitFor();
    await press(player, 'Next part');
    await heading(course, 'Page 2');
    await saved(player);
    await until(() => statuses().second?.completion === 'completed', 'so is the other');
    if (name === 'assets2004') await until(() => host.attempt(name, who).root?.completion === 'completed', 'and the whole of them');
    await press(player, 'Save and leave');
    await page.waitForURL('**/e-learning?done=left');
    assert.deepEqual(host.attempt(name, who).launches[0].awaits, [], 'it has ended');
  });
}

test('parts done in two places add up: what waits for them opens', async () => {
  const who = 'two places';
  const choose = async ({ player }, name) => {
    const parts = player.getByRole('button', { name: 'Parts', exact: true });
    if ((await parts.getAttribute('aria-expanded')) === 'false') await parts.click();
    await player.getByRole('button', { name }).click();
  };
  const shut = async (place) => {
    await choose(place, 'Third part');
    await place.player.getByRole('alert').filter({ hasText: 'This part cannot be opened now.' }).waitFor();
  };
  const first = await opened('gated2004', who);
  await heading(first.course, 'Part one');
  await shut(first);
  await press(first.course, 'Finish this part');
  await choose(first, 'Second part');
  await heading(first.course, 'Part two');
  await saved(first.player);
  await first.page.context().setOffline(true);
  await press(first.course, 'Finish this part');
  await unsaved(first.player);

  // The other computer knows nothing of the second part.
  const second = await opened('gated2004', who);
  await heading(second.course, 'Part two');
  await shut(second);
  await choose(second, 'First part');
  await heading(second.course, 'Part one');
  await saved(second.player);
  await second.page.close();
  await first.page.context().setOffline(false);
  await until(() => host.attempt('gated2004', who).statuses.two?.success === 'passed', 'it has come');

  const third = await opened('gated2004', who);
  await heading(third.course, 'Part one');
  await choose(third, 'Third part');
  await heading(third.course, 'Part three');
  await press(third.course, 'Finish this part');
  await saved(third.player);
  await until(() => host.attempt('gated2004', who).root?.completion === 'completed', 'the whole is done');
});

test('a part that waits for others opens from the tree as soon as they are done', async () => {
  const place = await opened('gated2004', 'opens');
  await heading(place.course, 'Part one');
  await press(place.course, 'Finish this part');
  await press(place.player, 'Next part');
  await heading(place.course, 'Part two');
  await press(place.course, 'Finish this part');
  await place.player.getByRole('button', { name: 'Third part' }).click();
  await heading(place.course, 'Part three');
  // Whoever looks at one of them once more, and it says that it is not done, is not shut out for that.
  await place.player.getByRole('button', { name: 'Second part' }).click();
  await heading(place.course, 'Part two');
  await inner(place.page).evaluate(() => window.parent.API_1484_11.SetValue('cmi.completion_status', 'incomplete'));
  await place.player.getByRole('button', { name: 'Third part' }).click();
  await heading(place.course, 'Part three');
});

test('a new window and a download are told of, and nothing else is', async () => {
  const { page, player, course } = await opened('windows12', 'windows');
  await heading(course, 'Windows');
  const told = player.getByRole('alert');
  const clear = () => wrapper(page).evaluate(() => (document.getElementById('notice').hidden = true));
  for (const [place, name, says] of [
    [course, 'A new window', /wants to open a new window/],
    [course, 'Open by script', /wants to open a new window/],
    [course.frameLocator('iframe[name="inner"]'), 'From a frame', /wants to open a new window/],
    [course, 'A download', /wants to put a file on your computer/],
    [course, 'A document', /wants to put a file on your computer/],
  ]) {
    await place.getByText(name, { exact: true }).click();
    await told.filter({ hasText: says }).waitFor();
    assert.equal(await told.evaluate((one) => one.classList.contains('player-notice--calm')), true, name);
    if (name === 'A new window') await screenshot(page, 'player-new-window');
    await clear();
  }
  for (const name of ['Open in the frame', 'In a frame']) {
    await course.getByText(name, { exact: true }).click();
    await pause(300);
    assert.ok(await told.isHidden(), name);
  }
  assert.equal(page.context().pages().length, 1);
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
  await back(player);
  await page.waitForURL('**/e-learning?done=left');
  assert.ok(passed('pages12', who).length > 0);
});

test('a browser that keeps nothing is told of as one: what waits there is not called kept', async () => {
  const who = 'keeps nothing';
  const page = await launch(host);
  await page.context().addInitScript(() => (IDBFactory.prototype.open = () => { throw new DOMException('no', 'InvalidStateError'); }));
  const { player, course } = await play(page, 'pages12', who);
  await heading(course, 'Page 1 of 6');
  await saved(player);
  host.down = true;
  await press(course, 'Answer all questions rightly');
  await press(player, 'Save and leave');
  await player.getByRole('alert').filter({ hasText: 'this browser keeps nothing for later' }).waitFor();
  host.down = false;
  await back(player);
  await page.waitForURL('**/e-learning?done=left');
  assert.ok(passed('pages12', who).length > 0);
});

test('one course on two computers: the first is told, what it had not sent arrives, and the second’s state is what goes on', async () => {
  const who = 'two computers';
  const first = await opened('pages12', who);
  await heading(first.course, 'Page 1 of 6');
  await saved(first.player);
  await first.page.context().setOffline(true);
  await press(first.course, 'Answer all questions rightly');
  await unsaved(first.player);
  const did = Date.now();
  const second = await opened('pages12', who);
  second.page.on('dialog', (dialog) => dialog.accept());
  await second.course.getByRole('heading').waitFor();
  await press(second.course, 'Next page');
  await saved(second.player);
  assert.equal(passed('pages12', who).length, 0);

  await first.page.context().setOffline(false);
  await first.player.getByRole('alert').filter({ hasText: 'You have opened this course somewhere else.' }).waitFor();
  await first.player.getByText('Not saved', { exact: true }).waitFor();
  await until(() => passed('pages12', who).length > 0, 'what the first had not sent counts');
  assert.ok(Math.abs(Date.parse(passed('pages12', who)[0].at) - did) < 2000, 'with its own time');
  assert.equal(host.attempt('pages12', who).states.pages.core.lesson_status, 'incomplete', 'the second’s state stays');
  await until(async () => (await rows(first.page)).length === 0, 'nothing waits any more');
  // It adds nothing any more.
  const before = commits('pages12', who).length;
  await press(first.course, 'Answer all questions wrongly');
  await pause(1500);
  assert.equal(commits('pages12', who).length, before);
  await first.player.getByText('Not saved', { exact: true }).waitFor();
  // The first is opened again by its old address: there is nothing.
  await wrapper(first.page).evaluate(() => location.reload());
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
  await inner(page).evaluate(() => (window.parent.API_1484_11.Terminate = () => 'false'));
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
      const said = await inner(page).evaluate((acts) => acts.map(([call, ...given]) => window.api[call](...given)), [['LMSInitialize', ''], ...acts]);
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
  await inner(page).evaluate(async () => {
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
  const kept = () => rows(page);
  await until(() => host.log.length > 0, 'it has saved');
  const id = host.attempt('pages12', who).launches[0].id;
  const post = (frame, message) => frame.evaluate((said) => window.top.postMessage(said, '*'), message);
  // From the course's own window, of another launch, without a number, too long.
  await post(inner(page), { staffrecord: 1, kind: 'commit', launch: id, sequence: 5, item: 'x', body: '{}' });
  await post(inner(page), { staffrecord: 1, kind: 'exit', launch: id });
  await post(wrapper(page), { staffrecord: 1, kind: 'commit', launch: 'another', sequence: 5, item: 'x', body: '{}' });
  await post(wrapper(page), { staffrecord: 1, kind: 'commit', launch: id, sequence: '5', item: 'x', body: '{}' });
  await post(wrapper(page), { staffrecord: 1, kind: 'commit', launch: id, sequence: 5, item: 'x', body: 'x'.repeat(512 * 1024 + 1) });
  await post(wrapper(page), null);
  await pause(200);
  assert.deepEqual(await kept(), []);
  assert.match(page.url(), /\/play\/pages12/);
  // From the player's window, which a course can speak through: never to another address, and not without end.
  await wrapper(page).evaluate((id) => {
    for (let sequence = 1; sequence <= 5000; sequence += 1) {
      window.parent.postMessage({ staffrecord: 1, kind: 'commit', launch: id, sequence, item: 'x', body: '{}', url: 'https://elsewhere.example/' }, '*');
    }
  }, id);
  await pause(500);
  const found = await kept();
  assert.ok(found.length > 0 && found.length <= 200, `${found.length} rows`);
  assert.ok(found.every(({ url }) => url.startsWith(`${host.content('pages12')}/launch/`)));
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
