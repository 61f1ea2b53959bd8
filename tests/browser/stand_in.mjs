// A stand-in for the host of course content and for the portal's pages around a course, whose answers a test chooses: what a real server
// says only when something is broken. It serves the player as it stands in assets/ and the courses beside this file.
//
// const host = await standIn();  host.down = true;  host.answer = (commit) => ({ status: 500, body: '' });

import { createServer } from 'node:http';
import { randomBytes, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterwards } from './portal.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const RUN_TIME = 'target/assets/node_modules/scorm-again/dist';
const CONTENT = 'content.localhost';
const TYPES = { html: 'text/html; charset=utf-8', css: 'text/css', js: 'text/javascript', json: 'application/json' };

const node = (identifier, title, launch, more) => ({ identifier, title, launch, visible: true, hidden_controls: [], children: [], ...more });
const sco = (query = '', path = 'index.html') => ({ path, query, tracked: true });
const asset = (query) => ({ path: 'index.html', query, tracked: false });
const course = (title, standard, children, more) => ({ title, standard, root: node('course', title, null, { children, ...more }) });

const CONTROLS = { choice: true, choiceExit: true, flow: true, useCurrentAttemptObjectiveInfo: true, useCurrentAttemptProgressInfo: true };
/** What a part shares with others. */
const SHARED = 'lessons-done';
const shares = (how) => [{ targetObjectiveID: SHARED, readSatisfiedStatus: false, readNormalizedMeasure: false, writeSatisfiedStatus: false, ...how }];
const byContent = { tracked: true, completionSetByContent: true, objectiveSetByContent: true };
const part = (id, title, sequencing) => node(id, title, sco(`?part=${id}`, 'part.html'), { sequencing });
const store = (targetID, readSharedData, writeSharedData) => ({ targetID, readSharedData, writeSharedData });

/** What the manifests beside this file say. */
const COURSES = {
  pages12: course('Six pages', 'scorm12', [node('pages', 'Six pages', sco(), { mastery_score: 80 })]),
  parts12: course('Two parts', 'scorm12', [node('first', 'First part', sco()), node('second', 'Second part', sco())]),
  probe12: course('Probe of SCORM 1.2', 'scorm12', [
    node('probe', 'Probe', sco(), {
      max_time: '01:30:00',
      time_limit_action: 'exit,message',
      data_from_lms: 'told by the manifest',
      mastery_score: 75,
    }),
  ]),
  probe2004: course('Probe of SCORM 2004', 'scorm2004', [
    node('probe', 'Probe', sco(), { time_limit_action: 'exit,message', data_from_lms: 'told by the manifest' }),
  ]),
  measured2004: course('Measured', 'scorm2004', [
    node('probe', 'Probe', sco(), {
      scaled_passing: 0.75,
      completion_threshold: { completed_by_measure: true, least_progress: 0.5, weight: 1 },
    }),
  ]),
  parts2004: course(
    'Three parts',
    'scorm2004',
    [
      ['one', 'First part'],
      ['two', 'Second part'],
      ['three', 'Third part'],
    ].map(([id, title]) => node(id, title, sco(`?part=${id}`, 'part.html'))),
    { sequencing: { sequencingControls: { choice: true, flow: true } } },
  ),
  // The third part opens when the folder of the first two is done.
  gated2004: course(
    'Two lessons and a test',
    'scorm2004',
    [
      node('lessons', 'Lessons', null, {
        children: [part('one', 'First part', { deliveryControls: byContent }), part('two', 'Second part', { deliveryControls: byContent })],
        sequencing: {
          sequencingControls: { ...CONTROLS, objectiveMeasureWeight: 0 },
          rollupRules: {
            rules: [
              {
                action: 'satisfied',
                consideration: 'all',
                conditionCombination: 'any',
                conditions: [{ condition: 'completed', operator: 'noOp' }],
              },
            ],
          },
          primaryObjective: { objectiveID: 'done', isPrimary: true, satisfiedByMeasure: false, mapInfo: shares({ writeSatisfiedStatus: true }) },
        },
      }),
      part('three', 'Third part', {
        deliveryControls: byContent,
        sequencingRules: {
          preConditionRules: [
            {
              action: 'disabled',
              conditionCombination: 'any',
              conditions: ['objectiveStatusKnown', 'satisfied'].map((condition) => ({ condition, operator: 'not', referencedObjective: 'first' })),
            },
          ],
        },
        primaryObjective: { objectiveID: 'passed', isPrimary: true, satisfiedByMeasure: false },
        objectives: [{ objectiveID: 'first', satisfiedByMeasure: false, mapInfo: shares({ readSatisfiedStatus: true }) }],
      }),
    ],
    { sequencing: { sequencingControls: CONTROLS } },
  ),
  assets12: course('Two pages to read', 'scorm12', [node('first', 'First page', asset('?page=1')), node('second', 'Second page', asset('?page=2'))]),
  assets2004: course(
    'Two pages to read in order',
    'scorm2004',
    [node('first', 'First page', asset('?page=1')), node('second', 'Second page', asset('?page=2'))],
    { sequencing: { sequencingControls: CONTROLS } },
  ),
  shared2004: course(
    'Two parts that share',
    'scorm2004',
    ['one', 'two'].map((id) =>
      node(id, `Part ${id}`, sco(), {
        sequencing: {
          sequencingControls: CONTROLS,
          sharedDataMaps: [store('notes', true, true), store('told', true, id === 'one'), store('secret', id === 'two', true)],
        },
      }),
    ),
    { sequencing: { sequencingControls: CONTROLS } },
  ),
  many12: course('Many parts', 'scorm12', Array.from({ length: 104 }, (_, at) => node(`part-${at + 1}`, `Part ${at + 1}`, sco(`?page=${at + 1}`)))),
  windows12: course('Windows', 'scorm12', [node('windows', 'Windows', sco())]),
};

const FOLDERS = { measured2004: 'probe2004', shared2004: 'probe2004', parts12: 'pages12', gated2004: 'parts2004', many12: 'windows12', assets12: 'windows12', assets2004: 'windows12' };
/** Each load of a launch counts its commits from its own multiple of this. */
const PER_LOAD = 1_000_000;
/** What was given out before a launch was closed may be so many more than what had come. */
const ON_THE_WAY = 1000;
const RANKS = ['unknown', 'not attempted', 'incomplete', 'failed', 'completed', 'passed'];
const rank = ({ completion, success } = {}) => Math.max(RANKS.indexOf(completion), RANKS.indexOf(success));

/** Starts one of its own; it ends after the file's tests. */
export async function standIn() {
  const host = new StandIn();
  const server = createServer((request, response) => host.receive(request, response));
  await new Promise((settle) => server.listen(0, '127.0.0.1', settle));
  host.open(server.address().port);
  afterwards(async () => {
    server.closeAllConnections();
    await new Promise((settle) => server.close(settle));
  });
  return host;
}

class StandIn {
  /** The network is cut. */
  down = false;
  /** Only the courses' host does not answer any more. */
  gone = false;
  /** A commit has at most so many bytes. */
  commitBytes = 512 * 1024;
  /** What a commit is answered instead; `null` for the usual. */
  answer = () => null;
  /** Every commit that came, in the order in which they came, also what was refused. */
  log = [];
  /** Every request, wherever it went. */
  requests = [];
  #attempts = new Map();
  #launches = new Map();

  open(port) {
    this.port = port;
    this.address = `http://localhost:${port}`;
    this.elsewhere = Object.keys(COURSES).map((name) => this.content(name));
  }

  content(name) {
    return `http://c-${name}.${CONTENT}:${this.port}`;
  }

  /** What somebody's attempt has come to. */
  attempt(name, who = 'helen') {
    const key = `${name} ${who}`;
    if (!this.#attempts.has(key)) this.#attempts.set(key, { states: {}, at: {}, sequencing: null, root: null, launches: [] });
    return this.#attempts.get(key);
  }

  /** A launch of it, which closes the one before. */
  launch(name, who) {
    const attempt = this.attempt(name, who);
    for (const before of attempt.launches) before.closed ??= [...before.seen.keys()];
    const secret = () => randomBytes(32).toString('base64url');
    const number = attempt.launches.length + 1;
    const made = { id: randomUUID(), number, token: secret(), commits: secret(), name, attempt, loads: 0, seen: new Map(), awaits: null };
    attempt.launches.push(made);
    this.#launches.set(made.token, made).set(made.commits, made);
    return made;
  }

  async receive(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    if (this.down || (this.gone && !request.headers.host.startsWith('localhost'))) {
      request.socket.destroy();
      return;
    }
    const url = new URL(request.url, this.address);
    this.requests.push({ host: request.headers.host, path: url.pathname, cookie: request.headers.cookie });
    const { status = 200, type = 'html', body, headers } = await (request.headers.host.startsWith('localhost')
      ? this.#page(url)
      : this.#content(url, Buffer.concat(chunks).toString(), request.headers));
    response.writeHead(status, { 'content-type': TYPES[type] ?? 'application/octet-stream', ...headers }).end(body);
  }

  async #page(url) {
    if (url.pathname.startsWith('/assets/')) {
      return { body: await readFile(join(ROOT, url.pathname)), type: url.pathname.split('.').pop() };
    }
    const name = url.pathname.match(/^\/play\/(\w+)$/)?.[1];
    const inside = name === undefined ? '' : this.#around(this.launch(name, url.searchParams.get('who') ?? undefined));
    // As Learner Homepage does: a launch of which something is missing.
    const named = /^[0-9a-f-]{36}$/.exec(url.searchParams.get('launch'))?.[0] ?? 'none';
    const hosts = `http://*.${CONTENT}:${this.port}`;
    return {
      body: `<!DOCTYPE html><html lang="en"><title>The portal</title><meta name="portal-idle" content="900">
        <link rel="icon" href="data:,"><link rel="stylesheet" href="/assets/portal.css">
        <script type="module" src="/assets/outbox.js"></script><script type="module" src="/assets/player-page.js"></script>
        <h1>The portal</h1><p data-outbox="waiting" hidden>Waiting: <span data-outbox-count></span></p>
        <p data-outbox="stuck" hidden>Stuck</p><p data-outbox="sent" hidden>Sent</p><p data-outbox="refused" hidden>Not taken</p>
        <ul><li data-launch="${named}">A launch <span data-outbox-here hidden>Here</span></li></ul>${inside}</html>`,
      headers: {
        'content-security-policy': `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self' ${hosts}; frame-src ${hosts}`,
      },
    };
  }

  #around({ id, token, commits, name }) {
    const at = `${this.content(name)}/launch`;
    return `<div class="portal-player" data-player><iframe title="Course" src="${at}/${token}/" data-launch="${id}" data-commit-url="${at}/${commits}/commit"
      credentialless sandbox="allow-scripts allow-same-origin allow-forms allow-modals" allow="fullscreen; autoplay"></iframe></div>`;
  }

  async #content({ pathname }, body, headers) {
    const [, token, path = ''] = pathname.match(/^\/launch\/([^/]+)\/(.*)$/) ?? [];
    const launch = this.#launches.get(token);
    if (!launch || (token === launch.commits && path !== 'commit')) return { status: 404, body: '' };
    const policy = `default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; connect-src 'self' data: blob:; form-action 'self'; frame-ancestors ${this.address} 'self'; base-uri 'self'; object-src 'self'`;
    const file = async (name) => ({
      body: await readFile(join(ROOT, name)),
      type: name.split('.').pop(),
      headers: {
        'content-security-policy': policy,
        'referrer-policy': 'no-referrer',
        // What a policy of content does not hold back: WebRTC, and asking for names ahead.
        'connection-allowlist': '(response-origin)',
        'permissions-policy': 'camera=(), clipboard-read=(), geolocation=(), microphone=()',
      },
    });
    if (path === '') return file('assets/player.html');
    if (/^player\.(js|css)$/.test(path)) return file(`assets/${path}`);
    if (/^scorm\d+\.js$/.test(path)) return file(`${RUN_TIME}/${path.replace('.js', '.min.js')}`);
    if (path.startsWith('course/')) {
      return file(`tests/browser/courses/${FOLDERS[launch.name] ?? launch.name}/${path.slice(7)}`).catch(() => ({ status: 404, body: '' }));
    }
    const say = (status, said) => ({
      status,
      type: 'json',
      body: JSON.stringify(said),
      headers: { 'access-control-allow-origin': this.address },
    });
    if (path === 'begin') return launch.closed ? say(410, { why: 'closed' }) : say(200, this.#begin(launch));
    return path === 'commit' ? this.#commit(launch, body, headers, say) : { status: 404, body: '' };
  }

  #begin(launch) {
    launch.loads += 1;
    const { title, standard, root: bare } = COURSES[launch.name];
    const { states, statuses = {}, sequencing, item } = launch.attempt;
    const standing = (one) => ({ ...one, status: statuses[one.identifier] ?? {}, children: one.children.map(standing) });
    const root = standing(bare);
    return {
      launch: launch.id,
      standard,
      title,
      root,
      states,
      sequencing,
      now: new Date().toISOString(),
      sequence_from: launch.loads * PER_LOAD,
      learner: { id: 'opaque', name: 'Wsea, Helen' },
      portal: this.address,
      start: item ?? firstOf(root),
      mode: 'normal',
      commit_bytes: this.commitBytes,
      every_ms: 1000,
    };
  }

  #commit(launch, body, headers, say) {
    const commit = JSON.parse(body);
    this.log.push({ ...commit, type: headers['content-type'], bytes: body.length });
    const instead = this.answer(commit);
    if (instead) return { type: 'json', headers: { 'access-control-allow-origin': this.address }, ...instead };
    const { attempt, seen, closed, number } = launch;
    const { item, state, root, sequencing, at, sequence, final, after } = commit;
    const load = Math.floor(sequence / PER_LOAD);
    if (load > launch.loads || !Array.isArray(after) || after.length > 100) return say(400, { result: false, errorCode: 101, why: 'malformed' });
    const known = closed && Math.max(load * PER_LOAD, ...closed.filter((other) => Math.floor(other / PER_LOAD) === load));
    if (closed && sequence > known + ON_THE_WAY) return say(410, { result: false, errorCode: 101, why: 'closed' });
    if (seen.has(sequence) && seen.get(sequence) !== body) return say(409, { result: false, why: 'repeated' });
    if (!seen.has(sequence)) {
      // One that comes late changes nothing of what is newer, but what it says of being done counts.
      const isNewer = ([launch, own] = [0, 0]) => number > launch || (number === launch && sequence > own);
      if (isNewer(attempt.at[item])) {
        attempt.states = { ...attempt.states, [item]: state };
        attempt.at[item] = [number, sequence];
      }
      if (isNewer(attempt.newest)) {
        Object.assign(attempt, { item, newest: [number, sequence], sequencing: sequencing ?? attempt.sequencing, root: root ?? attempt.root });
      }
      if (rank(commit.status) >= rank(attempt.statuses?.[item])) attempt.statuses = { ...attempt.statuses, [item]: commit.status };
      // An end is one once all that was sent before it has come.
      const isNewest = [...seen.keys()].every((other) => other < sequence);
      if (isNewest) launch.awaits = final ? after.filter((other) => !seen.has(other)) : null;
      launch.awaits = launch.awaits?.filter((other) => other !== sequence) ?? null;
      seen.set(sequence, body);
      attempt.received = [...(attempt.received ?? []), { sequence, at, status: commit.status }];
    }
    const receipt = { launch: launch.id, sequence };
    return say(200, { result: true, errorCode: 0, receipt, ...(closed && { closed: true }), status: 'incomplete' });
  }
}

function firstOf({ identifier, launch, children }) {
  return launch ? identifier : children.map(firstOf).find((found) => found !== undefined);
}
