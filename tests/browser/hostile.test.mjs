// A hostile course tries to get at the portal, at other courses and to the world outside, as its own script, in a real browser: each
// attempt is seen to be refused, and neither the portal nor a server elsewhere hears of one.

import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { createServer } from 'node:http';
import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { afterwards, openBrowser } from './portal.mjs';
import { standIn } from './stand_in.mjs';

const host = await standIn();
const browser = await openBrowser();

/** A server that nobody is to reach; what it heard. */
const heard = [];
const server = createServer((request, response) => {
  heard.push(`${request.method} ${request.url}`);
  response.end('heard');
});
await new Promise((settle) => server.listen(0, '127.0.0.1', settle));
afterwards(() => new Promise((settle) => server.close(settle)));
// WebRTC comes by another way.
const socket = createSocket('udp4').on('message', () => heard.push('a packet'));
await new Promise((settle) => socket.bind(0, '127.0.0.1', settle));
afterwards(() => new Promise((settle) => socket.close(settle)));
const elsewhere = `http://elsewhere.localhost:${server.address().port}`;

async function opened() {
  const context = await browser.newContext({ baseURL: host.address });
  context.setDefaultTimeout(15_000);
  // As the portal's own: nothing of a course's may ever carry it.
  await context.addCookies([{ name: 'session', value: 'secret', url: host.address, httpOnly: true, sameSite: 'Lax' }]);
  const page = await context.newPage();
  await page.goto('/play/hostile?who=hostile');
  await page.frameLocator('iframe[data-launch]').frameLocator('#course').getByRole('heading', { name: 'Hostile' }).waitFor();
  const course = page.frames().find((frame) => frame.url().endsWith('/course/index.html'));
  return { context, page, course };
}

const where = { portal: host.address, elsewhere, other: host.content('pages12'), stun: `stun:127.0.0.1:${socket.address().port}` };

test('each attempt is refused', async () => {
  let { context, page, course } = await opened();
  const names = await course.evaluate(() => Object.keys(window.attempts));
  assert.ok(names.length > 25);
  for (const what of names) {
    const address = page.url();
    const before = host.requests.length;
    const got = await course
      .evaluate(([what, where]) => window.attempt(what, where), [what, where])
      .catch(() => 'the course has driven its own page against the wall');
    assert.match(got, /^refused$|against the wall$/, what);
    assert.equal(page.url(), address, `${what}: the portal's page stays`);
    assert.equal(context.pages().length, 1, `${what}: no window opens`);
    await pause(50);
    assert.deepEqual(heard, [], `${what}: nobody elsewhere hears of it`);
    const asked = host.requests.slice(before).filter(({ host: name }) => !name.startsWith('c-hostile.'));
    assert.deepEqual(asked, [], `${what}: neither does the portal, nor another course`);
    if (got !== 'refused') {
      await context.close();
      ({ context, page, course } = await opened());
    }
  }
  await pause(300);
  assert.deepEqual(heard, []);
  assert.ok(host.requests.every(({ host: name, cookie }) => !name.startsWith('c-') || cookie === undefined), 'no cookie goes to the course');
  await context.close();
});

// The course's own frame, and the player's around it, which it can reach into: neither leads anywhere.
for (const [name, lead] of [
  ['its own frame', (to) => (location.href = to)],
  ["the player's frame", (to) => (window.parent.location.href = to)],
]) {
  test(`${name} cannot be led elsewhere, nor to the portal`, async () => {
    for (const to of [`${elsewhere}/led`, `${host.address}/payslips`]) {
      const { context, page, course } = await opened();
      const address = page.url();
      const before = host.requests.length;
      await course.evaluate(lead, to).catch(() => {});
      await pause(500);
      assert.equal(page.url(), address);
      assert.deepEqual(heard, []);
      assert.deepEqual(host.requests.slice(before).filter(({ path }) => path === '/payslips'), []);
      await context.close();
    }
  });
}

test('with the person’s own press of a key, too', async () => {
  const { context, page, course } = await opened();
  const address = page.url();
  await course.evaluate((elsewhere) => {
    document.body.innerHTML = `<button>Go on</button>`;
    document.querySelector('button').onclick = () => {
      window.open(`${elsewhere}/pressed`);
      try {
        window.top.location.href = `${elsewhere}/pressed`;
      } catch {
        // Refused, as it is to be.
      }
    };
  }, elsewhere);
  await page.frameLocator('iframe[data-launch]').frameLocator('#course').getByRole('button', { name: 'Go on' }).click();
  await pause(500);
  assert.equal(page.url(), address);
  assert.equal(context.pages().length, 1);
  assert.deepEqual(heard, []);
  await context.close();
});
