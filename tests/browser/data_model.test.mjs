// The run-time's data model through the real player: for every element of SCORM 1.2 and 2004 what getting and setting it answers, and
// with which error code. The rows are written from the standards (SCORM 1.2 RTE §3.4; SCORM 2004 4th Edition RTE §4.2), not from the run-time.

import assert from 'node:assert/strict';
import test from 'node:test';
import { launch } from './portal.mjs';
import { standIn } from './stand_in.mjs';

const host = await standIn();
const FULL = 65_536;

/** The frame of a course that says nothing by itself. */
async function probe(name, who) {
  const page = await launch(host);
  await page.goto(`/play/${name}?who=${encodeURIComponent(who)}`);
  const inside = page.frameLocator('iframe[data-launch]').frameLocator('#course');
  await inside.getByRole('heading', { name: 'Probe' }).waitFor();
  const frame = page.frames().find((one) => one.url().endsWith('/course/index.html'));
  return { page, frame };
}

const CALLS = {
  12: { get: 'LMSGetValue', set: 'LMSSetValue', code: 'LMSGetLastError', begin: 'LMSInitialize', commit: 'LMSCommit', end: 'LMSFinish' },
  2004: { get: 'GetValue', set: 'SetValue', code: 'GetLastError', begin: 'Initialize', commit: 'Commit', end: 'Terminate' },
};

/**
 * @param {[string, string, string | undefined, string, string][]} rows call, element or parameter, value, what is returned, the code after it
 */
async function holds(frame, standard, rows) {
  const said = await frame.evaluate(
    ([calls, rows]) =>
      rows.map(([call, element, value]) => {
        const returned = value === undefined ? window.api[calls[call]](element) : window.api[calls[call]](element, value);
        return [returned, window.api[calls.code]()];
      }),
    [CALLS[standard], rows],
  );
  const wrong = rows.flatMap(([call, element, value, returned, code], at) => {
    const [is, isCode] = said[at];
    const same = returned instanceof RegExp ? returned.test(is) : is === returned;
    const told = `${call} ${element} ${value === undefined ? '' : JSON.stringify(value).slice(0, 60)}`;
    return same && isCode === code ? [] : [`${told}: ${JSON.stringify(is)?.slice(0, 60)} (${isCode}), not ${returned} (${code})`];
  });
  assert.deepEqual(wrong, []);
}

const get = (element, returned, code = '0') => ['get', element, undefined, returned, code];
const set = (element, value, code = '0') => ['set', element, value, code === '0' ? 'true' : 'false', code];
/** Set, and read again. */
const keeps = (element, ...values) => values.flatMap((value) => [set(element, value), get(element, value)]);
const refuses = (element, code, ...values) => values.map((value) => set(element, value, code));
const readOnly = (element, returned, code) => [get(element, returned), set(element, 'x', code)];
const writeOnly = (element, code, denied, ...values) => [...values.map((value) => set(element, value)), get(element, '', denied)];

test('SCORM 1.2: every element', async () => {
  const { frame } = await probe('probe12', 'model');
  const long = (length) => 'x'.repeat(length);
  const only = (element, returned) => readOnly(element, returned, '403');
  const list = (element, returned) => readOnly(element, returned, '402');
  await holds(frame, 12, [
    get('cmi.core.student_id', '', '301'),
    set('cmi.core.lesson_location', '1', '301'),
    ['commit', '', undefined, 'false', '301'],
    ['end', '', undefined, 'false', '301'],
    ['begin', 'x', undefined, 'false', '201'],
    ['begin', '', undefined, 'true', '0'],
    ['begin', '', undefined, 'false', '101'],
    ['commit', 'x', undefined, 'false', '201'],
    ['commit', '', undefined, 'true', '0'],

    ...list('cmi._version', '3.4'),
    ...list('cmi.core._children', /student_id,student_name,lesson_location,credit,lesson_status,entry,score,total_time,lesson_mode,exit,session_time/),
    ...only('cmi.core.student_id', 'opaque'),
    ...only('cmi.core.student_name', 'Wsea, Helen'),
    get('cmi.core.lesson_location', ''),
    ...keeps('cmi.core.lesson_location', 'page 3', long(255), ''),
    ...refuses('cmi.core.lesson_location', '405', long(257)),
    ...only('cmi.core.credit', 'credit'),
    get('cmi.core.lesson_status', 'not attempted'),
    ...keeps('cmi.core.lesson_status', 'passed', 'completed', 'failed', 'browsed', 'incomplete'),
    ...refuses('cmi.core.lesson_status', '405', 'not attempted', 'done', 'Passed', ''),
    ...only('cmi.core.entry', 'ab-initio'),
    ...list('cmi.core.score._children', /^(raw,min,max|raw,max,min|min,max,raw)$/),
    get('cmi.core.score.raw', ''),
    ...['raw', 'min', 'max'].flatMap((name) => [
      ...keeps(`cmi.core.score.${name}`, '0', '85', '100', '12.5'),
      ...refuses(`cmi.core.score.${name}`, '405', 'eighty'),
    ]),
    ...only('cmi.core.total_time', /^0*0:00:00(\.0+)?$/),
    ...only('cmi.core.lesson_mode', 'normal'),
    ...writeOnly('cmi.core.exit', '0', '404', 'time-out', 'logout', '', 'suspend'),
    ...refuses('cmi.core.exit', '405', 'later'),
    ...writeOnly('cmi.core.session_time', '0', '404', '00:10:00', '0001:10:00.5'),
    ...refuses('cmi.core.session_time', '405', '10 minutes', '1:2', 'PT10M'),
    get('cmi.suspend_data', ''),
    ...keeps('cmi.suspend_data', 'a;b;c', long(FULL), ''),
    ...refuses('cmi.suspend_data', '405', long(FULL + 1)),
    ...only('cmi.launch_data', 'told by the manifest'),
    get('cmi.comments', ''),
    ...keeps('cmi.comments', 'I liked it', long(4096)),
    ...refuses('cmi.comments', '405', long(4097)),
    ...only('cmi.comments_from_lms', ''),

    ...list('cmi.objectives._children', /^(?=.*id)(?=.*score)(?=.*status)/),
    ...list('cmi.objectives._count', '0'),
    ...keeps('cmi.objectives.0.id', 'objective-1'),
    get('cmi.objectives._count', '1'),
    ...list('cmi.objectives.0.score._children', /raw/),
    ...['raw', 'min', 'max'].flatMap((name) => [
      ...keeps(`cmi.objectives.0.score.${name}`, '10'),
      ...refuses(`cmi.objectives.0.score.${name}`, '405', 'ten'),
    ]),
    ...keeps('cmi.objectives.0.status', 'passed', 'completed', 'failed', 'incomplete', 'browsed', 'not attempted'),
    ...refuses('cmi.objectives.0.status', '405', 'done'),
    set('cmi.objectives.2.id', 'too far', '201'),
    get('cmi.objectives.5.id', '', '201'),

    ...list('cmi.student_data._children', /^(?=.*mastery_score)(?=.*max_time_allowed)(?=.*time_limit_action)/),
    ...only('cmi.student_data.mastery_score', '75'),
    ...only('cmi.student_data.max_time_allowed', /^0?0?01:30:00(\.0+)?$/),
    ...only('cmi.student_data.time_limit_action', 'exit,message'),

    ...list('cmi.student_preference._children', /^(?=.*audio)(?=.*language)(?=.*speed)(?=.*text)/),
    ...keeps('cmi.student_preference.audio', '-1', '0', '100'),
    ...refuses('cmi.student_preference.audio', '405', '-2', '101', 'loud'),
    ...keeps('cmi.student_preference.language', 'English'),
    ...refuses('cmi.student_preference.language', '405', long(300)),
    ...keeps('cmi.student_preference.speed', '-100', '0', '100'),
    ...refuses('cmi.student_preference.speed', '405', '-101', '101'),
    ...keeps('cmi.student_preference.text', '-1', '0', '1'),
    ...refuses('cmi.student_preference.text', '405', '-2', '2'),

    ...list('cmi.interactions._children', /^(?=.*id)(?=.*time)(?=.*type)(?=.*weighting)(?=.*student_response)(?=.*result)(?=.*latency)/),
    ...list('cmi.interactions._count', '0'),
    ...writeOnly('cmi.interactions.0.id', '0', '404', 'question-1'),
    get('cmi.interactions._count', '1'),
    ...list('cmi.interactions.0.objectives._count', '0'),
    ...writeOnly('cmi.interactions.0.objectives.0.id', '0', '404', 'objective-1'),
    get('cmi.interactions.0.objectives._count', '1'),
    ...writeOnly('cmi.interactions.0.time', '0', '404', '10:11:12'),
    ...refuses('cmi.interactions.0.time', '405', 'noon'),
    ...writeOnly('cmi.interactions.0.type', '0', '404', 'true-false', 'fill-in', 'matching', 'performance', 'sequencing', 'likert', 'numeric', 'choice'),
    ...refuses('cmi.interactions.0.type', '405', 'essay'),
    ...list('cmi.interactions.0.correct_responses._count', '0'),
    ...writeOnly('cmi.interactions.0.correct_responses.0.pattern', '0', '404', 'a,b'),
    get('cmi.interactions.0.correct_responses._count', '1'),
    ...writeOnly('cmi.interactions.0.weighting', '0', '404', '1', '2.5'),
    ...refuses('cmi.interactions.0.weighting', '405', 'heavy'),
    ...writeOnly('cmi.interactions.0.student_response', '0', '404', 'a'),
    ...writeOnly('cmi.interactions.0.result', '0', '404', 'wrong', 'unanticipated', 'neutral', '0.5', 'correct'),
    ...refuses('cmi.interactions.0.result', '405', 'nearly'),
    ...writeOnly('cmi.interactions.0.latency', '0', '404', '00:00:12.5'),
    ...refuses('cmi.interactions.0.latency', '405', 'long'),
    set('cmi.interactions.5.id', 'too far', '201'),

    get('cmi.core.mood', '', '401'),
    set('cmi.core.mood', 'good', '401'),
    get('cmi.mood', '', '401'),
    get('cmi.core.student_id._children', '', '202'),
    get('cmi.core._count', '', '203'),
    ['end', 'x', undefined, 'false', '201'],
    ['end', '', undefined, 'true', '0'],
  ]);
});

test('SCORM 2004: every element', async () => {
  const { frame } = await probe('probe2004', 'model');
  const long = (length) => 'x'.repeat(length);
  const only = (element, returned) => readOnly(element, returned, '404');
  const unset = (element) => get(element, '', '403');
  await holds(frame, 2004, [
    get('cmi.learner_id', '', '122'),
    set('cmi.location', '1', '132'),
    ['commit', '', undefined, 'false', '142'],
    ['end', '', undefined, 'false', '112'],
    ['begin', 'x', undefined, 'false', '201'],
    ['begin', '', undefined, 'true', '0'],
    ['begin', '', undefined, 'false', '103'],
    ['commit', 'x', undefined, 'false', '201'],
    ['commit', '', undefined, 'true', '0'],

    ...only('cmi._version', '1.0'),
    ...only('cmi.comments_from_learner._children', /^(?=.*comment)(?=.*location)(?=.*timestamp)/),
    ...only('cmi.comments_from_learner._count', '0'),
    ...keeps('cmi.comments_from_learner.0.comment', 'I liked it', '{lang=en}I liked it'),
    ...keeps('cmi.comments_from_learner.0.location', 'page 3'),
    ...keeps('cmi.comments_from_learner.0.timestamp', '2026-11-26', '2026-11-26T12:00:00.5Z', '2026-11-26T12:00:00.25+01:00'),
    ...refuses('cmi.comments_from_learner.0.timestamp', '406', 'noon'),
    get('cmi.comments_from_learner._count', '1'),
    ...only('cmi.comments_from_lms._children', /^(?=.*comment)(?=.*location)(?=.*timestamp)/),
    ...only('cmi.comments_from_lms._count', '0'),
    get('cmi.comments_from_lms.0.comment', '', '301'),
    unset('cmi.completion_threshold'),
    set('cmi.completion_threshold', '0.5', '404'),
    get('cmi.completion_status', 'unknown'),
    ...keeps('cmi.completion_status', 'completed', 'not attempted', 'unknown', 'incomplete'),
    ...refuses('cmi.completion_status', '406', 'done', 'Completed', 'passed'),
    ...only('cmi.credit', 'credit'),
    ...only('cmi.entry', 'ab-initio'),
    ...writeOnly('cmi.exit', '0', '405', 'time-out', 'normal', '', 'suspend'),
    ...refuses('cmi.exit', '406', 'later'),

    ...only('cmi.interactions._children', /^(?=.*id)(?=.*type)(?=.*objectives)(?=.*timestamp)(?=.*correct_responses)(?=.*weighting)(?=.*learner_response)(?=.*result)(?=.*latency)(?=.*description)/),
    ...only('cmi.interactions._count', '0'),
    set('cmi.interactions.0.type', 'choice', '408'),
    ...keeps('cmi.interactions.0.id', 'question-1'),
    get('cmi.interactions._count', '1'),
    unset('cmi.interactions.0.type'),
    ...keeps('cmi.interactions.0.type', 'true-false', 'fill-in', 'long-fill-in', 'matching', 'performance', 'sequencing', 'likert', 'numeric', 'other', 'choice'),
    ...refuses('cmi.interactions.0.type', '406', 'essay'),
    ...only('cmi.interactions.0.objectives._count', '0'),
    ...keeps('cmi.interactions.0.objectives.0.id', 'objective-1'),
    unset('cmi.interactions.0.timestamp'),
    ...keeps('cmi.interactions.0.timestamp', '2026-11-26T12:00:00'),
    ...refuses('cmi.interactions.0.timestamp', '406', '12:00'),
    ...only('cmi.interactions.0.correct_responses._count', '0'),
    ...keeps('cmi.interactions.0.correct_responses.0.pattern', 'a[,]b'),
    unset('cmi.interactions.0.weighting'),
    ...keeps('cmi.interactions.0.weighting', '1', '2.5'),
    ...refuses('cmi.interactions.0.weighting', '406', 'heavy'),
    unset('cmi.interactions.0.learner_response'),
    ...keeps('cmi.interactions.0.learner_response', 'a[,]b'),
    unset('cmi.interactions.0.result'),
    ...keeps('cmi.interactions.0.result', 'incorrect', 'unanticipated', 'neutral', '0.5', 'correct'),
    ...refuses('cmi.interactions.0.result', '406', 'nearly'),
    unset('cmi.interactions.0.latency'),
    ...keeps('cmi.interactions.0.latency', 'PT1M12.5S'),
    ...refuses('cmi.interactions.0.latency', '406', '00:01:12'),
    unset('cmi.interactions.0.description'),
    ...keeps('cmi.interactions.0.description', 'Which of them?'),
    set('cmi.interactions.5.id', 'too far', '351'),
    get('cmi.interactions.5.id', '', '301'),

    ...only('cmi.launch_data', 'told by the manifest'),
    ...only('cmi.learner_id', 'opaque'),
    ...only('cmi.learner_name', 'Wsea, Helen'),
    ...only('cmi.learner_preference._children', /^(?=.*audio_level)(?=.*language)(?=.*delivery_speed)(?=.*audio_captioning)/),
    ...keeps('cmi.learner_preference.audio_level', '0', '1.5'),
    ...refuses('cmi.learner_preference.audio_level', '407', '-1'),
    ...refuses('cmi.learner_preference.audio_level', '406', 'loud'),
    ...keeps('cmi.learner_preference.language', 'en-GB'),
    ...refuses('cmi.learner_preference.language', '406', '!'),
    ...keeps('cmi.learner_preference.delivery_speed', '0.5', '2'),
    ...refuses('cmi.learner_preference.delivery_speed', '407', '0', '-1'),
    ...keeps('cmi.learner_preference.audio_captioning', '-1', '1', '0'),
    ...refuses('cmi.learner_preference.audio_captioning', '406', '2'),
    unset('cmi.location'),
    ...keeps('cmi.location', 'page 3', long(1000)),
    unset('cmi.max_time_allowed'),
    set('cmi.max_time_allowed', 'PT1H', '404'),
    ...only('cmi.mode', 'normal'),

    ...only('cmi.objectives._children', /^(?=.*id)(?=.*score)(?=.*success_status)(?=.*completion_status)(?=.*progress_measure)(?=.*description)/),
    ...only('cmi.objectives._count', '0'),
    set('cmi.objectives.0.success_status', 'passed', '408'),
    ...keeps('cmi.objectives.0.id', 'objective-1'),
    get('cmi.objectives._count', '1'),
    ...refuses('cmi.objectives.0.id', '351', 'objective-2'),
    set('cmi.objectives.1.id', 'objective-1', '351'),
    ...only('cmi.objectives.0.score._children', /^(?=.*scaled)(?=.*raw)(?=.*min)(?=.*max)/),
    ...['raw', 'min', 'max'].flatMap((name) => [
      unset(`cmi.objectives.0.score.${name}`),
      ...keeps(`cmi.objectives.0.score.${name}`, '10'),
      ...refuses(`cmi.objectives.0.score.${name}`, '406', 'ten'),
    ]),
    unset('cmi.objectives.0.score.scaled'),
    ...keeps('cmi.objectives.0.score.scaled', '-1', '1', '0.5'),
    ...refuses('cmi.objectives.0.score.scaled', '407', '1.1', '-1.1'),
    get('cmi.objectives.0.success_status', 'unknown'),
    ...keeps('cmi.objectives.0.success_status', 'passed', 'failed', 'unknown'),
    ...refuses('cmi.objectives.0.success_status', '406', 'done'),
    get('cmi.objectives.0.completion_status', 'unknown'),
    ...keeps('cmi.objectives.0.completion_status', 'completed', 'incomplete', 'not attempted', 'unknown'),
    ...refuses('cmi.objectives.0.completion_status', '406', 'done'),
    unset('cmi.objectives.0.progress_measure'),
    ...keeps('cmi.objectives.0.progress_measure', '0', '1', '0.5'),
    ...refuses('cmi.objectives.0.progress_measure', '407', '1.1', '-0.1'),
    unset('cmi.objectives.0.description'),
    ...keeps('cmi.objectives.0.description', 'To know them'),
    set('cmi.objectives.5.id', 'too far', '351'),

    unset('cmi.progress_measure'),
    ...keeps('cmi.progress_measure', '0', '1', '0.25'),
    ...refuses('cmi.progress_measure', '407', '1.1', '-0.1'),
    ...refuses('cmi.progress_measure', '406', 'half'),
    unset('cmi.scaled_passing_score'),
    set('cmi.scaled_passing_score', '0.5', '404'),
    ...only('cmi.score._children', /^(?=.*scaled)(?=.*raw)(?=.*min)(?=.*max)/),
    ...['raw', 'min', 'max'].flatMap((name) => [
      unset(`cmi.score.${name}`),
      ...keeps(`cmi.score.${name}`, '-5', '0', '1250.5'),
      ...refuses(`cmi.score.${name}`, '406', 'eighty'),
    ]),
    unset('cmi.score.scaled'),
    ...keeps('cmi.score.scaled', '-1', '1', '0.5'),
    ...refuses('cmi.score.scaled', '407', '1.1', '-1.1'),
    ...writeOnly('cmi.session_time', '0', '405', 'PT10M', 'P1DT2H3M4.5S'),
    ...refuses('cmi.session_time', '406', '00:10:00', '10'),
    ...keeps('cmi.success_status', 'passed', 'failed', 'unknown'),
    ...refuses('cmi.success_status', '406', 'completed'),
    unset('cmi.suspend_data'),
    ...keeps('cmi.suspend_data', 'a;b;c', long(FULL)),
    ...refuses('cmi.suspend_data', '406', long(FULL + 1)),
    ...only('cmi.time_limit_action', 'exit,message'),
    ...only('cmi.total_time', /^PT0(H0M0)?S$/),

    get('adl.nav.request_valid.continue', /^(true|false|unknown)$/),
    get('adl.nav.request_valid.previous', /^(true|false|unknown)$/),
    ...['continue', 'previous', 'exit', 'exitAll', 'abandon', 'abandonAll', 'suspendAll', '{target=probe}choice', '_none_'].map((request) =>
      set('adl.nav.request', request),
    ),
    ...refuses('adl.nav.request', '406', 'onward'),
    get('cmi.mood', '', '401'),
    set('cmi.mood', 'good', '401'),
    get('cmi.learner_id._children', '', '301'),
    get('cmi.score._count', '', '301'),
    ['end', 'x', undefined, 'false', '201'],
    ['end', '', undefined, 'true', '0'],
    get('cmi.location', '', '123'),
    set('cmi.location', '1', '133'),
    ['commit', '', undefined, 'false', '143'],
    ['end', '', undefined, 'false', '113'],
  ]);
});

test('SCORM 2004: what parts share, and requests with a target', async () => {
  const { page, frame } = await probe('shared2004', 'model');
  const only = (element, returned) => readOnly(element, returned, '404');
  const long = (length) => 'x'.repeat(length);
  const valid = (request) => `adl.nav.request_valid.${request}`;
  await holds(frame, 2004, [
    get('adl.data._count', '', '122'),
    set('adl.data.0.store', 'x', '132'),
    ['begin', '', undefined, 'true', '0'],
    ...only('adl.data._children', 'id,store'),
    ...only('adl.data._count', '3'),
    ...only('adl.data.0.id', 'notes'),
    ...only('adl.data.1.id', 'told'),
    ...only('adl.data.2.id', 'secret'),
    get('adl.data.0.store', '', '403'),
    ...keeps('adl.data.0.store', 'a note', long(64_000), 'a note for later'),
    ...refuses('adl.data.0.store', '406', long(64_001)),
    ...keeps('adl.data.1.store', 'told by one'),
    get('adl.data.2.store', '', '405'),
    set('adl.data.2.store', 'from one'),
    get('adl.data.2.store', '', '405'),
    get('adl.data.3.id', '', '301'),
    get('adl.data.3.store', '', '301'),
    set('adl.data.3.store', 'x', '351'),
    only('adl.data._count', '3')[0],
    get('adl.data.0.mood', '', '401'),
    set('adl.data.0.mood', 'good', '401'),
    get('adl.data', '', '401'),
    get('cmi.score', '', '401'),

    get('adl.nav.request', '', '405'),
    get(valid('choice.{target=two}'), 'true'),
    get(valid('jump.{target=two}'), 'true'),
    get(valid('jump.{target=nowhere}'), 'false'),
    set(valid('continue'), 'true', '404'),
    get(valid('choice'), '', '401'),
    get(valid('mood'), '', '401'),
    ...['{target=two}jump', '{target=two}choice', '{target=nowhere}jump'].map((request) => set('adl.nav.request', request)),
    ...refuses('adl.nav.request', '406', 'jump', 'choice', '{target=}jump', 'two', '{target=two}', '{target=two}leap'),
    set('adl.nav.request', '{target=two}jump'),
    ['end', '', undefined, 'true', '0'],
  ]);
  // The other part is there by itself, and finds what it may see.
  const player = page.frameLocator('iframe[data-launch]');
  await player.locator('iframe[title="Course: Part two"]').waitFor();
  await player.frameLocator('#course').getByRole('heading', { name: 'Probe' }).waitFor();
  const second = page.frames().find((one) => one.url().endsWith('/course/index.html'));
  await holds(second, 2004, [
    ['begin', '', undefined, 'true', '0'],
    get('adl.data.0.store', 'a note for later'),
    get('adl.data.1.store', 'told by one'),
    set('adl.data.1.store', 'x', '404'),
    ...keeps('adl.data.2.store', 'from two'),
  ]);
  await player.getByText('Saved', { exact: true }).waitFor();
  await page.close();
  // Also another day.
  const again = await probe('shared2004', 'model');
  await holds(again.frame, 2004, [['begin', '', undefined, 'true', '0'], get('adl.data._count', '3'), get('adl.data.0.store', 'a note for later'), get('adl.data.2.store', 'from two')]);
});

test('SCORM 2004: what was measured decides, whatever the course says', async () => {
  const { frame } = await probe('measured2004', 'model');
  const only = (element, returned) => readOnly(element, returned, '404');
  await holds(frame, 2004, [
    ['begin', '', undefined, 'true', '0'],
    ...only('cmi.completion_threshold', '0.5'),
    ...only('cmi.scaled_passing_score', '0.75'),
    set('cmi.completion_status', 'completed'),
    set('cmi.progress_measure', '0.25'),
    get('cmi.completion_status', 'incomplete'),
    set('cmi.progress_measure', '0.5'),
    get('cmi.completion_status', 'completed'),
    set('cmi.success_status', 'passed'),
    get('cmi.success_status', 'unknown'),
    set('cmi.score.scaled', '0.5'),
    get('cmi.success_status', 'failed'),
    set('cmi.score.scaled', '0.75'),
    get('cmi.success_status', 'passed'),
  ]);
});

// Each letter, also those that take four bytes, and each list is there again when the course is opened again.
for (const [name, standard, elements] of [
  [
    'probe12',
    12,
    {
      'cmi.core.lesson_location': 'page 17',
      'cmi.core.lesson_status': 'incomplete',
      'cmi.core.score.raw': '55',
      'cmi.comments': 'für später',
      'cmi.objectives.0.id': 'objective-1',
      'cmi.objectives.0.status': 'passed',
      'cmi.student_preference.audio': '50',
    },
  ],
  [
    'probe2004',
    2004,
    {
      'cmi.location': 'page 17',
      'cmi.completion_status': 'incomplete',
      'cmi.score.raw': '55',
      'cmi.score.scaled': '0.55',
      'cmi.progress_measure': '0.25',
      'cmi.objectives.0.id': 'objective-1',
      'cmi.objectives.0.success_status': 'passed',
      'cmi.interactions.0.id': 'question-1',
      'cmi.interactions.0.type': 'choice',
      'cmi.interactions.0.learner_response': 'a[,]b',
      'cmi.learner_preference.audio_level': '0.5',
    },
  ],
]) {
  test(`${name}: suspend data of 64 KiB and all else is kept whole`, async () => {
    const calls = CALLS[standard];
    const data = ['x'.repeat(FULL), '😀é"\\\n\t'.repeat(9362)].map((text) => text.slice(0, FULL));
    for (const [at, kept] of data.entries()) {
      const who = `whole ${at}`;
      const { page, frame } = await probe(name, who);
      const refused = await frame.evaluate(
        ([calls, elements, kept]) => {
          window.api[calls.begin]('');
          const all = { ...elements, 'cmi.suspend_data': kept };
          return Object.entries(all).filter(([element, value]) => window.api[calls.set](element, value) !== 'true');
        },
        [calls, elements, kept],
      );
      assert.deepEqual(refused, []);
      await page.frameLocator('iframe[data-launch]').getByText('Saved', { exact: true }).waitFor();
      await page.close();
      const again = await probe(name, who);
      const found = await again.frame.evaluate(
        ([calls, names]) => {
          window.api[calls.begin]('');
          return Object.fromEntries(names.map((element) => [element, window.api[calls.get](element)]));
        },
        [calls, [...Object.keys(elements), 'cmi.suspend_data']],
      );
      assert.equal(found['cmi.suspend_data'] === kept, true, `${found['cmi.suspend_data'].length} characters of ${kept.length}`);
      delete found['cmi.suspend_data'];
      assert.deepEqual(found, elements);
    }
  });
}
