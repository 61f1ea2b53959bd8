// A hostile course is taken into the portal as any other, and tries to get at the portal, at other courses and to the world outside, as its
// own script, in a real browser with a profile that keeps things: each attempt is seen to be made and to be refused, by what is told
// here, and neither the portal, somebody else's course nor a server elsewhere hears of one.

import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { createServer, request } from 'node:http';
import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { afterwards, launch, openProfile, startPortal } from './portal.mjs';
import { published } from './packages.mjs';
import { STAFF, button, field, heading, link, logIn, loggedIn, openCourse } from './steps.mjs';

const portal = await startPortal();
await published(portal, 'hostile');
await published(portal, 'keeper');
const { helen, john } = STAFF;
const context = await openProfile(portal.address);
const home = await context.newPage();
await logIn(home, helen.username);
// Each open page of the portal sends what waits: only that of a test is to be open.
await home.goto('about:blank');

/** A server that nobody is to reach; what it heard. */
const heard = [];
const server = createServer((asked, response) => {
  heard.push(`${asked.method} ${asked.url}`);
  response.end('heard');
});
server.on('connection', () => heard.push('a connection'));
await new Promise((settle) => server.listen(0, '127.0.0.1', settle));
afterwards(() => new Promise((settle) => server.close(settle)));
// WebRTC comes by another way.
const socket = createSocket('udp4').on('message', () => heard.push('a packet'));
await new Promise((settle) => socket.bind(0, '127.0.0.1', settle));
afterwards(() => new Promise((settle) => socket.close(settle)));

/** A course in this page: the player, and the frame of the course's own page. */
async function open(page, title) {
  const { player } = await openCourse(page, title);
  const course = page.frames().find((frame) => frame.url().includes('/course/'));
  return { page, player, course, origin: new URL(course.url()).origin };
}

const opened = async (title = 'Hostile') => open(await context.newPage(), title);

/** Somebody else, at a computer of their own, whose course goes on meanwhile. */
const johns = await open(await loggedIn(portal, john), 'Fire safety');

const elsewhere = `http://elsewhere.localhost:${server.address().port}`;
const where = { portal: portal.address, elsewhere, other: johns.origin, stun: `stun:127.0.0.1:${socket.address().port}` };

const CROSS_ORIGIN = /^SecurityError: .*(cross-origin frame|does not have permission to navigate)/;
const SANDBOX = /^browser: .*(is sandboxed|sandboxed frame)/;
const NO_DOMAIN = /^SecurityError: Failed to set the 'domain' property/;
const NOT_PERMITTED = /permissions policy|Permissions Policy|Permissions policy/;
/** What a policy of content does not say: that it was tried, or that the browser stopped the course for it, is all that is told. */
const UNHEARD = /^(tried|gone): /;
const policy = (directive) => new RegExp(`^(policy: ${directive}|browser: .* violates .*"${directive} )`);

/** By what each attempt is refused. */
const REFUSED_BY = {
  "the portal's address": CROSS_ORIGIN,
  "the portal's page": CROSS_ORIGIN,
  "the portal's cookies": CROSS_ORIGIN,
  "the portal's storage": CROSS_ORIGIN,
  "the portal's databases": CROSS_ORIGIN,
  'a common domain with it': NO_DOMAIN,
  'payslips, as the person': policy('connect-src'),
  'payslips, unseen': policy('connect-src'),
  'payslips in a frame': policy('frame-src'),
  'payslips as an object': policy('object-src'),
  'payslips as a script': policy('script-src'),
  'a form of the portal': policy('form-action'),
  'a form of the portal in its place': SANDBOX,
  'what the person was let in by': /^browser: requestStorageAccess: /,
  'a passkey': NOT_PERMITTED,
  'to lead the portal away': SANDBOX,
  'to lead the portal away by a link': SANDBOX,
  'to lead the portal away by a form': SANDBOX,
  'to take the place of the portal': CROSS_ORIGIN,
  'a window of its own': SANDBOX,
  'a window by a link': SANDBOX,
  'a file on the disk': SANDBOX,
  'a log-in form sent elsewhere': policy('form-action'),
  'a log-in form sent elsewhere in an address': policy('form-action'),
  'a log-in form sent elsewhere in a window': SANDBOX,
  'names by fetch': policy('connect-src'),
  'names by a request': policy('connect-src'),
  'names by beacon': policy('connect-src'),
  'names by a picture': policy('img-src'),
  'names by a video': policy('media-src'),
  'names by an object': policy('object-src'),
  'names by a script': policy('script-src'),
  'names by a module': policy('script-src'),
  'names by a style sheet': policy('style-src'),
  'names by a rule of style': policy('img-src'),
  'names by a style that takes another': policy('style-src'),
  'names by a font': policy('font-src'),
  'names by a prefetch': policy('default-src'),
  'names by a preload': policy('script-src'),
  'names by a connection ahead': UNHEARD,
  'names by rules of what comes next': UNHEARD,
  'names by a ping': policy('connect-src'),
  'names by a socket': policy('connect-src'),
  'names by events': policy('connect-src'),
  'names by web transport': policy('connect-src'),
  'names by a frame': policy('frame-src'),
  'names by a frame of nothing': policy('connect-src'),
  'names by a worker': policy('connect-src'),
  'names by a worker in its address': policy('connect-src'),
  'names by a worker from elsewhere': /^SecurityError: Failed to construct 'Worker'/,
  'names by a shared worker': policy('connect-src'),
  'names by a service worker': policy('connect-src'),
  'names by WebRTC': UNHEARD,
  'names by the way of its own frame': policy('default-src'),
  'names by a page that leads on': policy('default-src'),
  "names by the way of the player's frame": SANDBOX,
  "payslips by the way of the player's frame": SANDBOX,
  'the microphone': NOT_PERMITTED,
  'the screen': NOT_PERMITTED,
  'where the person is': NOT_PERMITTED,
  'what was copied': NOT_PERMITTED,
  "somebody else's course in a frame": policy('frame-src'),
  "somebody else's course by its own token": policy('connect-src'),
  "somebody else's commits by its own token": policy('connect-src'),
  'a common domain with them': NO_DOMAIN,
};

/** All that browsers tell of an answer that came. */
const answers = [];
context.on('response', (answer) => answers.push(answer.url()));
const asked = [];
context.on('request', (request) => asked.push(request));

test('each attempt is made, and is refused by what is to refuse it', async () => {
  let place = await opened();
  assert.deepEqual(await place.course.evaluate(() => Object.keys(window.attempts)), Object.keys(REFUSED_BY));
  for (const [what, by] of Object.entries(REFUSED_BY)) {
    if ((await tried(place, what, by)) !== 'refused') {
      await place.page.close();
      place = await opened();
    }
  }
  await place.page.close();
  await pause(300);
  assert.deepEqual(heard, []);
});

/** Makes an attempt, and asserts that it is refused by this; what it got. */
async function tried({ page, course }, what, by) {
  const address = page.url();
  const told = [];
  const came = (what) => () => told.push(`there is ${what}`);
  const events = {
    console: (message) => told.push(`browser: ${message.text()}`),
    requestfailed: (request) => told.push(`request: ${request.failure()?.errorText} ${request.url()}`),
    popup: came('a window'),
    download: came('a file'),
  };
  for (const [event, hear] of Object.entries(events)) page.on(event, hear);
  // Much is let through where a person has just pressed something.
  await course.getByRole('heading', { name: 'Hostile' }).click();
  const { got, said } = await course
    .evaluate(([what, where]) => window.attempt(what, where), [what, where])
    .catch(({ message }) => ({ got: 'against the wall', said: [`gone: ${message}`] }));
  await pause(50);
  for (const [event, hear] of Object.entries(events)) page.off(event, hear);
  assert.match(got, /^(refused|against the wall)$/, what);
  const all = [...said, ...told];
  assert.ok(all.some((one) => by.test(one)), `${what} is refused, but not by ${by}: ${JSON.stringify(all)}`);
  assert.ok(all.every((one) => !one.startsWith('there is')), `${what}: ${all}`);
  assert.equal(page.url(), address, `${what}: the portal's page stays`);
  assert.deepEqual(heard, [], `${what}: nobody elsewhere hears of it`);
  return got;
}

test('with the person’s own press of a key, too', async () => {
  const { page, course } = await opened();
  const [address, windows] = [page.url(), context.pages().length];
  await course.evaluate((elsewhere) => {
    document.body.innerHTML = `<button>Go on</button><a href="${elsewhere}/top" target="_top">Top</a><a href="${elsewhere}/blank" target="_blank">Blank</a>`;
    window.tried = [];
    document.querySelector('button').onclick = () => {
      window.tried.push(window.open(`${elsewhere}/pressed`) === null);
      try {
        window.top.location.href = `${elsewhere}/pressed`;
      } catch ({ name }) {
        window.tried.push(name);
      }
    };
  }, elsewhere);
  await course.getByRole('button', { name: 'Go on' }).press('Enter');
  for (const name of ['Top', 'Blank']) await course.getByRole('link', { name }).press('Enter');
  await pause(300);
  assert.deepEqual(await course.evaluate(() => window.tried), [true, 'SecurityError']);
  assert.equal(page.url(), address);
  assert.equal(context.pages().length, windows);
  assert.deepEqual(heard, []);
  await page.close();
});

test('a flood of messages leaves the page around it working, and is kept in bounds', async () => {
  const { page, course } = await opened();
  page.on('dialog', (dialog) => dialog.accept());
  const launch = await page.locator('iframe[data-launch]').getAttribute('data-launch');
  // Said by the player's own window, which a course reaches into.
  const sent = await course.evaluate((launch) => {
    const body = 'x'.repeat(64 * 1024);
    window.parent.flood = { launch, body };
    return window.parent.eval(`
      const say = (message) => window.parent.postMessage({ staffrecord: 1, launch: flood.launch, ...message }, '*');
      let sequence = 900_000_000;
      for (let times = 0; times < 3000; times += 1) say({ kind: 'commit', sequence: ++sequence, item: 'x' + times, body: flood.body });
      say({ kind: 'commit', sequence: ++sequence, item: 'large', body: 'x'.repeat(600 * 1024) });
      say({ kind: 'commit', launch: '00000000-0000-4000-8000-000000000000', sequence: ++sequence, item: 'x', body: '{}' });
      for (const odd of [null, 7, 'x', [], { staffrecord: 1 }, { staffrecord: 1, kind: 'commit', launch: flood.launch, sequence: -1, body: {} }]) window.parent.postMessage(odd, '*');
      sequence`);
  }, launch);
  assert.equal(sent, 900_003_002, 'all of it was sent');
  await pause(500);
  const rows = await page.evaluate(
    () =>
      new Promise((settle) => {
        const opening = indexedDB.open('staffrecord', 1);
        opening.onsuccess = () => {
          const commits = opening.result.transaction('commits').objectStore('commits');
          commits.getAllKeys().onsuccess = ({ target: { result: keys } }) => {
            commits.getAll().onsuccess = ({ target: { result: all } }) =>
              settle({ launches: [...new Set(keys.map(([launch]) => launch))], count: all.length, bytes: all.reduce((sum, { body }) => sum + body.length, 0), largest: Math.max(0, ...all.map(({ body }) => body.length)) });
          };
        };
      }),
  );
  assert.ok(rows.count > 0 && rows.count <= 200, `${rows.count} rows`);
  assert.ok(rows.bytes <= 16 * 1024 * 1024 && rows.largest <= 512 * 1024, JSON.stringify(rows));
  assert.deepEqual(rows.launches, [launch], 'nothing is kept for another launch');
  // The page goes on, and so does the portal; what was kept is refused when it is sent, and no more of it is kept.
  const begun = Date.now();
  const refusals = [];
  page.on('response', (answer) => {
    if (answer.url().endsWith('/commit')) refusals.push(answer.status());
  });
  await link(page, 'Learner Homepage').first().click();
  await heading(page, 'Learner Homepage').waitFor();
  assert.ok(Date.now() - begun < 5000, 'the page answers at once');
  await page.getByText(/^Something that was done in a course on this computer/).first().waitFor();
  await until(() => refusals.length >= Math.min(rows.count, 10), () => `what was kept is sent: ${refusals}`);
  assert.ok(refusals.every((status) => status === 400 || status === 429), `${refusals}`);
  await page.close();
});

test('what another course keeps in the browser is not found', async () => {
  const keeper = await opened('Keeper');
  const kept = await keeper.course.evaluate(() => window.keep());
  for (const place of ['local storage', 'session storage', 'a database', 'a cache', 'a cookie']) assert.ok(kept.includes(place), `it is kept: ${kept}`);
  // While that is open, and once it is shut.
  const { page, course } = await opened();
  const found = await course.evaluate(looked);
  await keeper.page.close();
  const later = await opened();
  const foundLater = await later.course.evaluate(looked);
  assert.deepEqual([found, foundLater], [NOTHING, NOTHING]);
  await page.close();
  await later.page.close();
});

const NOTHING = { 'local storage': 0, 'session storage': 0, databases: [], caches: [], cookies: '', heard: [] };

/** All that a course's page finds of what was kept. */
async function looked() {
  const heard = [];
  const channel = new BroadcastChannel('secret');
  channel.onmessage = ({ data }) => heard.push(data);
  await new Promise((settle) => setTimeout(settle, 300));
  channel.close();
  return {
    'local storage': localStorage.length,
    'session storage': sessionStorage.length,
    databases: (await indexedDB.databases()).map(({ name }) => name),
    caches: await caches.keys(),
    cookies: document.cookie,
    heard,
  };
}

test('commits to somebody else’s attempt, by an old token, too large and too many', async () => {
  const before = await stands();
  const first = await opened();
  const old = new URL('..', first.course.url());
  const { page, course } = await opened();
  const own = new URL('..', course.url());
  const [johnsToken, johnsLaunch] = [
    johns.course.url().match(/launch\/([^/]+)/)[1],
    await johns.page.locator('iframe[data-launch]').getAttribute('data-launch'),
  ];

  // From within, as the course's own script: what it is answered.
  const begun = await course.evaluate(() => fetch('../begin', { method: 'POST' }).then((answer) => answer.json()));
  const body = (more) => JSON.stringify({ launch: begun.launch, sequence: begun.sequence_from + 500, item: 'hostile', at: begun.now, final: false, state: { core: {} }, status: { completion: 'incomplete', success: 'unknown' }, root: null, sequencing: null, objectives: null, after: [], ...more });
  const within = (path, body) =>
    course.evaluate(
      ([path, body]) => fetch(path, { method: 'POST', body }).then(async (answer) => [answer.status, (await answer.json().catch(() => ({}))).why], () => ['broken off']),
      [path, body],
    );
  assert.deepEqual(await within('../commit', body({ launch: johnsLaunch })), [404, 'unknown'], 'for another launch, at its own address');
  assert.deepEqual(await within(`/launch/${johnsToken}/commit`, body({ launch: johnsLaunch })), [404, 'unknown'], 'by a token of another, at its own host');
  assert.deepEqual(await within(`/launch/${'A'.repeat(43)}/commit`, body()), [404, 'unknown'], 'by a token that it made up');
  assert.deepEqual(await within(`${old.pathname}begin`, ''), [410, undefined], 'with an old token');
  const last = Number.MAX_SAFE_INTEGER;
  assert.deepEqual(await within(`${old.pathname}commit`, body({ launch: await launchOf(first), sequence: last, at: '2099-01-01T00:00:00Z' })), [410, 'closed']);
  assert.deepEqual(await within('../commit', body({ state: { core: {}, suspend_data: 'x'.repeat(600 * 1024) } })), [413, 'too_long']);
  const large = await course.evaluate(() => fetch('../commit', { method: 'POST', body: 'x'.repeat(10 * 1024 * 1024) }).then(({ status }) => status, () => 'broken off'));
  assert.ok(large === 413 || large === 'broken off', `10 MB: ${large}`);

  // From elsewhere, where no browser stands in the way: its own token at the host of another's attempt.
  for (const [place, status] of [
    [`${own.pathname}`, 404],
    [`${own.pathname}begin`, 404],
    [`${own.pathname}commit`, 404],
  ]) {
    const method = place.endsWith('/') ? 'GET' : 'POST';
    assert.equal(await outside(johns.origin, method, place, body({ sequence: begun.sequence_from + 600 })), status, `${place} at another's host`);
  }

  // A thousand at once, each as it is to be: as many as anybody may are taken, and whoever else is there is served meanwhile.
  const flood = course.evaluate(async (commit) => {
    const begun = performance.now();
    const all = Array.from({ length: 1000 }, (_, at) => fetch('../commit', { method: 'POST', body: JSON.stringify({ ...commit, sequence: commit.sequence + at }) }).then(({ status }) => status, () => 'broken off'));
    const statuses = await Promise.all(all);
    return { statuses, seconds: (performance.now() - begun) / 1000 };
  }, JSON.parse(body()));
  const began = Date.now();
  await button(johns.player.frameLocator('#course'), 'Next').click();
  await johns.player.getByText('Saved', { exact: true }).waitFor();
  await johns.page.request.get('/portal').then((answer) => assert.equal(answer.status(), 200));
  assert.ok(Date.now() - began < 5000, 'somebody else is served meanwhile');
  const { statuses, seconds } = await flood;
  const taken = statuses.filter((status) => status === 200).length;
  assert.ok(taken > 0 && taken <= 60 + 20 * (seconds + 1), `${taken} of 1,000 in ${seconds} s`);
  assert.equal(statuses.filter((status) => status === 429).length, 1000 - taken, `${[...new Set(statuses)]}`);

  // Nothing of the other's has changed but what they did themselves.
  await button(johns.player.frameLocator('#course'), 'Back').click();
  await johns.player.getByText('Saved', { exact: true }).waitFor();
  const after = await stands();
  assert.deepEqual(after, before);
  await first.page.close();
  await page.close();
});

const launchOf = ({ page }) => page.locator('iframe[data-launch]').getAttribute('data-launch');

/** How John's course stands, by his own page of it. */
async function stands() {
  const page = await johns.page.context().newPage();
  await page.goto(johns.page.url().replace('/launch', ''));
  const says = await page.locator('main').innerText();
  await page.close();
  return says.replace(/(Last opened|Time so far)\s+.+\n/g, '');
}

/** What a request from outside any browser is answered. */
function outside(origin, method, path, body) {
  const { port, host } = new URL(origin);
  return new Promise((settle, fail) => {
    const asking = request({ host: '127.0.0.1', port, method, path, headers: { host, 'content-type': 'application/json' } }, (answer) => {
      answer.resume();
      settle(answer.statusCode);
    });
    asking.on('error', fail).end(method === 'POST' ? body : undefined);
  });
}

test('a browser without frames that forget: the player takes away what is set for all hosts of courses', async () => {
  const { page } = await opened();
  const player = await page.locator('iframe[data-launch]').getAttribute('src');
  const cookie = { value: 'secret', domain: '.content.localhost', secure: true, sameSite: 'None' };
  await context.addCookies(['/', '/launch'].map((path, at) => ({ ...cookie, path, name: `left${at}` })));
  await page.close();
  // As a page of its own it is no frame, and finds them.
  const alone = await context.newPage();
  await alone.goto(player);
  await alone.frameLocator('#course').getByRole('heading', { name: 'Hostile' }).waitFor();
  assert.deepEqual((await context.cookies()).filter(({ name }) => name.startsWith('left')), []);
  await alone.close();
});

test('the way back within the course does not lead the portal away', async () => {
  const { page, course } = await opened();
  const address = page.url();
  await course.getByRole('heading', { name: 'Hostile' }).click();
  await course.evaluate(() => history.go(-3)).catch(() => {});
  await pause(500);
  assert.equal(page.url(), address);
  await page.close();
});

test('all the while no cookie went to a course, and the portal was asked for nothing', async () => {
  const { page } = await opened();
  const [session] = (await context.cookies(portal.address)).filter(({ httpOnly }) => httpOnly);
  assert.ok(session, 'there is a session to steal');
  const sent = [];
  for (const request of asked) {
    if (!/^c-|^check\./.test(new URL(request.url()).hostname)) continue;
    const cookie = (await request.allHeaders().catch(() => ({}))).cookie;
    if (cookie?.includes(session.value)) sent.push(request.url());
  }
  assert.ok(asked.length > 50);
  assert.deepEqual(sent, []);
  assert.deepEqual(answers.filter((url) => url.includes('hostile') && !url.includes('/launch/')), []);
  assert.deepEqual(heard, []);
  await page.goto('/payslips');
  await heading(page, 'Payslips').waitFor();
  await page.close();
});

/** Waits for what happens behind the page's back. */
async function until(isSo, what = () => 'it comes', most = 15_000) {
  for (const end = Date.now() + most; !(await isSo()); await pause(25)) assert.ok(Date.now() < end, what());
}
