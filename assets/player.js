// The player: opens a course's parts in a frame, gives them the run-time that they look for (scorm-again's API objects), and saves what they
// say. It runs on the host of the course's content, beside content that nobody trusts, with a token in its address that reaches one
// attempt. Saved is what the server has given a receipt for; nothing else is called so. What has no receipt yet is also handed to
// the portal's page, which keeps it in the browser. It shows no words of its own: they stand in player.html.

const byId = (id) => document.getElementById(id);
const says = (word) => byId("words").getAttribute(`data-${word}`);

/** Browsers let go on with no more than 64 KiB once a page is left. */
const SMALL = 60 * 1024;
const PATIENCE = 30_000;
const RETRY_FIRST = 1000;
const RETRY_MOST = 30_000;
/** Between two commits at least; a course that says much in a second is heard once. */
const GAP = 250;
/** So many entries wait here at most. Each holds all of its part, so there are as many only where parts are done without a network. */
const WAITING = 100;
/** A clock that went on by more than a launch lives was set. */
const LAUNCH_LIVES = 14 * 24 * 60 * 60 * 1000;
/** A trouble that lasts so long is read out. */
const SAY_AFTER = 4000;
/** So often a person's time in a course that says nothing itself is saved, as long as they do something there. */
const HEARTBEAT = 120_000;
/** Leaving waits so long for receipts; what has none then is in the outbox. */
const LEAVING = 5000;
/** SCORM 1.2 says 4,096 characters and 2004 64,000; courses write more, and lose all of it where it is refused. */
const SUSPEND_DATA = 65_536;

/** What browsers take down instead of showing it. */
const FILES = /\.(?:zip|7z|exe|msi|docx?|xlsx?|pptx?|odt|ods|odp|rtf|epub|csv)$/i;

/** Answers after which sending the same again is no use. */
const FINAL = new Set([400, 404, 409, 410, 413]);

const inFrame = window.parent !== window;

// ---- How far a part is ------------------------------------------------------------------------------------------------------------

const NOTHING = { rank: 0, score: -Infinity };
const DONE = 3;

/** How far a part is by what it says, in the order in which the server takes it: the best of each part counts, with its score. */
function howFar({ completion, success, raw, scaled }, { mastery_score: mastery, scaled_passing: passing }) {
  let judged = success;
  if (typeof passing === "number" && scaled !== undefined) {
    judged = scaled >= passing ? "passed" : "failed";
  } else if (typeof mastery === "number" && raw !== undefined && completion === "completed" && success === "unknown") {
    judged = raw >= mastery ? "passed" : "failed";
  }
  const rank = completion === "incomplete" ? 1 : judged === "passed" ? 4 : judged === "failed" ? 2 : completion === "completed" ? DONE : 0;
  return { rank, score: scaled ?? raw ?? -Infinity };
}

const isMore = (one, other) => one.rank > other.rank || (one.rank === other.rank && one.score > other.score);

// ---- What is sent -----------------------------------------------------------------------------------------------------------------

/** Sends commits in order, one at a time, until each has its receipt. */
function makeSender(begun, changed) {
  const waiting = [];
  /** Parts of which something is neither on the server nor waits: what it said, and in which commit. */
  const lost = new Map();
  /** The best that each part has said. */
  const best = new Map();
  /** The state of sequencing that is on the server or waits, and the entry that it is in. */
  let carried = null;
  let lostSequencing = 0;
  let sequence = begun.sequence_from;
  let edition = 0;
  let sending = null;
  let failures = 0;
  let timer = 0;
  let stopped = null;
  let isGone = false;

  const began = { mark: performance.now(), wall: Date.now(), now: Date.parse(begun.now) };
  /** The server's time: a computer's clock may be wrong, and one of the two stands still while it sleeps. */
  const now = () => {
    const [passed, wall] = [performance.now() - began.mark, Date.now() - began.wall];
    return new Date(began.now + (wall < LAUNCH_LIVES ? Math.max(passed, wall) : passed)).toISOString();
  };

  function tell(message) {
    if (inFrame) {
      window.parent.postMessage({ staffrecord: 1, launch: begun.launch, ...message }, begun.portal);
    }
  }

  const hand = ({ sequence, edition, item, body }) => tell({ kind: "commit", sequence, edition, item, body });

  /**
   * @param sequencing the state of sequencing as text, and what tells it from another; none where the course has none
   * @param standing how far the part is by this
   * @returns whether it is sent
   */
  function add({ sequencing, ...commit }, standing) {
    if (stopped) {
      return false;
    }
    const isRise = isMore(standing, best.get(commit.item) ?? NOTHING);
    const entry = { item: commit.item, commit, standing, isRise, at: now(), isSent: false, isLettered: false, isKept: false };
    const before = waiting.filter((old) => isGone || !isCovered(old, entry));
    // What comes in the place of the first that said so is the first then.
    entry.isRise ||= waiting.some((old) => old.isRise && !before.includes(old));
    const last = waiting.at(-1);
    // What was never sent gives its number to what comes in its place: without a network no numbers are used up.
    if (last && !before.includes(last) && !last.isSent && !isGone) {
      entry.sequence = last.sequence;
    } else {
      sequence += 1;
      entry.sequence = sequence;
    }
    const isCarried = carried !== null && carried.mark === sequencing?.mark && (before.includes(carried.entry) || !waiting.includes(carried.entry));
    entry.sequencing = isCarried ? null : (sequencing ?? null);
    write(entry, before);
    // What waits longer than the page is left has to be short; the tree is told of what was done by the parts' own states.
    if (entry.sequencing && entry.bytes > (isGone ? SMALL : begun.commit_bytes)) {
      if (!isGone) {
        if (lostSequencing === 0) {
          changed({ trouble: "too-long" });
        }
        lostSequencing = entry.sequence;
      }
      entry.sequencing = null;
      write(entry, before);
    }
    if (entry.bytes > begun.commit_bytes) {
      lose(entry);
      changed({ trouble: "too-long" });
      return false;
    }
    if (isRise) {
      best.set(entry.item, standing);
    }
    if (entry.sequencing) {
      carried = { mark: sequencing.mark, entry };
    }
    for (const old of waiting) {
      if (!before.includes(old) && old.sequence !== entry.sequence) {
        tell({ kind: "superseded", sequence: old.sequence });
      }
    }
    waiting.splice(0, waiting.length, ...before, entry);
    hand(entry);
    if (isGone) {
      letter(entry);
      return true;
    }
    if (waiting.length > WAITING) {
      giveUpOne();
    }
    // A server in trouble is asked in its time, save for an end.
    if (failures === 0 || commit.final) {
      pump();
    }
    changed({});
    return true;
  }

  /** Whether nothing is lost where a newer one is sent and not this: the newer one holds the whole state of its part. */
  function isCovered(old, newer) {
    // The first may have come through though nothing was answered: it is sent until there is an answer.
    if (old.item !== newer.item || old === sending || (old.isSent && old === waiting[0])) {
      return false;
    }
    // The first that says it is done has the time when it was.
    return !old.isRise || (old.standing.rank < DONE && !isMore(old.standing, newer.standing));
  }

  function write(entry, before) {
    edition += 1;
    entry.edition = edition;
    entry.isKept = false;
    entry.after = before.map(({ sequence }) => sequence).slice(-WAITING);
    const { sequence, at, after, commit } = entry;
    entry.body = JSON.stringify({ launch: begun.launch, sequence, at, after, ...commit, sequencing: entry.sequencing?.text ?? null });
    entry.bytes = size(entry.body);
  }

  /** One too many: what tells of least is not sent from here any more. It stays in the outbox. */
  function giveUpOne() {
    const worth = ({ isRise, standing }) => (isRise ? standing.rank + 1 : 0);
    const others = waiting.slice(1, -1);
    const victim = others.reduce((least, one) => (worth(one) < worth(least) ? one : least));
    remove(victim);
    lose(victim);
    changed({ trouble: "too-many" });
  }

  function remove(entry) {
    const at = waiting.indexOf(entry);
    if (at >= 0) {
      waiting.splice(at, 1);
    }
  }

  /** Something that the course said is in nothing that waits. Only a later commit of the same part, with as much in it, makes it good. */
  function lose(entry) {
    const { item, standing, sequence } = entry;
    const before = lost.get(item)?.standing ?? NOTHING;
    lost.set(item, { standing: isMore(before, standing) ? before : standing, sequence });
    best.delete(item);
    waiting.filter((other) => other.item === item).forEach((other) => (other.isRise = true));
    carried = carried?.entry === entry ? null : carried;
  }

  function received(entry) {
    const before = lost.get(entry.item);
    if (before && entry.sequence > before.sequence && !isMore(before.standing, entry.standing)) {
      lost.delete(entry.item);
    }
    if (entry.sequencing && entry.sequence > lostSequencing) {
      lostSequencing = 0;
    }
  }

  async function pump() {
    clearTimeout(timer);
    if (sending || waiting.length === 0) {
      changed({});
      return;
    }
    const entry = waiting[0];
    sending = entry;
    entry.isSent = true;
    changed({});
    const { status, said } = await post(entry);
    sending = null;
    const refused = FINAL.has(status) && typeof said?.why === "string" ? said.why : null;
    if (status === 200 && said?.receipt?.launch === begun.launch && said.receipt.sequence === entry.sequence) {
      failures = 0;
      remove(entry);
      received(entry);
      tell({ kind: "receipt", sequence: entry.sequence });
      if (said.closed === true) {
        stop("closed");
      }
    } else if (refused) {
      failures = 0;
      remove(entry);
      tell({ kind: "refused", sequence: entry.sequence, why: refused });
      refuse(entry, status, refused);
    } else {
      failures += 1;
      const wait = Math.min(RETRY_MOST, RETRY_FIRST * 2 ** (failures - 1)) * (0.75 + Math.random() / 2);
      timer = setTimeout(again, wait);
      changed({});
      return;
    }
    changed({});
    timer = setTimeout(pump, 0);
  }

  function again() {
    // A page around this that was not ready yet, or was brought back.
    waiting.filter(({ isKept }) => !isKept).forEach(hand);
    pump();
  }

  async function post(entry) {
    entry.outlives = failures === 0 && entry.bytes <= SMALL;
    try {
      const answer = await fetch("commit", {
        method: "POST",
        credentials: "omit",
        cache: "no-store",
        redirect: "error",
        keepalive: entry.outlives,
        headers: { "content-type": "application/json" },
        signal: AbortSignal.timeout?.(PATIENCE),
        body: entry.body,
      });
      return { status: answer.status, said: await answer.json() };
    } catch {
      // No network, or something between here and the server answered in its place.
      return { status: 0, said: null };
    }
  }

  function refuse(entry, status, why) {
    lose(entry);
    // An end that was not sent need not wait for it on the server.
    for (const other of waiting.filter(({ isSent, after }) => !isSent && after.includes(entry.sequence))) {
      write(other, waiting.slice(0, waiting.indexOf(other)));
      hand(other);
    }
    if (status === 404 || why === "over") {
      // Nothing of this launch is taken any more. What waits stays in the outbox, which asks for itself.
      waiting.splice(0).forEach(lose);
      stop("over");
    } else if (why === "closed") {
      stop("closed");
    } else {
      changed({ trouble: why === "too_long" ? "too-long" : "refused" });
    }
  }

  /** Nothing new is sent from here. What waits has its numbers from before, and goes. */
  function stop(why) {
    if (!stopped) {
      stopped = why;
      tell({ kind: "closed" });
      changed({ trouble: why });
    }
  }

  /** What is not on its way yet goes by letters that nobody waits for. It waits for its receipt all the same. */
  function hurry() {
    waiting.filter((entry) => !entry.isLettered && !(entry === sending && entry.outlives)).forEach(letter);
  }

  function letter(entry) {
    const isTaken = navigator.sendBeacon("commit", new Blob([entry.body], { type: "text/plain" }));
    entry.isLettered = isTaken;
    entry.isSent ||= isTaken;
  }

  /** The page is left. */
  function leave() {
    isGone = true;
    hurry();
  }

  // A browser may bring a page back as it was.
  window.addEventListener("pageshow", () => {
    if (isGone) {
      isGone = false;
      again();
    }
  });

  window.addEventListener("online", () => {
    if (!sending) {
      again();
    }
  });
  window.addEventListener("message", ({ origin, source, data }) => {
    if (inFrame && source === window.parent && origin === begun.portal && data?.staffrecord === 1 && data.kind === "kept") {
      const isIt = (entry) => entry.sequence === data.sequence && entry.edition === data.edition;
      waiting.filter(isIt).forEach((entry) => (entry.isKept = true));
    }
  });

  return {
    add,
    hurry,
    leave,
    tell,
    isStopped: () => stopped !== null,
    isFailing: () => failures > 0,
    isKept: () => waiting.every(({ isKept }) => isKept),
    count: () => waiting.length,
    hasLost: () => lost.size > 0 || lostSequencing > 0,
    whenSent: (most) => until(() => waiting.length === 0, most),
    whenKept: (most) => until(() => waiting.every(({ isKept }) => isKept), most),
  };
}

const size = (text) => new Blob([text]).size;

async function until(isSo, most) {
  const end = performance.now() + most;
  while (!isSo() && performance.now() < end) {
    await new Promise((settle) => setTimeout(settle, 50));
  }
  return isSo();
}

// ---- The run-time -----------------------------------------------------------------------------------------------------------------

/** An element in one of SCORM 2004's lists. */
const LISTED = /^(cmi|adl)\.(\w+)\.(\d+)\./;

/** What differs between the two standards. */
const RUN_TIMES = {
  scorm12: {
    script: "scorm12.js",
    found: "API",
    make: (settings, transport) => new window.Scorm12API(settings, transport),
    calls: { begin: "LMSInitialize", get: "LMSGetValue", set: "LMSSetValue", commit: "LMSCommit", end: "LMSFinish" },
    /** Where suspend data lie in the object. */
    suspended: (api) => api.cmi.core,
    heavy: /^cmi\.core\.(lesson_status|score\.|exit)/,
    bare: /^cmi\.core\.(session_time|exit)$/,
    session: "cmi.core.session_time",
    reported: (api) => api.cmi.core._session_time,
    state(api, total) {
      const state = api.renderCMIToJSONObject().cmi;
      // The session's time is in the total already.
      Object.assign(state.core, { total_time: hours(total), session_time: hours(0) });
      return state;
    },
    status(state) {
      const { lesson_status: status = "", score = {}, lesson_location: location } = state.core;
      return {
        completion:
          status === "completed" || status === "passed" || status === "failed" ? "completed" : status === "browsed" ? "incomplete" : status || "not attempted",
        success: status === "passed" || status === "failed" ? status : "unknown",
        ...numbers(score, ["raw", "min", "max"]),
        location,
      };
    },
    corrected: (code) => code,
    refuses: () => null,
    complete: (api) => (api.cmi.core.lesson_status = "completed"),
    /** What only shows something is done once it was shown. */
    shown: (total) => ({ core: { lesson_status: "completed", total_time: hours(total), session_time: hours(0) } }),
    isSilent: (api) => api.cmi.core.lesson_status === "not attempted",
    entry(saved) {
      if (!saved) {
        return "ab-initio";
      }
      return !saved.ended || saved.core?.exit === "suspend" ? "resume" : "";
    },
    load(api, { item, saved, learner, mode, entry, total }) {
      const { core = {} } = saved ?? {};
      const kept = ["suspend_data", "comments", "objectives", "interactions", "student_preference"];
      api.loadFromJSON({
        cmi: { ...pick(saved ?? {}, kept), core: pick(core, ["lesson_location", "lesson_status", "score"]) },
      });
      given(api.cmi.core, {
        student_id: learner.id,
        student_name: learner.name,
        total_time: hours(total),
        lesson_mode: mode,
        credit: mode === "normal" ? "credit" : "no-credit",
        entry,
      });
      given(api.cmi, { launch_data: item.data_from_lms });
      given(api.cmi.student_data, {
        mastery_score: item.mastery_score,
        max_time_allowed: item.max_time,
        time_limit_action: item.time_limit_action,
      });
    },
  },
  scorm2004: {
    script: "scorm2004.js",
    found: "API_1484_11",
    make: (settings, transport) => new window.Scorm2004API(settings, transport),
    calls: { begin: "Initialize", get: "GetValue", set: "SetValue", commit: "Commit", end: "Terminate" },
    suspended: (api) => api.cmi.content,
    heavy: /^cmi\.(completion_status|success_status|progress_measure|score\.|exit)|^adl\.nav\.request$/,
    bare: /^cmi\.(session_time|exit)$|^adl\.nav\.request$/,
    session: "cmi.session_time",
    reported: (api) => api.cmi.session._session_time,
    state(api, total) {
      const state = api.renderCMIToJSONObject().cmi;
      Object.assign(state, { total_time: duration(total), session_time: duration(0) });
      return state;
    },
    status: (state) => ({
      completion: state.completion_status || "unknown",
      success: state.success_status || "unknown",
      ...numbers(state.score ?? {}, ["raw", "min", "max", "scaled"]),
      location: state.location,
    }),
    corrected(code, api, element) {
      if (element === "cmi.learner_preference.audio_captioning" && code === "407") {
        return "406";
      }
      // Beyond a list's end there is nothing to be unset (RTE 3.1.7.6, example of error 301).
      const [, model, list, index] = LISTED.exec(element) ?? [];
      return code === "403" && list && Number(index) >= api[model][list].childArray.length ? "301" : code;
    },
    /** What scorm-again takes and the standard does not: stores that the manifest does not name, requests without a target (SN Annex, adl.nav). */
    refuses(api, element, value) {
      const [, model, list, index] = LISTED.exec(element) ?? [];
      if (model === "adl" && list === "data" && Number(index) >= api.adl.data.childArray.length) {
        return "351";
      }
      return element === "adl.nav.request" && (value === "choice" || value === "jump") ? "406" : null;
    },
    complete: (api) => (api.cmi.completion_status = "completed"),
    shown: (total) => ({ completion_status: "completed", total_time: duration(total), session_time: duration(0) }),
    isSilent: (api) => api.cmi.completion_status === "unknown",
    // A course that ended without saying how has lost its window as often as not: what it kept is worth more than a clean start.
    entry(saved) {
      if (!saved || (saved.ended && (saved.exit === "normal" || saved.exit === "logout"))) {
        return "ab-initio";
      }
      return saved.ended && saved.exit !== "suspend" && saved.completion_status === "completed" ? "ab-initio" : "resume";
    },
    load(api, { item, saved, learner, mode, entry, total }) {
      if (saved && (entry === "resume" || mode === "review")) {
        const kept = ["suspend_data", "location", "completion_status", "success_status", "progress_measure", "score"];
        const lists = ["comments_from_learner", "interactions", "learner_preference", "objectives"];
        api.loadFromJSON({ cmi: pick(saved, [...kept, ...lists]) });
      }
      given(api.cmi, {
        learner_id: learner.id,
        learner_name: learner.name,
        total_time: duration(total),
        mode,
        credit: mode === "normal" ? "credit" : "no-credit",
        entry,
        launch_data: item.data_from_lms,
        max_time_allowed: item.max_time,
        time_limit_action: item.time_limit_action,
        scaled_passing_score: item.scaled_passing,
        completion_threshold: item.completion_threshold?.completed_by_measure ? item.completion_threshold.least_progress : null,
      });
    },
  },
};

/** Sets what the course may only read. What the manifest says wrongly is left out. */
function given(target, values) {
  for (const [name, value] of Object.entries(values)) {
    if (value !== null && value !== undefined && value !== "") {
      try {
        target[name] = String(value);
      } catch {
        // Such as a time limit that is none: the course then finds none.
      }
    }
  }
}

const pick = (object, names) => Object.fromEntries(names.map((name) => [name, object[name]]));

function numbers(score, names) {
  const found = names.map((name) => [name, score[name] === "" || score[name] === undefined ? NaN : Number(score[name])]);
  return Object.fromEntries(found.filter(([, value]) => Number.isFinite(value)));
}

/** `0012:34:56.00`, as SCORM 1.2 writes spans of time. */
function hours(seconds) {
  const two = (value) => String(Math.floor(value)).padStart(2, "0");
  const hundredths = Math.min(Math.round(seconds * 100), 9999 * 360_000);
  const rest = hundredths % 100;
  const whole = (hundredths - rest) / 100;
  return `${String(Math.floor(whole / 3600)).padStart(4, "0")}:${two((whole / 60) % 60)}:${two(whole % 60)}.${two(rest)}`;
}

/** `PT3H12M5.25S`, as SCORM 2004 does. */
function duration(seconds) {
  const hundredths = Math.round(seconds * 100);
  const part = (value, letter) => (value > 0 ? `${value}${letter}` : "");
  const rest = (hundredths % 6000) / 100;
  const minutes = Math.floor(hundredths / 6000);
  return `PT${part(Math.floor(minutes / 60), "H")}${part(minutes % 60, "M")}${rest}S`;
}

/** A span of time in seconds, however it is written. */
function seconds(written) {
  const old = /^(\d+):(\d+):(\d+(?:\.\d+)?)$/.exec(written ?? "");
  if (old) {
    return Number(old[1]) * 3600 + Number(old[2]) * 60 + Number(old[3]);
  }
  const iso = /^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(written ?? "");
  const [years = 0, months = 0, days = 0, hour = 0, minute = 0, second = 0] = (iso ?? []).slice(1).map((part) => Number(part ?? 0));
  return (((years * 365 + months * 30 + days) * 24 + hour) * 60 + minute) * 60 + second;
}

function loadScript(address) {
  return new Promise((settle, fail) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = settle;
    script.onerror = () => fail(new Error(address));
    document.head.append(script);
  });
}

// ---- The player -------------------------------------------------------------------------------------------------------------------

function play(begun) {
  const kind = RUN_TIMES[begun.standard];
  const parts = flatten(begun.root);
  const isOne = parts.filter(({ item }) => item.launch).length < 2;
  const statuses = new Map(parts.map(({ item }) => [item.identifier, item.status ?? {}]));
  const states = new Map(Object.entries(begun.states ?? {}));
  const isDone = ({ completion, success } = {}) => (completion === "completed" && success !== "failed") || success === "passed";
  /** What stands as done, whatever it says when it is opened once more. */
  const done = new Map([...statuses].filter(([, status]) => isDone(status)));
  const isSequenced = begun.standard === "scorm2004" && [begun.root, ...parts.map(({ item }) => item)].some(({ sequencing }) => sequencing);
  /** Where nothing flows, the standard knows no next part. People look for one all the same: the one below in the tree, by choice. */
  const flows = isSequenced && [begun.root, ...parts.map(({ item }) => item)].some(({ sequencing }) => sequencing?.sequencingControls?.flow);
  const sender = makeSender(begun, onSending);
  let api = null;
  let part = null;
  /** The course's page is being taken away: what it says on its way is no wish of its own. */
  let isGoing = false;
  let isMoving = false;
  let isLeaving = false;
  let hasWarned = false;
  let isOver = false;
  let trouble = null;
  let sayTimer = 0;
  let saidTrouble = false;
  let lastTold = null;
  let dueTimer = 0;
  let dueAt = Infinity;
  let lastCommit = -Infinity;
  let active = -Infinity;
  const watched = new WeakSet();
  /** What is to be opened once the course's page that is open has gone. */
  let wanted = null;

  // -- What the course says --

  /** The transport that scorm-again sends by. Its own waits in the middle of the page's work, and says 'true' for what was only queued. */
  const transport = {
    processHttpRequest: () => (sender.isStopped() ? { result: "false", errorCode: begun.standard === "scorm12" ? 101 : 391 } : { result: "true", errorCode: 0 }),
    updateSettings: () => {},
  };

  function newApi() {
    const engine = isSequenced
      ? {
          sequencing: {
            activityTree: activity(begun.root),
            autoRollupOnCMIChange: true,
            logLevel: "error",
            eventListeners: {
              onActivityDelivery: (delivered) => (wanted = { open: delivered.id }),
              onSequencingSessionEnd: () => (wanted ??= { end: true }),
            },
          },
        }
      : {};
    const made = kind.make(
      {
        lmsCommitUrl: "commit",
        logLevel: 5,
        mastery_override: true,
        scoItemIds: parts.filter(({ item }) => item.launch).map(({ item }) => item.identifier),
        ...engine,
      },
      transport,
    );
    for (const [event, go] of [
      ["SequenceNext", () => ({ step: 1 })],
      ["SequencePrevious", () => ({ step: -1 })],
      ["SequenceChoice", (_, target) => ({ open: target })],
      ["SequenceJump", (_, target) => ({ open: target })],
      ["SequenceExit", () => null],
      ["SequenceExitAll", () => ({ end: true })],
      ["SequenceAbandon", () => null],
      ["SequenceAbandonAll", () => ({ end: true })],
    ]) {
      made.on(event, (...said) => {
        if (!isSequenced) {
          wanted = go(...said) ?? wanted;
        }
      });
    }
    attach(made);
    return made;
  }

  // The calls stay scorm-again's; around them stands when to save.
  function attach(made) {
    const { begin, get, set, commit, end } = kind.calls;
    const real = Object.fromEntries([begin, get, set, commit, end].map((name) => [name, made[name].bind(made)]));
    // Each call says how it went; scorm-again leaves the code of the call before in some (RTE 3.1.4).
    const correct = (element) => (made.lastErrorCode = kind.corrected(String(made.lastErrorCode), made, String(element)));
    made[get] = (element) => {
      made.lastErrorCode = "0";
      const answer = real[get](element);
      correct(element);
      // A group of elements is none: what scorm-again hands out are its own objects.
      if (typeof answer === "object" && answer !== null) {
        made.lastErrorCode = "401";
        return "";
      }
      return answer;
    };
    made[begin] = (...given) => {
      const answer = real[begin](...given);
      if (answer === "true") {
        part.isBegun = true;
        part.began = performance.now();
        watch(part.frame?.contentWindow);
        note(0);
        // Only now it is known where the course lets one go from here.
        setTimeout(showButtons, 0);
      }
      return answer;
    };
    made[set] = (element, value) => {
      const refused = made.isInitialized() ? kind.refuses(made, String(element), String(value)) : null;
      made.lastErrorCode = refused ?? "0";
      if (refused) {
        return "false";
      }
      const answer = real[set](element, value);
      correct(element);
      if (answer === "true") {
        part.said += kind.bare.test(element) ? 0 : 1;
        part.reports ||= element === kind.session;
        note(kind.heavy.test(element) ? 0 : begun.every_ms);
      }
      return answer;
    };
    made[commit] = (...given) => {
      const answer = real[commit](...given);
      if (answer === "true" && part.isDirty) {
        note(0);
      }
      return answer;
    };
    made[end] = (...given) => {
      const isRunning = made.isInitialized();
      const isAsked = isGoing;
      if (isSequenced && isRunning) {
        share(/^\{target=(.+)\}(?:choice|jump)$/.exec(made.adl.nav.request)?.[1]);
      }
      const spent = spentSoFar();
      // A course that opens and ends and says nothing is one that is done once it was seen.
      if (isRunning && given.every((parameter) => parameter === "") && part.said === 0 && kind.isSilent(made)) {
        kind.complete(made);
      }
      const answer = real[end](...given);
      if (answer === "true" && isRunning) {
        part.hasEnded = true;
        part.spent = spent;
        save(true);
        if (!isAsked) {
          setTimeout(onEnded, 0);
        }
      }
      return answer;
    };
    const place = kind.suspended(made);
    const rule = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(place), "suspend_data");
    Object.defineProperty(place, "suspend_data", {
      configurable: true,
      get: rule.get,
      set(value) {
        if (typeof value === "string" && value.length <= SUSPEND_DATA) {
          this._suspend_data = value;
        } else {
          rule.set.call(this, value);
        }
      },
    });
  }

  // -- Saving --

  function note(within) {
    part.isDirty = true;
    const now = performance.now();
    const at = Math.max(now + within, within === 0 ? lastCommit + GAP : 0);
    if (at < dueAt) {
      clearTimeout(dueTimer);
      dueAt = at;
      dueTimer = setTimeout(() => save(false), Math.max(0, at - now));
    }
    showSaved();
  }

  /** Seconds in this part, all sessions together: as the course says, or as long as it was open. */
  function spentSoFar() {
    if (part.reports) {
      return part.total + seconds(kind.reported(api));
    }
    return part.total + (part.isBegun ? (performance.now() - part.began) / 1000 : 0);
  }

  /** @param isFinal whether nothing is open after this that the server does not have then */
  function save(isFinal) {
    clearTimeout(dueTimer);
    dueAt = Infinity;
    if (!part?.isBegun || (!part.isDirty && !isFinal)) {
      return;
    }
    lastCommit = performance.now();
    part.isDirty = false;
    part.isFinal = isFinal;
    // What has ended counts no time any more; scorm-again has put the session's into the total by then.
    const spent = part.spent ?? spentSoFar();
    const state = part.item.launch.tracked ? { ...kind.state(api, spent), ended: part.hasEnded } : kind.shown(spent);
    const status = { ...kind.status(state), seconds: Math.round(spent) };
    states.set(part.item.identifier, state);
    stands({ completion: status.completion, success: status.success });
    sender.add(
      {
        item: part.item.identifier,
        final: isFinal,
        state,
        status,
        root: isSequenced ? rolledUp() : null,
        sequencing: isSequenced ? sequencingState() : null,
      },
      howFar(status, part.item),
    );
    showTree();
    // What is done may open what comes next.
    if (flows && isCourseOn() && !isGoing) {
      showButtons();
    }
    showSaved();
  }

  /** How the part that is open stands now. */
  function stands(status) {
    const { identifier } = part.item;
    statuses.set(identifier, status);
    if (isDone(status) && done.get(identifier)?.success !== "passed") {
      done.set(identifier, status);
    }
  }

  function sequencingState() {
    let text = api.serializeSequencingState();
    if (text.length > begun.commit_bytes / 2) {
      // A large tree: what scorm-again keeps of it a second time is left out, and a course goes on by the rest.
      const { suspensionState: _, ...rest } = JSON.parse(text);
      text = JSON.stringify(rest);
    }
    return { text, mark: text.replaceAll(/"timestamp":"[^"]*"/g, "") };
  }

  /**
   * Tells the tree of parts that stand as done and of which it does not know: done on another computer whose state of sequencing came later or
   * not at all, only shown, or opened once more by the person, for which the standard would have all of a folder done again.
   */
  function tellTree(items = parts.map(({ item }) => item)) {
    const process = api.adl.sequencing?.overallSequencingProcess;
    if (!process) {
      return;
    }
    const shared = process.getGlobalObjectiveMap();
    for (const item of items) {
      const activity = process.activityTree.getActivity(item.identifier);
      const status = done.get(item.identifier);
      const isKnown = activity?.completionStatus === "completed" && activity.progressInfoAvailableInCurrentParentAttempt !== false;
      if (!item.launch || !activity || isKnown || !status) {
        continue;
      }
      for (let one = activity; one; one = one.parent) {
        one.attemptCount = Math.max(one.attemptCount, 1);
        one.objectiveInfoAvailableInCurrentParentAttempt = true;
        one.progressInfoAvailableInCurrentParentAttempt = true;
      }
      activity.completionStatus = "completed";
      activity.attemptProgressStatus = true;
      if (status.success === "passed" || !item.launch.tracked) {
        activity.objectiveSatisfiedStatus = true;
        activity.objectiveSatisfiedStatusKnown = true;
        activity.successStatus = "passed";
      }
      const scaled = Number(states.get(item.identifier)?.score?.scaled || NaN);
      if (Number.isFinite(scaled)) {
        activity.objectiveNormalizedMeasure = scaled;
        activity.objectiveMeasureStatus = true;
      }
      activity.primaryObjective?.updateFromActivity(activity);
      process.rollupProcess.syncTerminatedActivityObjectives(activity, shared);
      process.rollupProcess.overallRollupProcess(activity, shared);
    }
    process.synchronizeGlobalObjectives();
    process.updateNavigationValidity();
  }

  /**
   * Where a part is left by choice, its folders have come to what they have come to: scorm-again judges whether the target may be opened before
   * it has written down what they share with it.
   */
  function share(target) {
    const process = api.adl.sequencing?.overallSequencingProcess;
    if (!process || target === undefined) {
      return;
    }
    const holds = (activity) => activity.id === target || activity.children.some(holds);
    for (let one = process.activityTree.currentActivity; one && !holds(one); one = one.parent) {
      process.rollupProcess.syncTerminatedActivityObjectives(one, process.getGlobalObjectiveMap());
    }
    process.synchronizeGlobalObjectives();
  }

  function rolledUp() {
    const root = api.getActivityTrackingData(begun.root.identifier);
    return root && { completion: root.completionStatus, success: root.successStatus, scaled: root.score };
  }

  // -- Opening and ending parts --

  function activity(item) {
    return {
      ...item.sequencing,
      id: item.identifier,
      title: item.title,
      isVisible: item.visible !== false,
      children: (item.children ?? []).map(activity),
    };
  }

  function find(identifier) {
    return parts.find(({ item }) => item.identifier === identifier)?.item;
  }

  async function open(identifier) {
    const item = find(identifier);
    if (!item?.launch) {
      notice("no-part");
      return;
    }
    await unload();
    wanted = null;
    const saved = states.get(identifier) ?? null;
    part = {
      item,
      isBegun: false,
      hasEnded: false,
      isDirty: false,
      isFinal: false,
      said: 0,
      reports: false,
      began: 0,
      total: seconds(saved?.core?.total_time ?? saved?.total_time),
      spent: null,
    };
    notice(null);
    if (item.launch.tracked) {
      prepare(item, saved);
    } else {
      delete window[kind.found];
    }
    const frame = document.createElement("iframe");
    frame.title = `${says("frame")}: ${item.title}`;
    frame.allow = "fullscreen; autoplay";
    frame.id = "course";
    frame.addEventListener("load", () => watch(frame.contentWindow));
    frame.src = `course/${item.launch.path.split("/").map(encodeURIComponent).join("/")}${item.launch.query ?? ""}`;
    byId("waiting")?.remove();
    byId("room").append(frame);
    part.frame = frame;
    if (!item.launch.tracked) {
      seen();
    }
    showTree();
    showButtons();
  }

  /** What only shows something says nothing by itself: it is done once it was opened. */
  function seen() {
    part.isBegun = true;
    part.began = performance.now();
    stands({ completion: "completed", success: "unknown" });
    if (isSequenced) {
      tellTree([part.item]);
    }
    note(0);
  }

  // The object is there before the course's page is asked for.
  function prepare(item, saved) {
    if (isSequenced) {
      api.reset({}, { preserveListeners: true });
    } else {
      api = newApi();
    }
    const entry = kind.entry(saved);
    const mode = begun.mode === "review" ? "review" : "normal";
    kind.load(api, { item, saved, learner: begun.learner, mode, entry, total: part.total });
    window[kind.found] = api;
  }

  /** Takes the course's page away. It may still say things while it goes. */
  async function unload() {
    const frame = part?.frame;
    if (!frame) {
      return;
    }
    const gone = new Promise((settle) => {
      frame.addEventListener("load", settle, { once: true });
      setTimeout(settle, 2000);
    });
    isGoing = true;
    try {
      frame.contentWindow.location.replace("about:blank");
      await gone;
    } finally {
      frame.remove();
      part.frame = null;
      isGoing = false;
    }
    if (part.isBegun && !part.hasEnded) {
      save(true);
    }
    clearTimeout(dueTimer);
    dueAt = Infinity;
  }

  /** Whether anybody is there at all, and what the sandbox lets a course not do and tells nobody of: in its page and the frames in that. */
  function watch(view) {
    try {
      const page = view.document;
      if (watched.has(page)) {
        return;
      }
      watched.add(page);
      for (const event of ["pointerdown", "keydown", "wheel", "touchstart"]) {
        view.addEventListener(event, () => (active = performance.now()), { passive: true, capture: true });
      }
      view.addEventListener("keydown", onKey);
      const open = view.open.bind(view);
      view.open = (...given) => {
        const opened = open(...given);
        if (!opened) {
          tellHeld("new-window");
        }
        return opened;
      };
      for (const event of ["click", "submit"]) {
        // What the course makes of it itself is known afterwards.
        const after = (done) => setTimeout(() => !done.defaultPrevented && tellHeld(heldBack(done.target)), 0);
        view.addEventListener(event, after, { capture: true });
      }
      page.addEventListener("load", ({ target }) => target.contentWindow && watch(target.contentWindow), { capture: true });
      for (let at = 0; at < Math.min(view.length, 50); at += 1) {
        watch(view[at]);
      }
    } catch {
      // The course went elsewhere: it then says nothing, and nothing is counted.
    }
  }

  /** Which word is said where a link or form leads to what the sandbox holds back; none where it does not. */
  function heldBack(from) {
    const link = from.closest?.("a[href], area[href]");
    const place = link ?? from.closest?.("form");
    if (!place || (!link && from !== place)) {
      return null;
    }
    const base = place.ownerDocument.querySelector("base[target]");
    const target = (place.getAttribute("target") ?? base?.target ?? "").toLowerCase();
    if (target === "_blank" || target === "_top" || (target && !target.startsWith("_") && !names(window).has(target))) {
      return "new-window";
    }
    const path = link ? link.pathname : "";
    return link?.hasAttribute("download") || FILES.test(path) ? "download" : null;
  }

  /** What the course's frames are called. */
  function names(view) {
    const found = new Set();
    for (let at = 0; at < Math.min(view.length, 50); at += 1) {
      try {
        found.add(view[at].name.toLowerCase());
        names(view[at]).forEach((name) => found.add(name));
      } catch {
        // Of somebody else.
      }
    }
    return found;
  }

  function tellHeld(word) {
    const place = byId("notice");
    if (word && (place.hidden || place.classList.contains("player-notice--calm"))) {
      notice(word, true);
    }
  }

  function isSomebodyThere() {
    try {
      const media = [...(part.frame?.contentDocument?.querySelectorAll("video, audio") ?? [])];
      return performance.now() - active < HEARTBEAT || media.some(({ paused }) => !paused);
    } catch {
      return false;
    }
  }

  // The course has called LMSFinish or Terminate, perhaps with a wish where to go.
  async function onEnded() {
    showTree();
    showButtons();
    const next = wanted;
    wanted = null;
    if (next?.open) {
      await open(next.open);
    } else if (next?.step) {
      await step(next.step);
    } else if (next?.end) {
      await end();
    } else {
      notice(isOne ? "course-ended" : "part-ended");
    }
  }

  async function end() {
    isOver = true;
    await unload();
    notice("course-ended");
    showButtons();
    byId("leave").focus();
  }

  /** The part before or after the one that is open, in the order of the tree. */
  function neighbour(direction) {
    const shown = parts.map(({ item }) => item).filter(({ launch, visible }) => launch && visible !== false);
    return shown[shown.indexOf(part?.item) + direction];
  }

  function step(direction) {
    const next = neighbour(direction);
    if (next) {
      return open(next.identifier);
    }
    notice("nothing");
    return undefined;
  }

  /** What the person asks for by the player's own buttons; pressed twice it is asked once. */
  async function ask(request, target) {
    if (isMoving || isLeaving) {
      return;
    }
    isMoving = true;
    notice(null);
    wanted = null;
    try {
      if (!isSequenced) {
        await (request === "choice" ? open(target) : step(request === "continue" ? 1 : -1));
      } else if (flows || request === "choice") {
        await navigate(request, target);
      } else {
        const next = neighbour(request === "continue" ? 1 : -1);
        await (next ? navigate("choice", next.identifier) : notice("nothing"));
      }
    } finally {
      isMoving = false;
    }
  }

  /** The same by the course's rules. */
  async function navigate(request, target) {
    tellTree();
    // The wish is there when the course's page ends by itself on its way out.
    const isRunning = isCourseOn();
    if (isRunning && isRefused(request, target)) {
      notice("no-part");
      return;
    }
    if (isRunning) {
      api.adl.nav.request = request === "choice" ? `{target=${target}}choice` : request;
      await unload();
      if (!part.hasEnded) {
        share(target);
        api.lmsFinish("");
      }
    } else {
      await unload();
      share(target);
      api.processNavigationRequest(request, target);
    }
    if (!wanted && request === "choice") {
      // What the part said on its way out is less than what it said before.
      tellTree();
      share(target);
      api.processNavigationRequest(request, target);
    }
    const next = wanted;
    wanted = null;
    if (next?.open) {
      tellTree();
      await open(next.open);
    } else if (next?.end) {
      await end();
    } else {
      await goBack();
      notice("no-part");
    }
  }

  /** Whether the part that is open speaks to the run-time. */
  const isCourseOn = () => Boolean(part?.isBegun && part.item.launch.tracked && !part.hasEnded);

  /** Whether the course's rules do not let one go there; where that cannot be known beforehand it is tried. */
  function isRefused(request, target) {
    if (request === "choice") {
      return api.adl.sequencing?.overallSequencingProcess?.predictChoiceEnabled?.(target) === false;
    }
    // Beyond the last part the whole course would end, which nobody means by 'next'.
    const { outcome, targetActivityId, endSequencingSession } = api.previewNavigationRequest(request);
    return outcome === "blocked" || (endSequencingSession && !targetActivityId);
  }

  /** What was asked for was refused once the part that was open had gone: nobody is to sit before an empty page. */
  async function goBack() {
    api.processNavigationRequest("choice", part?.item.identifier);
    const again = wanted?.open;
    wanted = null;
    if (again) {
      await open(again);
    } else {
      showParts(!isOne);
      showButtons();
    }
  }

  async function leave() {
    if (isLeaving && !hasWarned) {
      return;
    }
    if (hasWarned) {
      await goOut();
      return;
    }
    isLeaving = true;
    byId("leave").disabled = true;
    notice("leaving", true);
    if (isSequenced && isCourseOn() && !isOver) {
      api.adl.nav.request = "suspendAll";
    }
    await unload();
    if (!(await sender.whenSent(LEAVING))) {
      // Whoever leaves all the same leaves it in the outbox.
      hasWarned = true;
      byId("leave").disabled = false;
      notice(sender.isKept() ? "lost" : "lost-here");
      await sender.whenSent(Infinity);
    }
    if (sender.hasLost() && !sender.isStopped()) {
      hasWarned = true;
      byId("leave").disabled = false;
      notice("not-all-leave");
      return;
    }
    await goOut();
  }

  async function goOut() {
    if (sender.count() > 0) {
      await sender.whenKept(1000);
    }
    sender.tell({ kind: "exit" });
  }

  /** Where a sequenced course goes on or begins. A window that was just shut counts as suspended. */
  function beginSequenced() {
    api = newApi();
    const isRestored = begun.sequencing && api.deserializeSequencingState(begun.sequencing);
    tellTree();
    if (isRestored) {
      api.adl.nav.request = "_none_";
      api.processNavigationRequest("suspendAll");
      wanted = null;
      api.processNavigationRequest("resumeAll");
    }
    if (!wanted?.open) {
      wanted = null;
      api.processNavigationRequest("start");
    }
    if (!wanted?.open && begun.start) {
      wanted = null;
      api.processNavigationRequest("choice", begun.start);
    }
    const first = wanted?.open;
    wanted = null;
    // Folders that were begun anew have forgotten what was done in them.
    tellTree();
    return first;
  }

  async function begin() {
    byId("title").textContent = begun.title;
    document.title = begun.title;
    byId("leave").hidden = false;
    byId("full").hidden = !inFrame;
    if (!isOne) {
      byId("parts").hidden = false;
      showParts(window.innerWidth > 900);
    }
    showTree();
    const first = isSequenced ? beginSequenced() : (begun.start ?? parts.find(({ item }) => item.launch)?.item.identifier);
    if (first) {
      await open(first);
    } else {
      byId("waiting")?.remove();
      showParts(true);
      showButtons();
      notice("no-part");
    }
  }

  // -- What the person sees --

  function onSending({ trouble: found }) {
    if (found) {
      trouble = found;
      notice(found);
    }
    showSaved();
  }

  function showSaved() {
    const status = byId("status");
    const isWaiting = sender.count() > 0 || ((part?.isDirty ?? false) && !sender.isStopped());
    const isUnsaved = isWaiting || sender.isStopped() || sender.hasLost();
    if (part?.isBegun || isUnsaved) {
      const word = sender.isStopped() ? "stopped" : isWaiting ? "not-saved" : sender.hasLost() ? "not-all" : "saved";
      status.textContent = says(word);
      status.dataset.saved = isUnsaved ? "no" : "yes";
    }
    // To wait helps what waits.
    const told = { kind: "status", saved: !isWaiting, waiting: sender.count() };
    if (told.saved !== lastTold?.saved || told.waiting !== lastTold.waiting) {
      lastTold = told;
      sender.tell(told);
    }
    if (sender.isFailing() && !sayTimer && !saidTrouble) {
      sayTimer = setTimeout(() => {
        sayTimer = 0;
        if (sender.isFailing()) {
          saidTrouble = true;
          byId("said").textContent = says(sender.isKept() ? "lost" : "lost-here");
        }
      }, SAY_AFTER);
    } else if (!isUnsaved && saidTrouble) {
      saidTrouble = false;
      byId("said").textContent = says("saved-again");
    }
  }

  function notice(word, isCalm = false) {
    const place = byId("notice");
    // What ends the saving stays.
    const shown = trouble ?? word;
    place.hidden = !shown;
    place.textContent = shown ? says(shown) : "";
    place.classList.toggle("player-notice--calm", isCalm && !trouble);
    if (trouble !== "closed" && trouble !== "over") {
      trouble = null;
    }
  }

  function showButtons() {
    const hidden = new Set(part?.item.hidden_controls ?? []);
    const isBlocked = (request) => {
      if (flows) {
        return isCourseOn() && isRefused(request);
      }
      return !neighbour(request === "continue" ? 1 : -1);
    };
    byId("previous").hidden = isOne || isOver || hidden.has("previous");
    byId("next").hidden = isOne || isOver || hidden.has("continue");
    byId("previous").disabled = isBlocked("previous");
    byId("next").disabled = isBlocked("continue");
  }

  function showParts(isShown) {
    byId("parts").setAttribute("aria-expanded", String(isShown));
    byId("tree").hidden = !isShown;
  }

  function showTree() {
    if (isOne) {
      return;
    }
    const focused = document.activeElement?.dataset?.item;
    byId("tree").replaceChildren(list(begun.root.children ?? []));
    if (focused !== undefined) {
      byId("tree").querySelector(`[data-item="${CSS.escape(focused)}"]`)?.focus();
    }
  }

  function list(items) {
    const made = document.createElement("ul");
    for (const item of items) {
      if (item.visible === false && !item.children?.length) {
        continue;
      }
      const row = document.createElement("li");
      if (item.visible !== false) {
        row.append(item.launch ? choice(item) : folder(item));
      }
      if (item.children?.length) {
        row.append(list(item.children));
      }
      made.append(row);
    }
    return made;
  }

  function folder(item) {
    const made = document.createElement("p");
    made.className = "player-folder";
    made.textContent = item.title;
    return made;
  }

  function choice(item) {
    const made = document.createElement("button");
    made.type = "button";
    made.dataset.item = item.identifier;
    made.disabled = isOver;
    if (part?.item === item) {
      made.setAttribute("aria-current", "true");
    }
    const state = document.createElement("span");
    state.className = "player-state";
    state.textContent = says(word(item.identifier));
    made.append(item.title, " ", state);
    return made;
  }

  function word(identifier) {
    const { completion, success } = done.get(identifier) ?? statuses.get(identifier) ?? {};
    if (success === "passed" || success === "failed") {
      return success;
    }
    if (completion === "completed" || completion === "passed") {
      return "completed";
    }
    return completion === "incomplete" || states.has(identifier) ? "started" : "not-started";
  }

  // -- What the person does --

  byId("tree").addEventListener("click", ({ target }) => {
    const item = target.closest("button")?.dataset.item;
    if (item !== undefined && item !== part?.item.identifier) {
      if (window.innerWidth <= 640) {
        showParts(false);
      }
      ask("choice", item);
    }
  });
  byId("parts").addEventListener("click", () => showParts(byId("tree").hidden));
  byId("previous").addEventListener("click", () => ask("previous"));
  byId("next").addEventListener("click", () => ask("continue"));
  byId("leave").addEventListener("click", leave);
  const full = byId("full");
  const fill = (isFull) => {
    full.setAttribute("aria-pressed", String(isFull));
    sender.tell({ kind: "full", on: isFull });
  };
  full.addEventListener("click", () => fill(full.getAttribute("aria-pressed") !== "true"));
  // Here and in the course's page, which may have a use of its own for the key.
  function onKey({ key, defaultPrevented }) {
    if (key === "Escape" && !defaultPrevented && full.getAttribute("aria-pressed") === "true") {
      fill(false);
    }
  }
  document.addEventListener("keydown", onKey);
  window.addEventListener("message", ({ origin, source, data }) => {
    if (source === window.parent && origin === begun.portal && data?.staffrecord === 1 && data.kind === "less") {
      fill(false);
    }
  });

  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") {
      save(false);
      // A phone may never come back to it.
      sender.hurry();
    }
  });
  // The course's page may still say something after this.
  window.addEventListener("pagehide", () => {
    save(!part?.isFinal);
    sender.leave();
  });
  setInterval(() => {
    if (part?.isBegun && !part.hasEnded && document.visibilityState === "visible" && isSomebodyThere()) {
      note(0);
    }
  }, HEARTBEAT);

  return begin();
}

function flatten(root, depth = 0) {
  return (root.children ?? []).flatMap((item) => [{ item, depth }, ...flatten(item, depth + 1)]);
}

// A frame of another origin cannot go on by itself where its beginning fails: the page around it is told at the person's wish.
function fail(word) {
  byId("waiting")?.remove();
  const place = byId("notice");
  place.textContent = says(word);
  place.hidden = false;
}

/**
 * Takes away what courses have set as cookies for all hosts of courses: where a browser gives frames no storage of their own
 * (`credentialless`), the next course would find them. What a course keeps at its own host stays.
 */
function forgetCookies() {
  const [, base] = /^c-[0-9a-f]{32}\.(.+)$/.exec(location.hostname) ?? [];
  const names = base ? document.cookie.split("; ").map((cookie) => cookie.split("=")[0]) : [];
  const launch = location.pathname.replace(/\/$/, "");
  for (const path of ["/", "/launch", "/launch/", launch, `${launch}/`]) {
    for (const more of ["", "; Secure; SameSite=None", "; Secure; SameSite=None; Partitioned"]) {
      names.forEach((name) => (document.cookie = `${name}=; Domain=${base}; Path=${path}; Max-Age=0${more}`));
    }
  }
}

async function start() {
  forgetCookies();
  let answer = null;
  try {
    answer = await fetch("begin", { method: "POST", credentials: "omit", cache: "no-store", signal: AbortSignal.timeout?.(PATIENCE) });
  } catch {
    // Told below.
  }
  if (!answer?.ok) {
    fail(answer && FINAL.has(answer.status) ? "over" : "not-begun");
    return;
  }
  const begun = await answer.json();
  await loadScript(RUN_TIMES[begun.standard].script);
  await play(begun);
}

start().catch((error) => {
  fail("not-begun");
  throw error;
});
