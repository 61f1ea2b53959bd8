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
/** So many entries wait at most; those that told of nothing new go first. */
const WAITING = 100;
/** A trouble that lasts so long is read out. */
const SAY_AFTER = 4000;
/** So often a person's time in a course that says nothing itself is saved, as long as they do something there. */
const HEARTBEAT = 120_000;
/** Leaving waits so long for receipts; what has none then is in the outbox. */
const LEAVING = 5000;
/** SCORM 1.2 says 4,096 characters and 2004 64,000; courses write more, and lose all of it where it is refused. */
const SUSPEND_DATA = 65_536;

const REFUSALS = new Map([
  [400, "malformed"],
  [404, "unknown"],
  [409, "repeated"],
  [410, "over"],
  [413, "too_long"],
]);

const inFrame = window.parent !== window;

// ---- What is sent -----------------------------------------------------------------------------------------------------------------

/** Sends commits in order, one at a time, until each has its receipt. */
function makeSender(begun, changed) {
  const waiting = [];
  let sequence = begun.sequence_from;
  let isSending = false;
  let failures = 0;
  let timer = 0;
  let stopped = null;
  let isGone = false;

  const began = { mark: performance.now(), wall: Date.now(), now: Date.parse(begun.now) };
  /** The server's time: a computer's clock may be wrong, and one of the two stands still while it sleeps. */
  const now = () => {
    const passed = Math.max(performance.now() - began.mark, Date.now() - began.wall);
    return new Date(began.now + passed).toISOString();
  };

  function tell(message) {
    if (inFrame) {
      window.parent.postMessage({ staffrecord: 1, launch: begun.launch, ...message }, begun.portal);
    }
  }

  const hand = ({ sequence, item, body }) => tell({ kind: "commit", sequence, item, body });

  /** @param isWeighty whether it tells of a status, a score or an end that the one before did not */
  function add(commit, isWeighty) {
    if (stopped) {
      return false;
    }
    sequence += 1;
    const text = (what) => JSON.stringify({ launch: begun.launch, sequence, at: now(), ...what });
    let body = text(commit);
    if (size(body) > begun.commit_bytes && commit.sequencing) {
      body = text({ ...commit, sequencing: null });
    }
    if (size(body) > begun.commit_bytes) {
      changed({ trouble: "too-long" });
      return false;
    }
    supersede((old) => old.item === commit.item && !old.isWeighty);
    const entry = { sequence, item: commit.item, body, bytes: size(body), isWeighty, isKept: false };
    waiting.push(entry);
    if (isGone) {
      letter(entry);
      return true;
    }
    while (waiting.length > WAITING) {
      supersede((old) => old === waiting[1]);
    }
    hand(entry);
    pump();
    return true;
  }

  function supersede(isOld) {
    for (let at = waiting.length - 1; at >= 0; at -= 1) {
      // The first may be on its way: it keeps its place.
      if (isOld(waiting[at]) && !(at === 0 && (isSending || failures > 0))) {
        tell({ kind: "superseded", sequence: waiting[at].sequence });
        waiting.splice(at, 1);
      }
    }
  }

  async function pump() {
    clearTimeout(timer);
    if (isSending || stopped || waiting.length === 0) {
      changed({});
      return;
    }
    isSending = true;
    changed({});
    const entry = waiting[0];
    const { status, said } = await post(entry);
    isSending = false;
    const refused = REFUSALS.has(status) && typeof said?.why === "string" ? said.why : null;
    if (status === 200 && said?.receipt?.launch === begun.launch && said.receipt.sequence === entry.sequence) {
      failures = 0;
      waiting.shift();
      tell({ kind: "receipt", sequence: entry.sequence });
    } else if (refused) {
      failures = 0;
      waiting.shift();
      tell({ kind: "refused", sequence: entry.sequence, why: refused });
      refuse(refused);
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

  async function post({ body, bytes }) {
    try {
      const answer = await fetch("commit", {
        method: "POST",
        credentials: "omit",
        cache: "no-store",
        redirect: "error",
        keepalive: failures === 0 && bytes <= SMALL,
        headers: { "content-type": "application/json" },
        signal: AbortSignal.timeout?.(PATIENCE),
        body,
      });
      return { status: answer.status, said: await answer.json() };
    } catch {
      // No network, or something between here and the server answered in its place.
      return { status: 0, said: null };
    }
  }

  function refuse(why) {
    if (why === "closed" || why === "over" || why === "unknown") {
      stopped = why === "closed" ? "closed" : "over";
      waiting.splice(0).forEach(({ sequence }) => tell({ kind: "refused", sequence, why }));
      tell({ kind: "closed" });
      changed({ trouble: stopped });
    } else {
      changed({ trouble: why === "too_long" ? "too-long" : "refused" });
    }
  }

  /** The page is left: what is not on its way yet goes by a letter that nobody waits for. It stays in the outbox. */
  function leave() {
    isGone = true;
    waiting.filter((entry) => !isSending || entry !== waiting[0]).forEach(letter);
  }

  const letter = ({ body }) => navigator.sendBeacon("commit", new Blob([body], { type: "text/plain" }));

  // A browser may bring a page back as it was.
  window.addEventListener("pageshow", () => {
    if (isGone) {
      isGone = false;
      again();
    }
  });

  window.addEventListener("online", () => {
    if (!isSending) {
      again();
    }
  });
  window.addEventListener("message", ({ origin, source, data }) => {
    if (inFrame && source === window.parent && origin === begun.portal && data?.staffrecord === 1 && data.kind === "kept") {
      waiting.filter(({ sequence }) => sequence === data.sequence).forEach((entry) => (entry.isKept = true));
    }
  });

  return {
    add,
    leave,
    tell,
    isStopped: () => stopped !== null,
    isFailing: () => failures > 0,
    count: () => waiting.length,
    whenSent: (most) => until(() => waiting.length === 0 || stopped !== null, most),
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
    exit: (state) => state.core.exit,
    corrected: (_api, _element, code) => code,
    complete: (api) => (api.cmi.core.lesson_status = "completed"),
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
    exit: (state) => state.exit,
    corrected(api, element, code) {
      // scorm-again leaves the code of the call before (RTE 3.1.4: each call sets it).
      if (element === "cmi.completion_status" || element === "cmi.success_status") {
        return api.isInitialized() && code !== "406" ? "0" : code;
      }
      if (element === "cmi.learner_preference.audio_captioning" && code === "407") {
        return "406";
      }
      // Beyond a list's end there is nothing to be unset (RTE 3.1.7.6, example of error 301).
      const [, list, index] = /^cmi\.(\w+)\.(\d+)\./.exec(element) ?? [];
      return code === "403" && list && Number(index) >= api.cmi[list].childArray.length ? "301" : code;
    },
    complete: (api) => (api.cmi.completion_status = "completed"),
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
  const isSequenced = begun.standard === "scorm2004" && [begun.root, ...parts.map(({ item }) => item)].some(({ sequencing }) => sequencing);
  /** Where nothing flows, the standard knows no next part. People look for one all the same: the one below in the tree, by choice. */
  const flows = isSequenced && [begun.root, ...parts.map(({ item }) => item)].some(({ sequencing }) => sequencing?.sequencingControls?.flow);
  const sender = makeSender(begun, onSending);
  let api = null;
  let part = null;
  let sequencingSaved = null;
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
    const correct = (element) => (made.lastErrorCode = kind.corrected(made, String(element), String(made.lastErrorCode)));
    made[get] = (element) => {
      const answer = real[get](element);
      correct(element);
      return answer;
    };
    made[begin] = (...given) => {
      const answer = real[begin](...given);
      if (answer === "true") {
        part.isBegun = true;
        part.began = performance.now();
        note(0);
        // Only now it is known where the course lets one go from here.
        setTimeout(showButtons, 0);
      }
      return answer;
    };
    made[set] = (element, value) => {
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
    const state = { ...kind.state(api, spent), ended: part.hasEnded };
    const status = { ...kind.status(state), seconds: Math.round(spent) };
    const mark = JSON.stringify([status.completion, status.success, status.raw, status.scaled, kind.exit(state), isFinal]);
    const isWeighty = mark !== part.mark;
    part.mark = mark;
    states.set(part.item.identifier, state);
    statuses.set(part.item.identifier, { completion: status.completion, success: status.success });
    const sequencing = isSequenced ? sequencingState() : null;
    const isTold = sequencing !== null && (isWeighty || sequencing.mark !== sequencingSaved);
    sequencingSaved = isTold ? sequencing.mark : sequencingSaved;
    sender.add(
      {
        item: part.item.identifier,
        final: isFinal,
        state,
        status,
        root: isSequenced ? rolledUp() : null,
        sequencing: isTold ? sequencing.text : null,
        objectives: null,
      },
      isWeighty,
    );
    showTree();
  }

  function sequencingState() {
    const text = api.serializeSequencingState();
    return { text, mark: text.replaceAll(/"timestamp":"[^"]*"/g, "") };
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
      mark: null,
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
    frame.addEventListener("load", () => watch(frame));
    frame.src = `course/${item.launch.path.split("/").map(encodeURIComponent).join("/")}${item.launch.query ?? ""}`;
    byId("waiting")?.remove();
    byId("room").append(frame);
    part.frame = frame;
    showTree();
    showButtons();
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

  // Keys that the course's page does not use, and whether anybody is there at all.
  function watch(frame) {
    try {
      for (const event of ["pointerdown", "keydown", "wheel", "touchstart"]) {
        frame.contentWindow.addEventListener(event, () => (active = performance.now()), { passive: true, capture: true });
      }
      frame.contentWindow.addEventListener("keydown", onKey);
    } catch {
      // The course went elsewhere: it then says nothing, and nothing is counted.
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
    // The wish is there when the course's page ends by itself on its way out.
    const isRunning = part?.isBegun && !part.hasEnded;
    if (isRunning && isRefused(request, target)) {
      notice("no-part");
      return;
    }
    if (isRunning) {
      api.adl.nav.request = request === "choice" ? `{target=${target}}choice` : request;
      await unload();
      if (!part.hasEnded) {
        api.lmsFinish("");
      }
    } else {
      await unload();
      api.processNavigationRequest(request, target);
    }
    const next = wanted;
    wanted = null;
    if (next?.open) {
      await open(next.open);
    } else if (next?.end) {
      await end();
    } else {
      await goBack();
      notice("no-part");
    }
  }

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
    if (isSequenced && part?.isBegun && !part.hasEnded && !isOver) {
      api.adl.nav.request = "suspendAll";
    }
    await unload();
    if (!(await sender.whenSent(LEAVING))) {
      // Whoever leaves all the same leaves it in the outbox.
      hasWarned = true;
      byId("leave").disabled = false;
      notice("lost");
      await sender.whenSent(Infinity);
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
    if (begun.sequencing && api.deserializeSequencingState(begun.sequencing)) {
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
    const isUnsaved = sender.count() > 0 || (part?.isDirty ?? false);
    if (trouble === "closed" || trouble === "over") {
      status.textContent = says("stopped");
      status.dataset.saved = "no";
    } else if (part?.isBegun || sender.count() > 0) {
      status.textContent = isUnsaved ? says("not-saved") : says("saved");
      status.dataset.saved = isUnsaved ? "no" : "yes";
    }
    const told = { kind: "status", saved: !isUnsaved || sender.isStopped(), waiting: sender.count() };
    if (told.saved !== lastTold?.saved || told.waiting !== lastTold.waiting) {
      lastTold = told;
      sender.tell(told);
    }
    if (sender.isFailing() && !sayTimer && !saidTrouble) {
      sayTimer = setTimeout(() => {
        sayTimer = 0;
        if (sender.isFailing()) {
          saidTrouble = true;
          byId("said").textContent = says("lost");
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
        return part?.isBegun && !part.hasEnded && isRefused(request);
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
    state.textContent = item.launch.tracked ? says(word(item.identifier)) : "";
    made.append(item.title, " ", state);
    return made;
  }

  function word(identifier) {
    const { completion, success } = statuses.get(identifier) ?? {};
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
    fail(answer && REFUSALS.has(answer.status) ? "over" : "not-begun");
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
