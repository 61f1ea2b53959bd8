// The outbox: what a course could not save while it was open is kept by the portal in the browser and sent when any page of the portal is
// opened again, whoever is logged in: each entry goes to the attempt that it is of, by its own token, and to nothing else.
// Every page loads this, a page with a course in it besides (`player-page.js` fills the outbox). It shows no words of its own:
//
// <div data-outbox="waiting|stuck|sent|refused" hidden>…</div>   shown while something waits, where it has waited for an address that answers no
//                                                         more, once all was sent, where something was not taken
// <span data-outbox-count></span>                          how many entries wait
// <li data-launch="UUID"><span data-outbox-here hidden>…    shown where something of this launch waits on this very computer

/** Browsers let go on with no more than 64 KiB once a page is left. */
const SMALL = 60 * 1024;
const AGAIN = 30_000;
/** A page that is being left may hold its launch for a moment still. */
const SOON = 2000;
/** An address that did not answer on so many pages of the portal, which did, is asked now and then only. Nothing is thrown away for that. */
const DOUBTED = 5;
const SELDOM = 10 * 60 * 1000;
/** One try waits so long for its answer. */
const PATIENCE = 30_000;
/** Answers after which sending the same again is no use. */
const FINAL = new Set([400, 404, 409, 410, 413]);

if ("indexedDB" in window) {
  start();
}

function start() {
  let timer = 0;
  let running = null;
  let wasWaiting = false;
  let wasRefused = false;
  // The page has just come from the portal: the network is there.
  let isFresh = true;
  let wasHeld = false;

  const run = () => (running ??= send().finally(() => (running = null)));

  async function send() {
    clearTimeout(timer);
    const left = await sendAll().catch(() => null);
    isFresh = false;
    if (left) {
      tell(left.keys, left.stuck);
    }
    if (left?.keys.length > 0) {
      timer = setTimeout(run, left.isHeld && !wasHeld ? SOON : AGAIN * (0.75 + Math.random() / 2));
      wasHeld = left.isHeld;
    }
  }

  async function sendAll() {
    const database = await open();
    if (!database) {
      return { keys: [], stuck: 0, isHeld: false };
    }
    try {
      const keys = await asked(database, "readonly", (commits) => commits.getAllKeys());
      wasWaiting ||= keys.length > 0;
      tell(keys, 0);
      const launches = new Map();
      for (const key of keys) {
        launches.set(key[0], [...(launches.get(key[0]) ?? []), key]);
      }
      const sent = await Promise.all([...launches].map(([launch, of]) => alone(launch, () => sendLaunch(database, of))));
      const left = await asked(database, "readonly", (commits) => commits.getAllKeys());
      return { keys: left, stuck: sent.filter((how) => how === "stuck").length, isHeld: sent.includes(null) };
    } finally {
      database.close();
    }
  }

  // In order: what comes later is not sent before what comes first was answered. An entry goes when the server has it or has refused it for
  // good, and for nothing else: no clock of this computer is asked.
  async function sendLaunch(database, keys) {
    for (const key of keys) {
      const entry = await asked(database, "readonly", (commits) => commits.get(key));
      if (!entry) {
        continue;
      }
      const since = Date.now() - entry.tried;
      if (entry.doubted >= DOUBTED && since >= 0 && since < SELDOM) {
        return "stuck";
      }
      const answer = await sendOne(entry);
      if (answer === "later") {
        const doubted = (entry.doubted ?? 0) + (isFresh ? 1 : 0);
        await asked(database, "readwrite", (commits) => commits.put({ ...entry, doubted, tried: Date.now() }, key));
        return doubted >= DOUBTED ? "stuck" : "later";
      }
      wasRefused ||= answer === "refused";
      await asked(database, "readwrite", (commits) => commits.delete(key));
    }
    return "sent";
  }

  async function sendOne({ url, body }) {
    try {
      const answer = await fetch(url, {
        method: "POST",
        mode: "cors",
        credentials: "omit",
        cache: "no-store",
        keepalive: body.length < SMALL / 3,
        headers: { "content-type": "text/plain" },
        signal: AbortSignal.timeout?.(PATIENCE),
        body,
      });
      const said = await answer.json();
      if (answer.ok && said.receipt) {
        return "sent";
      }
      // What came in its place has the same number: then that is there.
      return FINAL.has(answer.status) && said.why ? (said.why === "repeated" ? "sent" : "refused") : "later";
    } catch {
      // No network, or something between here and the server answered in its place.
      return "later";
    }
  }

  function tell(keys, stuck) {
    const left = keys.length;
    const shown = {
      waiting: left > 0 && stuck === 0,
      stuck: left > 0 && stuck > 0,
      sent: left === 0 && wasWaiting && !wasRefused,
      refused: wasRefused,
    };
    for (const place of document.querySelectorAll("[data-outbox]")) {
      place.hidden = !shown[place.dataset.outbox];
    }
    for (const place of document.querySelectorAll("[data-outbox-count]")) {
      place.textContent = String(left);
    }
    for (const place of document.querySelectorAll("[data-launch] [data-outbox-here]")) {
      place.hidden = !keys.some(([launch]) => launch === place.closest("[data-launch]").dataset.launch);
    }
  }

  window.addEventListener("online", run);
  window.addEventListener("pageshow", run);
  run();
}

// A launch that is open in another tab is sent from there.
function alone(launch, act) {
  if (!navigator.locks) {
    return act();
  }
  return navigator.locks.request(`staffrecord-${launch}`, { ifAvailable: true }, (lock) => lock && act());
}

/** The database; none where nothing was ever kept: looking must not make one. */
async function open() {
  const known = await indexedDB.databases?.().catch(() => null);
  if (known && !known.some(({ name }) => name === "staffrecord")) {
    return null;
  }
  return new Promise((settle, fail) => {
    const opening = indexedDB.open("staffrecord", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("commits");
    opening.onsuccess = () => settle(opening.result);
    opening.onerror = () => fail(opening.error);
  });
}

function asked(database, mode, act) {
  return new Promise((settle, fail) => {
    const turn = database.transaction("commits", mode);
    const request = act(turn.objectStore("commits"));
    turn.oncomplete = () => settle(request.result);
    turn.onabort = () => fail(turn.error);
  });
}
